/**
 * `streamer job-script`: what it prints, run by bash with PBS's variables; a relay and a client are real. With real Slurm:
 * test/integration/slurm.test.ts.
 */
import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, test, type TestContext } from 'node:test';
import { generateIdentity, publicKeyOf } from '../../src/coordinates/keys.js';
import { jobScript } from '../../src/server/job-script.js';
import { BIN, COORDINATES_LINE, randomFile, runStreamer, sha256, tempDir, type Child, type Finished } from '../support/cli.js';
import { HANDED, startPbsJob, type Handed, type RunOptions } from '../support/job.js';
import { startRelay, type RunningRelay } from '../support/relay.js';
import { HUNG_MS } from './moving.js';

const NODE = `file:${process.execPath}`;
const PBS = { scheduler: 'pbs', node: { from: 'file', file: process.execPath }, streamerCommand: BIN } as const;

interface Place {
  /** Where the script is kept by PBS, the home directory, and what must not be touched. */
  readonly spool: string;
  /** Where the job was submitted. */
  readonly cwd: string;
  /** The client's side. */
  readonly here: string;
  readonly identity: string;
  readonly key: string;
}

async function placeFor(t: TestContext): Promise<Place> {
  const directory = await tempDir(t);
  const [spool, cwd, here] = ['spool', 'work', 'here'].map((name) => path.join(directory, name)) as [string, string, string];
  for (const name of [spool, cwd, here]) await mkdir(name);
  const identity = path.join(directory, 'identity');
  const text = generateIdentity();
  await writeFile(identity, text, { mode: 0o600 });
  return { spool, cwd, here, identity, key: publicKeyOf(text) };
}

/** What it prints for PBS. */
async function scriptOf(t: TestContext, words: readonly string[]): Promise<string> {
  const printed = await runStreamer(t, ['job-script', '--scheduler', 'pbs', ...words]);
  assert.equal(printed.code, 0, printed.stderr);
  return printed.stdout;
}

async function coordinatesOf(job: Child): Promise<string> {
  const [, coordinates = ''] = await job.waitForLine(COORDINATES_LINE);
  return coordinates;
}

/** Names that are commands, options, quotes, directives, or nothing that is seen, to somebody. */
const HOSTILE = [
  'a;touch pwned.bin',
  '$(touch pwned)',
  '`touch pwned`',
  "a'b\"c",
  "';touch pwned;'",
  '"$HOME"',
  'ünï 日本',
  '-rf',
  '--json',
  '-',
  ' a  b ',
  '~',
  '*',
  '#',
  '!x',
  '%j',
  'a && touch pwned | x > y',
];
/** No names that a peer may choose, but those of targets here. */
const OF_OURS = ["a'b\"c\nd",  'a\n#PBS -A other\n#SBATCH --account=other', "\n'; touch pwned\n", 'a\r\nb', '\u001b[2J', '\u202etxt.exe'];

test('a job script run by bash with the variables of PBS', { concurrency: 3 }, async (t) => {
  const relay = await startRelay(t);
  const handed = (index: number) => HANDED[index % HANDED.length] ?? 'by name';
  await Promise.all([
    ...HOSTILE.map((name, index) => t.test(`sends ${JSON.stringify(name)}, handed ${handed(index)}`, (sub) => sends(sub, relay, name, handed(index)))),
    ...[...HOSTILE, ...OF_OURS].map((name, index) => t.test(`receives ${JSON.stringify(name)}, handed ${handed(index + 1)}`, (sub) => receives(sub, relay, name, handed(index + 1)))),
  ]);
});

