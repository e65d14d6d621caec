/**
 * What is told, and where: lines on standard error where there is no terminal, a bar where there is one, JSON for
 * programs, nothing when quiet. Standard output is for the server's two lines, or for JSON.
 */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { startProgram, startServer, startStreamer, streamerArgv, type Child, type Finished } from '../support/cli.js';
import { findTerminal } from '../support/pty.js';
import { startProxy } from '../support/tcp-proxy.js';
import { skipUnless } from './abilities.js';
import { ACTIONS, assertArrived, bothDone, clientFile, clientJson, eventOf, eventsOf, HUNG_MS, MIB, opposite, placeFor, resultOf, serveJson, serverFile, type Action, type JsonEvent, type Place } from './moving.js';

const SIZE = 2 * MIB + 1;
const TWO_LINES = /^Server is listening on ws:\/\/127\.0\.0\.1:\d+\nUse these coordinates to connect: \S+\n$/;
const SUMMARY = 'native wire, encrypted \\(AES-256-GCM\\), streamer-xxh64 [0-9a-f]{64}, verified\\n$';

async function moveBy(t: TestContext, action: Action, place: Place, words: readonly string[]): Promise<{ client: Finished; server: Finished }> {
  const running = await startServer(t, opposite(action), serverFile(action, place), { args: words });
  const child = startStreamer(t, [action, ...words, running.coordinates, clientFile(action, place)]);
  const [client, server] = await Promise.all([child.exitWithin(HUNG_MS), running.child.exitWithin(HUNG_MS)]);
  assert.deepEqual([client.code, server.code], [0, 0], client.stderr + server.stderr);
  await assertArrived(place);
  return { client, server };
}

for (const action of ACTIONS) {
  const [sender, receiver] = action === 'send' ? (['client', 'server'] as const) : (['server', 'client'] as const);
  describe(`where there is no terminal, and the client ${action}s`, () => {
    it('each step is a line on standard error; standard output has the server\'s two lines and no more', async (t) => {
      const place = await placeFor(t, SIZE);
      const ended = await moveBy(t, action, place, []);
      assert.match(ended.server.stdout, TWO_LINES);
      assert.equal(ended.client.stdout, '');
      assert.match(ended.server.stderr, /^waiting for a client, up to 24 h 00 min\nconnected to 127\.0\.0\.1:\d+, native wire, encrypted\n/);
      assert.match(ended.client.stderr, /^looking for the server \(1 address\)\nconnected to 127\.0\.0\.1:\d+ \(streamer\/\S+\), native wire, encrypted\n/);
      for (const { stderr } of [ended.client, ended.server]) {
        assert.match(stderr, /\ndata\.bin: 2\.00 MiB\nverifying and writing to disk\n/);
        assert.doesNotMatch(stderr, /[\r\x1b]/, 'nothing that only a terminal understands');
      }
      assert.match(ended[sender].stderr, new RegExp(`\\nsent data\\.bin: 2\\.00 MiB \\(${SIZE} bytes\\) in .*, .*MB/s\\n${SUMMARY}`));
      assert.match(ended[receiver].stderr, new RegExp(`\\nreceived data\\.bin as .*copy\\.bin: 2\\.00 MiB \\(${SIZE} bytes\\) in .*, .*MB/s\\n${SUMMARY}`));
    });

    it('-q says nothing but what the server has to say', async (t) => {
      const place = await placeFor(t, SIZE);
      const { client, server } = await moveBy(t, action, place, ['-q']);
      assert.deepEqual([client.stdout, client.stderr, server.stderr], ['', '', '']);
      assert.match(server.stdout, TWO_LINES);
    });

    it('--json is one object a line on standard output, in the order in which it happens, and nothing else', async (t) => {
      const place = await placeFor(t, SIZE);
      const server = await serveJson(t, opposite(action), serverFile(action, place));
      const ended = await bothDone(clientJson(t, action, server.coordinates, clientFile(action, place)), server.child);
      const order = (end: Finished) => eventsOf(end).map(({ event }) => event).filter((event, index, all) => event !== all[index - 1]);
      const moving = ['connected', 'started', 'progress', 'finishing', 'entry', 'done'];
      assert.deepEqual(order(ended.client), ['connecting', ...moving]);
      assert.deepEqual(order(ended.server), ['listening', 'waiting', 'coordinates', ...moving]);
      for (const end of [ended.client, ended.server]) {
        assert.equal(end.stderr, '');
        assertEvents(eventsOf(end), place);
      }
    });
  });
}

