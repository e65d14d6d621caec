import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { createFetch } from '../../../src/control/fetch.js';
import { exchange, type HttpAnswer, type HttpOptions, type HttpRequest } from '../../../src/control/http.js';
import { Unanswered } from '../../../src/control/network-failure.js';
import { AbortError, AuthError, ConnectError, ControlError, StreamerError, TimeoutError } from '../../../src/errors.js';
import { freePort } from '../../support/cli.js';
import { BEARER, EMPTY_STORE, TOKEN } from '../../support/fake-control.js';
import { startServer } from '../../support/recorded.js';

interface Asked {
  readonly waits: number[];
  readonly answer: Promise<HttpAnswer>;
}

/** Asks without waiting between attempts, and keeps how long it would have. */
function ask(url: string, request: Partial<HttpRequest> = {}, options: Partial<HttpOptions> = {}): Asked {
  const waits: number[] = [];
  const answer = exchange(
    { method: 'GET', url: new URL('/x', url), headers: new Headers(), ...request },
    { authenticator: BEARER, context: { store: EMPTY_STORE, fetch: createFetch() }, timeoutMs: 20_000, maxBytes: 1_000, pause: (ms) => Promise.resolve(void waits.push(ms)), ...options },
  );
  answer.catch(() => undefined);
  return { waits, answer };
}

/** The error that the user gets. Nothing of it shows the token. */
async function failureOf({ answer }: Asked): Promise<Unanswered> {
  const error: unknown = await answer.then(() => assert.fail('it was answered'), (thrown: unknown) => thrown);
  assert.ok(error instanceof Unanswered, inspect(error));
  assert.equal(inspect(error, { depth: 10, showHidden: true }).includes(TOKEN), false);
  return error;
}

/** Answers in turn; the last one stays. */
async function inTurn(t: TestContext, ...answers: readonly ((response: ServerResponse) => void)[]) {
  let turn = 0;
  return startServer(t, (_request, response) => {
    answers[Math.min(turn, answers.length - 1)]?.(response);
    turn += 1;
  });
}

const say = (status: number, headers: Readonly<Record<string, string>> = {}, body = '{}') => (response: ServerResponse) => void response.writeHead(status, headers).end(body);
const drop = (response: ServerResponse) => void response.socket?.destroy();
const silent = () => undefined;

describe('a connection that breaks', () => {
  it('before the answer to a GET: it is asked again, twice at the most', async (t) => {
    const { url, received } = await inTurn(t, drop, drop, say(200));
    assert.equal((await ask(url).answer).status, 200);
    assert.equal(received.length, 3);
    const broken = await inTurn(t, drop);
    const failure = await failureOf(ask(broken.url));
    assert.ok(failure.error instanceof ConnectError);
    assert.equal(failure.error.code, 'connect-lost');
    assert.equal(broken.received.length, 3);
  });

  it('before the answer to a POST: it is not, and may have been done', async (t) => {
    const { url, received } = await inTurn(t, drop);
    const failure = await failureOf(ask(url, { method: 'POST', body: new TextEncoder().encode('{}') }));
    assert.deepEqual([failure.error.code, failure.mayBeDone, received.length], ['connect-lost', true, 1]);
  });

  it('before the answer to what is as good twice as once: it is asked again', async (t) => {
    const { url, received } = await inTurn(t, drop, say(204, {}, ''));
    assert.equal((await ask(url, { method: 'DELETE', repeatable: true }).answer).status, 204);
    assert.equal(received.length, 2);
  });

  it('that was kept, after a 500: a GET goes over another, and a POST never goes over one that was kept', async (t) => {
    const ports = new Set<number | undefined>();
    const { url } = await startServer(t, (request, response) => {
      const known = ports.has(request.socket.remotePort);
      ports.add(request.socket.remotePort);
      if (known) drop(response);
      else response.writeHead(500, { 'content-type': 'application/json' }).end('{}');
    });
    const fetch = createFetch();
    const options = { context: { store: EMPTY_STORE, fetch } };
    for (const method of ['GET', 'GET', 'POST', 'GET', 'POST', 'POST']) assert.equal((await ask(url, { method }, options).answer).status, 500, method);
  });

  it('in the middle of an answer: a GET is asked again', async (t) => {
    const half = (response: ServerResponse) => {
      response.writeHead(200, { 'content-length': '100' }).write('half');
      setTimeout(() => drop(response), 20);
    };
    const { url } = await inTurn(t, half, say(200, {}, 'whole'));
    assert.equal(Buffer.from((await ask(url).answer).body).toString(), 'whole');
  });
});

