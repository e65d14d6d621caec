/**
 * One outgoing transfer on the native wire, over as many links as it takes.
 *
 * @module
 */
import { loadChecksum } from '../crypto/checksum.js';
import { LimitError } from '../errors.js';
import { openSource, type Source } from '../storage/source.js';
import { CHUNK_SIZE_DEFAULT, CHUNK_SIZE_MAX, CHUNKS_MAX } from '../wire/constants.js';
import type { EntryFrame } from '../wire/frame.js';
import { formatSize } from '../util/units.js';
import type { Link, LinkSource } from './link.js';
import { ProgressMeter, type ProgressListener, type TransferResult } from './progress.js';
import { keepFreedMemory } from './release.js';
import { nativeResult } from './result.js';
import { sendOverChannel } from './send-native.js';

/** What is to be sent. */
export interface SendRequest {
  /** A regular file. */
  readonly path: string;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress: ProgressListener;
}

/** Opens the file, so that a missing one is known before anyone is called. The caller closes it. */
export function openForSending(path: string): Promise<Source> {
  return openSource(path);
}

/**
 * Sends one file and returns when the receiver has confirmed it.
 * @throws StreamerError when it cannot be, or not within the links' patience.
 */
export async function sendNative(links: LinkSource, source: Source, request: SendRequest): Promise<TransferResult> {
  keepFreedMemory();
  const checksum = await loadChecksum();
  const entry = entryOf(source);
  const startMs = performance.now();
  const state = { resumed: undefined as number | undefined, moved: 0, reconnects: 0, movedBefore: 0 };
  let meter: ProgressMeter | undefined;
  const run = (link: Link) =>
    sendOverChannel(link.channel, {
      entry,
      source,
      checksum,
      signal: request.signal,
      streaming: (resumedBytes) => {
        state.resumed ??= resumedBytes;
        request.onProgress({ type: 'started', name: entry.name, size: entry.size, resumedBytes });
        meter = new ProgressMeter(request.onProgress, entry.size, resumedBytes);
      },
      sent: (bytes) => {
        state.moved += bytes;
        meter?.add(bytes);
      },
      finishing: () => {
        meter?.flush();
        request.onProgress({ type: 'finishing' });
      },
    });
  let link = await links.next();
  for (;;) {
    try {
      const digest = await run(link);
      link.channel.connection.close(1000, '');
      return nativeResult({ ...state, action: 'send', path: request.path, entry, digest, startMs, remote: link.remote });
    } catch (error) {
      if (!links.recoverable(error)) throw error;
      link = await links.next({ error, progressed: state.moved > state.movedBefore });
      state.movedBefore = state.moved;
      state.reconnects += 1;
    }
  }
}

function entryOf(source: Source): EntryFrame {
  let chunkSize = CHUNK_SIZE_DEFAULT;
  while (Math.ceil(source.size / chunkSize) > CHUNKS_MAX && chunkSize < CHUNK_SIZE_MAX) chunkSize *= 2;
  const { name, size, mode, mtimeNs, identity } = source;
  const largest = CHUNKS_MAX * CHUNK_SIZE_MAX;
  if (size > largest) throw new LimitError('limit-entries', `the file has ${size} bytes, and the wire carries ${largest} (${formatSize(largest)}) at the most; split it`);
  return { type: 'entry', id: 0, name, size, mode, mtimeNs, chunkSize, identity };
}
