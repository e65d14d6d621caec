import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { IntegrityError } from '../../src/errors.js';
import { RECORDS_PER_KEY, RecordOpener, RecordSealer, TAG_BYTES } from '../../src/crypto/record.js';

const key = Buffer.alloc(32, 0x5a);
const otherKey = Buffer.alloc(32, 0xa5);

const bytes = fc.uint8Array({ maxLength: 600 });
/** Where to cut; values past the end cut nothing. */
const cuts = fc.array(fc.nat(700), { maxLength: 12 });

function split(whole: Uint8Array, at: readonly number[]): Uint8Array[] {
  const places = [0, ...at.filter((place) => place < whole.length).sort((a, b) => a - b), whole.length];
  return places.slice(1).map((end, index) => whole.subarray(places[index], end));
}

function open(opener: RecordOpener, record: Uint8Array, at: readonly number[] = []): Buffer {
  const plaintext = split(record, at).flatMap((piece) => opener.update(piece));
  return Buffer.concat([...plaintext, ...opener.finish()]);
}

function sealAll(plaintexts: readonly Uint8Array[]): Buffer[] {
  const sealer = new RecordSealer(key);
  return plaintexts.map((plaintext) => Buffer.concat(sealer.seal([plaintext])));
}

const isTagError = (error: unknown) => error instanceof IntegrityError && error.code === 'integrity-tag';

/** Opens records until one fails; answers how many were opened. Any error but the tag's fails the test. */
function openedBefore(records: readonly Uint8Array[], opener = new RecordOpener(key)): number {
  for (const [index, record] of records.entries()) {
    try {
      open(opener, record);
    } catch (error) {
      assert.ok(isTagError(error), String(error));
      assert.throws(() => opener.update(Buffer.alloc(20)), isTagError);
      assert.throws(() => opener.finish(), isTagError);
      return index;
    }
  }
  return records.length;
}

/** A few records and one of their numbers. */
const several = fc.array(bytes, { minLength: 1, maxLength: 6 }).chain((plaintexts) => fc.tuple(fc.constant(plaintexts), fc.nat(plaintexts.length - 1)));

describe('records', () => {
  it('come out as they went in, however both sides cut them', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(bytes, cuts, cuts), { maxLength: 8 }), (records) => {
        const sealer = new RecordSealer(key);
        const opener = new RecordOpener(key);
        for (const [plaintext, sealCuts, openCuts] of records) {
          const record = Buffer.concat(sealer.seal(split(plaintext, sealCuts)));
          assert.equal(record.length, plaintext.length + TAG_BYTES);
          assert.ok(open(opener, record, openCuts).equals(plaintext));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('come out as they went in when larger than a piece of the cipher', () => {
    fc.assert(
      fc.property(fc.nat(1_200_000), fc.array(fc.nat(1_200_000), { maxLength: 6 }), (length, at) => {
        const plaintext = Buffer.alloc(length, 'streamer');
        const record = Buffer.concat(new RecordSealer(key).seal([plaintext.subarray(0, 21), plaintext.subarray(21)]));
        assert.ok(open(new RecordOpener(key), record, at).equals(plaintext));
      }),
      { numRuns: 20 },
    );
  });

  it('cut at every byte: each single-byte piece gives the same', () => {
    const plaintext = Buffer.from('a record that arrives byte by byte, tag and all');
    const [record] = sealAll([plaintext]);
    assert.ok(record !== undefined);
    assert.ok(open(new RecordOpener(key), record, [...record.keys()]).equals(plaintext));
    for (const place of record.keys()) assert.ok(open(new RecordOpener(key), record, [place]).equals(plaintext));
  });

  it('with any bit flipped fail, and stop the direction', () => {
    const plaintexts = [Buffer.from('first'), Buffer.from('second, the altered one'), Buffer.from('third')];
    const records = sealAll(plaintexts);
    const target = records[1];
    assert.ok(target !== undefined);
    for (let bit = 0; bit < target.length * 8; bit += 1) {
      const altered: Buffer = Buffer.from(target);
      altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert.equal(openedBefore(records.with(1, altered)), 1, `bit ${bit}`);
    }
  });

  it('cut short at any length fail', () => {
    const [record] = sealAll([Buffer.from('truncated')]);
    assert.ok(record !== undefined);
    for (let length = 0; length < record.length; length += 1) assert.equal(openedBefore([record.subarray(0, length)]), 0, `length ${length}`);
  });

  it('joined with other bytes, or with the next record, fail', () => {
    fc.assert(
      fc.property(several, bytes, ([plaintexts, which], extra) => {
        fc.pre(extra.length > 0);
        const records = sealAll(plaintexts);
        const target = records[which];
        assert.ok(target !== undefined);
        assert.equal(openedBefore(records.with(which, Buffer.concat([target, extra]))), which);
        assert.equal(openedBefore(records.with(which, Buffer.concat([extra, target]))), which);
        const next = records[which + 1];
        if (next !== undefined) assert.equal(openedBefore(records.toSpliced(which, 2, Buffer.concat([target, next]))), which);
      }),
    );
  });

  it('dropped fail at the next one', () => {
    fc.assert(
      fc.property(several, ([plaintexts, which]) => {
        const records = sealAll([...plaintexts, Buffer.from('the last')]);
        assert.equal(openedBefore(records.toSpliced(which, 1)), which);
      }),
    );
  });

  it('repeated fail at the repetition', () => {
    fc.assert(
      fc.property(several, fc.nat(5), ([plaintexts, which], later) => {
        const records = sealAll(plaintexts);
        const again = records[which];
        assert.ok(again !== undefined);
        const place = Math.min(which + 1 + later, records.length);
        assert.equal(openedBefore(records.toSpliced(place, 0, again)), place);
      }),
    );
  });

  it('in another order fail at the first that is out of place', () => {
    fc.assert(
      fc.property(several, fc.nat(5), ([plaintexts, one], other) => {
        const records = sealAll(plaintexts);
        fc.pre(other < records.length && other !== one);
        const [low, high] = [Math.min(one, other), Math.max(one, other)];
        const [a, b] = [records[low], records[high]];
        assert.ok(a !== undefined && b !== undefined);
        assert.equal(openedBefore(records.with(low, b).with(high, a)), low);
      }),
    );
  });

  it('reflected to their sender fail', () => {
    fc.assert(
      fc.property(bytes, (plaintext) => {
        assert.equal(openedBefore(sealAll([plaintext]), new RecordOpener(otherKey)), 0);
      }),
    );
  });

  it('made of anything fail', () => {
    fc.assert(fc.property(bytes, (arbitrary) => assert.equal(openedBefore([arbitrary]), 0)));
  });

  it('go on across a renewal of the key, which a sealer without one does not survive', () => {
    const sealer = new RecordSealer(key);
    const opener = new RecordOpener(key);
    const plaintext = Buffer.alloc(4);
    let previous: Buffer = Buffer.alloc(0);
    for (let counter = 0; counter < RECORDS_PER_KEY + 50; counter += 1) {
      plaintext.writeUInt32BE(counter);
      const record = Buffer.concat(sealer.seal([plaintext]));
      assert.ok(open(opener, record).equals(plaintext), `record ${counter}`);
      previous = record;
    }
    assert.throws(() => open(opener, previous), isTagError);
  });
});
