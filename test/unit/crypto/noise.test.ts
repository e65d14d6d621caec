import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { AuthError } from '../../../src/errors.js';
import { NoiseHandshake } from '../../../src/crypto/noise.js';
import { SymmetricState } from '../../../src/crypto/symmetric-state.js';
import { RecordOpener, RecordSealer } from '../../../src/crypto/record.js';
import { LOW_ORDER } from '../../support/low-order.js';

interface Vector {
  readonly protocol_name: string;
  readonly init_prologue: string;
  readonly init_psks?: readonly string[];
  readonly init_ephemeral: string;
  readonly resp_prologue: string;
  readonly resp_psks?: readonly string[];
  readonly resp_ephemeral: string;
  readonly handshake_hash: string;
  readonly messages: readonly { readonly payload: string; readonly ciphertext: string }[];
}
const { vectors } = JSON.parse(readFileSync('test/vectors/noise-cacophony.json', 'utf8')) as { readonly vectors: readonly Vector[] };

const hex = (text: string) => Buffer.from(text, 'hex');
const psk = Buffer.alloc(32, 7);
const prologue = Buffer.from('streamer/2 test');
const payload = Buffer.from('sixteen  octets.');
const options = (role: 'initiator' | 'responder') => {
  return { role, prologue, psk, ephemeral: Buffer.alloc(32, role === 'initiator' ? 0x11 : 0x22) } as const;
};
const isHandshakeError = (error: unknown) => error instanceof AuthError && error.code === 'auth-handshake' && !error.retryable;
/** A bug's error: none of ours, so that the command line prints a stack. */
const isPlainError = (error: unknown) => error instanceof Error && !(error instanceof AuthError);

describe('published vectors', () => {
  assert.equal(vectors.length, 2);
  for (const vector of vectors) {
    it(`${vector.protocol_name}: handshake, hash and transport messages`, () => {
      const side = (role: 'initiator' | 'responder') => {
        const [prefix, psks] = role === 'initiator' ? (['init', vector.init_psks] as const) : (['resp', vector.resp_psks] as const);
        const key = psks?.[0];
        return new NoiseHandshake({
          role,
          prologue: hex(vector[`${prefix}_prologue`]),
          ephemeral: hex(vector[`${prefix}_ephemeral`]),
          ...(key === undefined ? {} : { psk: hex(key) }),
        });
      };
      const ends = [side('initiator'), side('responder')] as const;
      const [first, second, ...transport] = vector.messages;
      assert.ok(first !== undefined && second !== undefined && transport.length > 0);
      for (const [turn, message] of [first, second].entries()) {
        const [writer, reader] = turn === 0 ? ends : [ends[1], ends[0]];
        const written = writer.writeMessage(hex(message.payload));
        assert.equal(written.toString('hex'), message.ciphertext);
        assert.equal(reader.readMessage(written).toString('hex'), message.payload);
      }
      assert.ok(ends.every((end) => end.finished));
      const keys = [ends[0].split(), ends[1].split()] as const;
      for (const { handshakeHash } of keys) assert.equal(handshakeHash.toString('hex'), vector.handshake_hash);

      const sealers = keys.map(({ sendKey }) => new RecordSealer(sendKey));
      const openers = keys.map(({ receiveKey }) => new RecordOpener(receiveKey));
      for (const [turn, message] of transport.entries()) {
        const record = Buffer.concat(sealers[turn % 2]?.seal([hex(message.payload)]) ?? []);
        assert.equal(record.toString('hex'), message.ciphertext);
        const opener = openers[1 - (turn % 2)];
        assert.ok(opener !== undefined);
        assert.equal(Buffer.concat([...opener.update(record), ...opener.finish()]).toString('hex'), message.payload);
      }
    });
  }
});

