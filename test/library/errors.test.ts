/**
 * Every failure is an error of its class, with its stable code and exit status: by what a caller would do about it.
 */
import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import {
  AuthError,
  ConnectError,
  CoordinatesError,
  formatCoordinates,
  LimitError,
  parseCoordinates,
  receive,
  send,
  serve,
  StorageError,
  StreamerError,
  TimeoutError,
  UsageError,
  type ErrorCode,
} from '../../src/index.js';
import { placeFor, serveHere } from './ends.js';

type ErrorClass = abstract new (...args: never) => StreamerError;

const fails =
  (errorClass: ErrorClass, code: ErrorCode, exitCode: number) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof errorClass && error instanceof StreamerError, String(error));
    assert.deepEqual([error.name, error.code, error.exitCode], [errorClass.name, code, exitCode]);
    assert.doesNotMatch(error.message, /\n/);
    return true;
  };

const nowhere = formatCoordinates({ version: 2, candidates: [{ url: 'ws://127.0.0.1:1/streamer/2' }], secret: new Uint8Array(32), direction: 'send' });

describe('serve rejects with', () => {
  it('StorageError for a file that is missing', async (t) => {
    const { directory } = await placeFor(t, 1);
    await assert.rejects(serve({ action: 'send', path: `${directory}/none` }), fails(StorageError, 'storage-missing', 8));
  });

  it('StorageError for a target that exists', async (t) => {
    const { source } = await placeFor(t, 1);
    await assert.rejects(serve({ action: 'receive', path: source }), fails(StorageError, 'storage-exists', 8));
  });

  it('UsageError for each option that makes no sense, before it listens', async (t) => {
    const { source } = await placeFor(t, 1);
    const wrong = [
      { portRange: [5670, 5665] as const },
      { portRange: [0, 70_000] as const },
      { publicIps: [] },
      { publicIps: ['two words'] },
      { waitTimeoutMs: -1 },
      { waitTimeoutMs: Number.NaN },
      { inboundTransferLimit: 0.5 },
      { windowBytes: 1 },
      { secret: '' },
      { secret: 'two words' },
    ];
    for (const options of wrong) await assert.rejects(serve({ action: 'send', path: source, ...options }), fails(UsageError, 'usage', 2), JSON.stringify(options));
  });

  it('ConnectError when no port is free', async (t) => {
    const { source } = await placeFor(t, 1);
    const { port = 0 } = await serveHere(t, { action: 'send', path: source });
    const again = serve({ action: 'send', path: source, host: '127.0.0.1', portRange: [port, port] });
    await assert.rejects(again, fails(ConnectError, 'connect-listen', 5));
  });
});

describe('its done rejects with', () => {
  it('TimeoutError when nobody comes', async (t) => {
    const { source } = await placeFor(t, 1);
    const server = await serveHere(t, { action: 'send', path: source, waitTimeoutMs: 50 });
    await assert.rejects(server.done, fails(TimeoutError, 'timeout-wait', 10));
  });

  it('LimitError when the file is over the limit, as the client\'s send does', async (t) => {
    const place = await placeFor(t, 1001);
    const server = await serveHere(t, { action: 'receive', path: place.target, inboundTransferLimit: 1000 });
    await assert.rejects(send({ coordinates: server.coordinates, path: place.source }), fails(LimitError, 'limit-inbound', 9));
    await assert.rejects(server.done, fails(LimitError, 'limit-inbound', 9));
    assert.deepEqual(await readdir(place.inbox), []);
  });
});

describe('send and receive reject with', () => {
  it('CoordinatesError for text that is none, of another direction, expired', async (t) => {
    const { source } = await placeFor(t, 1);
    await assert.rejects(receive({ coordinates: 'x' }), fails(CoordinatesError, 'coordinates-malformed', 3));
    await assert.rejects(send({ coordinates: nowhere, path: source }), fails(CoordinatesError, 'coordinates-direction', 3));
    const expired = { ...parseCoordinates(nowhere), expiresAt: 1 };
    await assert.rejects(receive({ coordinates: expired }), fails(CoordinatesError, 'coordinates-expired', 3));
  });

  it('StorageError before anyone is called', async (t) => {
    const place = await placeFor(t, 1);
    const receiving = formatCoordinates({ ...parseCoordinates(nowhere), direction: 'receive' } as Parameters<typeof formatCoordinates>[0]);
    await assert.rejects(send({ coordinates: receiving, path: `${place.source}.none` }), fails(StorageError, 'storage-missing', 8));
    await writeFile(place.target, '');
    await assert.rejects(receive({ coordinates: nowhere, path: place.target }), fails(StorageError, 'storage-exists', 8));
  });

  it('ConnectError when nobody answers within connectTimeoutMs', async (t) => {
    const { target } = await placeFor(t, 1);
    await assert.rejects(receive({ coordinates: nowhere, path: target, connectTimeoutMs: 0 }), fails(ConnectError, 'connect-failed', 5));
  });

  it('AuthError for a wrong secret, and when encryption is required and not to be had', async (t) => {
    const place = await placeFor(t, 1);
    const { port } = await serveHere(t, { action: 'send', path: place.source });
    const wrong = formatCoordinates({ version: 2, candidates: [{ url: `ws://127.0.0.1:${port}/streamer/2` }], secret: new Uint8Array(32), direction: 'send' });
    await assert.rejects(receive({ coordinates: wrong, path: place.target }), fails(AuthError, 'auth-handshake', 4));
    const compat = await serveHere(t, { action: 'send', path: place.source, wire: 'compat' });
    await assert.rejects(receive({ coordinates: compat.coordinates, path: place.target, wire: 'native' }), fails(AuthError, 'auth-not-encrypted', 4));
  });

  it('UsageError for each option that makes no sense', async (t) => {
    const { target } = await placeFor(t, 1);
    for (const options of [{ connectTimeoutMs: -1 }, { retryTimeoutMs: Number.NaN }, { windowBytes: 5 }, { wire: 'compat' as const }]) {
      await assert.rejects(receive({ coordinates: nowhere, path: target, ...options }), fails(UsageError, 'usage', 2), JSON.stringify(options));
    }
  });
});

it('the secret is in no error, whole or in part', async (t) => {
  const place = await placeFor(t, 1);
  const secret = 'Zq9_vK3-secret-to-look-for';
  const text = formatCoordinates({ version: 1, ips: ['127.0.0.1'], ports: [1, 1], secret });
  for (const coordinates of [text, text.slice(0, -9), formatCoordinates({ version: 1, ips: ['127.0.0.1'], ports: [1, 1], secret, operation: 'receive' })]) {
    await assert.rejects(receive({ coordinates, path: place.target, connectTimeoutMs: 0 }), (error: Error) => {
      for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) assert.ok(!`${cause.message}${cause.stack ?? ''}`.includes('Zq9_'), cause.message);
      return true;
    });
  }
});
