/**
 * Both ends of a transfer in this process, by the library's public entry alone.
 *
 * @module
 */
import { randomFillSync } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { serve, type ServeOptions, type StreamerServer } from '../../src/index.js';

export const MIB = 1024 * 1024;

/** A directory with a source of random bytes and an inbox; it goes with the test. */
export interface Place {
  readonly directory: string;
  readonly source: string;
  readonly bytes: Buffer;
  readonly inbox: string;
  readonly target: string;
}

export async function placeFor(t: TestContext, size: number): Promise<Place> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'streamer-library-'));
  t.after(() => rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 }));
  const place = {
    directory,
    source: path.join(directory, 'results.h5'),
    bytes: randomFillSync(Buffer.alloc(size)),
    inbox: path.join(directory, 'inbox'),
    target: path.join(directory, 'inbox', 'copy.h5'),
  };
  await mkdir(place.inbox);
  await writeFile(place.source, place.bytes);
  return place;
}

/** A server on a free port of 127.0.0.1; it is stopped when the test is over, if it still runs. */
export async function serveHere(t: TestContext, options: ServeOptions): Promise<StreamerServer> {
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
  const server = await serve({ host: '127.0.0.1', publicIps: ['127.0.0.1'], portRange: [0, 0], ...options, signal });
  t.after(async () => {
    stop.abort();
    await server.done.catch(() => undefined);
  });
  return server;
}