describe('a handshake of NNpsk0', () => {
  it('gives both ends the same keys, turned about, and new ones each time', () => {
    const results = [1, 2].map(() => {
      const initiator = new NoiseHandshake({ role: 'initiator', prologue, psk });
      const responder = new NoiseHandshake({ role: 'responder', prologue, psk });
      assert.deepEqual(responder.readMessage(initiator.writeMessage(payload)), payload);
      assert.deepEqual(initiator.readMessage(responder.writeMessage(Buffer.alloc(0))), Buffer.alloc(0));
      const [ours, theirs] = [initiator.split(), responder.split()];
      assert.deepEqual(ours.sendKey, theirs.receiveKey);
      assert.deepEqual(ours.receiveKey, theirs.sendKey);
      assert.deepEqual(ours.handshakeHash, theirs.handshakeHash);
      assert.notDeepEqual(ours.sendKey, ours.receiveKey);
      return ours;
    });
    assert.notDeepEqual(results[0]?.sendKey, results[1]?.sendKey);
    assert.notDeepEqual(results[0]?.handshakeHash, results[1]?.handshakeHash);
  });

  const message1 = new NoiseHandshake(options('initiator')).writeMessage(payload);
  const message2 = (() => {
    const responder = new NoiseHandshake(options('responder'));
    responder.readMessage(message1);
    return responder.writeMessage(payload);
  })();
  const readFirst = (message: Uint8Array) => new NoiseHandshake(options('responder')).readMessage(message);
  const readSecond = (message: Uint8Array) => {
    const initiator = new NoiseHandshake(options('initiator'));
    initiator.writeMessage(payload);
    return initiator.readMessage(message);
  };
  const flipped = (message: Buffer, bit: number) => {
    const altered = Buffer.from(message);
    altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    return altered;
  };

  for (const [name, message, read] of [
    ['first', message1, readFirst],
    ['second', message2, readSecond],
  ] as const) {
    it(`reads its own ${name} message`, () => assert.deepEqual(read(message), payload));
    it(`refuses its ${name} message with any one bit flipped`, () => {
      for (let bit = 0; bit < message.length * 8; bit += 1) assert.throws(() => read(flipped(message, bit)), isHandshakeError, `bit ${bit}`);
    });
    it(`refuses its ${name} message cut at any length, or longer`, () => {
      for (let length = 0; length < message.length; length += 1) {
        assert.throws(() => read(message.subarray(0, length)), isHandshakeError, `length ${length}`);
      }
      assert.throws(() => read(Buffer.concat([message, Buffer.of(0)])), isHandshakeError);
      assert.throws(() => read(Buffer.concat([message, Buffer.alloc(70_000)])), isHandshakeError);
    });
  }

  it('refuses a wrong pre-shared key, a wrong prologue, and a reflected message', () => {
    assert.throws(() => new NoiseHandshake({ ...options('responder'), psk: Buffer.alloc(32, 8) }).readMessage(message1), isHandshakeError);
    assert.throws(() => new NoiseHandshake({ ...options('responder'), prologue: Buffer.from('streamer/3') }).readMessage(message1), isHandshakeError);
    assert.throws(() => readSecond(message1), isHandshakeError);
  });

  it('refuses the second message of another handshake', () => {
    const initiator = new NoiseHandshake({ ...options('initiator'), ephemeral: Buffer.alloc(32, 0x33) });
    initiator.writeMessage(payload);
    assert.throws(() => initiator.readMessage(message2), isHandshakeError);
  });

  it('says nothing of the secret in its error', () => {
    assert.throws(() => readFirst(message1.subarray(1)), (error: Error) => !error.message.includes(psk.toString('hex')) && error.cause === undefined);
  });
});

