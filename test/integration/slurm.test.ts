/**
 * The agent as a job of real Slurm: sbatch runs the script, the client finds its server through a relay by the sealed
 * coordinates in the job's log.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { parseCoordinates } from '../../src/coordinates/codec.js';
import { openCoordinates } from '../../src/coordinates/sealed.js';
import { jobScript } from '../../src/server/job-script.js';
import { asOrdinaryUser, skipUnless } from '../e2e/abilities.js';
import { eventOf, MIB, placeFor, resultOf, type Place } from '../e2e/moving.js';
import { treeFor } from '../e2e/tree-moving.js';
import { BIN, COORDINATES_LINE, freePort, randomFile, ROOT, runStreamer, sha256, startStreamer, tempDir, type Child, type Finished } from '../support/cli.js';
import { startRelay } from '../support/relay.js';
import { Job, slurmLacks, startCluster, type Cluster } from '../support/slurm.js';

/** A job is over this soon after its transfer, milliseconds, and does not wait its hour. Slurm itself takes 0.1 s, or some when the machine is busy. */
const AT_ONCE_MS = 10_000;
/** A client is told that its server was stopped within this, milliseconds. */
const TOLD_MS = 20_000;
/** Slow enough that a transfer of SIZE is under way when it is to be ended, bytes per second. */
const SLOW = '1MB';
const SIZE = 64 * MIB;

/** A user's side: identity, relay, a place on the cluster. */
interface User {
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  readonly identity: string;
  readonly key: string;
  readonly relay: string;
}

async function userOf(t: TestContext, relayWords?: readonly string[]): Promise<User> {
  const directory = await tempDir(t);
  const env = { XDG_CONFIG_HOME: path.join(directory, 'config') };
  const made = await runStreamer(t, ['keygen', '--quiet'], { env });
  const identity = readFileSync(path.join(env.XDG_CONFIG_HOME, 'streamer/identity'), 'utf8');
  return { directory, env, identity, key: made.stdout.trim(), relay: (await startRelay(t, relayWords)).url };
}

/** What `streamer job-script` prints. */
async function scriptOf(t: TestContext, { env, key, relay }: User, words: readonly string[]): Promise<string> {
  const printed = await runStreamer(t, ['job-script', '--scheduler', 'slurm', '--node', `file:${process.execPath}`, '--streamer', BIN, '--seal-to', key, '--relay', relay, ...words], { env });
  assert.equal(printed.code, 0, printed.stderr);
  return printed.stdout;
}

async function coordinatesOf(job: Job): Promise<string> {
  const [, coordinates = ''] = await job.logLine(COORDINATES_LINE);
  return coordinates;
}

/** A client whose command is the same whichever job serves it: it reads the coordinates from a file. */
async function startClient(t: TestContext, user: User, job: Job, words: readonly string[]): Promise<Child> {
  const file = path.join(user.directory, 'coordinates');
  await writeFile(file, await coordinatesOf(job));
  const [action = '', ...paths] = words;
  return startStreamer(t, [action, '--json', `@${file}`, ...paths], { env: user.env });
}

/** The job ended by itself, well, and as soon as its transfer had. */
async function assertOverAtOnce(job: Job, client: Finished): Promise<void> {
  const startMs = performance.now();
  assert.equal(client.code, 0, client.stdout + client.stderr);
  const { JobState, ExitCode } = await job.over();
  assert.deepEqual({ JobState, ExitCode }, { JobState: 'COMPLETED', ExitCode: '0:0' }, job.log);
  assert.ok(performance.now() - startMs < AT_ONCE_MS, `over after ${performance.now() - startMs} ms`);
}

