/**
 * Standard input and output as what is sent and received: verified all the same, whoever serves, whatever the size; and
 * what becomes of it when who reads or writes them dies, or the link does.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFile, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { randomFile, sha256, startProgram, streamerArgv, tempDir, type Child } from '../support/cli.js';
import { startProxy } from '../support/tcp-proxy.js';
import { ACTIONS, bothOver, clientJson, eventOf, HUNG_MS, MIB, opposite, resultOf, serveJson } from './moving.js';

const SIZES = [0, 1, MIB - 1, MIB, MIB + 1, 9 * MIB + 5];

interface Ends {
  readonly directory: string;
  readonly from: string;
  readonly to: string;
  readonly hex: string;
}

async function endsFor(t: TestContext, size: number): Promise<Ends> {
  const directory = await tempDir(t);
  const [from, to] = [path.join(directory, 'from'), path.join(directory, 'to')];
  return { directory, from, to, hex: await randomFile(from, size) };
}

/** A shell that runs `line`, in which `"$@"` stands for `streamer` with these words. */
function shell(t: TestContext, line: string, words: readonly string[], cwd: string): Child {
  return startProgram(t, ['bash', '-o', 'pipefail', '-c', line, 'bash', ...streamerArgv(words)], { cwd });
}

async function assertArrived({ to, hex }: Ends): Promise<void> {
  assert.equal(await sha256(to), hex);
}

for (const action of ACTIONS) {
  describe(`a pipe at the client, which ${action}s:`, { concurrency: 2 }, () => {
    for (const size of SIZES) {
      it(`${size} bytes`, async (t) => {
        const ends = await endsFor(t, size);
        const server = await serveJson(t, opposite(action), action === 'send' ? ends.to : ends.from);
        const client = shell(t, action === 'send' ? 'exec "$@" < from' : 'exec "$@" > to', [action, server.coordinates, '-'], ends.directory);
        const ended = await bothOver(client, server.child);
        assert.deepEqual([ended.client.code, ended.server.code], [0, 0], ended.client.stderr + ended.server.stdout);
        await assertArrived(ends);
        assert.equal(resultOf(ended.server).size, size);
        assert.equal(resultOf(ended.server).verified, true);
      });
    }

    it('with --digest sha256 the whole stream has the digest that sha256sum tells', async (t) => {
      const ends = await endsFor(t, 3 * MIB + 7);
      const digest = ['--digest', 'sha256'];
      const server = await serveJson(t, opposite(action), action === 'send' ? ends.to : '-', { args: action === 'send' ? [] : digest, stdin: action === 'send' ? '' : await readFile(ends.from) });
      const client = shell(t, action === 'send' ? 'exec "$@" < from' : 'exec "$@" > to', [action, server.coordinates, '-', ...(action === 'send' ? digest : [])], ends.directory);
      const ended = await bothOver(client, server.child);
      assert.deepEqual([ended.client.code, ended.server.code], [0, 0], ended.client.stderr + ended.server.stdout);
      assert.equal(resultOf(ended.server).sha256, ends.hex);
      assert.match(ended.client.stderr, new RegExp(`sha256 ${ends.hex}`));
    });

    it('the link is cut three times: both ends go on, and nothing is missing or twice', async (t) => {
      const ends = await endsFor(t, 12 * MIB + 3);
      const server = await serveJson(t, opposite(action), action === 'send' ? ends.to : '-', { stdin: action === 'send' ? '' : await readFile(ends.from) });
      const proxy = await startProxy(t, server.port);
      proxy.slowDown(16 * MIB);
      const client = shell(t, action === 'send' ? 'exec "$@" < from' : 'exec "$@" > to', [action, proxy.lead(server.coordinates), '-'], ends.directory);
      for (let cut = 1; cut <= 3; cut += 1) {
        await proxy.passed(2 * MIB);
        proxy.cut();
      }
      const ended = await bothOver(client, server.child);
      assert.deepEqual([ended.client.code, ended.server.code], [0, 0], ended.client.stderr + ended.server.stdout);
      await assertArrived(ends);
      assert.ok(resultOf(ended.server).reconnects > 0);
    });
  });
}