describe('patience', () => {
  it('429 is asked again after as long as it says, a POST too', async (t) => {
    const { url, received } = await inTurn(t, say(429, { 'retry-after': '7' }), say(201));
    const asked = ask(url, { method: 'POST' });
    assert.equal((await asked.answer).status, 201);
    assert.deepEqual([asked.waits, received.length], [[7_000], 2]);
  });

  it('503 is, when it says how long; without that it is the last word', async (t) => {
    const later = await inTurn(t, say(503, { 'retry-after': 'Sun, 22 Nov 2026 12:00:05 GMT', date: 'Sun, 22 Nov 2026 12:00:00 GMT' }), say(200));
    const asked = ask(later.url);
    assert.equal((await asked.answer).status, 200);
    assert.deepEqual(asked.waits, [5_000]);
    const down = await inTurn(t, say(503), say(200));
    assert.equal((await ask(down.url).answer).status, 503);
  });

  it('502 and 504 are, for what reads; 500 never', async (t) => {
    for (const [status, method, expected] of [[502, 'GET', 200], [504, 'GET', 200], [502, 'POST', 502], [503, 'POST', 503], [500, 'GET', 500], [408, 'GET', 408]] as const) {
      const { url } = await inTurn(t, say(status, status === 503 ? { 'retry-after': '1' } : {}), say(200));
      assert.equal((await ask(url, { method }).answer).status, expected, `${method} ${status}`);
    }
  });

  it('ends', async (t) => {
    const { url } = await inTurn(t, say(429, { 'retry-after': '3600' }));
    const asked = ask(url);
    assert.equal((await asked.answer).status, 429);
    assert.deepEqual(asked.waits, [60_000, 60_000, 60_000, 60_000]);
  });

  it("ends with the caller's", async (t) => {
    const { url } = await inTurn(t, say(429, { 'retry-after': '60' }));
    const stopping = new AbortController();
    const { answer } = ask(url, {}, { signal: stopping.signal, pause: undefined });
    setTimeout(() => stopping.abort(), 50);
    await assert.rejects(answer, AbortError);
  });
});

describe('a token that is refused', () => {
  const authenticator = (fresh: boolean) => {
    let turn = 0;
    return {
      sign: ({ headers }: { headers: Headers }) => {
        headers.set('authorization', `Bearer token-${turn}-and-more`);
        return Promise.resolve();
      },
      refused: () => Promise.resolve(((turn += 1), fresh)),
    };
  };

  it('is tried again once with a fresh one, a POST too', async (t) => {
    const { url, received } = await inTurn(t, say(401), say(201));
    assert.equal((await ask(url, { method: 'POST' }, { authenticator: authenticator(true) }).answer).status, 201);
    assert.deepEqual(received.map(({ headers }) => headers.authorization), ['Bearer token-0-and-more', 'Bearer token-1-and-more']);
  });

  it('is not twice, nor without a fresh one', async (t) => {
    const always = await inTurn(t, say(401));
    assert.equal((await ask(always.url, {}, { authenticator: authenticator(true) }).answer).status, 401);
    assert.equal(always.received.length, 2);
    const never = await inTurn(t, say(401));
    assert.equal((await ask(never.url, {}, { authenticator: authenticator(false) }).answer).status, 401);
    assert.equal(never.received.length, 1);
  });
});

describe('a redirect', () => {
  it('to the other form of the path is followed, with the token, by what is not safe, too', async (t) => {
    const { url, received } = await inTurn(t, say(307, { location: 'http://127.0.0.1:1/x/' }), say(201));
    assert.equal((await ask(url, { method: 'POST', body: new TextEncoder().encode('abc') }).answer).status, 201);
    assert.deepEqual(received.map(({ path, headers, body }) => [path, headers.authorization, body.toString()]), [['/x', `Bearer ${TOKEN}`, 'abc'], ['/x/', `Bearer ${TOKEN}`, 'abc']]);
  });

  it('to another origin is not', async (t) => {
    const other = await inTurn(t, say(200));
    const { url } = await inTurn(t, say(302, { location: `${other.url}/login` }));
    await assert.rejects(ask(url).answer, (error) => error instanceof ControlError && error.code === 'control-not-firecrest');
    assert.equal(other.received.length, 0);
  });

  it('without end has one', async (t) => {
    const { url, received } = await inTurn(t, say(302, { location: '/x' }));
    assert.equal((await ask(url).answer).status, 302);
    assert.equal(received.length, 4);
  });
});

