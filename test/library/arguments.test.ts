/**
 * Options of a wrong type, as whoever does not compile with our types may give them: a UsageError that names the option, before
 * anything is opened or dialled.
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import { formatCoordinates, generateIdentity, isSealed, openCoordinates, parseCoordinates, publicKeyOf, RateLimit, receive, sealCoordinates, send, serve, UsageError, CoordinatesError } from '../../src/index.js';
import { placeFor } from './ends.js';

type Loose = Readonly<Record<string, unknown>>;
const call = {
  send: send as (options: unknown) => Promise<unknown>,
  receive: receive as (options: unknown) => Promise<unknown>,
  serve: serve as (options: unknown) => Promise<unknown>,
};
type Call = keyof typeof call;
const CLIENTS: readonly Call[] = ['send', 'receive'];
const ALL: readonly Call[] = [...CLIENTS, 'serve'];

const candidates = [{ url: 'ws://127.0.0.1:1/streamer/2' }];
const nowhere = (direction: 'send' | 'receive') => formatCoordinates({ version: 2, candidates, secret: new Uint8Array(32), direction });
/** Right but for what does not exist: whoever opened or dialled before the check would say that. */
const right = (name: Call): Loose =>
  name === 'serve' ? { action: 'send', path: '/nowhere/at all' } : { coordinates: nowhere(name === 'send' ? 'receive' : 'send'), path: '/nowhere/at all', connectTimeoutMs: 0 };

const WRONG: readonly (readonly [option: string, values: readonly unknown[], of: readonly Call[]])[] = [
  ['coordinates', [5, undefined, null, true, ['x']], CLIENTS],
  ['action', ['sned', undefined, 1], ['serve']],
  ['path', [7, undefined, [1], {}], ['send', 'serve']],
  ['path', [7, ['a', 'b']], ['receive']],
  ['streams', ['many', 0, 65, 1.5], CLIENTS],
  ['route', ['x', true], CLIENTS],
  ['connectTimeoutMs', ['10s', -1, Number.NaN, 2 ** 31], CLIENTS],
  ['retryTimeoutMs', ['10s', Infinity], CLIENTS],
  ['windowBytes', ['16MiB', 1, 2 ** 31], ['receive', 'serve']],
  ['rules', ['x', [5], [{ kind: 'x', pattern: 'x' }], [{ kind: 'include' }]], ALL],
  ['signal', [{}, 'x', new AbortController()], ALL],
  ['existing', ['foo', true], ALL],
  ['digest', ['md5'], ['send', 'serve']],
  ['wire', ['x', 2], ALL],
  ['ca', ['x', {}], ALL],
  ['onProgress', [5, {}], ALL],
  ['rate', [5, '5MB'], ALL],
  ['checksum', ['yes'], ALL],
  ['dryRun', [1], ALL],
  ['delete', ['no'], ALL],
  ['sealTo', ['x', [5]], ['serve']],
  ['tls', [{}, 'x', { cert: 'x', key: 'y' }], ['serve']],
  ['relay', [{}, 'wss://relay.example.org', { url: 'wss://relay.example.org', token: 5 }], ['serve']],
  ['secret', [5], ['serve']],
  ['compat', ['yes'], ['serve']],
  ['direct', [0], ['serve']],
  ['host', [5], ['serve']],
  ['portRange', [5665, [5665], [0, 5], ['1', '2'], [1, 70_000], [1, 2, 3]], ['serve']],
  ['publicIps', ['localhost', [], [5], ['']], ['serve']],
  ['waitTimeoutMs', ['1h', -1, Infinity], ['serve']],
  ['inboundTransferLimit', ['5GiB', 0.5, -1], ['serve']],
  ['expiresAt', ['2h', 0.5, new Date()], ['serve']],
  ['memoryBytes', ['1GiB', -1], ['serve']],
];

const isUsage = (error: unknown): error is UsageError => error instanceof UsageError && error.code === 'usage';

