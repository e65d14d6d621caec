import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ProtocolError } from '../../src/errors.js';
import { ChunkTable } from '../../src/wire/chunk-table.js';
import { decodeFrame } from '../../src/wire/decode.js';
import { encodeFrame } from '../../src/wire/encode.js';
import { FRAME_TYPE, type Frame, type ManifestEntry } from '../../src/wire/frame.js';
import { ReceiveWindow, SendWindow } from '../../src/wire/window.js';
import { FRAMES, plain } from '../support/fake-frames.js';

/** An entry of any kind with what is its own. */
function entry(): fc.Arbitrary<ManifestEntry> {
  const common = { id: fc.integer({ min: 1, max: 2 ** 31 }), path: fc.string({ unit: 'grapheme', maxLength: 40 }), size: fc.maxSafeNat(), mode: fc.nat(0o7777), mtimeNs: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) };
  const of = <K extends ManifestEntry['kind']>(kind: K) => fc.record({ kind: fc.constant(kind), ...common }, { noNullPrototype: true });
  const flag = fc.constantFrom({ sparse: true } as const, {});
  return fc.oneof(
    fc.tuple(of('file'), flag, fc.constantFrom({ linked: true } as const, {})).map(([one, sparse, linked]) => ({ ...one, ...sparse, ...linked })),
    of('directory'),
    fc.tuple(of('symlink'), fc.string({ maxLength: 40 })).map(([one, target]) => ({ ...one, target })),
    fc.tuple(of('hardlink'), flag, fc.nat()).map(([one, sparse, to]) => ({ ...one, ...sparse, linkTo: to % one.id })),
  );
}

/** Every type of frame, its byte strings and numbers varied where they are free. */
const frame: fc.Arbitrary<Frame> = fc.oneof(
  fc.constantFrom(...FRAMES),
  fc
    .tuple(fc.nat(2 ** 31), fc.nat(2 ** 50), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 4 }))
    .map(([id, offset, hash, pieces]): Frame => {
      const payload = [...pieces, Buffer.of(1)];
      return { type: 'data', id, offset, hash, length: payload.reduce((sum, piece) => sum + piece.length, 0), payload };
    }),
  fc.array(fc.uint8Array({ maxLength: 50 }), { minLength: 1, maxLength: 20 }).map((contents): Frame => {
    const parts = contents.map(({ length }, id) => ({ id, length, hash: BigInt(id) }));
    return { type: 'whole', parts, payload: contents, length: parts.reduce((sum, { length }) => sum + length, 0) };
  }),
  fc.array(fc.nat(2 ** 31), { minLength: 1, maxLength: 50 }).map((ids): Frame => ({ type: 'done', ids })),
  fc.array(entry(), { maxLength: 9 }).map((entries): Frame => ({ type: 'entries', entries })),
  fc.record({ type: fc.constant('credit' as const), limit: fc.maxSafeNat(), acked: fc.maxSafeNat() }),
);

function split(whole: Uint8Array, at: readonly number[]): Uint8Array[] {
  const places = [0, ...at.map((place) => place % (whole.length + 1)).sort((a, b) => a - b), whole.length];
  return places.slice(1).map((end, index) => whole.subarray(places[index], end));
}

/** A frame, or undefined for a ProtocolError; anything else that is thrown fails the test. */
function decoded(pieces: readonly Uint8Array[]): Frame | undefined {
  try {
    return decodeFrame(pieces);
  } catch (error) {
    assert.ok(error instanceof ProtocolError, String(error));
    assert.ok(error.message.length < 300 && !error.message.includes('\n'), error.message);
    return undefined;
  }
}

