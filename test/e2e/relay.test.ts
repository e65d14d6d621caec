/** Through a relay: no port is open at the server, and everything else is as without. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { formatCoordinates, parseCoordinates } from '../../src/coordinates/codec.js';
import { freePort, runStreamer } from '../support/cli.js';
import { serveAt, startRelay } from '../support/relay.js';
import { ACTIONS, assertMoved, bothDone, bothOver, clientFile, clientJson, eventOf, eventsOf, HUNG_MS, MIB, opposite, placeFor, resultOf, serverFile } from './moving.js';

/** Whether a process has a socket that listens. */
function listens(pid: number): boolean {
  const listening = new Set<string>();
  for (const table of ['tcp', 'tcp6']) {
    for (const line of readFileSync(`/proc/${pid}/net/${table}`, 'utf8').split('\n').slice(1)) {
      const fields = line.trim().split(/\s+/u);
      if (fields[3] === '0A') listening.add(`socket:[${fields[9] ?? ''}]`);
    }
  }
  return readdirSync(`/proc/${pid}/fd`).some((descriptor) => {
    try {
      return listening.has(readlinkSync(`/proc/${pid}/fd/${descriptor}`));
    } catch {
      return false;
    }
  });
}

describe('through a relay', { concurrency: 2 }, () => {
  for (const action of ACTIONS) {
    for (const streams of ['1', '8']) {
      it(`the client ${action}s over ${streams} connections, and the server opens no port`, async (t) => {
        const relay = await startRelay(t);
        const place = await placeFor(t, 20 * MIB + 5);
        const server = await serveAt(t, relay.url, opposite(action), serverFile(action, place));
        if (process.platform === 'linux') assert.deepEqual([listens(relay.child.pid), listens(server.child.pid)], [true, false]);
        const client = clientJson(t, action, server.coordinates, clientFile(action, place), ['--streams', streams]);
        const ended = await bothDone(client, server.child);
        await assertMoved(place, ended);
        assert.equal(eventOf(ended.client, 'connected')['relay'], relay.url);
        assert.equal(resultOf(ended.client).reconnects, 0);
        const carried = (await relay.metric('streamer_relay_bytes_total{way="to-server"}')) + (await relay.metric('streamer_relay_bytes_total{way="to-client"}'));
        assert.ok(carried > 20 * MIB && carried < 21 * MIB, `${carried} bytes`);
        assert.equal(await relay.metric('streamer_relay_pairs'), 0);
        const { room } = parseCoordinates(server.coordinates).relay ?? { room: '' };
        assert.equal(relay.child.stderr.includes(room), false, 'no room by its id in the log');
        assert.ok(relay.events().some(({ event }) => event === 'room-opened'));
      });
    }
  }

  it('a relay that is killed and started anew is found again by both ends, which resume', async (t) => {
    for (const action of ACTIONS) {
      const port = await freePort();
      const first = await startRelay(t, ['--open'], { port });
      const place = await placeFor(t, 30 * MIB);
      const server = await serveAt(t, first.url, opposite(action), serverFile(action, place), ['--rate', '20MB']);
      const client = clientJson(t, action, server.coordinates, clientFile(action, place));
      await client.waitForLine(/"event":"progress","bytes":[1-9]\d{6}/u);
      await first.child.stop();
      await delay(300);
      await startRelay(t, ['--open'], { port });
      const ended = await bothDone(client, server.child);
      await assertMoved(place, ended);
      assert.ok(resultOf(ended.client).reconnects >= 1);
    }
  });

  it('told to end, it lets what runs finish, takes nobody new, and exits with 0', async (t) => {
    const relay = await startRelay(t);
    const [running, late] = [await placeFor(t, 20 * MIB), await placeFor(t, 1000)];
    const server = await serveAt(t, relay.url, 'send', running.source, ['--rate', '10MB']);
    const client = clientJson(t, 'receive', server.coordinates, running.target);
    await client.waitForLine(/"event":"progress","bytes":[1-9]\d{5}/u);
    relay.child.kill('SIGTERM');
    await relay.child.waitForLine(/"event":"draining"/u, { stream: 'stderr' });
    assert.deepEqual(await relay.get('/readyz'), { status: 503, text: 'draining\n' });
    assert.equal((await relay.get('/healthz')).status, 200);
    const refused = await runStreamer(t, ['receive', '--connect-timeout', '1', server.coordinates, late.target]);
    assert.equal(refused.code, 5);
    assert.match(refused.stderr, /^streamer: the relay cannot serve this now: This relay is about to end \[connect-busy\]$/mu);
    await assertMoved(running, await bothDone(client, server.child));
    const ended = await relay.child.exitWithin(HUNG_MS);
    assert.equal(ended.code, 0, ended.stderr);
    assert.match(ended.stderr, /"event":"ended","cut":0\}/u);
  });

  it('told to end, it cuts what takes too long, and that goes on through its successor', async (t) => {
    const port = await freePort();
    const relay = await startRelay(t, ['--open', '--drain-timeout', '300ms'], { port });
    const place = await placeFor(t, 20 * MIB);
    const server = await serveAt(t, relay.url, 'receive', place.target);
    const client = clientJson(t, 'send', server.coordinates, place.source, ['--rate', '10MB']);
    await client.waitForLine(/"event":"progress","bytes":[1-9]\d{5}/u);
    relay.child.kill('SIGTERM');
    assert.equal((await relay.child.exitWithin(HUNG_MS)).code, 0);
    assert.match(relay.child.stderr, /"why":"drained"/u);
    await startRelay(t, ['--open'], { port });
    const ended = await bothDone(client, server.child);
    await assertMoved(place, ended);
    assert.ok(resultOf(ended.client).reconnects >= 1);
  });

  it('an end that takes nothing holds back the other, not the relay’s memory', async (t) => {
    const relay = await startRelay(t);
    const place = await placeFor(t, 60 * MIB);
    const server = await serveAt(t, relay.url, 'send', place.source, ['--window', '64MiB']);
    const client = clientJson(t, 'receive', server.coordinates, place.target, ['--rate', '30MB', '--window', '64MiB', '--streams', '1']);
    await client.waitForLine(/"event":"progress","bytes":[1-9]\d{5}/u);
    client.kill('SIGSTOP');
    await delay(1500);
    const buffered = await relay.metric('streamer_relay_buffered_bytes');
    assert.ok(buffered > 0 && buffered < MIB, `${buffered} bytes`);
    client.kill('SIGCONT');
    await assertMoved(place, await bothDone(client, server.child));
  });
});

