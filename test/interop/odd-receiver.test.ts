/**
 * Receivers that refuse, leave, or talk, against our sender in both its roles. A file counts as sent only when the
 * receiver closes cleanly after the eof: that is all that this wire ever says.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import type { RawData, WebSocket } from 'ws';
import { startServer, startStreamer, type Finished } from '../support/cli.js';
import { assertFailed, type Expected } from './failure.js';
import { SECRET } from './pairing.js';
import { connectRaw, content, startRawServer } from './raw-peer.js';

const SOON_MS = 10_000;
const MIB = 1024 * 1024;
/** More than the sockets' buffers hold, so that the sender is still at it when it is refused. */
const { bytes, hash } = content(40 * MIB);

const UNFINISHED: Expected = { exit: 5, code: 'connect-lost', says: /before the receiver had the whole file; the compat wire cannot resume/ };
const error = (name: string) => `{"type": "error", "error": "${name}"}`;

interface Receiver {
  readonly name: string;
  /** Called for each message, with those that came before it. */
  readonly hears: (socket: WebSocket, message: Heard, count: number) => void;
  /** Undefined: the file counts as sent. */
  readonly expected: Expected | undefined;
}

interface Heard {
  readonly bytes: Buffer;
  readonly text: boolean;
}

const atFirst = (act: (socket: WebSocket) => void) => (socket: WebSocket, _message: Heard, count: number): void => {
  if (count === 1) act(socket);
};
const inTheMiddle = (act: (socket: WebSocket) => void) => (socket: WebSocket, _message: Heard, count: number): void => {
  if (count === 3) act(socket);
};
const afterEof = (act: (socket: WebSocket) => void) => (socket: WebSocket, message: Heard): void => {
  if (message.text) act(socket);
};
const closes = (code?: number, reason?: string) => (socket: WebSocket): void => socket.close(code, reason);

const RECEIVERS: readonly Receiver[] = [
  { name: 'closes cleanly after the eof', hears: afterEof(closes(1000)), expected: undefined },
  { name: 'closes without a code after the eof', hears: afterEof(closes()), expected: undefined },
  { name: 'closes cleanly before the eof', hears: inTheMiddle(closes(1000)), expected: UNFINISHED },
  { name: 'is stopped after the eof (1001), perhaps before it has read it', hears: afterEof(closes(1001)), expected: { exit: 5, code: 'connect-lost', says: /was stopped/ } },
  { name: 'breaks the link after the eof', hears: afterEof((socket) => socket.terminate()), expected: UNFINISHED },
  { name: 'breaks the link in the middle', hears: inTheMiddle((socket) => socket.terminate()), expected: { exit: 5, code: 'connect-lost' } },
  { name: 'breaks the link at once', hears: atFirst((socket) => socket.terminate()), expected: { exit: 5, code: 'connect-lost' } },
  { name: 'has such a file already (3003)', hears: atFirst(closes(3003, error('FileNotFoundError'))), expected: { exit: 8, code: 'storage-exists', says: /nothing was overwritten/ } },
  { name: 'has a limit (1009)', hears: inTheMiddle(closes(1009, 'Inbound transfer limit exceeded, max allowed transfer size: 10 bytes.')), expected: { exit: 9, code: 'limit-inbound', says: /max allowed transfer size: 10 bytes/ } },
  { name: 'has no directory for it (1011)', hears: atFirst(closes(1011, error('FileNotFoundError'))), expected: { exit: 8, code: 'storage-io', says: /could not write the file: FileNotFoundError/ } },
  { name: 'has a full disk (1011)', hears: inTheMiddle(closes(1011, error('OSError'))), expected: { exit: 8, code: 'storage-io' } },
  { name: 'does not like the init (1011)', hears: atFirst(closes(1011, error('JSONDecodeError'))), expected: { exit: 6, code: 'protocol-violation', says: /JSONDecodeError/ } },
  { name: 'is ours and reports another hash (1011)', hears: afterEof(closes(1011, '{"type":"error","error":"IntegrityError","code":"integrity-digest"}')), expected: { exit: 7, code: 'integrity-digest' } },
  { name: 'is ours and was stopped (1011)', hears: inTheMiddle(closes(1011, '{"type":"error","error":"AbortError","code":"aborted"}')), expected: { exit: 5, code: 'connect-lost', says: /cannot resume/ } },
  { name: 'closes with a code that says nothing to us', hears: inTheMiddle(closes(4321, 'what?')), expected: { exit: 6, code: 'protocol-violation', says: /4321: what\?/ } },
  { name: 'says something, in text', hears: inTheMiddle((socket) => socket.send('{"type":"error","error":"OSError"}')), expected: { exit: 6, code: 'protocol-violation' } },
  { name: 'says something, in binary', hears: inTheMiddle((socket) => socket.send(Buffer.of(0))), expected: { exit: 6, code: 'protocol-violation' } },
];

/** Listens as the receiver of the case does, and keeps what it hears. */
function listen(socket: WebSocket, receiver: Receiver): Heard[] {
  const heard: Heard[] = [];
  socket.on('error', () => undefined);
  socket.on('message', (data: RawData, isBinary: boolean) => {
    const message = { bytes: data as Buffer, text: !isBinary };
    heard.push(message);
    receiver.hears(socket, message, heard.length);
  });
  return heard;
}

function assertOutcome(ended: Finished, heard: readonly Heard[], { expected }: Receiver): void {
  if (expected !== undefined) {
    assertFailed(ended, expected);
    return;
  }
  assert.equal(ended.code, 0, ended.stderr);
  assert.match(ended.stderr, /the receiver does not confirm on this wire/, 'it claims no more than it knows');
  assert.deepEqual(heard.map(({ text }) => text), [...Array.from({ length: 9 }, () => false), true], 'init and eight chunks are binary, the eof is text');
  assert.equal(heard[0]?.bytes.toString(), `{"type":"init","num_chunks":8,"file_size":${bytes.length}}`);
  assert.deepEqual(heard.slice(1, 9).map((message) => message.bytes.length), Array.from({ length: 8 }, () => 5 * MIB), 'each of 5 MiB: the reference counts its limit in these');
  assert.ok(Buffer.concat(heard.slice(1, 9).map((message) => message.bytes)).equals(bytes));
  assert.equal(heard[9]?.bytes.toString(), `{"type":"eof","sha256_hash":"${hash}"}`);
}

const directory = await mkdtemp(path.join(os.tmpdir(), 'streamer-odd-receiver-'));
after(() => rm(directory, { recursive: true, force: true }));
const source = path.join(directory, 'source.bin');
await writeFile(source, bytes);

describe('our client sends to a server that', { concurrency: 2 }, () => {
  for (const receiver of RECEIVERS) {
    it(receiver.name, async (t) => {
      let heard: Heard[] = [];
      const server = await startRawServer(t, (socket) => {
        heard = listen(socket, receiver);
      });
      const ended = await startStreamer(t, ['send', server.coordinates, source]).exitWithin(SOON_MS);
      assertOutcome(ended, heard, receiver);
    });
  }
});

describe('our server sends to a client that', { concurrency: 2 }, () => {
  for (const receiver of RECEIVERS) {
    it(receiver.name, async (t) => {
      const server = await startServer(t, 'send', source, { args: ['--secret', SECRET] });
      const { socket } = await connectRaw(t, server.port);
      const heard = listen(socket, receiver);
      assertOutcome(await server.child.exitWithin(SOON_MS), heard, receiver);
    });
  }
});