describe('a pipe at the server, which sends:', { concurrency: 2 }, () => {
  for (const size of SIZES) {
    it(`${size} bytes, into a file`, async (t) => {
      const ends = await endsFor(t, size);
      const server = await serveJson(t, 'send', '-', { stdin: await readFile(ends.from) });
      const ended = await bothOver(clientJson(t, 'receive', server.coordinates, ends.to), server.child);
      assert.deepEqual([ended.client.code, ended.server.code], [0, 0], ended.client.stdout);
      await assertArrived(ends);
      assert.deepEqual([resultOf(ended.client).size, resultOf(ended.server).size], [size, size]);
      assert.deepEqual(resultOf(ended.client).digest, resultOf(ended.server).digest);
      assert.deepEqual((await readdir(ends.directory)).sort(), ['from', 'to'], 'nothing is left beside it');
    });
  }

  it('into standard output', async (t) => {
    const ends = await endsFor(t, 2 * MIB + 1);
    const server = await serveJson(t, 'send', '-', { stdin: await readFile(ends.from) });
    const ended = await bothOver(shell(t, 'exec "$@" > to', ['receive', server.coordinates, '-'], ends.directory), server.child);
    assert.deepEqual([ended.client.code, ended.server.code], [0, 0]);
    await assertArrived(ends);
  });
});

describe('tar', { concurrency: 2 }, () => {
  it('goes through: tar c | send, and receive | tar x', async (t) => {
    const directory = await tempDir(t);
    const tree = path.join(directory, 'tree');
    await mkdir(path.join(tree, 'sub'), { recursive: true });
    for (let index = 0; index < 20; index += 1) await randomFile(path.join(tree, 'sub', `file-${index}`), 10_000 * index);
    const archive = path.join(directory, 'archive.tar');
    const inward = await serveJson(t, 'receive', archive);
    const sent = await bothOver(shell(t, 'tar c tree | "$@"', ['send', inward.coordinates, '-'], directory), inward.child);
    assert.deepEqual([sent.client.code, sent.server.code], [0, 0], sent.client.stderr);
    assert.match(execFileSync('tar', ['tf', archive], { encoding: 'utf8' }), /tree\/sub\/file-19/);
    await mkdir(path.join(directory, 'out'));
    const outward = await serveJson(t, 'send', archive);
    const received = await bothOver(shell(t, '"$@" | tar x -C out', ['receive', outward.coordinates, '-'], directory), outward.child);
    assert.deepEqual([received.client.code, received.server.code], [0, 0], received.client.stderr);
    assert.equal(execFileSync('diff', ['-r', 'tree', 'out/tree'], { cwd: directory, encoding: 'utf8' }), '');
  });
});

