import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildEof, buildInit, closeForError, COMPAT_CHUNK_BYTES, COMPAT_MESSAGE_MAX, errorFromClose, isEof, parseEof, parseInit } from '../../../src/compat/messages.js';
import {
  AbortError,
  AuthError,
  ConnectError,
  ERROR_CODES,
  errorFromPeer,
  IntegrityError,
  LimitError,
  ProtocolError,
  StorageError,
  TimeoutError,
  UsageError,
  type ErrorCode,
  type StreamerError,
} from '../../../src/errors.js';

const MIB = 1024 * 1024;
const HASH = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
/** Payload of a close frame, less the code: RFC 6455 section 5.5. */
const REASON_MAX = 123;

const broken = (error: unknown) => error instanceof ProtocolError && error.code === 'protocol-violation' && !/[\r\n]/.test(error.message);

describe('the numbers of the reference', () => {
  it('are 5 MiB a chunk and 6.25 MiB a message', () => {
    assert.equal(COMPAT_CHUNK_BYTES, 5 * MIB);
    assert.equal(COMPAT_MESSAGE_MAX, 6.25 * MIB);
  });
});

describe('buildInit', () => {
  for (const [size, chunks] of [[0, 0], [1, 1], [5 * MIB - 1, 1], [5 * MIB, 1], [5 * MIB + 1, 2], [12_000_000, 3], [2 ** 53 - 1, 1_717_986_919]] as const) {
    it(`announces ${size} bytes as ${chunks} chunks`, () => {
      assert.equal(buildInit(size).toString(), `{"type":"init","num_chunks":${chunks},"file_size":${size}}`);
    });
  }
});

describe('buildEof', () => {
  it('writes what the Python receiver looks for at the start of a text', () => {
    assert.equal(buildEof(HASH).toString(), `{"type":"eof","sha256_hash":"${HASH}"}`);
    assert.ok(buildEof(HASH).toString().startsWith('{"type":"eof"'));
  });
});

describe('parseInit', () => {
  for (const text of ['{"type": "init", "num_chunks": 3, "file_size": 12000000}', '{"file_size":12000000,"type":"init"}', ' {"type":"init","file_size":1.2e7,"more":[]} ']) {
    it(`reads ${text}`, () => assert.deepEqual(parseInit(Buffer.from(text)), { size: 12_000_000 }));
  }

  it('reads what buildInit wrote', () => {
    for (const size of [0, 1, 12_000_000, Number.MAX_SAFE_INTEGER]) assert.deepEqual(parseInit(buildInit(size)), { size });
  });

  const bad = ['', 'init', 'null', '7', '"init"', '[]', '{}', '{"type":"init"}', '{"type":"eof","file_size":1}', '{"type":["init"],"file_size":1}', '{"type":"init","file_size":1}x'];
  for (const text of bad) it(`refuses ${JSON.stringify(text)}`, () => assert.throws(() => parseInit(Buffer.from(text)), broken));
  for (const size of ['-1', '-0.5', '1.5', '"1"', 'null', 'true', '[1]', '{}', '1e999', '-1e999', '9007199254740992', '1e20']) {
    it(`refuses the size ${size}`, () => assert.throws(() => parseInit(Buffer.from(`{"type":"init","file_size":${size}}`)), broken));
  }

  it('refuses what is not UTF-8', () => {
    assert.throws(() => parseInit(Buffer.from('{"type":"init","file_size":1,"x":"\xff"}', 'latin1')), broken);
  });

  it('does not find fields in a prototype', () => {
    assert.throws(() => parseInit(Buffer.from('{"__proto__":{"type":"init","file_size":1}}')), broken);
  });
});

describe('parseEof', () => {
  for (const text of [`{"type": "eof", "sha256_hash": "${HASH}"}`, `{"type":"eof","sha256_hash":"${HASH.toUpperCase()}"}`, `{"sha256_hash":"${HASH}","type":"eof","more":1}`]) {
    it(`reads ${text}`, () => assert.equal(parseEof(Buffer.from(text)), HASH));
  }

  for (const hash of ['""', 'null', '1', `"${HASH.slice(1)}"`, `"${HASH}0"`, `"${HASH.slice(1)}g"`, `" ${HASH.slice(1)}"`, `["${HASH}"]`]) {
    it(`refuses the hash ${hash}`, () => {
      const message = Buffer.from(`{"type":"eof","sha256_hash":${hash}}`);
      assert.throws(() => parseEof(message), broken);
      assert.equal(isEof(message), true, 'though it is an eof');
    });
  }

  for (const text of ['', 'eof', 'null', '[]', '{"type":"init"}', `{"sha256_hash":"${HASH}"}`, `{"type":"eof"`]) {
    it(`refuses ${text}`, () => {
      assert.throws(() => parseEof(Buffer.from(text)), broken);
      assert.equal(isEof(Buffer.from(text)), false);
    });
  }
});

