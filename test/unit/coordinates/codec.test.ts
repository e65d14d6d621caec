import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { Packr } from 'msgpackr';
import { formatCoordinates, parseCoordinates } from '../../../src/coordinates/codec.js';
import { generateIdentity, publicKeyOf } from '../../../src/coordinates/keys.js';
import { openCoordinates } from '../../../src/coordinates/sealed.js';
import type { Coordinates, Direction, PlainCoordinates, RelayAddress, V2Coordinates } from '../../../src/coordinates/coordinates.js';
import { CoordinatesError } from '../../../src/errors.js';

interface PlainVector {
  readonly name: string;
  readonly text: string;
  readonly fields: Omit<PlainCoordinates, 'version'>;
}
interface V2Vector {
  readonly name: string;
  readonly text: string;
  readonly msgpack: string;
  readonly fields: {
    readonly candidates: readonly { readonly url: string }[];
    readonly secret: string;
    readonly direction: Direction;
    readonly expires?: number;
    readonly hint?: string;
    readonly relay?: RelayAddress;
  };
}
interface SealedVector {
  readonly name: string;
  readonly readers: readonly string[];
  readonly identities: readonly string[];
  readonly opened: string;
  readonly text: string;
}
interface Vectors {
  readonly sealed: readonly SealedVector[];
  readonly plain: readonly PlainVector[];
  readonly v2: readonly V2Vector[];
}
const vectors = JSON.parse(readFileSync('test/vectors/coordinates.json', 'utf8')) as Vectors;

const PRINTED = 'Use these coordinates to connect:';
const plain: PlainCoordinates = { version: 1, ips: ['127.0.0.1'], ports: [5665, 5668], secret: 'TELL-NOBODY' };
const plainText = formatCoordinates(plain);
const plainJson = { ports: [5665, 5668] as unknown, ips: ['127.0.0.1'] as unknown, secret: 'TELL-NOBODY' as unknown };
const encodeJson = (value: unknown) => encodeText(JSON.stringify(value));
const encodeText = (text: string) => Buffer.from(text).toString('base64url');

const v2: V2Coordinates = {
  version: 2,
  candidates: [{ url: 'ws://192.0.2.10:5665/streamer/2' }],
  secret: Uint8Array.from(Buffer.alloc(32, 'TELL-NOBODY')),
  direction: 'send',
};
const v2Text = formatCoordinates(v2);
const v2Map = { v: 2 as unknown, candidates: v2.candidates as unknown, secret: Buffer.from(v2.secret) as unknown, direction: 'send' as unknown };
const packr = new Packr({ useRecords: false });
const encodeBytes = (bytes: Buffer) => `streamer2.${bytes.toString('base64url')}`;
const encodeV2 = (value: unknown) => encodeBytes(packr.pack(value));
const pad = (text: string) => text.padEnd(Math.ceil(text.length / 4) * 4, '=');

describe('vectors', () => {
  for (const { name, readers, identities, opened, text } of vectors.sealed) {
    it(`sealed: ${name}`, () => {
      identities.forEach((identity, index) => {
        assert.equal(publicKeyOf(identity), readers[index]);
        assert.equal(openCoordinates(text, [identity]), opened);
      });
      assert.throws(() => openCoordinates(text, [generateIdentity()]), { code: 'coordinates-sealed' });
    });
  }

  it('those of PROTOCOL.md are among them', () => {
    const page = readFileSync('src/coordinates/PROTOCOL.md', 'utf8');
    const known = new Set([...vectors.plain, ...vectors.v2, ...vectors.sealed].flatMap((vector) => [vector.text, ...('msgpack' in vector ? [vector.msgpack] : [])]));
    const shown = [...page.matchAll(/^ {4}([\w.=-]{60,})$/gmu)].map(([, text = '']) => text);
    assert.equal(shown.length, 4);
    for (const text of shown) assert.ok(known.has(text), text);
  });


  for (const { name, text, fields } of vectors.plain) {
    it(`plain: ${name}`, () => {
      const expected: Coordinates = { version: 1, ...fields };
      assert.deepEqual(parseCoordinates(text), expected);
      assert.equal(formatCoordinates(expected), text, 'what Python writes, character for character');
    });
  }

  for (const { name, text, msgpack, fields } of vectors.v2) {
    it(`v2: ${name}`, () => {
      const { candidates, secret, direction, expires, hint, relay } = fields;
      const expected: Coordinates = {
        version: 2,
        candidates,
        secret: Uint8Array.from(Buffer.from(secret, 'hex')),
        direction,
        ...(expires === undefined ? {} : { expiresAt: expires }),
        ...(hint === undefined ? {} : { hint }),
        ...(relay === undefined ? {} : { relay }),
      };
      assert.equal(encodeBytes(Buffer.from(msgpack, 'hex')), text);
      assert.deepEqual(parseCoordinates(text), expected);
      assert.equal(formatCoordinates(expected), text);
    });
  }
});

