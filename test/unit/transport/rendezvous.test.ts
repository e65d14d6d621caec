import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { AuthError, ConnectError, LimitError, ProtocolError } from '../../../src/errors.js';
import { isRoomId, JOIN_PATH, NOTICE_BYTES_MAX, readPairedNotice, relayPlace, relayRefusal, roomOf, roomOfHeader, WAIT_PATH, writePairedNotice } from '../../../src/transport/rendezvous.js';

describe('a room', () => {
  const key = fc.uint8Array({ minLength: 32, maxLength: 32 });

  it('is named by its key, in a header as in bytes', () => {
    fc.assert(
      fc.property(key, (bytes) => {
        const id = roomOf(bytes);
        assert.ok(isRoomId(id));
        assert.equal(roomOfHeader(Buffer.from(bytes).toString('base64url')), id);
      }),
    );
  });

  it('is not opened by what is no key', () => {
    const right = Buffer.alloc(32, 0xfb).toString('base64url');
    const wrong = [undefined, '', right.slice(1), `${right}A`, `${right}=`, ` ${right}`, right.replaceAll('-', '+'), Buffer.alloc(31).toString('base64url'), Buffer.alloc(33).toString('base64url'), `${right.slice(0, -1)}z`, 'x'.repeat(100_000)];
    assert.ok(roomOfHeader(right) !== undefined);
    for (const header of wrong) assert.equal(roomOfHeader(header), undefined, header?.slice(0, 50));
  });

  it('of any header is one, or none', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.base64String({ minLength: 40, maxLength: 48 }), fc.stringMatching(/^[A-Za-z0-9_-]{43}$/)), (text) => assert.ok(isRoomId(roomOfHeader(text) ?? roomOf(Buffer.alloc(32))))));
  });

  it('that is opened by an id, which is no key, is another one', () => {
    const id = roomOf(Buffer.alloc(32, 1));
    assert.notEqual(roomOfHeader(id), id);
  });

  it('has an id of 43 characters of base64url', () => {
    for (const text of ['x'.repeat(43), `${'-'.repeat(42)}_`]) assert.ok(isRoomId(text));
    for (const text of [undefined, '', 'x'.repeat(42), 'x'.repeat(44), `${'x'.repeat(42)}=`, `${'x'.repeat(43)}\n`, `${'x'.repeat(42)}é`]) assert.equal(isRoomId(text), false, text);
  });
});

describe('the place at a relay', () => {
  it('is below its URL', () => {
    const cases = {
      'ws://relay.example.org': { host: 'relay.example.org', port: 80, path: '/wait' },
      'wss://relay.example.org': { host: 'relay.example.org', port: 443, path: '/wait', secure: true },
      'wss://relay.example.org:8443/': { host: 'relay.example.org', port: 8443, path: '/wait', secure: true },
      'ws://[2001:db8::1]:81/a/b//': { host: '2001:db8::1', port: 81, path: '/a/b/wait' },
      'ws://192.0.2.1:5680/a?site=x&y=/z/': { host: '192.0.2.1', port: 5680, path: '/a/wait?site=x&y=/z/' },
    };
    for (const [url, place] of Object.entries(cases)) {
      assert.deepEqual(relayPlace(url, WAIT_PATH), place, url);
      assert.deepEqual(relayPlace(url, JOIN_PATH), { ...place, path: place.path.replace('/wait', '/join') }, url);
    }
  });
});

