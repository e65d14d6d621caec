// `npm run demo`: the main job for real, on this machine. A server as a job would run it, a client as a user would: one
// file down, one up with the client killed half-way and started again, a directory down over several connections, and a
// stream through standard input and output. Everything listens on 127.0.0.1 and ends by itself.
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const streamer = path.join(root, 'bin/streamer.cjs');
const MIB = 1024 * 1024;
const SIZE = 256 * MIB;
/** The directory: many small files in folders, and a large one. */
const FOLDERS = 20;
const FILES = 50;
const SMALL = 4096;
const LARGE = 64 * MIB;
/** The stream. */
const STREAM = 64 * MIB;
const directory = mkdtempSync(path.join(tmpdir(), 'streamer-demo-'));
const inside = (name) => path.join(directory, name);
const started = new Set();

/** Runs the command. Its events are JSON on standard output, or, where that carries what is received, on standard error. */
function start(words, { input = 'ignore', output } = {}) {
  const child = spawn(process.execPath, [streamer, ...words, '--json'], { stdio: [input, 'pipe', output === undefined ? 'inherit' : 'pipe'] });
  started.add(child);
  if (output !== undefined) child.stdout.pipe(output);
  const events = [];
  const listeners = new Set();
  createInterface({ input: output === undefined ? child.stdout : child.stderr }).on('line', (line) => {
    const event = JSON.parse(line);
    events.push(event);
    for (const listener of listeners) listener(event);
  });
  const until = (wanted) =>
    new Promise((resolve, reject) => {
      const look = (event) => {
        if (wanted(event)) resolve(event);
        if (event.event === 'error') reject(new Error(event.message));
      };
      events.forEach(look);
      listeners.add(look);
      child.on('close', () => reject(new Error('it ended early')));
    });
  const exit = new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal })));
  return { child, until, exit };
}

async function startServer(action, file, options) {
  const words = ['server', '--host', '127.0.0.1', '--public-ips', '127.0.0.1', '--port-range', '20000', '29999'];
  const server = start([...words, action, '--path', file], options);
  const { coordinates } = await server.until((event) => event.event === 'coordinates');
  return { ...server, coordinates };
}

async function result(run) {
  const { result } = await run.until((event) => event.event === 'done');
  const { code } = await run.exit;
  if (code !== 0) throw new Error(`exit status ${code}`);
  return result;
}

async function sha256(file) {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return hash.digest('hex');
}

async function randomFile(file, size) {
  const out = createWriteStream(file);
  for (let left = size; left > 0; left -= 4 * MIB) {
    if (!out.write(randomBytes(Math.min(left, 4 * MIB)))) await once(out, 'drain');
  }
  out.end();
  await once(out, 'close');
}

async function show(title, { client, server }, source, copy) {
  const [ours, theirs] = [await sha256(source), await sha256(copy)];
  const rate = (client.bytesPerSecond / 1e6).toFixed(0);
  console.log(`\n${title}`);
  console.log(`  moved    ${client.movedBytes} of ${client.size} bytes at ${rate} MB/s, ${client.wire} wire, ${client.encrypted ? client.cipher : 'NOT encrypted'}`);
  if (client.resumedBytes > 0) console.log(`  resumed  ${client.resumedBytes} bytes were there from the run that was killed`);
  console.log(`  digest   server ${server.digest.hex}\n           client ${client.digest.hex}`);
  console.log(`  sha256   source ${ours}\n           copy   ${theirs}`);
  if (ours !== theirs || client.digest.hex !== server.digest.hex) throw new Error('the digests differ');
  console.log('  equal');
}

/** One digest over a directory: names and contents, in order. */
async function treeDigest(root) {
  const hash = createHash('sha256');
  for (const name of readdirSync(root, { recursive: true }).map(String).sort()) {
    hash.update(`${name}\0`);
    if (statSync(path.join(root, name)).isFile()) hash.update(await sha256(path.join(root, name)));
  }
  return hash.digest('hex');
}