describe('parseCoordinates accepts', () => {
  const same: readonly [string, string][] = [
    ['white space and newlines around them', `\n  ${plainText}\t\r\n`],
    ['a missing padding', plainText.replaceAll('=', '')],
    ['the line that a server prints', `${PRINTED} ${plainText}\n`],
    ['a whole job log, the last line counting', `Server is listening\n${PRINTED} old\n${PRINTED} ${plainText}\r\nClient connected.\n`],
    ['fields in another order, without spaces', pad(encodeJson({ secret: 'TELL-NOBODY', ips: ['127.0.0.1'], ports: [5665, 5668] }))],
    ['unknown fields', encodeJson({ ...plainJson, later: { deep: [1, 2] }, version: 9, v: 7 })],
    ['an operation that it does not know', encodeJson({ ...plainJson, operation: 'Operation.send' })],
    ['a port written as 5665.0', encodeText('{"ports": [5665.0, 5668], "ips": ["127.0.0.1"], "secret": "TELL-NOBODY"}')],
  ];
  for (const [name, text] of same) it(`plain ones: ${name}`, () => assert.deepEqual(parseCoordinates(text), plain));

  it('plain ones with FirecREST\'s default range and with the widest', () => {
    for (const ports of [[50_000, 60_000], [1, 65_535], [80, 80]] as const) {
      const wide = { ...plain, ports };
      assert.deepEqual(parseCoordinates(encodeJson({ ...plainJson, ports })), wide);
      assert.deepEqual(parseCoordinates(formatCoordinates(wide)), wide);
    }
  });

  it('hostnames, IPv4 and IPv6 addresses, up to 64', () => {
    const names = ['localhost', 'nid001234', 'a.b-c.example.org', 'a_b.example', 'example.org.'];
    const hosts = [...names, '192.0.2.1', '::1', '[::1]', '2001:db8::10', '::ffff:192.0.2.1'];
    assert.deepEqual(parseCoordinates(encodeJson({ ...plainJson, ips: hosts })), { ...plain, ips: hosts });
    const many = Array.from({ length: 64 }, (_, index) => `10.0.0.${index}`);
    assert.deepEqual(parseCoordinates(encodeJson({ ...plainJson, ips: many })), { ...plain, ips: many });
  });

  it('v2 ones on a printed line, with unknown fields, padded', () => {
    assert.deepEqual(parseCoordinates(`${PRINTED} ${v2Text}\n`), v2);
    assert.deepEqual(parseCoordinates(encodeV2({ ...v2Map, later: [{ a: 1 }] })), v2);
    const body = v2Text.slice('streamer2.'.length);
    assert.deepEqual(parseCoordinates(`streamer2.${pad(body)}`), v2);
  });

  it('URLs of every allowed shape', () => {
    for (const url of ['ws://h', 'wss://h/', 'ws://h:1/p/q?r=s', 'wss://[2001:db8::1]:65535/x', 'wss://relay.example.org?room', 'ws://192.0.2.1:80']) {
      assert.deepEqual(parseCoordinates(encodeV2({ ...v2Map, candidates: [{ url }] })), { ...v2, candidates: [{ url }] });
    }
  });
});

type Bad = readonly [name: string, text: string, code: string, message: RegExp];
const malformed = (name: string, text: string, message: RegExp): Bad => [name, text, 'coordinates-malformed', message];
const badPlain = (name: string, fields: object, message: RegExp) => malformed(name, encodeJson({ ...plainJson, ...fields }), message);
const badV2 = (name: string, fields: object, message: RegExp) => malformed(`v2: ${name}`, encodeV2({ ...v2Map, ...fields }), message);
const nested = (depth: number) => encodeBytes(Buffer.concat([Buffer.alloc(depth, 0x91), Buffer.of(0xc0)]));

