/**
 * A relay that meddles with what crosses it: both ends notice, and no byte of it is ever taken for the file's.
 */
import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatCoordinates } from '../../src/coordinates/codec.js';
import { CUTS, MEDDLINGS, startEvilRelay, startNonsenseRelay, type Answer, type Plan, type Way } from '../support/evil-relay.js';
import { runStreamer, sha256, startStreamer, type Child, type Finished } from '../support/cli.js';
import { peakMemory } from '../support/peak-memory.js';
import { chance } from './interrupting.js';
import { ACTIONS, assertArrived, assertMoved, bothDone, clientFile, clientJson, eventOf, HUNG_MS, MIB, opposite, placeFor, resultOf, serverFile, type Action, type Place } from './moving.js';
import { serveAtRelay } from './relaying.js';

const SIZE = 12 * MIB + 345;
/** So that both streams carry some of it, bytes a second. */
const FLOW = ['--rate', '12MB'];

/** Where the content goes to, and what answers it comes from. */
const wayOfContent = (action: Action): Way => (action === 'send' ? 'to-server' : 'to-client');
const against = (way: Way): Way => (way === 'to-server' ? 'to-client' : 'to-server');

/** An end has told of trouble: it tries to have the link back, or has let somebody in no further than the handshake. */
const TOLD = /^\{"event":(?:"reconnecting"|"waiting".*"again":true|"notice".*refused a client)/;

/** How an end has taken it: ended by itself, or told of trouble. */
interface Noticed {
  readonly exit: Finished | undefined;
}

async function noticed(child: Child): Promise<Noticed> {
  const told = await child.waitForLine(TOLD, { timeoutMs: HUNG_MS }).catch(() => undefined);
  return { exit: told === undefined ? await child.exitWithin(1) : undefined };
}

async function assertUnharmed(place: Place): Promise<void> {
  const is = await stat(place.target).catch(() => undefined);
  if (is !== undefined) assert.equal(await sha256(place.target), place.sha256, 'no byte of another');
}

/** Runs a transfer through a relay that meddles, up to where both ends have noticed. */
async function meddled(t: TestContext, action: Action, plan: Plan, streams = 2): Promise<{ readonly place: Place; readonly client: Noticed; readonly server: Noticed; readonly refused: boolean }> {
  const place = await placeFor(t, SIZE);
  const relay = await startEvilRelay(t, plan);
  const server = await serveAtRelay(t, opposite(action), serverFile(action, place), relay.url, FLOW);
  const client = clientJson(t, action, server.coordinates, clientFile(action, place), ['--streams', String(streams), ...FLOW]);
  const ends = await Promise.all([noticed(client), noticed(server.child)]);
  assert.ok(relay.done(), 'it has meddled');
  await client.stop();
  await server.child.stop();
  await assertUnharmed(place);
  return { place, client: ends[0], server: ends[1], refused: server.child.stdout.includes('refused a client') };
}

/** An end that ended by itself: with its status, and one error. */
function assertEnded({ exit }: Noticed, codes: Readonly<Record<string, number>>): void {
  if (exit === undefined) return;
  // Whoever has all of it, verified, and cannot be told that this is known.
  if (exit.code === 0 && exit.stdout.includes('has not confirmed it')) return;
  const error = eventOf(exit, 'error');
  assert.equal(exit.code, codes[String(error['code'])], `${JSON.stringify(error)}${exit.stderr}`);
  assert.equal(exit.stdout.split('"event":"error"').length, 2, exit.stdout);
  assert.equal(exit.stderr, '');
}

const codesOf = (...ends: readonly Noticed[]): unknown[] => ends.flatMap(({ exit }) => (exit === undefined || exit.code === 0 ? [] : [eventOf(exit, 'error')['code']]));

describe('a relay that', { concurrency: 4 }, () => {
  for (const action of ACTIONS) {
    for (const meddling of MEDDLINGS) {
      for (const way of [wayOfContent(action), against(wayOfContent(action))]) {
        const what = way === wayOfContent(action) ? 'a message with content' : 'an answer to the content';
        it(`${meddling} ${what}, while a client ${action}s: both ends notice`, async (t) => {
          const plan: Plan = { meddling, way, after: 1 + Math.floor(chance(t)() * 3), since: 'content' };
          const { client, server } = await meddled(t, action, plan);
          for (const end of [client, server]) assertEnded(end, { 'integrity-tag': 7, 'connect-lost': 5 });
          assert.ok(codesOf(client, server).includes('integrity-tag'), JSON.stringify(codesOf(client, server)));
        });
      }
    }

    for (const cut of CUTS) {
      for (const way of ['to-server', 'to-client'] as const) {
        it(`${cut} a message ${way.replace('-', ' the ')}, while a client ${action}s, has cut the link by that, and no more: it is dialled again`, async (t) => {
          const place = await placeFor(t, SIZE);
          const relay = await startEvilRelay(t, { meddling: cut, way, after: 2, since: 'content' });
          const server = await serveAtRelay(t, opposite(action), serverFile(action, place), relay.url, FLOW);
          const client = clientJson(t, action, server.coordinates, clientFile(action, place), ['--streams', '1', ...FLOW]);
          const ended = await bothDone(client, server.child);
          assert.ok(relay.done(), 'it has meddled');
          await assertMoved(place, ended);
          assert.equal(resultOf(ended.client).reconnects, 1);
        });
      }
    }

    it(`drops a message on which all waits, while a client ${action}s: the ends do not wait for it`, async (t) => {
      // Of the receiver: its handshake, greeting, credit (a client's goes twice) and answers, and then that it is ready for the content.
      const plan: Plan = { meddling: 'drops', way: against(wayOfContent(action)), after: action === 'send' ? 4 : 5, since: 'handshake' };
      const { client, server } = await meddled(t, action, plan, 1);
      const ends = [client, server];
      for (const end of ends) assertEnded(end, { 'integrity-tag': 7, 'connect-lost': 5 });
      assert.deepEqual(codesOf(...ends), ['integrity-tag']);
    });

    for (const way of ['to-server', 'to-client'] as const) {
      it(`flips a bit of the handshake ${way.replace('-', ' the ')}, while a client ${action}s: nobody is let in`, async (t) => {
        const { client, refused } = await meddled(t, action, { meddling: 'flips a bit in the middle of', way, after: 0, since: 'handshake' });
        assert.deepEqual([client.exit?.code, codesOf(client)], [4, ['auth-handshake']]);
        assert.ok(refused, 'the server says so');
      });
    }

    it(`flips a bit, while a client ${action}s: what had arrived is right, and is gone on from`, async (t) => {
      const { place } = await meddled(t, action, { meddling: 'flips a bit at the end of', way: wayOfContent(action), after: 8, since: 'content' });
      const honest = await startEvilRelay(t);
      const server = await serveAtRelay(t, opposite(action), serverFile(action, place), honest.url);
      const ended = await bothDone(clientJson(t, action, server.coordinates, clientFile(action, place)), server.child);
      assert.deepEqual([ended.client.code, ended.server.code], [0, 0]);
      await assertArrived(place);
    });
  }

  it('meddles with nothing passes a transfer, so that what is seen above is its doing', async (t) => {
    const place = await placeFor(t, SIZE);
    const relay = await startEvilRelay(t);
    const server = await serveAtRelay(t, 'send', place.source, relay.url);
    const ended = await bothDone(clientJson(t, 'receive', server.coordinates, place.target, ['--streams', '2']), server.child);
    assert.deepEqual([ended.client.code, ended.server.code], [0, 0]);
    await assertArrived(place);
  });
});

/** One line, and no stack. */
function assertOneLine(end: Finished, code: number, names: string): void {
  assert.equal(end.code, code, end.stderr);
  const errors = end.stderr.split('\n').filter((line) => line.startsWith('streamer: '));
  assert.equal(errors.length, 1, end.stderr);
  assert.ok(errors[0]?.endsWith(` [${names}]`), end.stderr);
  assert.doesNotMatch(end.stderr, /^ {4}at |Warning/mu);
}

const http = (head: string, body = ''): Answer => ({ socket }) => void socket.end(`HTTP/1.1 ${head}\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
const PAGE = `<!doctype html><html><title>Sign in</title>${'x'.repeat(100_000)}</html>`;

describe('a relay that speaks nonsense to a server', { concurrency: 4 }, () => {
  const serve = (t: TestContext, place: Place, url: string, args: readonly string[] = []) => startStreamer(t, ['server', '--relay', url, ...args, 'send', '--path', place.source]);

  for (const [title, answer] of Object.entries({ '200': http('200 OK', 'hello'), 'a page': http('200 OK\r\nContent-Type: text/html', PAGE), '301': http('301 Moved Permanently\r\nLocation: https://example.org/') })) {
    it(`${title}: it ends with 6 at once`, async (t) => {
      const relay = await startNonsenseRelay(t, answer);
      const end = await serve(t, await placeFor(t, 1000), relay.url).exitWithin(10_000);
      assertOneLine(end, 6, 'protocol-violation');
      assert.ok(end.stderr.length < 600, end.stderr);
      assert.equal(relay.asked(), 1);
    });
  }

  const saying = (say: (connection: ReturnType<Parameters<Answer>[0]['accept']>) => void): Answer => ({ accept }) => say(accept());
  const nonsense: Readonly<Record<string, Answer>> = {
    'text that is no JSON': saying((connection) => connection.send('hello')),
    'a megabyte of text': saying((connection) => connection.send('x'.repeat(1024 * 1024))),
    'a binary message': saying((connection) => connection.send(Buffer.alloc(100))),
    'a close with 1008': saying((connection) => connection.close(1008, 'go away')),
  };
  for (const [title, answer] of Object.entries(nonsense)) {
    it(`${title}, as soon as it waits: it says so, goes on waiting, and does not grow`, async (t) => {
      const relay = await startNonsenseRelay(t, answer);
      const server = serve(t, await placeFor(t, 1000), relay.url, ['--wait-timeout', '4s']);
      await server.waitForLine(/^no client can come by the relay now, trying again: the relay .*/, { stream: 'stderr' });
      const before = await peakMemory(server.pid);
      await sleep(2_500);
      const grown = (await peakMemory(server.pid)) - before;
      assert.ok(grown < 40 * MIB, `${grown} bytes more`);
      // Doubled from a quarter of a second on, less up to a half of each by chance.
      assert.ok(relay.asked() <= 7, `${relay.asked()} attempts`);
      const end = await server.exitWithin(10_000);
      assertOneLine(end, 10, 'timeout-wait');
      assert.equal(end.stderr.split('trying again').length, 2, end.stderr);
    });
  }

  it('a thousand million clients in line: it opens 64 connections, and one for each that it gave away', async (t) => {
    const notice = JSON.stringify({ paired: { remote: '192.0.2.7:1', waiting: 1e9 } });
    let most = 0;
    const relay = await startNonsenseRelay(t, ({ accept, index }) => {
      const connection = accept();
      if (index < 3) connection.send(notice);
      most = Math.max(most, relay.open());
    });
    const server = serve(t, await placeFor(t, 1000), relay.url);
    while (relay.asked() < 67) await sleep(10);
    await sleep(500);
    assert.equal(relay.asked(), 67);
    assert.ok(most <= 67 && relay.open() <= 67, `${most}`);
    assert.ok((await peakMemory(server.pid)) < 300 * MIB);
    server.kill('SIGTERM');
    assertOneLine(await server.exitWithin(10_000), 143, 'aborted');
  });

  it('not a word: it can be stopped at once', async (t) => {
    const relay = await startNonsenseRelay(t, () => undefined);
    const server = serve(t, await placeFor(t, 1000), relay.url);
    while (relay.asked() === 0) await sleep(10);
    server.kill('SIGTERM');
    assertOneLine(await server.exitWithin(5_000), 143, 'aborted');
  });
});

describe('a relay that speaks nonsense to a client', { concurrency: 4 }, () => {
  const coordinatesAt = (url: string) => formatCoordinates({ version: 2, candidates: [], secret: Buffer.alloc(32, 1), direction: 'send', relay: { url, room: 'x'.repeat(43) } });
  const after = (say: (connection: ReturnType<Parameters<Answer>[0]['accept']>) => void): Answer => ({ accept }) => say(accept());
  const cases: Readonly<Record<string, readonly [answer: Answer, code: number, names: string]>> = {
    '200': [http('200 OK', 'hello'), 6, 'protocol-violation'],
    'a page': [http('200 OK\r\nContent-Type: text/html', PAGE), 6, 'protocol-violation'],
    '301': [http('301 Moved Permanently\r\nLocation: https://example.org/'), 6, 'protocol-violation'],
    'no HTTP': [({ socket }) => void socket.end('SSH-2.0-OpenSSH_9.6\r\n'), 6, 'protocol-violation'],
    '403 of a proxy': [http('403 Forbidden', 'no'), 4, 'auth-refused'],
    '410': [http('410 Gone', 'The room has carried all that it may'), 9, 'limit-relay'],
    '503 for ever': [http('503 Service Unavailable', 'All rooms are taken'), 5, 'connect-busy'],
    'not a word': [() => undefined, 5, 'connect-failed'],
    'not a word after it has let it in': [after(() => undefined), 5, 'connect-lost'],
    'a close with 1008': [after((connection) => connection.close(1008)), 4, 'auth-handshake'],
    'a close with 4005, for ever': [after((connection) => connection.close(4005)), 5, 'connect-lost'],
    'a notice, which is not for clients': [after((connection) => connection.send('{"paired":{"remote":"a:1","waiting":0}}')), 4, 'auth-handshake'],
    'a megabyte of text': [after((connection) => connection.send('x'.repeat(1024 * 1024))), 4, 'auth-handshake'],
    'a megabyte of bytes': [after((connection) => connection.send(Buffer.alloc(1024 * 1024))), 4, 'auth-handshake'],
    'an empty message': [after((connection) => connection.send(Buffer.alloc(0))), 4, 'auth-handshake'],
  };
  for (const [title, [answer, code, names]] of Object.entries(cases)) {
    it(`${title}: it ends with ${code}`, async (t) => {
      const place = await placeFor(t, 1);
      const relay = await startNonsenseRelay(t, answer);
      const end = await runStreamer(t, ['receive', '--connect-timeout', '2s', coordinatesAt(relay.url), place.target], { timeoutMs: 15_000 });
      assertOneLine(end, code, names);
      assert.equal(await stat(place.target).catch(() => undefined), undefined);
    });
  }

  it('an upgrade that does not say that it knows the wire: it ends with 4, and has said no secret', async (t) => {
    const place = await placeFor(t, 1);
    const relay = await startNonsenseRelay(t, ({ accept }) => void accept(), { headers: [] });
    const end = await runStreamer(t, ['receive', '--connect-timeout', '2s', coordinatesAt(relay.url), place.target], { timeoutMs: 15_000 });
    assertOneLine(end, 4, 'auth-not-encrypted');
  });
});