/** Waits until the receiver has vouched for something, so that there is something to resume. */
const received = (client: Child) => client.waitForLine(/^\{"event":"progress","bytes":(?:[3-9]|\d\d)\d{6},/u);

const lacks = slurmLacks();
test('a job of Slurm', { concurrency: 4, skip: skipUnless(lacks === '', `lacks ${lacks}`) }, async (t) => {
  const cluster = await startCluster(t);
  await Promise.all([
    t.test('is what the README says, line by line, both ways', (sub) => followsReadme(sub, cluster)),
    t.test('sends a tree and is over', (sub) => sendsTree(sub, cluster)),
    t.test('receives a file into a directory with a hostile name and is over', (sub) => receivesFile(sub, cluster)),
    t.test('that is cancelled while it sends: the client says so, and the same command goes on with the next job', (sub) => isCancelled(sub, cluster)),
    t.test('whose time limit comes near while it receives ends its transfer before, and the next job goes on', (sub) => nearsItsLimit(sub, cluster)),
    t.test('for which nobody comes is over after its wait', (sub) => waitsInVain(sub, cluster)),
    t.test('shows its secret to nobody while it runs', (sub) => hidesSecrets(sub, cluster)),
    t.test('gets every value as it was given', (sub) => takesValues(sub, cluster)),
  ]);
});

/** The shell lines of a section of the README, without its tables and text. */
function linesOfReadme(heading: string): string[] {
  const [, section = ''] = readFileSync(path.join(ROOT, 'README.md'), 'utf8').split(`\n${heading}\n`);
  return (section.split('\n## ')[0] ?? '').split('\n').filter((line) => line.startsWith('    ')).map((line) => line.slice(4));
}

async function followsReadme(t: TestContext, cluster: Cluster): Promise<void> {
  const directory = await tempDir(t);
  const hash = await randomFile(path.join(directory, 'results.h5'), 3 * MIB);
  await mkdir(path.join(directory, 'run7/logs'), { recursive: true });
  for (const name of ['input.nml', 'large', 'logs/1']) await randomFile(path.join(directory, 'run7', name), name === 'large' ? 2 * MIB : 1000);
  const lines = linesOfReadme('## As a scheduler job');
  for (const word of ['relay', 'keygen', 'job-script', 'receive', 'send']) assert.ok(lines.some((line) => line.startsWith(`streamer ${word} `)), `the README says "streamer ${word}"`);
  const script = lines.join('\n').replaceAll('127.0.0.1:5680', `127.0.0.1:${await freePort()}`);
  const env = { PATH: `${cluster.programs}:${process.env['PATH'] ?? ''}`, HOME: directory, XDG_CONFIG_HOME: path.join(directory, 'config') };
  const said = await cluster.command(['bash', '-eu', '-c', `trap 'kill $(jobs -p)' EXIT\n${script}\nsqueue -h -o '%i %T'`], { cwd: directory, env });
  assert.equal(await sha256(path.join(directory, 'copy.h5')), hash, said);
  assert.equal(execFileSync('diff', ['-r', 'run7', 'run7-there'], { cwd: directory, encoding: 'utf8' }), '');
  const logs = readdirSync(directory).filter((name) => name.startsWith('slurm-'));
  assert.equal(logs.length, 2);
  for (const name of logs) {
    // Sealed, and of a server that listens nowhere.
    const log = readFileSync(path.join(directory, name), 'utf8');
    assert.match(log, /^Use these coordinates to connect: streamer2s\./mu);
    assert.doesNotMatch(log, /listening on/u);
    assert.equal((await new Job(name.replace(/\D/gu, ''), path.join(directory, name), (argv) => cluster.command(argv)).over())['JobState'], 'COMPLETED', log);
  }
}

async function sendsTree(t: TestContext, cluster: Cluster): Promise<void> {
  const user = await userOf(t);
  const tree = await treeFor(t);
  for (let index = 0; index < 300; index += 1) await randomFile(path.join(tree.source, `sub/part-${index}`), 2000 + index);
  const job = await cluster.submit(await scriptOf(t, user, ['send', tree.source]), { cwd: user.directory });
  const client = await startClient(t, user, job, ['receive', tree.target]);
  await assertOverAtOnce(job, await client.exit);
  assert.equal(execFileSync('diff', ['-r', '--no-dereference', '--exclude=fifo', tree.source, tree.target], { encoding: 'utf8' }), '');
}

async function receivesFile(t: TestContext, cluster: Cluster): Promise<void> {
  const user = await userOf(t);
  const place = await placeFor(t, 40 * MIB);
  // The directory is the job's, too: its script must not be led away by it, and its target begins with a dash.
  const cwd = path.join(place.directory, `it's "$(touch pwned)"; touch pwned\\ \`touch pwned\` %j ünï`);
  await mkdir(cwd);
  const job = await cluster.submit(await scriptOf(t, user, ['--working-directory', cwd, 'receive', '--path=-rf']), { cwd });
  const client = await startClient(t, user, job, ['send', place.source]);
  await assertOverAtOnce(job, await client.exit);
  assert.equal(await sha256(path.join(cwd, '-rf')), place.sha256);
  assert.deepEqual((await readdir(cwd)).sort(), ['-rf', `slurm-${job.id}.out`]);
  assert.equal((await stat(path.join(cwd, '-rf'))).mode & 0o777, 0o640, "the sender's mode, not the script's umask");
}

async function isCancelled(t: TestContext, cluster: Cluster): Promise<void> {
  const user = await userOf(t);
  const place = await placeFor(t, SIZE);
  const words = ['receive', place.target];
  const first = await cluster.submit(await scriptOf(t, user, [`--server-option=--rate=${SLOW}`, 'send', place.source]), { cwd: user.directory });
  const client = await startClient(t, user, first, words);
  await received(client);
  await first.cancel();
  assertToldOfTheEnd(await client.exitWithin(TOLD_MS));
  assert.equal((await first.over())['JobState'], 'CANCELLED');
  assert.match(first.log, /stopped by SIGTERM; .*\[aborted\]/u, 'it ended by its own doing');
  await assertKept(path.dirname(place.target), path.basename(place.target));
  await assertResumes(t, cluster, user, place, ['send', place.source], words);
  assert.equal(await sha256(place.target), place.sha256);
}

async function nearsItsLimit(t: TestContext, cluster: Cluster): Promise<void> {
  const user = await userOf(t);
  const place = await placeFor(t, SIZE);
  const words = ['send', place.source];
  // Slurm looks every 30 s, and up to so much ahead: it tells the job after 18 to 48 s.
  const first = await cluster.submit(await scriptOf(t, user, ['--time=1m', '--grace=12s', `--server-option=--rate=${SLOW}`, 'receive', place.target]), { cwd: user.directory });
  const client = await startClient(t, user, first, words);
  await received(client);
  assertToldOfTheEnd(await client.exitWithin(60_000));
  const { JobState, ExitCode } = await first.over();
  assert.deepEqual({ JobState, ExitCode }, { JobState: 'FAILED', ExitCode: '143:0' }, 'ended by itself, and not by Slurm (TIMEOUT)');
  assert.match(first.log, /stopped by SIGTERM; .*\[aborted\]/u);
  assert.doesNotMatch(first.log, /DUE TO TIME LIMIT/u);
  await assertKept(path.dirname(place.target), path.basename(place.target));
  await assertResumes(t, cluster, user, place, ['receive', place.target], words);
  assert.equal(await sha256(place.target), place.sha256);
}

function assertToldOfTheEnd(client: Finished): void {
  assert.equal(client.code, 5, client.stdout + client.stderr);
  assert.match(String(eventOf(client, 'error')['message']), /the other end was stopped; what has arrived is kept, run the command again to resume/u);
}

async function assertKept(directory: string, name: string): Promise<void> {
  const names = (await readdir(directory)).filter((entry) => !entry.endsWith('-lock'));
  assert.deepEqual(names.filter((entry) => entry.includes(name)).sort(), [`.${name}.streamer-journal`, `.${name}.streamer-part`]);
}

/** A second job, and the same command of the client. */
async function assertResumes(t: TestContext, cluster: Cluster, user: User, place: Place, jobWords: readonly string[], words: readonly string[]): Promise<void> {
  const second = await cluster.submit(await scriptOf(t, user, jobWords), { cwd: user.directory });
  const ended = await (await startClient(t, user, second, words)).exit;
  await assertOverAtOnce(second, ended);
  const { resumedBytes, movedBytes } = resultOf(ended);
  assert.ok(resumedBytes > MIB, `${resumedBytes} bytes are not moved again`);
  assert.equal(resumedBytes + movedBytes, SIZE, place.target);
}

async function waitsInVain(t: TestContext, cluster: Cluster): Promise<void> {
  const user = await userOf(t);
  const job = await cluster.submit(await scriptOf(t, user, ['--wait-timeout=1s', 'send', BIN]), { cwd: user.directory });
  const { JobState, ExitCode } = await job.over();
  assert.deepEqual({ JobState, ExitCode }, { JobState: 'FAILED', ExitCode: '10:0' }, job.log);
}

/** A token of the relay, and secrets that a submitter may have in the environment. */
const TOKEN = 'token-of-the-relay-that-nobody-shall-see';
const SUBMITTERS = { STREAMER_SECRET: 'secret-of-the-submitter', STREAMER_COORDINATES: 'coordinates-of-the-submitter', CLOUD_TOKEN: 'token-of-the-submitter' };

async function hidesSecrets(t: TestContext, cluster: Cluster): Promise<void> {
  const tokens = path.join(await tempDir(t), 'tokens');
  await writeFile(tokens, `test ${TOKEN}\n`, { mode: 0o600 });
  const user = await userOf(t, ['--token-file', tokens]);
  const tokenFile = path.join(path.dirname(tokens), 'token');
  await writeFile(tokenFile, TOKEN, { mode: 0o600 });
  // Where others may look, as on a shared file system.
  const place = await placeFor(t, SIZE);
  for (const directory of [place.directory, path.dirname(place.source), place.inbox]) chmodSync(directory, 0o755);
  const words = ['--relay-token-file', tokenFile, '--coordinates-file', path.join(place.inbox, 'published'), `--server-option=--rate=${SLOW}`, 'send', place.source];
  const job = await cluster.submit(await scriptOf(t, user, words), { cwd: place.inbox, env: SUBMITTERS });
  const opened = openCoordinates(await coordinatesOf(job), [user.identity]);
  const parsed = parseCoordinates(opened);
  if (parsed.version !== 2) throw new Error('a generated secret makes coordinates of version 2');
  const secrets = [...formsOf(Buffer.from(parsed.secret)), opened, ...[TOKEN, ...Object.values(SUBMITTERS)].flatMap((text) => formsOf(Buffer.from(text)))];
  const client = await startClient(t, user, job, ['receive', path.join(place.directory, 'copy')]);
  const look = async () => {
    const shown = await everythingOf(cluster, job, place.inbox);
    for (const [where, bytes] of shown) for (const secret of secrets) assert.ok(!bytes.includes(secret), `a secret shows in ${where}`);
    return shown.map(([where]) => where);
  };
  const beforeStart = await look();
  await client.waitForLine(/^\{"event":"progress"/u);
  const during = await look();
  for (const where of ['the batch script', 'the log', 'cmdline of the server', 'environ of the server', 'as nobody']) {
    for (const looked of [beforeStart, during]) assert.ok(looked.includes(where), `looked at ${where}`);
  }
  await job.cancel();
  await client.exit;
  await job.over();
  await look();
}

const formsOf = (secret: Buffer): (Buffer | string)[] => [secret, secret.toString('base64url'), secret.toString('base64').replace(/=+$/u, ''), secret.toString('hex'), secret.toString('hex').toUpperCase()];

/** All that can be looked at of a job, and of every process of the machine. */
async function everythingOf(cluster: Cluster, job: Job, directory: string): Promise<(readonly [where: string, bytes: Buffer])[]> {
  const shown: (readonly [string, Buffer])[] = [['the log', readFileSync(job.logFile)], ['the batch script', Buffer.from(await cluster.command(['scontrol', 'write', 'batch_script', job.id, '-']))], ['scontrol', Buffer.from(await cluster.command(['scontrol', 'show', 'job', '--details', job.id]))]];
  for (const root of [cluster.directory, directory]) {
    for (const name of readdirSync(root, { recursive: true })) shown.push([String(name), readIfFile(path.join(root, String(name)))]);
  }
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/u.test(name))) {
    const [cmdline, environ] = ['cmdline', 'environ'].map((name) => readIfFile(`/proc/${pid}/${name}`));
    const ofJob = environ?.includes(`SLURM_JOB_ID=${job.id}\0`) === true;
    shown.push([ofJob ? 'cmdline of the server' : `cmdline of ${pid}`, cmdline ?? Buffer.alloc(0)], [ofJob ? 'environ of the server' : `environ of ${pid}`, environ ?? Buffer.alloc(0)]);
  }
  // What another user of the machine can read of all that.
  const [program = '', ...words] = asOrdinaryUser(['sh', '-c', 'cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ "$1"/* 2>/dev/null; exit 0', 'sh', directory]);
  shown.push(['as nobody', execFileSync(program, words, { maxBuffer: 512 * MIB })]);
  return shown;
}

function readIfFile(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch {
    return Buffer.alloc(0);
  }
}

/** Names, as real sbatch reads them from a directive. */
const VALUES = ["it's", 'a"b\\c', '$(touch pwned) `touch pwned` $HOME', 'a;b|c&d', 'a # b', 'ünï 日本', '  x ', '-rf', '\\', '*?[a]~', 'hetjob', '%j, a=b:c'];

async function takesValues(t: TestContext, cluster: Cluster): Promise<void> {
  const directory = await tempDir(t);
  await chmod(directory, 0o755);
  for (const value of VALUES) {
    const script = jobScript({ scheduler: 'slurm', action: 'send', paths: [value], jobName: value, account: value, directives: [`--comment=${value}`, '--hold'] });
    const job = await cluster.submit(script, { cwd: directory });
    const [name, account, comment] = await Promise.all(['%j', '%a', '%k'].map((field) => cluster.command(['squeue', '--noheader', `--format=${field}`, `--jobs=${job.id}`])));
    assert.deepEqual([name, account, comment], [`${value}\n`, `${value.toLowerCase()}\n`, `${value}\n`]);
    await job.cancel();
  }
}
