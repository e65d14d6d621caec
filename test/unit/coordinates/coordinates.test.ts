import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  checkDirection,
  checkExpiry,
  coordinatesSecretBytes,
  redactCoordinates,
  type PlainCoordinates,
  type V2Coordinates,
} from '../../../src/coordinates/coordinates.js';
import { CoordinatesError } from '../../../src/errors.js';

const plain: PlainCoordinates = { version: 1, ips: ['127.0.0.1'], ports: [5665, 5670], secret: 'tell-nobody' };
const v2: V2Coordinates = {
  version: 2,
  candidates: [{ url: 'ws://192.0.2.10:5665/streamer/2?token=tell-nobody' }],
  secret: Buffer.alloc(32, 'tell-nobody'),
  direction: 'send',
};
const failsWith = (code: string, text: RegExp) => (error: unknown) =>
  error instanceof CoordinatesError && error.code === code && text.test(error.message);

describe('checkDirection', () => {
  it('lets a client receive from a server that sends, and the other way round', () => {
    checkDirection(v2, 'receive');
    checkDirection({ ...v2, direction: 'receive' }, 'send');
    checkDirection({ ...plain, operation: 'send' }, 'receive');
    checkDirection({ ...plain, operation: 'receive' }, 'send');
  });

  it('names the other command when both sides would do the same', () => {
    assert.throws(() => checkDirection(v2, 'send'), failsWith('coordinates-direction', /use the command "receive"/));
    assert.throws(() => checkDirection({ ...v2, direction: 'receive' }, 'receive'), failsWith('coordinates-direction', /use the command "send"/));
    assert.throws(() => checkDirection({ ...plain, operation: 'send' }, 'send'), failsWith('coordinates-direction', /use the command "receive"/));
  });

  it('checks nothing when the coordinates do not say', () => {
    checkDirection(plain, 'send');
    checkDirection(plain, 'receive');
  });
});

describe('checkExpiry', () => {
  const expiring = { ...v2, expiresAt: 1_893_456_000 };

  it('accepts coordinates up to the last millisecond, and those that never expire', () => {
    checkExpiry(expiring, 1_893_455_999_999);
    checkExpiry(v2, Number.MAX_SAFE_INTEGER);
    checkExpiry(plain, Number.MAX_SAFE_INTEGER);
  });

  it('refuses them from the second of expiry on, and says when that was', () => {
    assert.throws(() => checkExpiry(expiring, 1_893_456_000_000), failsWith('coordinates-expired', /2030-01-01T00:00:00Z/));
    assert.throws(() => checkExpiry({ ...v2, expiresAt: 0 }, 0), failsWith('coordinates-expired', /1970/));
    assert.throws(() => checkExpiry({ ...v2, expiresAt: 8.64e12 }, 8.64e15), failsWith('coordinates-expired', /275760/));
  });
});

describe('coordinatesSecretBytes', () => {
  it('is the text of a plain secret and the bytes of a v2 one', () => {
    assert.deepEqual(Buffer.from(coordinatesSecretBytes(plain)), Buffer.from('tell-nobody'));
    assert.deepEqual(Buffer.from(coordinatesSecretBytes(v2)), v2.secret);
  });
});

describe('redactCoordinates', () => {
  it('is one line without the secret', () => {
    assert.equal(redactCoordinates(plain), 'plain coordinates: 127.0.0.1 ports 5665-5670');
    assert.equal(redactCoordinates({ ...plain, ports: [1, 1], operation: 'send' }), 'plain coordinates: 127.0.0.1 port 1, server sends');
    assert.equal(redactCoordinates({ ...plain, ips: ['a', 'b', 'c', 'd', 'e'] }), 'plain coordinates: a, b, c and 2 more ports 5665-5670');
  });

  it('leaves out the query of a URL and the room of a relay', () => {
    const full = { ...v2, hint: 'job 7', relay: { url: 'wss://relay.example.org/r?t=tell-nobody', room: 'tell-nobody' } };
    assert.equal(redactCoordinates(full), 'v2 coordinates: ws://192.0.2.10:5665/streamer/2, relay wss://relay.example.org/r, server sends, "job 7"');
    assert.equal(redactCoordinates({ ...full, candidates: [] }).includes('tell-nobody'), false);
    assert.match(redactCoordinates({ ...full, candidates: [] }), /no direct address, relay/);
  });
});