describe('direct and relay', { concurrency: 2 }, () => {
  const DIRECT = ['--host', '127.0.0.1', '--public-ips', '127.0.0.1', '--port-range', '0', '0'];
  const cases: readonly { readonly words: readonly string[]; readonly relayed: boolean }[] = [
    { words: [], relayed: false },
    { words: ['--direct'], relayed: false },
    { words: ['--via-relay'], relayed: true },
  ];
  for (const { words, relayed } of cases) {
    it(`${words[0] ?? 'without an option'}: ${relayed ? 'the relay' : 'the server itself'}`, async (t) => {
      const relay = await startRelay(t);
      const place = await placeFor(t, MIB);
      const server = await serveAt(t, relay.url, 'send', place.source, DIRECT);
      const client = clientJson(t, 'receive', server.coordinates, place.target, words);
      const ended = await bothDone(client, server.child);
      await assertMoved(place, ended);
      assert.equal(eventOf(ended.client, 'connected')['relay'], relayed ? relay.url : undefined);
      // On a slow machine the relay is asked, too, and not used.
      if (!relayed) assert.ok((await relay.metric('streamer_relay_bytes_total{way="to-client"}')) < 1000);
    });
  }

  it('a server whose port is not reachable is met at the relay, soon', async (t) => {
    const relay = await startRelay(t);
    const place = await placeFor(t, MIB);
    const server = await serveAt(t, relay.url, 'send', place.source, DIRECT);
    const coordinates = parseCoordinates(server.coordinates);
    assert.equal(coordinates.version, 2);
    // TEST-NET-1 (RFC 5737): nobody answers, and nobody says so.
    const lost = formatCoordinates({ ...coordinates, candidates: [{ url: 'ws://192.0.2.1:9/streamer/2' }, { url: `ws://127.0.0.1:${await freePort()}/streamer/2` }] });
    const client = clientJson(t, 'receive', lost, place.target);
    const ended = await bothDone(client, server.child);
    await assertMoved(place, ended);
    assert.equal(eventOf(ended.client, 'connected')['relay'], relay.url);
  });

  it('what the coordinates do not name cannot be asked for', async (t) => {
    const relay = await startRelay(t);
    const place = await placeFor(t, 10);
    const server = await serveAt(t, relay.url, 'send', place.source);
    const direct = await runStreamer(t, ['receive', '--direct', server.coordinates, place.target]);
    assert.equal(direct.code, 2);
    assert.match(direct.stderr, /^streamer: these coordinates name no address of the server, only a relay: leave out --direct \[usage\]\n$/u);
    const both = await runStreamer(t, ['receive', '--direct', '--via-relay', server.coordinates, place.target]);
    assert.equal(both.code, 2);
  });

  it('plain coordinates name the relay, too, and it is the native wire that goes through it', async (t) => {
    const relay = await startRelay(t);
    const place = await placeFor(t, MIB);
    const server = await serveAt(t, relay.url, 'send', place.source, [...DIRECT, '--secret', 'a-secret-of-the-site']);
    assert.equal(parseCoordinates(server.coordinates).version, 1);
    const ended = await bothDone(clientJson(t, 'receive', server.coordinates, place.target, ['--via-relay']), server.child);
    await assertMoved(place, ended);
    assert.equal(resultOf(ended.client).wire, 'native');
  });
});

