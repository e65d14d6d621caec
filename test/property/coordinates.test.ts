import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Packr, Unpackr } from 'msgpackr';
import { formatCoordinates, parseCoordinates } from '../../src/coordinates/codec.js';
import { redactCoordinates, type Coordinates, type PlainCoordinates, type V2Coordinates } from '../../src/coordinates/coordinates.js';
import { CoordinatesError } from '../../src/errors.js';
import { checkMsgpack } from '../../src/util/msgpack-bounds.js';

const letters = (alphabet: string, minLength: number, maxLength: number) =>
  fc.array(fc.constantFrom(...Array.from(alphabet)), { minLength, maxLength }).map((characters) => characters.join(''));
const visible = Array.from({ length: 94 }, (_, index) => String.fromCharCode(0x21 + index)).join('');
const host = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6(), fc.ipV6().map((address) => `[${address}]`), fc.constant('localhost'));
const port = fc.integer({ min: 1, max: 65_535 });
const ports = fc.tuple(port, port).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
/** As our parser makes them, so that deepEqual compares fields only. */
const plainObject = { noNullPrototype: true } as const;
const direction = fc.constantFrom('send' as const, 'receive' as const);

const plain: fc.Arbitrary<PlainCoordinates> = fc.record(
  {
    version: fc.constant(1 as const),
    ips: fc.array(host, { minLength: 1, maxLength: 64 }),
    ports,
    secret: letters(visible, 1, 1024),
    operation: direction,
  },
  { requiredKeys: ['version', 'ips', 'ports', 'secret'], noNullPrototype: true },
);
const url = fc
  .tuple(fc.constantFrom('ws', 'wss'), fc.domain(), port, fc.webPath())
  .map(([scheme, name, number, path]) => `${scheme}://${name}:${number}${path}`);
const shortUrl = url.filter((text) => text.length <= 512);
const v2: fc.Arbitrary<V2Coordinates> = fc.record(
  {
    version: fc.constant(2 as const),
    candidates: fc.array(fc.record({ url: shortUrl }, plainObject), { minLength: 1, maxLength: 64 }),
    secret: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    direction,
    expiresAt: fc.integer({ min: 0, max: 8.64e12 }),
    hint: letters(`${visible} \u00e9\u20ac`, 0, 200),
    relay: fc.record({ url: shortUrl, room: letters('abcXYZ019-_', 1, 128) }, plainObject),
  },
  { requiredKeys: ['version', 'candidates', 'secret', 'direction'], noNullPrototype: true },
);
const coordinates: fc.Arbitrary<Coordinates> = fc.oneof(plain, v2);

/** Coordinates, or a CoordinatesError of one line; anything else fails the test. */
function parseOrRefuse(text: string): Coordinates | undefined {
  try {
    return parseCoordinates(text);
  } catch (error) {
    assert.ok(error instanceof CoordinatesError, `${String(error)} for ${JSON.stringify(text)}`);
    assert.doesNotMatch(error.message, /[\r\n]/);
    return undefined;
  }
}

/** What may be read from text that is not what was written: coordinates that could be written, and nothing else. */
function harmless(text: string): void {
  const read = parseOrRefuse(text);
  if (read !== undefined) assert.deepEqual(parseCoordinates(formatCoordinates(read)), read);
}

const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true, int64AsType: 'number' });