const BAD_HOSTS: readonly unknown[] = [
  ...[5, null, '', ' ', '127.0.0.1 ', 'a b', 'a/b', 'a@b', 'a?b', 'a#b', 'a:1', 'a\nb', 'a\0', 'h\u00e9', '-._%'],
  ...['[::1', '::1::2', 'fe80::1%eth0', '999.1.1.1', 'a..b', '.', 'a'.repeat(64), 'a.'.repeat(127)],
];
const BAD_URLS: readonly string[] = [
  ...['', 'http://h', 'WS://h', 'ws:h', 'ws:/h', 'ws:///h', 'ws://', 'ws://:80', 'ws://u@h', 'ws://u:TELL-NOBODY@h'],
  ...['ws://h#f', 'ws://h/#', 'ws://h\\x', 'ws://h/\\x', ' ws://h', 'ws://h ', 'ws://h/a b', 'ws://h/\n', 'ws://h\u00e9'],
  ...['ws://h:x', 'ws://h:65536', 'ws://h:-1', 'ws://[::1', 'ws://999.1.1.1', `ws://h/${'p'.repeat(506)}`],
];

const BAD: readonly Bad[] = [
  malformed('nothing', '', /no text/),
  malformed('white space', ' \r\n', /no text/),
  malformed('a server line without coordinates', `${PRINTED} \n`, /no text/),
  malformed('cut', plainText.slice(0, -9), /cut short or altered/),
  malformed('cut to one character', 'e', /cut short or altered/),
  malformed('padded with more than belongs', `${plainText}====`, /cut short or altered/),
  malformed('padded where nothing belongs', `${encodeText('{"a":1}xx')}=`, /cut short or altered/),
  malformed('padded with other text', `${plainText.replaceAll('=', '')}AAAA`, /cut short or altered/),
  malformed('broken over lines', `${plainText.slice(0, 20)}\n${plainText.slice(20)}`, /cut short or altered/),
  malformed('base64 of the other alphabet', encodeText('{"??>>~~": 1}').replaceAll('_', '/').replaceAll('-', '+'), /cut short or altered/),
  malformed('stray bits in the last character', 'eyJhIjoxfR', /cut short or altered/),
  malformed('no base64', 'wss://TELL-NOBODY@example.org', /cut short or altered/),
  malformed('no JSON', encodeText('TELL-NOBODY'), /cut short or altered/),
  malformed('JSON with the secret before the fault', encodeText('{"secret": "TELL-NOBODY" x'), /cut short or altered/),
  malformed('JSON that is not UTF-8', Buffer.from('7b2261223a22ff227d', 'hex').toString('base64url'), /cut short or altered/),
  malformed('JSON with a byte order mark', encodeText(`\ufeff${JSON.stringify(plainJson)}`), /cut short or altered/),
  malformed('a JSON number', encodeJson(5), /named fields/),
  malformed('JSON null', encodeJson(null), /named fields/),
  malformed('a JSON list', encodeJson([plainJson]), /named fields/),
  malformed('more than 64 KiB', 'A'.repeat(65_537), /longer than 65536/),
  malformed('a JSON bomb, deep', encodeText('['.repeat(49_000)), /cut short or altered/),
  malformed('a JSON bomb, deep and closed', encodeText('['.repeat(24_000) + ']'.repeat(24_000)), /named fields/),
  malformed('a JSON bomb in an unknown field of nothing else', encodeText(`{"a":${'{"a":'.repeat(8000)}1${'}'.repeat(8000)}}`), /addresses/),
  malformed('a JSON bomb, wide', encodeText(`{"ips":[${'"a",'.repeat(12_000)}"a"]}`), /more than 64/),
  malformed('fields behind __proto__', encodeText(`{"__proto__": ${JSON.stringify(plainJson)}}`), /addresses/),
  badPlain('no ports', { ports: undefined }, /port range/),
  badPlain('one port', { ports: [5665] }, /port range/),
  badPlain('three ports', { ports: [5665, 5666, 5667] }, /port range/),
  badPlain('ports as text', { ports: ['5665', '5668'] }, /a port is not/),
  badPlain('port 0', { ports: [0, 5668] }, /a port is not/),
  badPlain('a last port of 0', { ports: [5665, 0] }, /a port is not/),
  badPlain('a negative port', { ports: [-1, 5668] }, /a port is not/),
  badPlain('a fractional port', { ports: [5665.5, 5668] }, /a port is not/),
  badPlain('an absurd port range', { ports: [1, 4_294_967_295] }, /a port is not/),
  badPlain('port 65536', { ports: [5665, 65_536] }, /a port is not/),
  malformed('an infinite port', encodeText('{"ports": [1, 1e999], "ips": ["a"], "secret": "s"}'), /a port is not/),
  badPlain('a range that ends before it begins', { ports: [5668, 5665] }, /ends before/),
  badPlain('no ips', { ips: undefined }, /not a list/),
  badPlain('ips as text', { ips: '127.0.0.1' }, /not a list/),
  badPlain('an empty list of ips', { ips: [] }, /no address/),
  badPlain('65 ips', { ips: Array.from({ length: 65 }, () => '127.0.0.1') }, /more than 64/),
  ...BAD_HOSTS.map((ip) =>
    badPlain(`the address ${JSON.stringify(ip).slice(0, 20)}`, { ips: ['127.0.0.1', ip] }, /no hostname or IP address/),
  ),
  badPlain('no secret', { secret: undefined }, /secret/),
  badPlain('a secret of no characters', { secret: '' }, /secret/),
  badPlain('a secret that is a number', { secret: 5 }, /secret/),
  badPlain('a secret that is too long', { secret: 's'.repeat(1025) }, /longer than 1024/),
  ...['a\r\nX-Evil: 1', 'a\n', 'a b', ' a', 'a\0', 'caf\u00e9', '\ud83d\ude00', '\x7f'].map((secret) =>
    badPlain(`the secret ${JSON.stringify(secret)}`, { secret }, /HTTP header/),
  ),

  ['sealed', 'streamer2s.AAAA', 'coordinates-sealed', /sealed: they open with the identity/],
  ['a later version', 'streamer3.AAAA', 'coordinates-version', /version/],
  ['a version of another kind', 'streamer2x.AAAA', 'coordinates-version', /version/],
  ['a version far off', `streamer${'9'.repeat(1000)}.AAAA`, 'coordinates-version', /version/],
  ['a prefix of version 1', `streamer1.${plainText}`, 'coordinates-version', /version/],
  ['another version inside', encodeV2({ ...v2Map, v: 3 }), 'coordinates-version', /version/],
  malformed('a prefix without a version', `streamer.${plainText}`, /cut short or altered/),
  malformed('v2: nothing after the prefix', 'streamer2.', /ends early/),
  malformed('v2: cut', v2Text.slice(0, -8), /cut short or altered|damaged/),
  malformed('v2: more after the end', encodeBytes(Buffer.concat([packr.pack(v2Map), Buffer.of(0xc0)])), /bytes follow/),
  malformed('v2: JSON', `streamer2.${encodeJson(plainJson)}`, /damaged/),
  malformed('v2: a msgpack bomb, 2^32 - 1 elements', encodeBytes(Buffer.from('ddffffffff', 'hex')), /more values/),
  malformed('v2: a msgpack bomb, 2^32 - 1 entries', encodeBytes(Buffer.from('dfffffffffa161', 'hex')), /more values/),
  malformed('v2: a msgpack bomb, a string of 2^32 - 1 bytes', encodeBytes(Buffer.from('dbffffffff61', 'hex')), /ends early/),
  malformed('v2: a msgpack bomb, 40,000 deep', nested(40_000), /nested/),
  malformed('v2: a msgpack bomb, 100,000 deep', nested(100_000), /longer than 65536/),
  malformed(
    'v2: a msgpack bomb, many small values',
    encodeBytes(Buffer.concat([Buffer.from('dc9000', 'hex'), Buffer.alloc(0x9000, 0xc0)])),
    /too many/,
  ),
  malformed('v2: a msgpack extension', encodeBytes(Buffer.from('81a176d47201', 'hex')), /extension/),
  malformed('v2: a number', encodeBytes(Buffer.of(2)), /named fields/),
  malformed('v2: bytes', encodeBytes(packr.pack(Buffer.alloc(4))), /named fields/),
  malformed('v2: a list', encodeV2([v2Map]), /named fields/),
  malformed(
    'v2: fields behind __proto__',
    encodeBytes(Buffer.concat([Buffer.from('81a9', 'hex'), Buffer.from('__proto__'), packr.pack(v2Map)])),
    /version/,
  ),
  badV2('no version', { v: null }, /version/),
  badV2('a version in text', { v: '2' }, /version/),
  badV2('no candidates', { candidates: null }, /not a list/),
  badV2('no candidate and no relay', { candidates: [] }, /no address/),
  badV2('65 candidates', { candidates: Array.from({ length: 65 }, () => ({ url: 'ws://h' })) }, /more than 64/),
  badV2('a candidate that is text', { candidates: ['ws://h'] }, /no URL/),
  badV2('a candidate without a URL', { candidates: [{}] }, /ws: or wss: URL/),
  ...BAD_URLS.map((url) =>
    badV2(`the URL ${JSON.stringify(url).slice(0, 30)}`, { candidates: [{ url }] }, /ws: or wss: URL/),
  ),
  badV2('port 0 in a URL', { candidates: [{ url: 'ws://h:0' }] }, /a port is not/),
  badV2('port 0 in a URL, written long', { candidates: [{ url: 'ws://h:00000/' }] }, /a port is not/),
  badV2('a secret of 31 bytes', { secret: Buffer.alloc(31) }, /32 bytes/),
  badV2('a secret of 33 bytes', { secret: Buffer.alloc(33) }, /32 bytes/),
  badV2('a secret in text', { secret: 'TELL-NOBODY'.padEnd(32) }, /32 bytes/),
  badV2('a secret in a list', { secret: Array.from({ length: 32 }, () => 1) }, /32 bytes/),
  badV2('no direction', { direction: null }, /direction/),
  badV2('another direction', { direction: 'both' }, /direction/),
  ...['1893456000', -1, 1.5, 8.64e12 + 1, NaN, Infinity, 2n ** 63n, null].map((expires) => badV2(`expiry ${String(expires)}`, { expires }, /expiry/)),
  ...[5, 'h'.repeat(201), 'two\nlines', 'bell\u0007', 'turned\u202eround', null].map((hint) =>
    badV2(`the hint ${JSON.stringify(hint).slice(0, 20)}`, { hint }, /hint/),
  ),
  badV2('a relay that is text', { relay: 'ws://h' }, /relay/),
  badV2('a relay without a room', { relay: { url: 'ws://h' } }, /room/),
  badV2('a room with a slash', { relay: { url: 'ws://h', room: 'a/b' } }, /room/),
  badV2('a room that is too long', { relay: { url: 'ws://h', room: 'r'.repeat(129) } }, /room/),
  badV2('a relay that is no websocket', { relay: { url: 'https://h', room: 'r' } }, /ws: or wss: URL/),
];

