import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { IntegrityError } from '../../../src/errors.js';
import { nonceOf, rekey } from '../../../src/crypto/aes-gcm.js';
import { RECORDS_PER_KEY, RecordOpener, RecordSealer } from '../../../src/crypto/record.js';

interface Vectors {
  readonly key: string;
  readonly records_per_key: number;
  readonly records: readonly RecordVector[];
}
interface RecordVector {
  readonly counter: number;
  readonly nonce: string;
  readonly key: string;
  readonly plaintext: string;
  readonly record: string;
}
const vectors = JSON.parse(readFileSync('test/vectors/record.json', 'utf8')) as Vectors;

const hex = (text: string) => Buffer.from(text, 'hex');
const key = hex(vectors.key);
const isTagError = (error: unknown) => error instanceof IntegrityError && error.code === 'integrity-tag';
const open = (opener: RecordOpener, record: Uint8Array) => Buffer.concat([...opener.update(record), ...opener.finish()]);
const seal = (sealer: RecordSealer, ...parts: Uint8Array[]) => Buffer.concat(sealer.seal(parts));

describe('vectors', () => {
  it('seals and opens every record of the vectors, across two renewals of the key', () => {
    assert.equal(RECORDS_PER_KEY, vectors.records_per_key);
    const sealer = new RecordSealer(key);
    const opener = new RecordOpener(key);
    const known = new Map(vectors.records.map((record) => [record.counter, record]));
    const last = Math.max(...known.keys());
    assert.ok(last > RECORDS_PER_KEY);
    for (let counter = 0; counter <= last; counter += 1) {
      const vector = known.get(counter);
      const plaintext = vector === undefined ? Buffer.of(counter & 0xff) : hex(vector.plaintext);
      const record = seal(sealer, plaintext);
      if (vector !== undefined) assert.equal(record.toString('hex'), vector.record, `record ${counter}`);
      assert.ok(open(opener, record).equals(plaintext), `record ${counter}`);
    }
  });

  it('derives the nonces and keys that the vectors name', () => {
    for (const { counter, nonce, key: inForce } of vectors.records) {
      assert.equal(nonceOf(counter).toString('hex'), nonce);
      let derived: Buffer = key;
      for (let renewal = 0; renewal < Math.floor(counter / RECORDS_PER_KEY); renewal += 1) derived = rekey(derived);
      assert.equal(derived.toString('hex'), inForce);
    }
  });
});

describe('RecordSealer', () => {
  it('gives the tag last and the length of the plaintext before it', () => {
    const sealed = new RecordSealer(key).seal([Buffer.alloc(10), Buffer.alloc(0), Buffer.alloc(20)]);
    assert.deepEqual(sealed.map((piece) => piece.length), [10, 20, 16]);
    assert.deepEqual(new RecordSealer(key).seal([]).map((piece) => piece.length), [16]);
  });

  it('cuts long parts into pieces of 64 KiB, which changes no byte', () => {
    const part = Buffer.alloc(600_000, 'streamer');
    const sealed = new RecordSealer(key).seal([part]);
    assert.deepEqual(sealed.map((piece) => piece.length), [...Array.from({ length: 9 }, () => 65_536), 10_176, 16]);
    const halves = new RecordSealer(key).seal([part.subarray(0, 1), part.subarray(1)]);
    assert.ok(Buffer.concat(sealed).equals(Buffer.concat(halves)));
  });

  it('leaves its key and its parts as they were', () => {
    const own = Buffer.from(key);
    const sealer = new RecordSealer(own);
    own.fill(0);
    const part = Buffer.from('plaintext');
    assert.ok(seal(sealer, part).equals(seal(new RecordSealer(key), part)));
    assert.equal(part.toString(), 'plaintext');
  });

  it('refuses a key of another length', () => {
    for (const length of [0, 16, 31, 33]) {
      assert.throws(() => new RecordSealer(Buffer.alloc(length)), RangeError);
      assert.throws(() => new RecordOpener(Buffer.alloc(length)), RangeError);
    }
  });
});

describe('RecordOpener', () => {
  it('holds back exactly the last 16 bytes, and keeps no reference to a piece', () => {
    const record = seal(new RecordSealer(key), Buffer.alloc(100, 'x'));
    const opener = new RecordOpener(key);
    const lengths = (pieces: Buffer[]) => pieces.map((piece) => piece.length);
    const piece = Buffer.from(record.subarray(0, 50));
    assert.deepEqual(lengths(opener.update(piece)), [34]);
    piece.fill(0);
    assert.deepEqual(lengths(opener.update(record.subarray(50, 53))), [3]);
    assert.deepEqual(lengths(opener.update(record.subarray(53, 53))), []);
    assert.deepEqual(lengths(opener.update(record.subarray(53))), [16, 47]);
    assert.deepEqual(opener.finish(), []);
  });

  it('gives memory that stays as it is when the piece is overwritten', () => {
    const record = seal(new RecordSealer(key), Buffer.from('stays as it is'));
    const opener = new RecordOpener(key);
    const plaintext = opener.update(record);
    record.fill(0);
    opener.finish();
    assert.equal(Buffer.concat(plaintext).toString(), 'stays as it is');
  });

  for (const length of [0, 1, 15]) {
    it(`refuses a record of ${length} bytes, and all that comes after it`, () => {
      const opener = new RecordOpener(key);
      if (length > 0) assert.deepEqual(opener.update(Buffer.alloc(length)), []);
      assert.throws(() => opener.finish(), isTagError);
      const good = seal(new RecordSealer(key), Buffer.from('good'));
      assert.throws(() => opener.update(good), isTagError);
      assert.throws(() => opener.finish(), isTagError);
    });
  }

  it('does not complete a short tag with what the last record left behind', () => {
    // Empty records until two neighbours end in the same byte; the second then comes without it.
    const sealer = new RecordSealer(key);
    const opener = new RecordOpener(key);
    let last: Buffer = seal(sealer);
    for (;;) {
      open(opener, last);
      const next = seal(sealer);
      if (next.at(-1) === last.at(-1)) {
        assert.throws(() => open(opener, next.subarray(0, -1)), isTagError);
        return;
      }
      last = next;
    }
  });

  it('is dead after a wrong tag, even to the record that would have been next', () => {
    const sealer = new RecordSealer(key);
    const [first, second] = [seal(sealer, Buffer.from('first')), seal(sealer, Buffer.from('second'))];
    first[first.length - 1] = (first.at(-1) ?? 0) ^ 1;
    const opener = new RecordOpener(key);
    assert.throws(() => open(opener, first), isTagError);
    assert.throws(() => opener.update(second), isTagError);
    assert.throws(() => opener.finish(), isTagError);
  });
});
