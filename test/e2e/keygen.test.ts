/** `streamer keygen` and the identity file, as a clumsy user and somebody else on the machine use them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmod, chown, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { generateIdentity, publicKeyOf } from '../../src/coordinates/keys.js';
import { sealCoordinates } from '../../src/coordinates/sealed.js';
import { runStreamer, startProgram, streamerArgv, tempDir, type Finished } from '../support/cli.js';

/** It waits for nothing; this is the start of a loaded machine, milliseconds. */
const AT_ONCE_MS = 10_000;
const KEY = /^streamer-key1\.[\w-]{43}\n$/;
const asRoot = process.getuid?.() === 0;

function assertFails(end: Finished, code: number, says: RegExp): void {
  assert.deepEqual([end.code, end.stdout], [code, ''], end.stderr);
  assert.match(end.stderr, /^streamer: [^\n]+ \[[a-z-]+\]\n$/, 'one line');
  assert.match(end.stderr, says);
}

/** What `keygen`, `keygen --public` and a client with sealed coordinates say of an identity file. */
async function threeWays(t: TestContext, file: string): Promise<readonly [keygen: Finished, shown: Finished, client: Finished]> {
  const sealed = sealCoordinates('x', [publicKeyOf(generateIdentity())]);
  const run = (...words: string[]) => runStreamer(t, [...words, '--identity', file], { timeoutMs: AT_ONCE_MS });
  return [await run('keygen'), await run('keygen', '--public'), await run('receive', sealed, 'x')];
}

describe('an identity file that is', { concurrency: 2 }, () => {
  it('a directory', async (t) => {
    const file = await tempDir(t);
    const [keygen, ...reading] = await threeWays(t, file);
    assertFails(keygen, 8, /is there, and not a file.*\[storage-not-a-file\]/);
    for (const end of reading) assertFails(end, 8, /is not a file: name one.*\[storage-not-a-file\]/);
    assert.deepEqual(await readdir(file), []);
  });

  it('not there', async (t) => {
    const file = path.join(await tempDir(t), 'none');
    const shown = await runStreamer(t, ['keygen', '--public', '--identity', file]);
    assertFails(shown, 8, /there is no identity at .*none: "streamer keygen" makes one \[storage-missing\]/);
  });

  it('below a file', async (t) => {
    const below = path.join(await tempDir(t), 'file');
    await writeFile(below, '');
    for (const end of await threeWays(t, path.join(below, 'identity'))) assertFails(end, 8, /a part of its path is none \[storage-not-a-file\]/);
  });

  it('a symbolic link: one to nowhere is named, one to an identity is followed', async (t) => {
    const directory = await tempDir(t);
    const file = path.join(directory, 'link');
    await symlink('target', file);
    const [keygen, shown] = await threeWays(t, file);
    assertFails(keygen, 8, /symbolic link that leads nowhere.*\[storage-exists\]/);
    assertFails(shown, 8, /there is no identity at/);
    assert.deepEqual(await readdir(directory), ['link'], 'nothing was written through it');
    assert.equal((await runStreamer(t, ['keygen', '--identity', path.join(directory, 'target')])).code, 0);
    const followed = await runStreamer(t, ['keygen', '--public', '--identity', file]);
    assert.match(followed.stdout, KEY);
    assertFails(await runStreamer(t, ['keygen', '--identity', file]), 8, /identity at .*link already/);
  });

  it("another user's, or a FIFO of his that would hold us", { skip: !asRoot && 'only root can give files away' }, async (t) => {
    const directory = await tempDir(t);
    const fifo = path.join(directory, 'fifo');
    assert.equal(spawnSync('mkfifo', ['-m', '600', fifo]).status, 0);
    const file = path.join(directory, 'file');
    await writeFile(file, generateIdentity(), { mode: 0o600 });
    for (const one of [fifo, file]) {
      await chown(one, 12345, 12345);
      const [, shown, client] = await threeWays(t, one);
      for (const end of [shown, client]) assertFails(end, 8, /belongs to another user.*\[storage-denied\]/);
    }
  });

  it('a FIFO of ours, as of a shell that asks a password manager', async (t) => {
    const directory = await tempDir(t);
    const identity = generateIdentity();
    const fifo = path.join(directory, 'fifo');
    assert.equal(spawnSync('mkfifo', ['-m', '600', fifo]).status, 0);
    const reading = startProgram(t, streamerArgv(['keygen', '--public', '--identity', fifo]));
    await writeFile(fifo, identity);
    assert.deepEqual([(await reading.exitWithin(AT_ONCE_MS)).stdout], [`${publicKeyOf(identity)}\n`]);
  });

  it('for others to read, or a device', async (t) => {
    const file = path.join(await tempDir(t), 'identity');
    await writeFile(file, generateIdentity());
    await chmod(file, 0o604);
    assertFails((await threeWays(t, file))[1], 8, /not only yours to read: chmod 600 it.*\[storage-denied\]/);
    assertFails((await threeWays(t, '/dev/zero'))[1], 8, /not a file/);
  });

  it('of something else, whose text is not shown', async (t) => {
    const file = path.join(await tempDir(t), 'identity');
    await writeFile(file, 'Zq9vK3', { mode: 0o600 });
    for (const end of (await threeWays(t, file)).slice(1)) {
      assertFails(end, 2, /there is no identity in .*identity: /);
      assert.doesNotMatch(end.stderr, /Zq9/);
    }
    assert.equal(await readFile(file, 'utf8'), 'Zq9vK3', 'not replaced');
  });

  it('not readable, or in a directory that is not writable', { skip: asRoot && 'root reads and writes everything' }, async (t) => {
    const directory = path.join(await tempDir(t), 'd');
    await mkdir(directory);
    const file = path.join(directory, 'identity');
    await writeFile(file, generateIdentity(), { mode: 0 });
    assertFails((await threeWays(t, file))[1], 8, /cannot read the identity .*: permission denied \[storage-denied\]/);
    await chmod(directory, 0o500);
    const [keygen] = await threeWays(t, path.join(directory, 'new'));
    // So that it can be removed.
    await chmod(directory, 0o700);
    assertFails(keygen, 8, /cannot write the identity .*: permission denied \[storage-denied\]/);
  });
});