describe('parseCoordinates refuses', () => {
  for (const [name, text, code, message] of BAD) {
    it(name, () => {
      assert.throws(
        () => parseCoordinates(text),
        (error: unknown) => {
          assert.ok(error instanceof CoordinatesError, String(error));
          assert.equal(error.code, code);
          assert.match(error.message, message);
          assert.doesNotMatch(error.message, /[\r\n]/);
          assert.equal(error.cause, undefined, 'a cause of V8 quotes its input');
          assert.doesNotMatch(inspect(error), /TELL-NOBODY/);
          return true;
        },
      );
    });
  }

  it('leaves no trace on Object.prototype', () => {
    parseCoordinates(encodeText(`{"__proto__": {"polluted": 1}, ${JSON.stringify(plainJson).slice(1)}`));
    assert.equal('polluted' in {}, false);
  });
});

describe('formatCoordinates', () => {
  it('refuses what parseCoordinates would refuse', () => {
    const bad: readonly Coordinates[] = [
      { ...plain, secret: 'with space' },
      { ...plain, secret: '' },
      { ...plain, ips: [] },
      { ...plain, ports: [0, 1] },
      { ...v2, secret: Buffer.alloc(31) },
      { ...v2, candidates: [] },
      { ...v2, candidates: [{ url: 'ws://h:0/' }] },
      { ...v2, expiresAt: 1.5 },
      { ...v2, hint: 'two\nlines' },
    ];
    for (const coordinates of bad) {
      assert.throws(
        () => formatCoordinates(coordinates),
        (error: unknown) => error instanceof CoordinatesError && error.code === 'coordinates-malformed',
      );
    }
  });

  it('fits the largest coordinates into what parseCoordinates takes', () => {
    const url = `ws://h/${'p'.repeat(505)}`;
    const candidates = Array.from({ length: 64 }, () => ({ url }));
    const largest: readonly Coordinates[] = [
      { ...v2, candidates, hint: '\u20ac'.repeat(200), expiresAt: 8.64e12, relay: { url, room: 'r'.repeat(128) } },
      { version: 1, ips: Array.from({ length: 64 }, () => 'abcdefg.'.repeat(31)), ports: [50_000, 60_000], secret: '"'.repeat(1024) },
    ];
    for (const coordinates of largest) assert.deepEqual(parseCoordinates(formatCoordinates(coordinates)), coordinates);
  });
});