describe('a handshake of NN', () => {
  it('finds an altered first message when the second is read', () => {
    const initiator = new NoiseHandshake({ role: 'initiator', prologue });
    const responder = new NoiseHandshake({ role: 'responder', prologue });
    const first = initiator.writeMessage(payload);
    first[40] = (first[40] ?? 0) ^ 1;
    responder.readMessage(first);
    const second = responder.writeMessage(Buffer.alloc(0));
    assert.throws(() => initiator.readMessage(second), isHandshakeError);
    assert.equal(initiator.finished, false);
  });

  it('is another protocol than NNpsk0', () => {
    const initiator = new NoiseHandshake({ role: 'initiator', prologue, psk });
    const responder = new NoiseHandshake({ role: 'responder', prologue });
    responder.readMessage(initiator.writeMessage(payload));
    const second = responder.writeMessage(payload);
    assert.throws(() => initiator.readMessage(second), isHandshakeError);
  });

  for (const point of LOW_ORDER) {
    it(`refuses the low-order key ${point.slice(0, 8)}…, as responder and as initiator`, () => {
      const responder = new NoiseHandshake({ role: 'responder', prologue });
      responder.readMessage(hex(point));
      assert.throws(() => responder.writeMessage(payload), isHandshakeError);

      // The second message of one who relies on a Diffie-Hellman output of zeros: every tag in it is right.
      const initiator = new NoiseHandshake({ role: 'initiator', prologue });
      const first = initiator.writeMessage(payload);
      const forger = new SymmetricState('Noise_NN_25519_AESGCM_SHA256');
      for (const mixed of [prologue, first.subarray(0, 32), payload, hex(point)]) forger.mixHash(mixed);
      forger.mixKey(Buffer.alloc(32));
      const second = Buffer.concat([hex(point), forger.encryptAndHash(payload)]);
      assert.throws(() => initiator.readMessage(second), isHandshakeError);
    });
  }
});

describe('misuse is a bug and throws a plain Error', () => {
  it('calls in the wrong order', () => {
    const initiator = new NoiseHandshake(options('initiator'));
    const responder = new NoiseHandshake(options('responder'));
    assert.throws(() => initiator.readMessage(payload), isPlainError);
    assert.throws(() => responder.writeMessage(payload), isPlainError);
    assert.throws(() => initiator.split(), isPlainError);
    const first = initiator.writeMessage(payload);
    assert.throws(() => initiator.writeMessage(payload), isPlainError);
    responder.readMessage(first);
    assert.throws(() => responder.readMessage(first), isPlainError);
    initiator.readMessage(responder.writeMessage(payload));
    assert.ok(initiator.finished && responder.finished);
    assert.throws(() => initiator.writeMessage(payload), isPlainError);
    assert.throws(() => responder.readMessage(first), isPlainError);
  });

  it('calls after a failure', () => {
    const responder = new NoiseHandshake(options('responder'));
    assert.throws(() => responder.readMessage(Buffer.alloc(48)), isHandshakeError);
    assert.equal(responder.finished, false);
    assert.throws(() => responder.readMessage(Buffer.alloc(48)), isPlainError);
    assert.throws(() => responder.writeMessage(payload), isPlainError);
    assert.throws(() => responder.split(), isPlainError);
  });

  it('keys of the wrong length, a payload that does not fit', () => {
    assert.throws(() => new NoiseHandshake({ role: 'initiator', prologue, psk: Buffer.alloc(31) }), RangeError);
    assert.throws(() => new NoiseHandshake({ role: 'initiator', prologue, psk: Buffer.alloc(0) }), RangeError);
    assert.throws(() => new NoiseHandshake({ role: 'initiator', prologue, ephemeral: Buffer.alloc(33) }), RangeError);
    assert.throws(() => new NoiseHandshake(options('initiator')).writeMessage(Buffer.alloc(65_535)), RangeError);
  });

  it('leaves the caller its ephemeral key', () => {
    const ephemeral = Buffer.alloc(32, 0x11);
    const initiator = new NoiseHandshake({ ...options('initiator'), ephemeral });
    const responder = new NoiseHandshake(options('responder'));
    responder.readMessage(initiator.writeMessage(payload));
    initiator.readMessage(responder.writeMessage(payload));
    assert.deepEqual(ephemeral, Buffer.alloc(32, 0x11));
  });
});