describe('time', () => {
  it('without an answer is over at the deadline', async (t) => {
    const { url, received } = await inTurn(t, silent);
    const failure = await failureOf(ask(url, { method: 'POST' }, { timeoutMs: 100 }));
    assert.ok(failure.error instanceof TimeoutError && failure.error.retryable);
    assert.deepEqual([failure.mayBeDone, received.length], [true, 1]);
  });

  it('in the middle of an answer is over, too', async (t) => {
    const { url } = await inTurn(t, (response) => void response.writeHead(200).write('half'));
    assert.ok((await failureOf(ask(url, {}, { timeoutMs: 200 }))).error instanceof TimeoutError);
  });

  it('is given to an answer that comes slowly', async (t) => {
    const { url } = await inTurn(t, (response) => {
      response.writeHead(200);
      void (async () => {
        for (let piece = 0; piece < 5; piece += 1) {
          response.write('piece');
          await sleep(500);
        }
        response.end();
      })();
    });
    assert.equal((await ask(url, {}, { timeoutMs: 2_000 }).answer).body.byteLength, 25);
  });

  it("is over with the caller's signal, which says by what", async (t) => {
    const { url } = await inTurn(t, silent);
    const stopping = new AbortController();
    const { answer } = ask(url, {}, { signal: stopping.signal });
    setTimeout(() => stopping.abort(new AbortError('stopped by SIGTERM', { signal: 'SIGTERM' })), 50);
    await assert.rejects(answer, (error) => error instanceof Unanswered && error.error instanceof AbortError && error.error.exitCode === 143);
    const failure = await failureOf(ask(url, {}, { signal: stopping.signal }));
    assert.equal(failure.mayBeDone, false);
  });
});

describe('what answers', () => {
  it('with more than is read is an error', async (t) => {
    const { url } = await inTurn(t, say(200, {}, 'x'.repeat(2_000)));
    const failure = await failureOf(ask(url));
    assert.ok(failure.error instanceof ControlError && failure.mayBeDone);
    assert.equal((await ask(url, {}, { maxBytes: 2_000 }).answer).body.byteLength, 2_000);
  });

  it('at nobody is no connection: nothing was done', async () => {
    const failure = await failureOf(ask(`http://127.0.0.1:${await freePort()}`, { method: 'POST' }));
    assert.deepEqual([failure.error.code, failure.mayBeDone], ['connect-failed', false]);
    assert.match(failure.error.message, /ECONNREFUSED.*is `url` right/u);
  });

  it('at a port that fetch asks nothing of is no connection', async () => {
    const failure = await failureOf(ask('http://127.0.0.1:6667', { method: 'POST' }));
    assert.deepEqual([failure.error.code, failure.mayBeDone], ['connect-failed', false]);
  });

  it('at a name that nobody has is no connection', async () => {
    const failure = await failureOf(ask('http://nobody.invalid'));
    assert.deepEqual([failure.error.code, failure.mayBeDone], ['connect-failed', false]);
    assert.match(failure.error.message, /no address is known for http:\/\/nobody\.invalid/u);
  });

  for (const [what, words] of [['not HTTP', 'SSH-2.0-OpenSSH_9.6\r\n'], ['HTTP that is broken', 'HTTP/1.1 two hundred\r\n\r\n']] as const) {
    it(`with ${what} is not FirecREST`, async (t) => {
      const server = createTcpServer((socket: Socket) => void socket.on('error', () => undefined).end(words));
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      t.after(() => server.close());
      const failure = await failureOf(ask(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
      assert.ok(failure.error instanceof ControlError && failure.error.code === 'control-not-firecrest', failure.error.message);
    });
  }

  it('without TLS, where it is asked for, is said', async (t) => {
    const { url } = await inTurn(t, say(200));
    const failure = await failureOf(ask(url.replace('http:', 'https:')));
    assert.deepEqual([failure.error.code, failure.mayBeDone], ['connect-failed', false]);
    assert.match(failure.error.message, /does not speak TLS/u);
  });
});

it("the server's clock is read from its answers", async (t) => {
  const now = Date.parse('2026-11-22T12:00:00Z');
  const { url } = await inTurn(t, say(200, { date: 'Sun, 22 Nov 2026 12:05:00 GMT' }));
  assert.equal((await ask(url, {}, { now: () => now }).answer).clockAheadMs, 300_000);
});

it('an error of the authenticator is passed on as it is', async (t) => {
  const { url, received } = await inTurn(t, say(200));
  const missing = new AuthError('auth-missing', 'sign in first');
  await assert.rejects(ask(url, {}, { authenticator: { sign: () => Promise.reject(missing) } }).answer, (error) => error === missing && error instanceof StreamerError);
  assert.equal(received.length, 0);
});