describe('a job script run by bash', { concurrency: 2 }, () => {
  it('takes no secret and no setting of streamer from the environment', async (t) => {
    const place = await placeFor(t);
    await randomFile(path.join(place.cwd, 'data'), 1000);
    const env = { STREAMER_SECRET: 'of-the-submitter', STREAMER_RELAY_TOKEN: 'of-the-submitter', STREAMER_ODD: "';touch pwned;'" };
    const job = await startPbsJob(t, await scriptOf(t, ['--node', NODE, '--streamer', BIN, '--public-ips', '127.0.0.1', '--port-range', '0', '0', 'send', 'data']), place.spool, { cwd: place.cwd, env });
    const coordinates = await coordinatesOf(job);
    // Plain ones would be those of a secret that was given.
    assert.match(coordinates, /^streamer2\./u);
    assert.doesNotMatch(await readFile(`/proc/${job.pid}/environ`, 'latin1'), /of-the-submitter/u);
    const client = await runStreamer(t, ['receive', coordinates, place.here]);
    assert.equal(client.code, 0, client.stderr);
    assert.equal((await job.exitWithin(HUNG_MS)).code, 0);
  });

  it('ends with the status of the server, which a signal for the job ends so that it can be resumed', async (t) => {
    const place = await placeFor(t);
    await randomFile(path.join(place.cwd, 'data'), 1000);
    const words = ['--node', NODE, '--streamer', BIN, '--public-ips', '127.0.0.1', '--port-range', '0', '0'];
    const stopped = await startPbsJob(t, await scriptOf(t, [...words, 'send', 'data']), place.spool, { cwd: place.cwd });
    await coordinatesOf(stopped);
    stopped.kill('SIGTERM');
    const ended = await stopped.exitWithin(HUNG_MS);
    assert.deepEqual([ended.code, ended.signal], [143, null], ended.stderr);
    const missing = await startPbsJob(t, await scriptOf(t, [...words, 'send', 'nothing']), place.spool, { cwd: place.cwd });
    assert.equal((await missing.exitWithin(HUNG_MS)).code, 8);
    const waited = await startPbsJob(t, await scriptOf(t, [...words, '--wait-timeout', '1', 'send', 'data']), place.spool, { cwd: place.cwd });
    assert.equal((await waited.exitWithin(HUNG_MS)).code, 10);
  });

  it('is over at once where its directory is not there', async (t) => {
    const place = await placeFor(t);
    const job = await startPbsJob(t, await scriptOf(t, ['--working-directory', `${place.cwd}/none`, 'send', 'x']), place.spool, { cwd: place.cwd });
    assert.equal((await job.exitWithin(HUNG_MS)).code, 1);
    assert.match(job.stderr, /none: No such file or directory/u);
  });
});

async function sends(t: TestContext, relay: RunningRelay, name: string, handed: Handed): Promise<void> {
  const place = await placeFor(t);
  const digest = await randomFile(path.join(place.cwd, name), 100_000);
  const script = jobScript({ ...PBS, sealTo: [place.key], relay: { url: relay.url }, action: 'send', paths: [name === '-' ? './-' : name] });
  const job = await startPbsJob(t, script, place.spool, { cwd: place.cwd, handed });
  const client = await runStreamer(t, ['receive', '--identity', place.identity, await coordinatesOf(job), place.here]);
  await assertDone(job, client);
  assert.equal(await sha256(path.join(place.here, name)), digest);
  await assertUntouched(place, [name], [name]);
}

async function receives(t: TestContext, relay: RunningRelay, name: string, handed: Handed): Promise<void> {
  const place = await placeFor(t);
  const source = path.join(place.here, 'data');
  const digest = await randomFile(source, 100_000);
  const script = jobScript({ ...PBS, sealTo: [place.key], relay: { url: relay.url }, action: 'receive', paths: [name === '-' ? './-' : name] });
  const job = await startPbsJob(t, script, place.spool, { cwd: place.cwd, handed });
  const client = await runStreamer(t, ['send', '--identity', place.identity, await coordinatesOf(job), source]);
  await assertDone(job, client);
  assert.equal(await sha256(path.join(place.cwd, name)), digest);
  await assertUntouched(place, [name], ['data']);
}

async function assertDone(job: Child, client: Finished): Promise<void> {
  assert.equal(client.code, 0, client.stderr);
  const ended = await job.exitWithin(HUNG_MS);
  assert.equal(ended.code, 0, ended.stderr);
}

/** Nothing was made by a name that was taken for a command. */
async function assertUntouched({ spool, cwd, here }: Place, there: readonly string[], back: readonly string[]): Promise<void> {
  assert.deepEqual(await Promise.all([spool, cwd, here].map((directory) => readdir(directory))), [['123.server.SC'], there, back]);
}

/** A PATH with what a script needs of the system, and no Node. */
async function barePath(directory: string): Promise<string> {
  await mkdir(directory);
  for (const name of ['bash', 'hostname']) await symlink(`/bin/${name}`, path.join(directory, name));
  return directory;
}

/** A Node that says that it is used, and is no more than a link to ours. */
async function markedNode(directory: string): Promise<string> {
  await mkdir(directory, { recursive: true });
  await writeFile(path.join(directory, 'node'), `#!/bin/bash\necho "node: $0" >&2\nexec ${JSON.stringify(process.execPath)} "$@"\n`, { mode: 0o755 });
  return path.join(directory, 'node');
}

