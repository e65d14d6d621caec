import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileDigest, loadChecksum } from '../../../src/crypto/checksum.js';
import { deriveKey } from '../../../src/crypto/kdf.js';
import { NoiseHandshake } from '../../../src/crypto/noise.js';
import { RecordOpener, RecordSealer } from '../../../src/crypto/record.js';
import { CHUNK_SIZE_DEFAULT, PROLOGUE } from '../../../src/wire/constants.js';
import { decodeFrame } from '../../../src/wire/decode.js';
import { encodeFrame } from '../../../src/wire/encode.js';
import { FRAME_TYPE } from '../../../src/wire/frame.js';
import { frameOf, frameVectors, plain } from '../../support/fake-frames.js';

interface SessionVectors {
  readonly secret: string;
  readonly psk: string;
  readonly prologue: string;
  readonly clientEphemeral: string;
  readonly serverEphemeral: string;
  readonly message1: string;
  readonly message2: string;
  readonly handshakeHash: string;
  readonly clientKey: string;
  readonly serverKey: string;
  readonly file: string;
  readonly digest: string;
  readonly records: readonly { readonly name: string; readonly from: 'client' | 'server'; readonly counter: number; readonly frame: string; readonly record: string }[];
}

const hex = (text: string) => Buffer.from(text, 'hex');
const session = JSON.parse(readFileSync('test/vectors/session.json', 'utf8')) as SessionVectors;
const vectors = frameVectors();

describe('frames', () => {
  it('there is a vector for every type', () => {
    assert.deepEqual(new Set(vectors.map(({ type }) => type)), new Set(Object.keys(FRAME_TYPE)));
  });

  for (const vector of vectors) {
    it(`${vector.name}: encodes to its vector and decodes from it, however it is cut`, async () => {
      const frame = frameOf(vector);
      assert.equal(Buffer.concat(encodeFrame(frame)).toString('hex'), vector.hex);
      const bytes = hex(vector.hex);
      assert.equal(bytes[0], FRAME_TYPE[vector.type]);
      for (let cut = 0; cut <= bytes.length; cut += 1) {
        assert.deepEqual(plain(decodeFrame([bytes.subarray(0, cut), bytes.subarray(cut)])), plain(frame), `cut at ${cut}`);
      }
      assert.deepEqual(plain(decodeFrame([...bytes].map((byte) => Buffer.of(byte)))), plain(frame));
      if (frame.type === 'data') assert.equal((await loadChecksum()).xxh64Pieces(frame.payload), frame.hash);
    });
  }

  it('a data frame’s payload is passed on as it is, and read as views of what came', () => {
    const payload = [Buffer.from('ab'), Buffer.from('c')];
    const frame = { type: 'data', id: 0, offset: 0, length: 3, hash: 0n, payload } as const;
    const [header, ...rest] = encodeFrame(frame);
    assert.equal(header?.length, 28);
    assert.ok(rest[0] === payload[0] && rest[1] === payload[1]);
    const arrived = Buffer.concat([header, Buffer.from('abc')]);
    const decoded = decodeFrame([arrived]);
    assert.ok(decoded.type === 'data');
    arrived.fill(0x78, 28);
    assert.equal(Buffer.concat(decoded.payload).toString(), 'xxx');
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

  it('has the digest of its file', async () => {
    const checksum = await loadChecksum();
    const file = hex(session.file);
    const hashes = Buffer.alloc(8);
    hashes.writeBigUInt64BE(checksum.xxh64(file));
    assert.equal(fileDigest(file.length, CHUNK_SIZE_DEFAULT, hashes).toString('hex'), session.digest);
    const ends = session.records.map(({ frame }) => decodeFrame([hex(frame)])).filter((frame) => frame.type === 'fileEnd' || frame.type === 'fileDone');
    assert.deepEqual(ends.map(({ digest }) => Buffer.from(digest).toString('hex')), [session.digest, session.digest]);
  });
});