describe('frames', () => {
  it('come out as they went in, however they are cut', () => {
    fc.assert(
      fc.property(frame, fc.array(fc.nat(1_000), { maxLength: 6 }), (sent, cuts) => {
        assert.deepEqual(plain(decodeFrame(split(Buffer.concat(encodeFrame(sent)), cuts))), plain(sent));
      }),
      { numRuns: 500 },
    );
  });

  it('any bytes are a frame or a ProtocolError', () => {
    const type = fc.constantFrom(...Object.values(FRAME_TYPE)).map((byte) => Buffer.of(byte));
    const noise = fc.uint8Array({ maxLength: 300 });
    const typed = fc.tuple(type, noise).map((parts) => Buffer.concat(parts));
    fc.assert(
      fc.property(fc.oneof(noise, typed), (some) => void decoded([some])),
      { numRuns: 3_000 },
    );
  });

  it('frames with bytes changed, taken out or put in are a frame or a ProtocolError', () => {
    const vector = fc.constantFrom(...FRAMES).map((good) => Buffer.concat(encodeFrame(good)));
    const edit = fc.record({ at: fc.nat(200), take: fc.nat(4), put: fc.uint8Array({ maxLength: 4 }) });
    fc.assert(
      fc.property(vector, fc.array(edit, { minLength: 1, maxLength: 3 }), (good, edits) => {
        const bad = edits.reduce<Buffer>((now, { at, take, put }) => {
          const place = at % (now.length + 1);
          return Buffer.concat([now.subarray(0, place), put, now.subarray(place + take)]);
        }, good);
        decoded([bad]);
      }),
      { numRuns: 3_000 },
    );
  });

  it('bodies that promise more than they hold cost neither memory nor time', () => {
    const heads = ['dfffffffff', 'ddffffffff', 'dbffffffff', 'c6ffffffff', '9f'.repeat(10_000), '8f'.repeat(10_000), '91'.repeat(200_000), '81a161'.repeat(60_000), `dcffff${'c0'.repeat(65_535)}`];
    const before = process.memoryUsage().rss;
    for (const head of heads) {
      for (const type of Object.values(FRAME_TYPE)) {
        const bomb = Buffer.from(type.toString(16).padStart(2, '0') + head, 'hex');
        const startMs = performance.now();
        assert.equal(decoded([bomb]), undefined);
        assert.ok(performance.now() - startMs < 2_000);
      }
    }
    assert.ok(process.memoryUsage().rss - before < 200 * 2 ** 20);
  });
});

describe('the chunk table', () => {
  it('equals a naive one after any chunks', () => {
    const shape = fc.tuple(fc.nat(300), fc.integer({ min: 1, max: 9 }));
    fc.assert(
      fc.property(shape, fc.array(fc.tuple(fc.nat(300), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })), { maxLength: 60 }), fc.integer({ min: 1, max: 5 }), ([size, chunk], entries, most) => {
        const table = new ChunkTable(size, chunk);
        const naive = new Map<number, bigint>();
        const total = Math.ceil(size / chunk);
        assert.equal(table.chunks, total);
        for (const [index, hash] of entries) {
          if (index >= total) continue;
          table.set(index, hash);
          naive.set(index, hash);
        }
        const all = Array.from({ length: total }, (_, index) => index);
        const lengthOf = (index: number) => Math.min(chunk, size - index * chunk);
        assert.equal(table.count, naive.size);
        assert.equal(table.bytes, [...naive.keys()].reduce((sum, index) => sum + lengthOf(index), 0));
        assert.equal(table.complete, naive.size === total);
        assert.equal(all.reduce((sum, index) => sum + table.lengthOf(index), 0), size);
        for (const index of all) {
          assert.equal(table.has(index), naive.has(index));
          assert.equal(table.hash(index), naive.get(index) ?? 0n);
          assert.equal(table.nextMissing(index), all.find((other) => other >= index && !naive.has(other)) ?? total);
        }
        const runs = [...table.runs(most)];
        assert.deepEqual(runs.flatMap(({ first, count }) => Array.from({ length: count }, (_, index) => first + index)), all.filter((index) => naive.has(index)));
        assert.ok(runs.every(({ count }) => count >= 1 && count <= most));
      }),
      { numRuns: 300 },
    );
  });
});

describe('the windows', () => {
  it('the sender never has more in flight than the window, and never waits for ever', () => {
    const chunk = fc.integer({ min: 1, max: 64 });
    // The receiver's window holds two of the largest chunks, as the program's smallest does.
    fc.assert(
      fc.property(fc.array(chunk, { minLength: 1, maxLength: 200 }), fc.integer({ min: 128, max: 600 }), fc.infiniteStream(fc.boolean()), (chunks, window, choices) => {
        const receiver = new ReceiveWindow(window);
        const sender = new SendWindow();
        assert.ok(sender.grant(receiver.limit));
        const inFlight: { readonly size: number; readonly frame: number }[] = [];
        let next = 0;
        let held = 0;
        while (next < chunks.length || inFlight.length > 0) {
          const size = chunks[next];
          const wants = inFlight.length === 0 || (choices.next().value as boolean);
          if (size !== undefined && wants && sender.spend(size)) {
            const frame = receiver.arrive(size);
            assert.ok(frame !== undefined);
            inFlight.push({ size, frame });
            held += size;
            next += 1;
            assert.ok(held <= window, `${held} bytes in flight`);
            continue;
          }
          const done = inFlight.shift();
          assert.ok(done !== undefined, 'the sender waits, and the receiver has nothing to say');
          held -= done.size;
          const due = receiver.written(done.frame);
          if (due !== undefined) assert.ok(sender.grant(due.limit));
        }
      }),
      { numRuns: 200 },
    );
  });
});