describe('a job script finds', { concurrency: 2 }, () => {
  /** Runs a server that has nothing to send, so that it is over as soon as it is found. */
  const ends = async (t: TestContext, place: Place, words: readonly string[], env: RunOptions['env'] = {}) => {
    const job = await startPbsJob(t, await scriptOf(t, [...words, '--seal-to', place.key, 'send', 'nothing']), place.spool, { cwd: place.cwd, env });
    return job.exitWithin(HUNG_MS);
  };
  const assertFound = (ended: Finished, node: string) => {
    assert.match(ended.stderr, /nothing.*\[storage-missing\]/u);
    assert.ok(ended.stderr.includes(`node: ${node}\n`), ended.stderr);
  };

  it('node and streamer in PATH', async (t) => {
    const place = await placeFor(t);
    const node = await markedNode(path.join(place.here, 'bin'));
    await symlink(BIN, path.join(place.here, 'bin/streamer'));
    assertFound(await ends(t, place, [], { PATH: `${path.dirname(node)}:/usr/bin:/bin` }), node);
  });

  it('node in a file whose path is hostile, and streamer in such a directory', async (t) => {
    const place = await placeFor(t);
    const node = await markedNode(path.join(place.cwd, "-n'o $(touch pwned);d"));
    await symlink(path.dirname(path.dirname(BIN)), path.join(place.cwd, '-s "x"'));
    const ended = await ends(t, place, ['--node', `file:${path.relative(place.cwd, node)}`, '--streamer', `-s "x"/bin/${path.basename(BIN)}`]);
    assertFound(ended, node);
    assert.deepEqual((await readdir(place.cwd)).sort(), ['-n\'o $(touch pwned);d', '-s "x"'].sort());
  });

  it("node in an environment module, and in the profile's module where the shell has none", async (t) => {
    const place = await placeFor(t);
    const node = await markedNode(path.join(place.here, 'modules/nodejs'));
    // As environment modules are: a shell function, which does not like "set -eu". Old ones do not report a failure by its status.
    const module = `() { false; : "$UNSET_THING"; [ "$1 $2" = 'load nodejs/22.1' ] && PATH=${path.dirname(node)}:$PATH; [ "$2" != nodejs/2 ]; }`;
    assertFound(await ends(t, place, ['--node', 'module:nodejs/22.1', '--streamer', BIN], { 'BASH_FUNC_module%%': module }), node);
    const bare = await barePath(path.join(place.here, 'bin'));
    for (const [name, says] of [['nodejs/1', /the environment module brings no node/u], ['nodejs/2', /the environment module cannot be loaded/u]] as const) {
      const wrong = await ends(t, place, ['--node', `module:${name}`, '--streamer', BIN], { 'BASH_FUNC_module%%': module, PATH: bare });
      assert.equal(wrong.code, 1);
      assert.match(wrong.stderr, says);
    }
  });

  it('streamer behind a wrapper of the site, which has its own Node', async (t) => {
    const place = await placeFor(t);
    const wrapper = path.join(place.here, 'streamer');
    await writeFile(wrapper, `#!/bin/sh\necho wrapped >&2\nexec ${process.execPath} ${BIN} "$@"\n`, { mode: 0o755 });
    const ended = await ends(t, place, ['--streamer', wrapper], { PATH: await barePath(path.join(place.here, 'bin')) });
    assert.match(ended.stderr, /wrapped\n[\s\S]*\[storage-missing\]/u);
  });

  it('a Node that is too old, or of another kind of machine, before it is given a script', async (t) => {
    const place = await placeFor(t);
    for (const [says, expected] of [
      ['v18.20.4', /node is v18\.20\.4, and streamer needs Node 20\.12 or newer: see --node\n$/u],
      ['v20.11.1', /is v20\.11\.1, /u],
      ['v8.17.0', /is v8\.17\.0, /u],
      [undefined, /node does not run on this node: see --node\n$/u],
    ] as const) {
      const node = path.join(place.here, says ?? 'none', 'node');
      await mkdir(path.dirname(node));
      await writeFile(node, says === undefined ? '#!/none\n' : `#!/bin/bash\n[ "$*" = --version ] || exit 99\necho ${says}\n`, { mode: 0o755 });
      const ended = await ends(t, place, ['--node', `file:${node}`, '--streamer', BIN]);
      assert.equal(ended.code, 1, ended.stderr);
      assert.match(ended.stderr, expected);
    }
  });

  it('what is not there, and says so', async (t) => {
    const place = await placeFor(t);
    const none = { PATH: await barePath(path.join(place.here, 'bin')) };
    for (const [words, says] of [
      [['--streamer', BIN], /there is no node in PATH: see --node/u],
      [['--node', 'file:/none/node'], /cannot run \/none\/node, which --node names/u],
      [['--node', NODE], /no such command as --streamer names/u],
      [['--node', NODE, '--streamer', '/none/streamer'], /no file \/none\/streamer, which --streamer names/u],
    ] as const) {
      const ended = await ends(t, place, words, none);
      assert.equal(ended.code, 1, ended.stderr);
      assert.match(ended.stderr, says);
    }
  });
});