describe('coordinates', () => {
  it('are read as they were written, padded, unpadded or on a line', () => {
    fc.assert(
      fc.property(coordinates, (written) => {
        const text = formatCoordinates(written);
        assert.match(text, /^[A-Za-z0-9_=.-]+$/, 'one word that a shell does not change');
        assert.deepEqual(parseCoordinates(text), written);
        assert.deepEqual(parseCoordinates(text.replaceAll('=', '')), written);
        assert.deepEqual(parseCoordinates(`x\nUse these coordinates to connect: ${text} \r\ny`), written);
      }),
    );
  });

  it('never show their secret when redacted', () => {
    const secret = letters('QXZ#', 8, 40);
    fc.assert(
      fc.property(plain, secret, (written, hidden) => {
        assert.equal(redactCoordinates({ ...written, secret: hidden }).includes(hidden), false);
      }),
    );
    fc.assert(
      fc.property(v2, (written) => {
        const line = redactCoordinates({ ...written, hint: 'hint' });
        for (const encoding of ['hex', 'base64', 'base64url', 'latin1'] as const) {
          assert.equal(line.includes(Buffer.from(written.secret).toString(encoding)), false);
        }
      }),
    );
  });

  it('cut at every length are refused', () => {
    fc.assert(
      fc.property(coordinates, (written) => {
        const text = formatCoordinates(written).replace(/=+$/, '');
        const step = Math.max(1, Math.floor(text.length / 200));
        for (let length = 0; length < text.length; length += step) assert.equal(parseOrRefuse(text.slice(0, length)), undefined);
        for (let length = Math.max(0, text.length - 40); length < text.length; length += 1) assert.equal(parseOrRefuse(text.slice(0, length)), undefined);
      }),
      { numRuns: 30 },
    );
  });

  it('with any one character changed are refused or harmless', () => {
    const short = (source: fc.Arbitrary<Coordinates>) => source.map(formatCoordinates).filter((text) => text.length < 1000);
    const texts = (source: fc.Arbitrary<Coordinates>) => fc.sample(short(source), { numRuns: 3, seed: 3 });
    for (const text of [...texts(plain), ...texts(v2)]) {
      assert.notEqual(parseOrRefuse(text), undefined);
      for (let index = 0; index < text.length; index += 1) {
        for (const character of ['A', '_', '=', '.', '\n', '\0', '\u00e9']) harmless(text.slice(0, index) + character + text.slice(index + 1));
      }
    }
  });

  it('with anything before or after them are refused or harmless', () => {
    fc.assert(fc.property(coordinates, fc.string(), fc.string(), (written, before, after) => harmless(before + formatCoordinates(written) + after)));
  });

  it('are never made of arbitrary text, JSON or msgpack without an error of their class', () => {
    fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.base64String(), fc.string().map((text) => `streamer2.${text}`)), harmless));
    fc.assert(fc.property(fc.json(), (json) => harmless(Buffer.from(json).toString('base64url'))));
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => harmless(`streamer2.${Buffer.from(bytes).toString('base64url')}`)), { numRuns: 2000 });
  });

  it('with any one field replaced by anything are refused or harmless', () => {
    const packr = new Packr({ useRecords: false });
    const known = ['v', 'candidates', 'secret', 'direction', 'expires', 'hint', 'relay', 'ips', 'ports', 'operation'];
    const keys = fc.constantFrom(...known, '__proto__', 'constructor');
    const anything = fc.anything({ maxDepth: 3, withTypedArray: true, withBigInt: true, withDate: true });
    fc.assert(
      fc.property(keys, anything, (key, value) => {
        const fields = { v: 2, candidates: [{ url: 'ws://h' }], secret: Buffer.alloc(32), direction: 'send', [key]: value };
        let packed: Buffer;
        try {
          packed = packr.pack(fields);
        } catch {
          return;
        }
        harmless(`streamer2.${packed.toString('base64url')}`);
      }),
      { numRuns: 1000 },
    );
    fc.assert(
      fc.property(keys, fc.jsonValue(), (key, value) => {
        harmless(Buffer.from(JSON.stringify({ ips: ['h'], ports: [1, 2], secret: 's', [key]: value })).toString('base64url'));
      }),
      { numRuns: 1000 },
    );
  });
});

describe('checkMsgpack', () => {
  const bounds = { maxDepth: 8, maxItems: 10_000 };
  const scalar = fc.oneof(fc.constant(null), fc.boolean(), fc.integer(), fc.double(), fc.string({ unit: 'grapheme' }), fc.uint8Array());
  const value = fc.letrec((tie) => ({
    value: fc.oneof({ depthSize: 'small', maxDepth: 6 }, scalar, tie('list'), tie('map')),
    list: fc.array(tie('value')),
    map: fc.dictionary(fc.string({ unit: 'grapheme' }), tie('value')),
  })).value;

  it('accepts what msgpackr writes, and nothing that is cut or longer', () => {
    const packr = new Packr({ useRecords: false, variableMapSize: true });
    fc.assert(
      fc.property(value, (written) => {
        const bytes = packr.pack(written);
        assert.equal(checkMsgpack(bytes, bounds), undefined);
        for (let length = 0; length < bytes.length; length += Math.max(1, bytes.length >> 6)) {
          assert.notEqual(checkMsgpack(bytes.subarray(0, length), bounds), undefined);
        }
        assert.notEqual(checkMsgpack(Buffer.concat([bytes, Buffer.of(0xc0)]), bounds), undefined);
      }),
    );
  });

  it('lets nothing through that msgpackr cannot read to its end', () => {
    const headers = fc.constantFrom(0x81, 0x91, 0x92, 0xa1, 0xc0, 0xc4, 0xcb, 0xd9, 0xdc, 0xde, 0x61, 0x00, 0x01);
    const bytes = fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.array(headers, { maxLength: 40 }).map((list) => Uint8Array.from(list)));
    fc.assert(
      fc.property(bytes, (arbitrary) => {
        if (checkMsgpack(arbitrary, bounds) === undefined) unpackr.unpack(arbitrary);
      }),
      { numRuns: 5000 },
    );
  });
});