describe('a refusal', () => {
  it('is an error of its class, and is worth another try or not', () => {
    const cases = [
      [400, ProtocolError, false],
      [401, AuthError, false],
      [403, AuthError, false],
      [404, ConnectError, true],
      [408, ConnectError, true],
      [410, LimitError, false],
      [429, ConnectError, true],
      [500, ConnectError, true],
      [502, ConnectError, true],
      [503, ConnectError, true],
      [504, ConnectError, true],
      [200, ProtocolError, false],
      [301, ProtocolError, false],
      [426, ProtocolError, false],
      [0, ProtocolError, false],
    ] as const;
    for (const end of ['server', 'client'] as const) {
      for (const [status, type, retryable] of cases) {
        for (const text of ['', 'because of this']) {
          const error = relayRefusal({ status, text }, end);
          assert.ok(error instanceof type, `${status}: ${error.name}`);
          assert.equal(error.retryable, retryable, `${status}`);
          assert.doesNotMatch(error.message, /\n|undefined/u);
          if (text !== '' && [400, 410, 429, 503, 504, 200].includes(status)) assert.ok(error.message.includes(text), error.message);
        }
      }
    }
  });

  it('tells each end what that end can do about it', () => {
    const of = (status: number, end: 'server' | 'client') => relayRefusal({ status, text: '' }, end).message;
    assert.match(of(401, 'server'), /`relay.token`/u);
    assert.match(of(403, 'server'), /token/u);
    assert.match(of(404, 'client'), /no server waits/u);
    for (const status of [401, 403]) assert.doesNotMatch(of(status, 'client'), /token-file|TOKEN/u, 'a client has no token');
    assert.doesNotMatch(of(404, 'server'), /no server waits/u, 'that is what it came for');
    assert.match(of(404, 'server'), /`relay.url`/u);
  });
});

describe("a relay's notice", () => {
  const remote = fc.oneof(fc.stringMatching(/^[\x21-\x7e]{1,256}$/), fc.ipV4().map((address) => `${address}:4711`), fc.ipV6().map((address) => `[${address}]:1`));

  it('is read as it was written', () => {
    fc.assert(
      fc.property(remote, fc.maxSafeNat(), (from, waiting) => {
        const text = writePairedNotice({ remote: from, waiting }).toString();
        assert.deepEqual(readPairedNotice(text), { remote: from, waiting });
      }),
    );
    assert.equal(String(writePairedNotice({ remote: '192.0.2.7:40112', waiting: 2 })), '{"paired":{"remote":"192.0.2.7:40112","waiting":2}}');
  });

  it('may have fields that we do not know', () => {
    assert.deepEqual(readPairedNotice('{"v":3,"paired":{"remote":"a:1","waiting":0,"more":[]},"x":null}'), { remote: 'a:1', waiting: 0 });
  });

  it('is nothing else', () => {
    const wrong = [
      '', 'null', '5', '[]', '{}', '"paired"', '{"paired":null}', '{"paired":5}', '{"paired":{}}', '{"paired":{"remote":"a:1"}}', '{"paired":{"waiting":1}}',
      '{"paired":{"remote":5,"waiting":1}}', '{"paired":{"remote":"a:1","waiting":"1"}}', '{"paired":{"remote":"a:1","waiting":-1}}', '{"paired":{"remote":"a:1","waiting":1.5}}',
      '{"paired":{"remote":"a:1","waiting":1e16}}', '{"paired":{"remote":"a:1","waiting":1}', '{"paired":{"remote":"","waiting":1}}', `{"paired":{"remote":"${'x'.repeat(257)}","waiting":1}}`,
    ];
    for (const text of wrong) assert.equal(readPairedNotice(text), undefined, text);
  });

  it('of more than its bytes is none', () => {
    const notice = writePairedNotice({ remote: 'a:1', waiting: 0 }).toString();
    assert.ok(readPairedNotice(notice.padEnd(NOTICE_BYTES_MAX)) !== undefined);
    assert.equal(readPairedNotice(notice.padEnd(NOTICE_BYTES_MAX + 1)), undefined);
  });

  it('brings nothing to a terminal that is no text there', () => {
    for (const from of ['\u001b[2J', 'a\nb', '\u202ea', 'a b', '\u0000', 'ü', '\u007f']) assert.equal(readPairedNotice(JSON.stringify({ paired: { remote: from, waiting: 0 } })), undefined, JSON.stringify(from));
  });

  it('is two fields that can be shown and counted, or none, for any text', () => {
    const value = fc.oneof(fc.jsonValue(), fc.string(), fc.integer(), fc.double());
    const like = fc.tuple(fc.oneof(remote, value), value).map(([from, waiting]) => JSON.stringify({ paired: { remote: from, waiting } }));
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.json(), like), (text) => {
        const notice = readPairedNotice(text);
        if (notice === undefined) return;
        assert.match(notice.remote, /^[\x21-\x7e]{1,256}$/u);
        assert.ok(Number.isSafeInteger(notice.waiting) && notice.waiting >= 0);
      }),
      { numRuns: 800 },
    );
  });
});
