import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileDigest, loadChecksum } from '../../../src/crypto/checksum.js';
import { deriveKey } from '../../../src/crypto/kdf.js';
import { NoiseHandshake } from '../../../src/crypto/noise.js';
import { RecordOpener, RecordSealer } from '../../../src/crypto/record.js';
import { CHUNK_SIZE_DEFAULT, PROLOGUE } from '../../../src/wire/constants.js';
import { decodeFrame } from '../../../src/wire/decode.js';
import { splitPayload } from '../../../src/wire/decode-content.js';
import { encodeFrame } from '../../../src/wire/encode.js';
import { FRAME_TYPE, type Frame } from '../../../src/wire/frame.js';
import { ChunkTable } from '../../../src/wire/chunk-table.js';
import { ReceiverMachine } from '../../../src/wire/receiver-machine.js';
import type { ReceiverInput } from '../../../src/wire/receiver-steps.js';
import { SenderMachine } from '../../../src/wire/sender-machine.js';
import type { SenderInput } from '../../../src/wire/sender-steps.js';
import { plain } from '../../support/fake-frames.js';
import { frameOf, frameVectors, sessionVectors } from '../../support/fake-vectors.js';

const hex = (text: string) => Buffer.from(text, 'hex');
const session = sessionVectors();
const vectors = frameVectors();
const checksum = await loadChecksum();

describe('frames', () => {
  it('there is a vector for every type', () => {
    assert.deepEqual(new Set(vectors.map(({ type }) => type)), new Set(Object.keys(FRAME_TYPE)));
  });

  for (const vector of vectors) {
    it(`${vector.name}: encodes to its vector and decodes from it, however it is cut`, () => {
      const frame = frameOf(vector);
      assert.equal(Buffer.concat(encodeFrame(frame)).toString('hex'), vector.hex);
      const bytes = hex(vector.hex);
      assert.equal(bytes[0], FRAME_TYPE[vector.type]);
      for (let cut = 0; cut <= bytes.length; cut += 1) {
        assert.deepEqual(plain(decodeFrame([bytes.subarray(0, cut), bytes.subarray(cut)])), plain(frame), `cut at ${cut}`);
      }
      assert.deepEqual(plain(decodeFrame([...bytes].map((byte) => Buffer.of(byte)))), plain(frame));
    });
  }

  it('have the checksums of their payloads', () => {
    for (const frame of vectors.map(frameOf)) {
      if (frame.type === 'data') assert.equal(checksum.xxh64Pieces(frame.payload), frame.hash);
      if (frame.type !== 'whole') continue;
      const contents = [...splitPayload(frame.payload, frame.parts.map(({ length }) => length))];
      assert.deepEqual(contents.map((content) => checksum.xxh64Pieces(content)), frame.parts.map(({ hash }) => hash));
    }
  });
});

