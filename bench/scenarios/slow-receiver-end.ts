/**
 * The receiver of the slow-receiver scenario: `native|compat <target> <source> <bytes per second>`, coordinates in
 * STREAMER_COORDINATES. Its storage takes no more than the rate; each piece is compared with the source as it comes.
 *
 * This is the only file of the bench that needs the library's internal `wrapSink` option.
 *
 * @module
 */
import { openSync, readSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { receive } from '../../src/index.js';

/** What is needed of a sink: bytes to their place in the file. Back-pressure is the promise. */
interface Writes {
  write(pieces: readonly Uint8Array[], offset: number): void | Promise<void>;
}

const [wire, target, source, rateText] = process.argv.slice(2);
if ((wire !== 'native' && wire !== 'compat') || target === undefined || source === undefined) {
  throw new Error('native|compat <target> <source> <bytes per second>');
}
const bytesPerSecond = Number(rateText);
const original = openSync(source, 'r');
let written = 0;
let wrong = 0;
let freeAtMs = 0;

/** Stores at once and answers late, as a slow disk behind a cache would: the pieces may be used again after the call. */
async function slowWrite(sink: Writes, pieces: readonly Uint8Array[], offset: number): Promise<void> {
  const bytes = Buffer.concat(pieces);
  const expected = Buffer.allocUnsafe(bytes.length);
  if (readSync(original, expected, 0, expected.length, offset) !== bytes.length || !expected.equals(bytes)) wrong += 1;
  await sink.write(pieces, offset);
  written += bytes.length;
  const now = performance.now();
  freeAtMs = Math.max(now, freeAtMs) + (bytes.length / bytesPerSecond) * 1000;
  await sleep(freeAtMs - now);
}

function throttle<Sink extends Writes>(sink: Sink): Sink {
  return new Proxy(sink, {
    get(whole, name) {
      if (name === 'write') return (pieces: readonly Uint8Array[], offset: number) => slowWrite(whole, pieces, offset);
      const value: unknown = Reflect.get(whole, name, whole);
      // Methods keep their own `this`: a sink may have private fields, which a proxy has not.
      return typeof value === 'function' ? (value.bind(whole) as unknown) : value;
    },
  });
}

function report(): void {
  process.stdout.write(`written ${written} wrong ${wrong}\n`);
}

setInterval(report, 250).unref();
await receive({
  coordinates: process.env['STREAMER_COORDINATES'] ?? '',
  path: target,
  wire,
  wrapSink: throttle,
});
report();