describe('the name of the identity file', { concurrency: 2 }, () => {
  it('that is the identity itself is not shown, nor taken for a name', async (t) => {
    const directory = await tempDir(t);
    const identity = generateIdentity();
    for (const [words, env] of [[['--identity', identity], {}], [[], { STREAMER_IDENTITY: identity }]] as const) {
      for (const command of [['keygen'], ['keygen', '--public']]) {
        const end = await runStreamer(t, [...command, ...words], { env, cwd: directory });
        assertFails(end, 2, /take the name of a file/);
        assert.ok(!end.stderr.includes(identity.slice(-20)));
      }
    }
    assert.deepEqual(await readdir(directory), []);
  });

  it('that is empty is an error, and an empty variable is none', async (t) => {
    const home = await tempDir(t);
    assertFails(await runStreamer(t, ['keygen', '--identity', ''], { env: { HOME: home } }), 2, /--identity is empty/);
    const end = await runStreamer(t, ['keygen'], { env: { HOME: home, XDG_CONFIG_HOME: '', STREAMER_IDENTITY: '' } });
    assert.match(end.stdout, KEY);
    assert.deepEqual(await readdir(path.join(home, '.config/streamer')), ['identity']);
  });

  it('does not follow a relative XDG_CONFIG_HOME', async (t) => {
    const home = await tempDir(t);
    const cwd = await tempDir(t);
    const end = await runStreamer(t, ['keygen'], { env: { HOME: home, XDG_CONFIG_HOME: 'config' }, cwd });
    assert.match(end.stdout, KEY);
    assert.deepEqual([await readdir(cwd), await readdir(path.join(home, '.config/streamer'))], [[], ['identity']]);
  });

  it('is asked for where there is no home, and nothing is left in the current directory', async (t) => {
    const cwd = await tempDir(t);
    for (const HOME of ['', 'relative']) assertFails(await runStreamer(t, ['keygen'], { env: { HOME, XDG_CONFIG_HOME: '' }, cwd }), 2, /there is no home directory.*--identity/);
    assert.deepEqual(await readdir(cwd), []);
  });

  it('is asked for where the system does not know the user', { skip: !asRoot && 'only root can become another user' }, async (t) => {
    const cwd = await tempDir(t);
    // setpriv needs the checkout and node to be readable by that user.
    const argv = ['env', '-u', 'HOME', '-u', 'XDG_CONFIG_HOME', 'setpriv', '--reuid', '54321', '--clear-groups', ...streamerArgv(['keygen'])];
    const end = await startProgram(t, argv, { cwd }).exitWithin(AT_ONCE_MS);
    assertFails(end, 2, /there is no home directory/);
  });
});