describe('a whole session', () => {
  const noise = (role: 'initiator' | 'responder', ephemeral: string) =>
    new NoiseHandshake({ role, prologue: Buffer.from(PROLOGUE), psk: deriveKey(hex(session.secret), 'handshake psk'), ephemeral: hex(ephemeral) });

  it('starts with the handshake of the vectors', () => {
    assert.equal(PROLOGUE, session.prologue);
    assert.equal(deriveKey(hex(session.secret), 'handshake psk').toString('hex'), session.psk);
    const [client, server] = [noise('initiator', session.clientEphemeral), noise('responder', session.serverEphemeral)];
    const message1 = client.writeMessage(Buffer.alloc(0));
    assert.equal(message1.toString('hex'), session.message1);
    assert.equal(server.readMessage(message1).length, 0);
    const message2 = server.writeMessage(Buffer.alloc(0));
    assert.equal(message2.toString('hex'), session.message2);
    assert.equal(client.readMessage(message2).length, 0);
    const [ours, theirs] = [client.split(), server.split()];
    assert.equal(ours.sendKey.toString('hex'), session.clientKey);
    assert.equal(ours.receiveKey.toString('hex'), session.serverKey);
    assert.deepEqual([theirs.sendKey, theirs.receiveKey], [ours.receiveKey, ours.sendKey]);
    assert.equal(ours.handshakeHash.toString('hex'), session.handshakeHash);
  });

  it('goes on with its records, each way with its own key and counter', () => {
    const ends = { client: new RecordSealer(hex(session.clientKey)), server: new RecordSealer(hex(session.serverKey)) };
    const openers = { client: new RecordOpener(hex(session.clientKey)), server: new RecordOpener(hex(session.serverKey)) };
    const counters = { client: 0, server: 0 };
    for (const { name, from, counter, frame, record } of session.records) {
      assert.equal(counter, counters[from]);
      counters[from] += 1;
      const decoded = decodeFrame([hex(frame)]);
      assert.equal(decoded.type, name);
      assert.equal(Buffer.concat(ends[from].seal(encodeFrame(decoded))).toString('hex'), record, name);
      const opened = [...openers[from].update(hex(record)), ...openers[from].finish()];
      assert.equal(Buffer.concat(opened).toString('hex'), frame, name);
    }
  });

  it('has the digest of its file', () => {
    const file = hex(session.file);
    const hashes = Buffer.alloc(8);
    hashes.writeBigUInt64BE(checksum.xxh64(file));
    assert.equal(fileDigest(file.length, CHUNK_SIZE_DEFAULT, hashes).toString('hex'), session.digest);
    const ends = session.records.map(({ frame }) => decodeFrame([hex(frame)])).filter((frame) => frame.type === 'fileEnd');
    assert.deepEqual(ends.map(({ digest }) => Buffer.from(digest).toString('hex')), [session.digest]);
  });

  /** Frames of one end after its greeting. */
  const said = (from: 'client' | 'server') => session.records.filter((record) => record.from === from).slice(1).map(({ frame }) => frame);
  const frameAt = (from: 'client' | 'server', name: string): Frame => {
    const found = session.records.find((record) => record.from === from && record.name === name);
    assert.ok(found !== undefined, name);
    return decodeFrame([hex(found.frame)]);
  };
  const shown = (frame: Frame) => Buffer.concat(encodeFrame(frame)).toString('hex');

  it('is what the sender’s machine says, but for the bye', () => {
    const [offer, entries, file] = [frameAt('client', 'offer'), frameAt('client', 'entries'), frameAt('client', 'file')];
    assert.ok(offer.type === 'offer' && entries.type === 'entries' && file.type === 'file');
    const machine = new SenderMachine(offer);
    const sent: string[] = [];
    const feed = (input: SenderInput) => {
      for (const effect of machine.handle(input)) {
        if (effect.kind === 'send' || effect.kind === 'content') sent.push(shown(effect.frame));
        if (effect.kind === 'readChunk') feed({ kind: 'chunkRead', stream: 0, lap: 1, id: 0, index: 0, hash: checksum.xxh64(hex(session.file)), payload: [hex(session.file)], zeros: false });
        if (effect.kind === 'check') feed({ kind: 'checked', id: 0 });
      }
    };
    feed({ kind: 'start' });
    feed({ kind: 'entries', entries: entries.entries });
    feed({ kind: 'attached', stream: 0 });
    feed({ kind: 'room', stream: 0, lap: 1, units: 1 });
    feed({ kind: 'walked', entries: 1, complete: true });
    feed({ kind: 'opened', id: 0, chunkSize: file.chunkSize, identity: file.identity });
    for (const name of ['credit', 'answers', 'ready', 'done', 'finished']) feed({ kind: 'frame', stream: 0, frame: frameAt('server', name) });
    assert.deepEqual([...sent, '1d80'], said('client'));
  });

  it('is what the receiver’s machine says', () => {
    const machine = new ReceiverMachine({ limitBytes: 3, windowBytes: 16 * 2 ** 20, checksum });
    const sent: string[] = [];
    const feed = (input: ReceiverInput) => {
      for (const effect of machine.handle(input)) {
        if (effect.kind === 'send') sent.push(shown(effect.frame));
        if (effect.kind === 'credit') sent.push(shown({ type: 'credit', limit: effect.credit.limit, acked: effect.credit.acked }));
        if (effect.kind === 'target') feed({ kind: 'targeted' });
        if (effect.kind === 'place') feed({ kind: 'placed', placings: [{ id: 0, answer: 'want' }] });
        if (effect.kind === 'open') feed({ kind: 'opened', id: 0, table: new ChunkTable(3, CHUNK_SIZE_DEFAULT) });
        if (effect.kind === 'write') feed({ kind: 'chunksWritten', arrival: effect.arrival, id: 0, chunks: [effect] });
        if (effect.kind === 'commit') feed({ kind: 'settled', results: [{ id: 0 }] });
        if (effect.kind === 'finish') feed({ kind: 'finished', removed: 0, failed: 0 });
      }
    };
    feed({ kind: 'attached', stream: 0 });
    for (const { from, name } of session.records) if (from === 'client' && name !== 'hello') feed({ kind: 'frame', stream: 0, frame: frameAt('client', name) });
    assert.deepEqual(sent, said('server'));
  });
});
