// `npm run demo`: the main job for real, on this machine. A server as a job would run it, a client as a user would, one
// file down, one up with the client killed half-way and started again. Everything listens on 127.0.0.1 and ends by itself.
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const streamer = path.join(root, 'bin/streamer.js');
const SIZE = 256 * 1024 * 1024;
const directory = mkdtempSync(path.join(tmpdir(), 'streamer-demo-'));
const inside = (name) => path.join(directory, name);
const started = new Set();

function start(words) {
  const child = spawn(process.execPath, [streamer, ...words, '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
  started.add(child);
  const events = [];
  const listeners = new Set();
  createInterface({ input: child.stdout }).on('line', (line) => {
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

async function startServer(action, file) {
  const words = ['server', '--host', '127.0.0.1', '--public-ips', '127.0.0.1', '--port-range', '20000', '29999'];
  const server = start([...words, action, '--path', file]);
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

async function randomFile(file) {
  const out = createWriteStream(file);
  for (let left = SIZE; left > 0; left -= 4 * 1024 * 1024) {
    if (!out.write(randomBytes(Math.min(left, 4 * 1024 * 1024)))) await once(out, 'drain');
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

async function main() {
  if (!existsSync(path.join(root, 'dist/bundle/streamer.js'))) throw new Error('not built: run npm ci first');
  console.log(`making a file of ${SIZE} random bytes …`);
  await randomFile(inside('data.bin'));

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