function assertEvents(events: readonly JsonEvent[], place: Place): void {
  const find = (name: string) => events.find(({ event }) => event === name) ?? {};
  assert.deepEqual(find('started'), { event: 'started', root: 'file', name: 'data.bin', size: SIZE, resumedBytes: 0 });
  const { wire, encrypted } = find('connected') as JsonEvent;
  assert.deepEqual([wire, encrypted], ['native', true]);
  let before = 0;
  for (const { bytes, size, bytesPerSecond } of events.filter(({ event }) => event === 'progress')) {
    assert.ok(Number(bytes) >= before && Number(bytes) <= SIZE && size === SIZE && Number(bytesPerSecond) >= 0);
    before = Number(bytes);
  }
  assert.equal(before, SIZE, 'the last tells all');
  const { result } = find('done') as JsonEvent;
  assert.ok([place.source, place.target].includes((result as { path: string }).path));
}

describe('a failure', () => {
  it('is one line on standard error, also with -q', async (t) => {
    const place = await placeFor(t, 1);
    for (const words of [[], ['-q']]) {
      const end = await startStreamer(t, ['server', ...words, 'send', `${place.source}.none`]).exitWithin(HUNG_MS);
      assert.equal(end.code, 8);
      assert.match(end.stderr, /^streamer: cannot open .*data\.bin\.none: it does not exist; check the path \[storage-missing\]\n$/);
      assert.equal(end.stdout, '');
    }
  });

  it('is an event with --json also when it is the command line that is wrong', async (t) => {
    const end = await startStreamer(t, ['receive', '--json', '--fast']).exitWithin(HUNG_MS);
    assert.equal(end.code, 2);
    assert.equal(end.stderr, '');
    const { code, exitCode } = eventOf(end, 'error');
    assert.deepEqual([code, exitCode], ['usage', 2]);
  });

  it('is an event with --json, and nothing on standard error', async (t) => {
    const place = await placeFor(t, 1);
    const end = await startStreamer(t, ['server', '--json', 'send', `${place.source}.none`]).exitWithin(HUNG_MS);
    assert.equal(end.code, 8);
    assert.equal(end.stderr, '');
    const { code, exitCode, message } = eventOf(end, 'error');
    assert.deepEqual([code, exitCode], ['storage-missing', 8]);
    assert.match(String(message), /it does not exist/);
  });
});