describe('whoever reads or writes a pipe', { concurrency: 2 }, () => {
  it('reads and dies: the client says so and exits with 8, and the server waits for its return', async (t) => {
    const ends = await endsFor(t, 6 * MIB);
    const server = await serveJson(t, 'send', ends.from);
    const client = shell(t, '"$@" | head -c 100000 > part', ['receive', server.coordinates, '-'], ends.directory);
    const end = await client.exitWithin(HUNG_MS);
    assert.equal(end.code, 8, end.stderr);
    assert.match(end.stderr, /^streamer: .*whoever read standard output has gone.* \[storage-io\]$/m);
    assert.equal((await stat(path.join(ends.directory, 'part'))).size, 100_000);
    await server.child.waitForLine(/"again":true/);
    const again = await bothOver(clientJson(t, 'receive', server.coordinates, ends.to), server.child);
    assert.deepEqual([again.client.code, again.server.code], [0, 0]);
    await assertArrived(ends);
  });

  it('writes and dies: that is the end of the stream, and what it wrote arrives', async (t) => {
    const ends = await endsFor(t, 0);
    const server = await serveJson(t, 'receive', ends.to);
    const client = shell(t, '(head -c 3000000 /dev/zero; kill -9 $BASHPID) | "$@"', ['send', server.coordinates, '-'], ends.directory);
    const ended = await bothOver(client, server.child);
    assert.equal(ended.server.code, 0);
    assert.equal((await stat(ends.to)).size, 3_000_000);
  });

  it('its sender is killed: nothing is under the final name, and the same command again sends it all', async (t) => {
    const ends = await endsFor(t, 6 * MIB);
    const server = await serveJson(t, 'receive', ends.to);
    const client = startProgram(t, ['bash', '-c', '(cat from; sleep 60) | exec "$@"', 'bash', ...streamerArgv(['send', '--json', server.coordinates, '-'])], { cwd: ends.directory });
    await server.child.waitForLine(/^\{"event":"progress","bytes":[1-9]\d{6}/);
    // Only the sender: its input would end otherwise, and for all it knows that is all there is.
    execFileSync('pkill', ['-KILL', '-P', String(client.pid), '-f', '^streamer-send']);
    await client.stop();
    assert.equal(await stat(ends.to).catch(() => undefined), undefined);
    const ended = await bothOver(shell(t, 'exec "$@" < from', ['send', server.coordinates, '-'], ends.directory), server.child);
    assert.deepEqual([ended.client.code, ended.server.code], [0, 0], ended.client.stderr + ended.server.stdout);
    await assertArrived(ends);
    assert.deepEqual((await readdir(ends.directory)).sort(), ['from', 'to']);
  });
});

describe('a pipe and what else was asked', { concurrency: 2 }, () => {
  it('--json with standard output that carries the stream: the stream is all that is there, and events go to standard error', async (t) => {
    const ends = await endsFor(t, MIB + 1);
    const server = await serveJson(t, 'send', ends.from);
    const end = await shell(t, 'exec "$@" > to', ['receive', '--json', server.coordinates, '-'], ends.directory).exitWithin(HUNG_MS);
    assert.equal(end.code, 0, end.stderr);
    await assertArrived(ends);
    assert.equal(eventOf({ stdout: end.stderr, stderr: '' }, 'done').event, 'done');
  });

  it('a directory into standard output: refused, and the server waits on', async (t) => {
    const directory = await tempDir(t);
    await mkdir(path.join(directory, 'tree'));
    const server = await serveJson(t, 'send', path.join(directory, 'tree'));
    const end = await shell(t, 'exec "$@" > to', ['receive', server.coordinates, '-'], directory).exitWithin(HUNG_MS);
    assert.equal(end.code, 8, end.stderr);
    assert.match(end.stderr, /a directory cannot be written to standard output/);
    await server.child.waitForLine(/"again":true/);
  });

  it('a target that is there: refused without being asked for, replaced with --overwrite', async (t) => {
    const ends = await endsFor(t, 1000);
    await writeFile(ends.to, 'old');
    for (const [args, code] of [[[], 8], [['--overwrite'], 0]] as const) {
      const server = await serveJson(t, 'send', '-', { stdin: await readFile(ends.from) });
      const client = clientJson(t, 'receive', server.coordinates, ends.to, args);
      assert.equal((await client.exitWithin(HUNG_MS)).code, code);
      if (code !== 0) assert.equal(await readFile(ends.to, 'utf8'), 'old');
      await server.child.stop();
    }
    await assertArrived(ends);
  });

  it('more than the inbound limit: the receiver stops with 9 and nothing has the name', async (t) => {
    const ends = await endsFor(t, 3 * MIB);
    await appendFile(ends.from, 'x');
    const server = await serveJson(t, 'receive', ends.to, { args: ['--inbound-transfer-limit', '3MiB'] });
    const ended = await bothOver(shell(t, 'exec "$@" < from', ['send', server.coordinates, '-'], ends.directory), server.child);
    assert.deepEqual([ended.client.code, ended.server.code], [9, 9], ended.client.stderr);
    assert.equal(await stat(ends.to).catch(() => undefined), undefined);
  });
});