for (const name of ALL) {
  describe(`${name} rejects with a UsageError`, () => {
    for (const [option, values, of] of WRONG) {
      if (!of.includes(name)) continue;
      it(`for a wrong ${option}, which it names with what it takes`, async () => {
        for (const value of values) {
          const calling = call[name]({ ...right(name), [option]: value });
          await assert.rejects(calling, (error: unknown) => isUsage(error) && new RegExp(`^\`${option}\` takes [^\n]+$`, 'u').test(error.message), String(value));
        }
      });
    }

    it('for no options at all', async () => {
      for (const options of [undefined, null, 5, 'x', []]) await assert.rejects(call[name](options), isUsage);
    });

    it('for a pattern that cannot be, which it quotes', async () => {
      await assert.rejects(call[name]({ ...right(name), rules: [{ kind: 'exclude', pattern: '' }] }), (error: unknown) => isUsage(error) && error.message.startsWith('the `exclude` pattern ""'));
    });
  });
}

describe('undefined is the same as absent', () => {
  for (const name of ALL) {
    it(`for ${name}`, async () => {
      const options = Object.fromEntries(WRONG.filter(([option]) => !['coordinates', 'action', 'path', 'connectTimeoutMs'].includes(option)).map(([option]) => [option, undefined]));
      await assert.rejects(call[name]({ ...options, ...right(name) }), (error: unknown) => !(error instanceof UsageError) && !(error instanceof TypeError));
    });
  }
});

describe('serve, with options that do not go together, says so before it looks for the file', () => {
  for (const [options, says] of [
    [{ portRange: [5670, 5665] }, /^`portRange` 5670 5665: the first port is above the last$/u],
    [{ relay: { url: 'https://relay.example.org' } }, /^`relay\.url` takes a URL such as wss:/u],
    [{ relay: { url: 'wss://relay.example.org', token: 'two words' } }, /token/u],
    [{ direct: false }, /`relay\.url`/u],
    [{ direct: false, relay: { url: 'wss://relay.example.org' }, compat: true }, /`direct: false`, or `compat`/u],
    [{ compat: true, wire: 'native' }, /^`compat`/u],
    [{ wire: 'compat', dryRun: true }, /`dryRun`, or `compat` and `wire: 'compat'`$/u],
    [{ secret: '' }, /secret is empty/u],
  ] as const) {
    it(JSON.stringify(options), async () => {
      await assert.rejects(call.serve({ ...right('serve'), ...options }), (error: unknown) => isUsage(error) && says.test(error.message));
    });
  }
});

it('coordinates that are an object, but not such as parseCoordinates makes, are malformed', async () => {
  for (const coordinates of [{}, { version: 1 }, { version: 2, candidates: 'x' }, { version: 1, ips: ['a'], ports: [1, 2], secret: 'two words' }]) {
    await assert.rejects(receive({ coordinates: coordinates as never }), CoordinatesError);
  }
});

it('what takes text says so of what is none', () => {
  const none = 5 as never;
  const key = publicKeyOf(generateIdentity());
  for (const wrong of [() => parseCoordinates(none), () => isSealed(none), () => openCoordinates(none, []), () => openCoordinates('x', none), () => openCoordinates('streamer2s.x', [none]), () => sealCoordinates(none, [key]), () => sealCoordinates('x', none), () => sealCoordinates('x', [none]), () => publicKeyOf(none)]) {
    assert.throws(wrong, (error: unknown) => error instanceof UsageError || error instanceof CoordinatesError, String(wrong));
  }
  for (const value of [undefined, null, 5]) assert.throws(() => formatCoordinates(value as never), CoordinatesError);
});

it('a limit on the rate is above 0', (t) => {
  for (const value of [0, -1, Number.NaN, '5MB', null]) assert.throws(() => new RateLimit(value as never), UsageError);
  const rate = new RateLimit(5);
  assert.throws(() => rate.change(0), UsageError);
  assert.equal(rate.bytesPerSecond, 5, t.name);
});

it('a path that is a list of one is taken, and nothing of a wrong option is in the message', async (t) => {
  const { directory, source } = await placeFor(t, 1);
  await assert.rejects(send({ coordinates: nowhere('receive'), path: [source], connectTimeoutMs: 0 }), (error: unknown) => !(error instanceof UsageError));
  const secret = 'Zq9-a-secret-in-the-wrong-place';
  for (const option of ['coordinates', 'wire', 'ca', 'streams']) {
    await assert.rejects(call.receive({ coordinates: nowhere('send'), path: path.join(directory, 'x'), [option]: [secret] }), (error: unknown) => isUsage(error) && !error.message.includes('Zq9'));
  }
});
