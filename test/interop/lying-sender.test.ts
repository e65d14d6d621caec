/**
 * A sender that breaks the rules, against our receiver in both its roles: a client of a raw server, and a server with a
 * raw client. No Python is needed, and none would do such things.
 */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { WebSocket } from 'ws';
import { startServer, startStreamer } from '../support/cli.js';
import { assertFailed, assertNothingIn, type Expected } from './failure.js';
import { SECRET, targetIn } from './pairing.js';
import { connectRaw, content, say, send, startRawServer } from './raw-peer.js';

/** "Within seconds": a close that the peer does not answer takes two. */
const SOON_MS = 10_000;
const SIZE = 3000;
const { bytes, hash } = content(SIZE);
const KIB = 1024;

const SIZE_LIE: Expected = { exit: 7, code: 'integrity-size' };
const BROKEN: Expected = { exit: 6, code: 'protocol-violation' };
const LOST: Expected = { exit: 5, code: 'connect-lost', says: /before the whole file had come; the compat wire cannot resume/ };

interface Lie {
  readonly name: string;
  readonly tell: (socket: WebSocket) => Promise<unknown>;
  readonly expected: Expected;
  /** The close that our server answers with; absent where the liar closes first. */
  readonly close?: number;
}

/** Sends these messages, text or binary as they are, and leaves the rest to the other end. */
const messages =
  (...all: readonly (string | Buffer)[]) =>
  async (socket: WebSocket): Promise<void> => {
    for (const message of all) await send(socket, message);
  };

const then =
  (before: (socket: WebSocket) => Promise<void>, last: (socket: WebSocket) => void) =>
  async (socket: WebSocket): Promise<void> => {
    await before(socket);
    last(socket);
  };

const rawInit = (size: string) => Buffer.from(`{"type": "init", "num_chunks": 1, "file_size": ${size}}`);
const sizeOf = (written: string): Lie => ({ name: `the size is ${written}`, tell: messages(rawInit(written), bytes, say.eof(hash)), expected: BROKEN, close: 1011 });
const firstIs = (name: string, message: string | Buffer): Lie => ({ name: `the init is ${name}`, tell: messages(message, bytes, say.eof(hash)), expected: BROKEN, close: 1011 });
const eofIs = (name: string, message: string | Buffer, expected = BROKEN): Lie => ({ name: `the eof is ${name}`, tell: messages(say.init(SIZE), bytes, message), expected, close: 1011 });