async function makeTree(root) {
  for (let folder = 0; folder < FOLDERS; folder += 1) {
    mkdirSync(path.join(root, `folder-${folder}`), { recursive: true });
    for (let file = 0; file < FILES; file += 1) writeFileSync(path.join(root, `folder-${folder}`, `file-${file}`), randomBytes(SMALL));
  }
  symlinkSync('folder-0/file-0', path.join(root, 'a-link'));
  await randomFile(path.join(root, 'large.bin'), LARGE);
}

function equal(ours, theirs) {
  console.log(`  sha256   source ${ours}\n           copy   ${theirs}`);
  if (ours !== theirs) throw new Error('the digests differ');
  console.log('  equal');
}

/** A directory over four connections; then the same again, which finds everything there. */
async function showTree() {
  console.log('directory: the server sends, the client receives over 4 connections, twice …');
  await makeTree(inside('tree'));
  const results = [];
  for (const run of ['first', 'second']) {
    const server = await startServer('send', inside('tree'));
    const client = start(['receive', server.coordinates, inside('copy'), '--streams', '4']);
    results.push(await result(client));
    await result(server);
    if (run === 'second' && results[1].movedBytes !== 0) throw new Error('the second run moved something');
  }
  const [first, second] = results;
  console.log('\ndirectory, 4 connections');
  console.log(`  moved    ${first.entries.moved} files, ${first.movedBytes} bytes at ${(first.bytesPerSecond / 1e6).toFixed(0)} MB/s, ${first.wire} wire, ${first.cipher}`);
  console.log(`  again    ${second.entries.equal} files equal, ${second.movedBytes} bytes moved`);
  equal(await treeDigest(inside('tree')), await treeDigest(inside('copy')));
}

/** What one end reads from its standard input the other end writes to its standard output. */
async function showStream() {
  console.log('stream: the server reads its standard input, the client writes its standard output …');
  await randomFile(inside('stream.bin'), STREAM);
  const server = await startServer('send', '-', { input: 'pipe' });
  const input = createReadStream(inside('stream.bin'));
  input.pipe(server.child.stdin);
  const output = createWriteStream(inside('stream.out'));
  const written = once(output, 'close');
  const client = start(['receive', server.coordinates, '-'], { output });
  const [ours] = [await result(client), await result(server), await written];
  console.log('\nstream, standard input to standard output');
  console.log(`  moved    ${ours.movedBytes} bytes at ${(ours.bytesPerSecond / 1e6).toFixed(0)} MB/s, ${ours.wire} wire, ${ours.cipher}`);
  equal(await sha256(inside('stream.bin')), await sha256(inside('stream.out')));
}

async function main() {
  if (!existsSync(path.join(root, 'dist/bundle/streamer.cjs'))) throw new Error('not built: run npm ci first');
  console.log(`making a file of ${SIZE} random bytes …`);
  await randomFile(inside('data.bin'), SIZE);

  console.log('download: the server sends, the client receives …');
  const sending = await startServer('send', inside('data.bin'));
  const receiving = start(['receive', sending.coordinates, inside('down.bin')]);
  const down = { client: await result(receiving), server: await result(sending) };

  console.log('upload: the client sends and is killed half-way (kill -9); the server waits; the client is started again …');
  const server = await startServer('receive', inside('up.bin'));
  const first = start(['send', server.coordinates, inside('data.bin')]);
  await first.until((event) => event.event === 'progress' && event.bytes > SIZE / 3);
  first.child.kill('SIGKILL');
  await first.exit;
  if (existsSync(inside('up.bin'))) throw new Error('a file has its final name before it is whole');
  const second = start(['send', server.coordinates, inside('data.bin')]);
  const up = { client: await result(second), server: await result(server) };
  if (up.client.resumedBytes === 0) throw new Error('nothing was resumed');

  await show('download', down, inside('data.bin'), inside('down.bin'));
  await show('upload, resumed', up, inside('data.bin'), inside('up.bin'));
  for (const name of ['data.bin', 'down.bin', 'up.bin']) rmSync(inside(name));
  await showTree();
  await showStream();
}

try {
  await main();
} catch (error) {
  console.error(`demo: ${error.message}`);
  process.exitCode = 1;
} finally {
  for (const child of started) child.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
}
