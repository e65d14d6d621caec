/**
 * Temporary directories and small files for the storage tests.
 *
 * @module
 */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { StreamerError, type ErrorCode } from '../../../src/errors.js';
import { openSink, type Sink, type SinkOptions } from '../../../src/storage/sink.js';

/** A directory that is removed when the test is over. */
export async function temporary(t: TestContext): Promise<string> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'streamer-storage-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

export const CHUNK = 4096;
export const IDENTITY = createHash('sha256').update('a source').digest();
/** 2023-11-14, with microseconds. */
export const MTIME_NS = 1_700_000_000_123_456_000n;

/** Asserts that a time is what node's own calls make of one: cut to the microsecond, or, by a newer libuv, the nearest double. */
export function assertKeptByNode(found: bigint, time: bigint): void {
  const cut = time - (((time % 1000n) + 1000n) % 1000n);
  assert.ok(found === cut || (found - time <= 240n && found - time >= -240n), `${found} for ${time}`);
}

/** Options for a file of `size` bytes at `target`. */
export function sinkOptions(target: string, size: number, more: Partial<SinkOptions> = {}): SinkOptions {
  return { target, size, chunkSize: CHUNK, identity: IDENTITY, mode: 0o640, mtimeNs: MTIME_NS, resume: true, ...more };
}

/** Any stand-in for xxh64: the sink only carries it. */
export function hashOf(bytes: Uint8Array): bigint {
  return createHash('sha256').update(bytes).digest().readBigUInt64BE(0);
}

/** Bytes nobody can guess. */
export function content(size: number): Buffer {
  return randomBytes(size);
}

/** Writes and records the chunks named. */
export async function fill(sink: Sink, bytes: Buffer, indices: Iterable<number>): Promise<void> {
  for (const index of indices) {
    const chunk = bytes.subarray(index * CHUNK, (index + 1) * CHUNK);
    await sink.write([chunk.subarray(0, 100), chunk.subarray(100)], index * CHUNK);
    sink.recordChunk(index, hashOf(chunk));
  }
}

/** Opens a sink and has the test discard it at its end, so that a failed test leaves no timer behind. */
export async function openFor(t: TestContext, options: SinkOptions): Promise<Sink> {
  const sink = await openSink(options);
  t.after(() => sink.discard());
  return sink;
}

/** For assert.rejects and assert.throws: an error of ours with this code, in one line. */
export function failsWith(code: ErrorCode, text: RegExp = /./u) {
  return (error: unknown): boolean =>
    error instanceof StreamerError && error.code === code && text.test(error.message) && !/[\n\r]/u.test(error.message);
}

/** Names in a directory, sorted. */
export async function names(directory: string): Promise<string[]> {
  return (await readdir(directory)).sort();
}

/** 0, 1, … count - 1. */
export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