describe('closeForError', () => {
  it('says FileNotFoundError with 3003 of a file that is missing and of one that exists, as the reference does', () => {
    for (const code of ['storage-missing', 'storage-exists'] as const) {
      assert.deepEqual(closeForError(new StorageError(code, 'x')), { code: 3003, reason: `{"type":"error","error":"FileNotFoundError","code":"${code}"}` });
    }
  });

  it("says the limit's own words with 1009", () => {
    assert.deepEqual(closeForError(new LimitError('limit-inbound', 'too much')), { code: 1009, reason: 'too much' });
  });

  it("says any other error's class with 1011, and nothing of its message", () => {
    for (const error of [new StorageError('storage-io', '/a/path'), new IntegrityError('integrity-digest', 'x'), new UsageError('x'), new TimeoutError('timeout-idle', 'x')]) {
      assert.deepEqual(closeForError(error), { code: 1011, reason: `{"type":"error","error":"${error.name}","code":"${error.code}"}` });
    }
  });

  it('says nothing of a bug but that there is one', () => {
    for (const bug of [new TypeError('x of undefined'), 'text', undefined]) assert.deepEqual(closeForError(bug), { code: 1011, reason: '{"type":"error","error":"Error"}' });
  });

  for (const [name, codes] of Object.entries(ERROR_CODES)) {
    for (const code of codes) {
      it(`${name} ${code} fits a close frame, and the other end fails with the same class`, () => {
        const error = errorFromPeer(code, 'x');
        const sent = closeForError(code === 'aborted' ? new AbortError('x') : error);
        assert.ok(Buffer.byteLength(sent.reason) <= REASON_MAX, sent.reason);
        for (const peerIs of ['sender', 'receiver'] as const) {
          const heard = errorFromClose(sent.code, sent.reason, peerIs);
          assert.doesNotMatch(heard?.message ?? '', /is kept|to resume/, 'on this wire nothing is');
          // A stopped peer is a lost link here; a limit travels as text, without its code.
          assert.equal(heard?.name, code === 'aborted' ? 'ConnectError' : error.name);
          if (!(error instanceof LimitError) && code !== 'aborted') assert.equal(heard.code, code);
        }
      });
    }
  }
});

const reason = (error: string) => `{"type": "error", "error": "${error}"}`;

interface Heard {
  readonly code: number;
  readonly reason: string;
  readonly peerIs?: 'sender' | 'receiver';
  readonly means: new (code: never, message: string) => StreamerError;
  readonly as: ErrorCode;
}

const HEARD: readonly Heard[] = [
  { code: 1001, reason: '', means: ConnectError, as: 'connect-lost' },
  { code: 1002, reason: 'reserved bit', means: ProtocolError, as: 'protocol-violation' },
  { code: 1003, reason: '', means: ProtocolError, as: 'protocol-violation' },
  { code: 1008, reason: '', means: ProtocolError, as: 'protocol-violation' },
  { code: 1009, reason: '', means: LimitError, as: 'limit-inbound' },
  { code: 1009, reason: 'frame with 7000000 bytes exceeds limit of 6553600 bytes', means: LimitError, as: 'limit-inbound' },
  { code: 1011, reason: '', means: ConnectError, as: 'connect-lost' },
  { code: 1011, reason: '{"error": ""}', means: ConnectError, as: 'connect-lost' },
  { code: 1011, reason: reason('JSONDecodeError'), means: ProtocolError, as: 'protocol-violation' },
  { code: 1011, reason: reason('OSError'), means: StorageError, as: 'storage-io' },
  { code: 1011, reason: reason('PermissionError'), means: StorageError, as: 'storage-io' },
  { code: 1011, reason: reason('IsADirectoryError'), means: StorageError, as: 'storage-io' },
  { code: 1011, reason: reason('FileNotFoundError'), means: StorageError, as: 'storage-io' },
  { code: 1011, reason: reason('NotAnOSErrorAtAll'), means: ProtocolError, as: 'protocol-violation' },
  { code: 1011, reason: reason('HashMismatch'), means: IntegrityError, as: 'integrity-digest' },
  { code: 1011, reason: '{"error": "x", "code": "storage-full"}', means: StorageError, as: 'storage-full' },
  { code: 1011, reason: '{"error": "x", "code": "auth-refused"}', means: AuthError, as: 'auth-refused' },
  { code: 1011, reason: '{"error": "x", "code": "of-the-future"}', means: ProtocolError, as: 'protocol-violation' },
  { code: 1011, reason: '{"error": 7, "code": 8}', means: ProtocolError, as: 'protocol-violation' },
  { code: 1011, reason: '{"type": "err', means: ProtocolError, as: 'protocol-violation' },
  { code: 1011, reason: 'null', means: ProtocolError, as: 'protocol-violation' },
  { code: 3003, reason: reason('FileNotFoundError'), peerIs: 'sender', means: StorageError, as: 'storage-missing' },
  { code: 3003, reason: reason('FileNotFoundError'), peerIs: 'receiver', means: StorageError, as: 'storage-exists' },
  { code: 3003, reason: '', peerIs: 'receiver', means: StorageError, as: 'storage-exists' },
  { code: 4999, reason: 'whatever', means: ProtocolError, as: 'protocol-violation' },
];

describe('errorFromClose', () => {
  for (const code of [1000, 1005]) {
    it(`takes ${code} for a good end, whatever its reason`, () => {
      for (const text of ['', 'bye', reason('OSError')]) assert.equal(errorFromClose(code, text, 'receiver'), undefined);
    });
  }

  for (const { code, reason: text, peerIs = 'receiver', means, as } of HEARD) {
    it(`takes ${code} ${text} of a ${peerIs} for ${as}`, () => {
      const error = errorFromClose(code, text, peerIs);
      assert.ok(error instanceof means, String(error));
      assert.equal(error.code, as);
    });
  }

  it("shows a peer's words in one line, without control characters, and not all of them", () => {
    for (const code of [1009, 1011, 4000]) {
      const error = errorFromClose(code, `\u001b[31mred\r\nline two\u202e ${'x'.repeat(5000)}`, 'sender');
      assert.doesNotMatch(error?.message ?? '', /[\p{Cc}\p{Cf}]/u);
      assert.ok(String(error).length < 500);
    }
  });
});
