/**
 * A sender that is unlike the reference's but breaks no rule of the wire: our receiver takes the file, in both its roles.
 */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { WebSocket } from 'ws';
import { startServer, startStreamer } from '../support/cli.js';
import { HUNG_MS, SECRET, targetIn } from './pairing.js';
import { connectRaw, content, say, send, startRawServer } from './raw-peer.js';

const MIB = 1024 * 1024;
const small = content(700);
const large = content(6 * MIB);

interface Oddity {
  readonly name: string;
  readonly file: { readonly bytes: Buffer; readonly hash: string };
  readonly tell: (socket: WebSocket) => Promise<void>;
}

const messages =
  (...all: readonly (string | Buffer)[]) =>
  async (socket: WebSocket): Promise<void> => {
    for (const message of all) await send(socket, message);
  };

const smallAs = (name: string, init: Buffer, eof: string | Buffer): Oddity => ({ name, file: small, tell: messages(init, small.bytes, eof) });
const init = say.init(700);
const { hash } = small;

const ODDITIES: readonly Oddity[] = [
  { name: 'messages of one byte', file: small, tell: messages(init, ...Array.from(small.bytes, (byte) => Buffer.of(byte)), say.eof(hash)) },
  { name: 'one message of 6 MiB, more than the reference ever sends', file: large, tell: messages(say.init(6 * MIB), large.bytes, say.eof(large.hash)) },
  { name: 'empty messages between the others', file: small, tell: messages(init, Buffer.alloc(0), small.bytes.subarray(0, 1), Buffer.alloc(0), small.bytes.subarray(1), say.eof(hash)) },
  { name: 'every message in fragments, pings between them', file: small, tell: inFragments },
  smallAs('an eof as the Python sender writes it, binary, with spaces', init, say.pythonEof(hash)),
  smallAs('an eof as the Python receiver wants it, text, without spaces', init, say.eof(hash)),
  smallAs('an eof as text with spaces', init, say.pythonEof(hash).toString()),
  smallAs('an eof as binary without spaces', init, Buffer.from(say.eof(hash))),
  smallAs('an eof in capitals, with more keys, in another order', init, `{"more": [1, {}], "sha256_hash": "${hash.toUpperCase()}", "type": "eof"}`),
  smallAs('an init without spaces, with more keys', Buffer.from('{"file_size":700,"name":"x","type":"init"}'), say.eof(hash)),
  smallAs('an init whose count of chunks is wrong', say.init(700, 'many'), say.eof(hash)),
  smallAs('an init whose size is written 7e2', Buffer.from('{"type": "init", "num_chunks": 1, "file_size": 7e2}'), say.eof(hash)),
  { name: 'another message after the eof', file: small, tell: messages(init, small.bytes, say.eof(hash), Buffer.from('more')) },
  { name: 'a link that breaks right after the eof', file: small, tell: thenBreak },
];

async function inFragments(socket: WebSocket): Promise<void> {
  for (const message of [init, small.bytes, say.pythonEof(hash)]) {
    await send(socket, message.subarray(0, 20), { fin: false });
    socket.ping();
    await send(socket, message.subarray(20, 40), { fin: false });
    socket.ping('hello');
    await send(socket, message.subarray(40));
  }
}

async function thenBreak(socket: WebSocket): Promise<void> {
  await messages(init, small.bytes, say.eof(hash))(socket);
  socket.terminate();
}

async function assertArrived(directory: string, oddity: Oddity): Promise<void> {
  assert.deepEqual(await readdir(directory), ['received.bin']);
  assert.ok((await readFile(path.join(directory, 'received.bin'))).equals(oddity.file.bytes), 'byte for byte');
}

describe('our client takes a file from a server that sends', { concurrency: 2 }, () => {
  for (const oddity of ODDITIES) {
    it(oddity.name, async (t) => {
      const { directory, target } = await targetIn(t);
      const server = await startRawServer(t, (socket) => oddity.tell(socket));
      const ended = await startStreamer(t, ['receive', server.coordinates, target]).exitWithin(HUNG_MS);
      assert.equal(ended.code, 0, ended.stderr);
      await assertArrived(directory, oddity);
    });
  }
});

describe('our server takes a file from a client that sends', { concurrency: 2 }, () => {
  for (const oddity of ODDITIES) {
    it(oddity.name, async (t) => {
      const { directory, target } = await targetIn(t);
      const server = await startServer(t, 'receive', target, { args: ['--secret', SECRET] });
      const { socket, closed } = await connectRaw(t, server.port);
      await oddity.tell(socket);
      const ended = await server.child.exitWithin(HUNG_MS);
      assert.equal(ended.code, 0, ended.stderr);
      await assertArrived(directory, oddity);
      if (oddity.tell !== thenBreak) assert.equal((await closed).code, 1000);
    });
  }
});