describe('on a slow way', { concurrency: 2 }, () => {
  it('there is a line every few seconds, with what is left', async (t) => {
    const place = await placeFor(t, 16 * MIB);
    const server = await startServer(t, 'send', place.source);
    const proxy = await startProxy(t, server.port);
    proxy.slowDown(2 * MIB);
    const client = startStreamer(t, ['receive', proxy.lead(server.coordinates), place.target, '--streams', '1']);
    await client.waitForLine(/^\d+% \d.* of 16\.0 MiB, .*\/s, .* left$/, { stream: 'stderr' });
    proxy.slowDown(Infinity);
    assert.equal((await client.exitWithin(HUNG_MS)).code, 0);
  });

  it('a resumed transfer says where it goes on, and what this run moved', async (t) => {
    const place = await placeFor(t, 16 * MIB);
    const server = await startServer(t, 'send', place.source);
    const proxy = await startProxy(t, server.port);
    proxy.slowDown(4 * MIB);
    const words = ['receive', proxy.lead(server.coordinates), place.target, '--streams', '1'];
    const client = startStreamer(t, words);
    await proxy.passed(3 * MIB);
    client.kill('SIGINT');
    assert.equal((await client.exitWithin(HUNG_MS)).code, 130);
    proxy.slowDown(Infinity);
    const end = await startStreamer(t, words).exitWithin(HUNG_MS);
    assert.match(end.stderr, /^data\.bin: 16\.0 MiB, resuming at \d.* MiB$/m);
    assert.match(end.stderr, /^received data\.bin .*16\.0 MiB \(16777216 bytes\) \(\d.* in this run\) in /m);
    const { stderr } = await server.child.exitWithin(HUNG_MS);
    assert.match(stderr, /^waiting for the client's return, up to 24 h 00 min$/m);
    assert.match(stderr, /link lost and had again 1 time$/m);
  });
});

const terminal = findTerminal();

describe('on a terminal', { concurrency: 4, skip: skipUnless(terminal !== undefined, 'neither util-linux\'s script nor python3 gives a terminal here') }, () => {
  const onTerminal = (t: TestContext, words: readonly string[]): Child => startProgram(t, terminal?.(streamerArgv(words)) ?? []);

  it('the client shows a bar with bytes, rate and time left, and takes it away at the end', async (t) => {
    const place = await placeFor(t, 8 * MIB);
    const server = await startServer(t, 'send', place.source);
    const proxy = await startProxy(t, server.port);
    proxy.slowDown(4 * MIB);
    const client = onTerminal(t, ['receive', proxy.lead(server.coordinates), place.target, '--streams', '1']);
    const end = await client.exitWithin(HUNG_MS);
    assert.equal(end.code, 0, end.stdout);
    assert.match(end.stdout, /looking for the server \(1 address\)…\r\x1b\[K/);
    assert.match(end.stdout, /\[=+ *\] {2}\d\d% {2}\d\S* MiB of 8\.00 MiB {2}\S+ MB\/s {2}\S+ s left/, 'a bar');
    assert.match(end.stdout, / left\x1b\[0K\r\x1b\[K/, 'taken away');
    assert.match(end.stdout, /verifying and writing to disk…\r\x1b\[K/);
    assert.match(screenOf(end.stdout), /^connected to .*\ndata\.bin: 8\.00 MiB\nreceived data\.bin as .*\nnative wire, encrypted .*, verified\n$/, 'what is left on the screen');
    await assertArrived(place);
  });

  it('the server shows that it waits, and for how long it has, and takes that away', async (t) => {
    const place = await placeFor(t, 1000);
    const server = onTerminal(t, ['server', '--host', '127.0.0.1', '--public-ips', '127.0.0.1', '--port-range', '0', '0', 'send', place.source]);
    const [, coordinates = ''] = await server.waitForLine(/Use these coordinates to connect: ([\w.=-]+)/);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const client = startStreamer(t, ['receive', coordinates, place.target]);
    assert.equal((await client.exitWithin(HUNG_MS)).code, 0);
    const end = await server.exitWithin(HUNG_MS);
    assert.equal(end.code, 0, end.stdout);
    assert.match(end.stdout, /waiting for a client, up to 24 h 00 min… 1\.0 s\r\x1b\[K/);
    assert.doesNotMatch(screenOf(end.stdout), /waiting for a client/);
    assert.match(screenOf(end.stdout), /^Server is listening on .*\nUse these coordinates to connect: .*\nconnected to /);
  });

  it('a failure is one whole line below what was there', async (t) => {
    const place = await placeFor(t, 1000);
    const server = await startServer(t, 'send', place.source);
    await server.child.stop();
    const client = onTerminal(t, ['receive', '--connect-timeout', '1s', server.coordinates, place.target]);
    const end = await client.exitWithin(HUNG_MS);
    assert.equal(end.code, 5);
    assert.match(screenOf(end.stdout), /^streamer: no server answers at the address in the coordinates .* \[connect-failed\]\n$/);
  });

  it('--json and -q are the same as elsewhere', async (t) => {
    const place = await placeFor(t, 1000);
    const server = await startServer(t, 'send', place.source);
    const client = onTerminal(t, ['receive', '--json', server.coordinates, place.target]);
    const end = await client.exitWithin(HUNG_MS);
    assert.equal(resultOf({ ...end, stdout: end.stdout.replaceAll('\r\n', '\n') }).size, 1000);
  });
});

/** What a screen shows in the end: each line as it was last written, after `\r` and "erase to the end of the line". */
function screenOf(output: string): string {
  const lines = output.replaceAll('\r\n', '\n').split('\n');
  const shown = lines.map((line) => {
    let row = '';
    for (const part of line.split('\r')) {
      // Erasures of the line from where the cursor is, which is its beginning.
      const erased = part.startsWith('\x1b[K') ? '' : row.slice(part.length);
      row = part.replaceAll('\x1b[K', '') + erased;
    }
    // Cursor to a column, by package progress.
    return row.replace(/\x1b\[\d*[A-Za-z]/g, '');
  });
  return shown.join('\n');
}
