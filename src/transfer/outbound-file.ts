/**
 * One file as what is sent.
 *
 * @module
 */
import { LimitError } from '../errors.js';
import type { Source } from '../storage/source.js';
import { openSource } from '../storage/source.js';
import { formatSize } from '../util/units.js';
import { CHUNK_SIZE_MAX, CHUNKS_MAX } from '../wire/constants.js';
import type { Outbound } from './outbound.js';

/** Most bytes of a file that the wire can carry. */
const FILE_BYTES_MAX = CHUNKS_MAX * CHUNK_SIZE_MAX;

/** @throws LimitError for a file that the wire cannot carry. */
export function assertSendable(size: number): void {
  if (size <= FILE_BYTES_MAX) return;
  throw new LimitError('limit-entries', `the file has ${size} bytes, and the wire carries ${FILE_BYTES_MAX} (${formatSize(FILE_BYTES_MAX)}) at the most; split it`);
}

/** Opens a regular file. @throws StorageError, LimitError */
export async function fileOutbound(path: string): Promise<Outbound & { readonly source: Source }> {
  const source = await openSource(path);
  try {
    assertSendable(source.size);
  } catch (error) {
    await source.close();
    throw error;
  }
  return outboundOf(source, path);
}

/** An open file as what is sent. */
export function outboundOf(source: Source, path: string): Outbound & { readonly source: Source } {
  const { name, size, mode, mtimeNs, sparse } = source;
  let told = false;
  return {
    root: 'file',
    name,
    path,
    size,
    source,
    next: () => {
      const entries = told ? undefined : [{ id: 0, kind: 'file' as const, path: name, size, mode, mtimeNs, ...(sparse ? { sparse } : {}) }];
      told = true;
      return Promise.resolve(entries === undefined ? undefined : { entries, special: [], troubles: [] });
    },
    readWhole: () => Promise.reject(new Error('a single file is sent in chunks')),
    // It stays open between sessions: whoever opened it closes it.
    open: () => Promise.resolve({ ...bound(source), close: () => Promise.resolve() }),
    readPipe: () => Promise.reject(new Error('a file is no pipe')),
    close: () => source.close(),
  };
}

function bound(source: Source): Source {
  const { name, size, mode, mtimeNs, sparse, identity } = source;
  return {
    name,
    size,
    mode,
    mtimeNs,
    sparse,
    identity,
    read: (offset, into) => source.read(offset, into),
    assertUnchanged: () => source.assertUnchanged(),
    close: () => source.close(),
  };
}