describe('who may open rooms', { concurrency: 2 }, () => {
  const TOKEN = 'a-token-of-a-site-42';

  it('is who has a token: by a file, or by the environment', async (t) => {
    const place = await placeFor(t, 1000);
    const tokens = path.join(place.directory, 'tokens');
    const mine = path.join(place.directory, 'mine');
    await writeFile(tokens, `# sites\nsite ${TOKEN} rooms=1\n`);
    await writeFile(mine, `${TOKEN}\n`);
    const relay = await startRelay(t, ['--token-file', tokens]);
    const server = (words: readonly string[], env: Readonly<Record<string, string>> = {}) => runStreamer(t, ['server', '--relay', relay.url, ...words, 'send', '--path', place.source], { env });
    const none = await server([]);
    assert.deepEqual([none.code, none.stderr.split('\n').at(-2)], [4, 'streamer: the relay opens rooms only for who has a token: --relay-token-file, or STREAMER_RELAY_TOKEN [auth-missing]']);
    const wrong = await server([], { STREAMER_RELAY_TOKEN: 'another-token-of-some' });
    assert.deepEqual([wrong.code, wrong.stderr.split('\n').at(-2)], [4, 'streamer: the relay does not know the token: has it been withdrawn? [auth-refused]']);
    const first = await serveAt(t, relay.url, 'send', place.source, ['--relay-token-file', mine]);
    await bothDone(clientJson(t, 'receive', first.coordinates, place.target), first.child);
    const log = relay.child.stderr;
    assert.equal(log.includes(TOKEN), false);
    assert.match(log, /"event":"room-opened".*"token":"site"/u);
    assert.match(log, /"event":"refused".*"reason":"no-token"/u);
  });

  it('has so many rooms, and what a token allows ends what goes beyond it', async (t) => {
    const place = await placeFor(t, 8 * MIB);
    const tokens = path.join(place.directory, 'tokens');
    await writeFile(tokens, `few ${TOKEN} rooms=1 bytes=4MiB\n`);
    const relay = await startRelay(t, ['--token-file', tokens]);
    const env = { STREAMER_RELAY_TOKEN: TOKEN };
    const server = await serveAt(t, relay.url, 'send', place.source, [], { env });
    const second = await serveAt(t, relay.url, 'send', place.source, [], { env }).then(() => 'opened', (error: unknown) => String(error));
    assert.match(second, /All rooms of this token are taken/u);
    const client = clientJson(t, 'receive', server.coordinates, place.target);
    const ended = await client.exitWithin(HUNG_MS);
    assert.equal(ended.code, 9, ended.stdout);
    assert.equal(eventOf(ended, 'error')['code'], 'limit-relay');
    // Nobody can come to it any more: it does not sit on its node for the rest of a day.
    const served = await server.child.exitWithin(HUNG_MS);
    assert.equal(served.code, 9, served.stdout);
  });

  it('may change: the file is read again', async (t) => {
    const place = await placeFor(t, 1000);
    const tokens = path.join(place.directory, 'tokens');
    await writeFile(tokens, `old ${TOKEN}\n`);
    const relay = await startRelay(t, ['--token-file', tokens]);
    await writeFile(tokens, 'bad short\n');
    await relay.child.waitForLine(/"event":"tokens-kept","error":"the token file's entry 1 has no token/u, { stream: 'stderr' });
    await writeFile(tokens, 'new another-token-of-some\n');
    await relay.child.waitForLine(/"event":"tokens-read"/u, { stream: 'stderr' });
    await serveAt(t, relay.url, 'send', place.source, [], { env: { STREAMER_RELAY_TOKEN: 'another-token-of-some' } });
  });

  it('is everybody only where that is said', async (t) => {
    const ended = await runStreamer(t, ['relay', '--listen', '127.0.0.1:0']);
    assert.equal(ended.code, 2);
    assert.match(ended.stderr, /^streamer: who may open rooms\? --token-file <file> names tokens, --open lets everybody \[usage\]\n$/u);
  });
});

it('a room that nobody is in is told as such', async (t) => {
  const relay = await startRelay(t);
  const place = await placeFor(t, 1000);
  const server = await serveAt(t, relay.url, 'send', place.source);
  await server.child.stop();
  const ended = await runStreamer(t, ['receive', '--connect-timeout', '1', server.coordinates, place.target]);
  assert.equal(ended.code, 5);
  assert.match(ended.stderr, /^streamer: (?:no server waits at the relay: its job has not begun, or has ended \[connect-failed\]|no server answers .*|the relay cannot serve this now.*\[connect-busy\])$/mu);
});

it('expired coordinates: the client says so, and the server lets nobody in whatever the client thinks', async (t) => {
  const relay = await startRelay(t);
  const place = await placeFor(t, 1000);
  const server = await serveAt(t, relay.url, 'send', place.source, ['--expires', '1s']);
  await delay(2100);
  const late = await runStreamer(t, ['receive', server.coordinates, place.target]);
  assert.equal(late.code, 3);
  assert.match(late.stderr, /\[coordinates-expired\]$/mu);
  const { expiresAt, ...forever } = parseCoordinates(server.coordinates) as Extract<ReturnType<typeof parseCoordinates>, { version: 2 }>;
  assert.ok(Number.isSafeInteger(expiresAt));
  const bold = await runStreamer(t, ['receive', formatCoordinates(forever), place.target]);
  assert.equal(bold.code, 3, bold.stderr);
  assert.match(bold.stderr, /the other end reports: these coordinates have expired: ask for new ones \[coordinates-expired\]$/mu);
});

it('a tree goes through it both ways', async (t) => {
  const relay = await startRelay(t);
  for (const action of ACTIONS) {
    const place = await placeFor(t, 3 * MIB);
    const tree = path.dirname(place.source);
    for (let i = 0; i < 50; i += 1) await writeFile(path.join(tree, `small-${i}`), `file ${i}`);
    const copy = path.join(place.directory, 'copy');
    const server = await serveAt(t, relay.url, opposite(action), action === 'send' ? copy : tree);
    const client = clientJson(t, action, server.coordinates, action === 'send' ? tree : copy);
    const { client: ended } = await bothOver(client, server.child);
    assert.equal(ended.code, 0, ended.stdout);
    assert.deepEqual(readdirSync(copy).sort(), readdirSync(tree).sort());
    assert.equal(eventsOf(ended).filter(({ event }) => event === 'reconnecting').length, 0);
    await rm(copy, { recursive: true });
  }
});