/** One or two of each kind: test/unit/compat has every malformed message. */
const LIES: readonly Lie[] = [
  { name: 'the size is one too small, the last message holds too much', tell: messages(say.init(SIZE - 1), bytes, say.eof(hash)), expected: SIZE_LIE, close: 1011 },
  { name: 'the size is too small, a short message follows', tell: messages(say.init(SIZE - 10), bytes.subarray(0, SIZE - 10), bytes.subarray(SIZE - 10), say.eof(hash)), expected: SIZE_LIE, close: 1011 },
  { name: 'the size is too small, a long message follows', tell: messages(say.init(1), bytes.subarray(0, 1), Buffer.alloc(64 * KIB), say.eof(hash)), expected: SIZE_LIE, close: 1011 },
  { name: 'the size is zero and there is data', tell: messages(say.init(0), bytes, say.eof(hash)), expected: SIZE_LIE, close: 1011 },
  { name: 'the size is one too large, the eof is text', tell: messages(say.init(SIZE + 1), bytes, say.eof(hash)), expected: { ...SIZE_LIE, says: /after 3000 of 3001 bytes/ }, close: 1011 },
  { name: 'the size is one too large, the eof is binary', tell: messages(say.init(SIZE + 1), bytes, say.pythonEof(hash)), expected: SIZE_LIE, close: 1011 },
  { name: 'the size is too large by just the eof, and the sender leaves', tell: then(messages(say.init(SIZE + 98), bytes, say.pythonEof(hash)), (socket) => socket.close(1000)), expected: LOST },
  sizeOf('-1'),
  sizeOf('2999.5'),
  sizeOf('"3000"'),
  sizeOf('NaN'),
  sizeOf('9007199254740992'),
  firstIs('no JSON', bytes),
  firstIs('without a size', Buffer.from('{"type": "init", "num_chunks": 1}')),
  firstIs('text', say.init(SIZE).toString()),
  firstIs('an eof', say.eof(hash)),
  firstIs('a 5 MiB chunk', Buffer.alloc(5 * KIB * KIB)),
  { name: 'the init comes twice', tell: messages(say.init(SIZE), say.init(SIZE), bytes, say.eof(hash)), expected: SIZE_LIE, close: 1011 },
  eofIs("another file's", say.eof('0'.repeat(64)), { exit: 7, code: 'integrity-digest', says: /SHA-256/ }),
  eofIs("another file's, as the Python sender writes it", say.pythonEof('0'.repeat(64)), { exit: 7, code: 'integrity-digest' }),
  eofIs('without a hash', '{"type":"eof"}'),
  eofIs('some other text', 'the end'),
  eofIs('a text longer than any eof', ' '.repeat(5 * KIB)),
  eofIs('the error text that the Python receiver looks for', '{"type":"error","error":"OSError"}'),
  { name: 'an error text comes instead of data', tell: messages(say.init(SIZE), '{"type":"error","error":"OSError"}'), expected: SIZE_LIE, close: 1011 },
  { name: 'text comes between the data', tell: messages(say.init(SIZE), bytes.subarray(0, 1000), 'x', bytes.subarray(1000), say.eof(hash)), expected: SIZE_LIE, close: 1011 },
  { name: 'there is no eof, and a clean close', tell: then(messages(say.init(SIZE), bytes), (socket) => socket.close(1000)), expected: LOST },
  { name: 'there is no eof, and a close without a code', tell: then(messages(say.init(SIZE), bytes), (socket) => socket.close()), expected: LOST },
  { name: 'there is no eof, and a server that stops (1001)', tell: then(messages(say.init(SIZE), bytes), (socket) => socket.close(1001)), expected: { exit: 5, code: 'connect-lost', says: /was stopped/ } },
  { name: 'there is no eof, and the link breaks', tell: then(messages(say.init(SIZE), bytes), (socket) => socket.terminate()), expected: LOST },
  { name: 'there is nothing at all, and a clean close', tell: then(messages(), (socket) => socket.close(1000)), expected: LOST },
  { name: 'a message is one byte over 6.25 MiB', tell: messages(say.init(7_000_000), Buffer.alloc(6_553_601)), expected: { exit: 9, code: 'limit-frame' }, close: 1009 },
  { name: 'a message in pieces is over 6.25 MiB', tell: oversizeInPieces, expected: { exit: 9, code: 'limit-frame' }, close: 1009 },
  { name: 'the sender has no such file (3003)', tell: then(messages(), (socket) => socket.close(3003, '{"type": "error", "error": "FileNotFoundError"}')), expected: { exit: 8, code: 'storage-missing' } },
  { name: 'the sender may not read its file (1011)', tell: then(messages(), (socket) => socket.close(1011, '{"type": "error", "error": "PermissionError"}')), expected: { exit: 8, code: 'storage-io', says: /could not read the file: PermissionError/ } },
  { name: 'the sender fails in the middle (1011)', tell: then(messages(say.init(SIZE), bytes.subarray(1)), (socket) => socket.close(1011, '{"type": "error", "error": "ValueError"}')), expected: { ...BROKEN, says: /1011: ValueError/ } },
  { name: 'the sender closes with a reason made to deceive a terminal', tell: then(messages(), (socket) => socket.close(1011, '\u001b[2K\rall is well\nreally')), expected: { ...BROKEN, says: /1011: \[2K all is well really \[/ } },
];

async function oversizeInPieces(socket: WebSocket): Promise<void> {
  await send(socket, say.init(7_000_000));
  await send(socket, Buffer.alloc(4_000_000), { fin: false });
  await send(socket, Buffer.alloc(2_553_601), { fin: false });
}

describe('our client, and a server that sends what it should not', { concurrency: 2 }, () => {
  for (const lie of [...LIES, { name: 'the size is 10^15', tell: then(messages(say.init(1e15)), (socket) => socket.close(1000)), expected: undefined }]) {
    it(lie.name, async (t) => {
      const { directory, target } = await targetIn(t);
      const server = await startRawServer(t, async (socket) => {
        await lie.tell(socket);
      });
      const ended = await startStreamer(t, ['receive', server.coordinates, target]).exitWithin(SOON_MS);
      // A client has no limit of its own: its disk refuses such a size, or the sender leaves.
      assertFailed(ended, lie.expected ?? (ended.code === 5 ? LOST : { exit: 8, code: 'storage-full' }));
      await assertNothingIn(directory);
    });
  }
});

async function serverToldOf(t: TestContext, lie: Lie, args: readonly string[] = []): Promise<void> {
  const { directory, target } = await targetIn(t);
  const server = await startServer(t, 'receive', target, { args: ['--secret', SECRET, ...args] });
  const { socket, closed } = await connectRaw(t, server.port);
  socket.on('error', () => undefined);
  await lie.tell(socket).catch(() => undefined);
  assertFailed(await server.child.exitWithin(SOON_MS), lie.expected);
  await assertNothingIn(directory);
  if (lie.close !== undefined) assert.equal((await closed).code, lie.close);
}

describe('our server, and a client that sends what it should not', { concurrency: 2 }, () => {
  for (const lie of LIES) it(lie.name, (t) => serverToldOf(t, lie));

  it('the size is 10^15', (t) => serverToldOf(t, { name: '', tell: messages(say.init(1e15)), expected: { exit: 9, code: 'limit-inbound' }, close: 1009 }));
});