describe('streamer job-script', () => {
  it('prints the script alone, and for programs as an event', async (t) => {
    const key = publicKeyOf(await readFile((await placeFor(t)).identity, 'utf8'));
    const plain = await runStreamer(t, ['job-script', '--scheduler', 'slurm', '--seal-to', key, 'send', 'a b']);
    assert.deepEqual([plain.code, plain.stderr], [0, '']);
    assert.match(plain.stdout, /^#!\/bin\/bash\n[\s\S]*\nexec "\$@" send 'a b' <\/dev\/null\n$/u);
    const json = await runStreamer(t, ['job-script', '--json', '--scheduler', 'slurm', '--seal-to', key, 'send', 'a b']);
    assert.deepEqual(JSON.parse(json.stdout), { event: 'job-script', script: plain.stdout });
  });

  it('reads keys from a file here', async (t) => {
    const place = await placeFor(t);
    const keys = path.join(place.here, 'keys');
    await writeFile(keys, `# mine\n${place.key}\n`);
    assert.ok((await scriptOf(t, ['--seal-to', `@${keys}`, 'send', 'a'])).includes(`--seal-to=${place.key}`));
  });

  it('warns where everybody who can read the log could take the file', async (t) => {
    const printed = await runStreamer(t, ['job-script', '--scheduler', 'slurm', 'send', 'a']);
    assert.equal(printed.code, 0);
    assert.match(printed.stderr, /the job's log will hold the coordinates .*--seal-to/u);
  });

  it('refuses what it cannot write, by the name of the option', async (t) => {
    const { identity } = await placeFor(t);
    const secret = (await readFile(identity, 'utf8')).trim().split('\n').at(-1) ?? '';
    const slurm = ['--scheduler', 'slurm'];
    for (const [words, says] of [
      [['send', 'a'], /which scheduler\?/u],
      [['--scheduler', 'lsf', 'send', 'a'], /which scheduler\?/u],
      [[...slurm, 'send'], /which file\?/u],
      [[...slurm, 'send', '-'], /no standard input/u],
      [[...slurm, 'send', 'a', '--path', 'b'], /path is given twice/u],
      [[...slurm, '--job-name', 'a\n#SBATCH --account=other', 'send', 'a'], /--job-name holds a line break/u],
      [[...slurm, '--time', '10', 'send', 'a'], /--time takes/u],
      [[...slurm, '--wait-timeout', '3h', 'send', 'a'], /--wait-timeout is longer/u],
      [[...slurm, '--port-range', '9', '5', 'send', 'a'], /port/u],
      [[...slurm, '--node', 'npm', 'send', 'a'], /--node takes path, module/u],
      [[...slurm, '--node', 'file:', 'send', 'a'], /--node takes path, module/u],
      [[...slurm, '--node', 'venv', '--node-version', '18', 'send', 'a'], /--node-version/u],
      [[...slurm, '--node-version', '24', 'send', 'a'], /--node-version is for --node venv/u],
      [[...slurm, '--seal-to', 'nonsense', 'send', 'a'], /no public key/u],
      [[...slurm, '--seal-to', secret, 'send', 'a'], /identity, which is secret/u],
      [[...slurm, '--relay', 'wss://x?token=y', 'send', 'a'], /would stand in the script/u],
    ] as const) {
      const ended = await runStreamer(t, ['job-script', ...words]);
      assert.deepEqual([ended.code, ended.stdout], [2, ''], ended.stderr);
      assert.match(ended.stderr, /^streamer: [^\n]+ \[usage\]\n$/u, 'one line');
      assert.match(ended.stderr, says);
      assert.ok(!ended.stderr.includes(secret.slice(-20)));
    }
  });
});
