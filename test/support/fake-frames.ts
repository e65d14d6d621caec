/**
 * Frames for tests: small valid ones of each type, and a way to compare them.
 *
 * @module
 */
import type { Frame, ManifestEntry } from '../../src/wire/frame.js';

/** One entry of each kind. */
export const ENTRIES: readonly ManifestEntry[] = [
  { id: 0, kind: 'directory', path: '', size: 0, mode: 0o755, mtimeNs: -1n },
  { id: 1, kind: 'file', path: 'größe.bin', size: 2 ** 40 + 1, mode: 0o640, mtimeNs: 1_700_000_000_123_456_789n, sparse: true, linked: true },
  { id: 2, kind: 'file', path: 'a/b', size: 0, mode: 0, mtimeNs: 0n },
  { id: 3, kind: 'symlink', path: 'l', size: 0, mode: 0o777, mtimeNs: 5n, target: '../elsewhere' },
  { id: 4, kind: 'hardlink', path: 'h', size: 2 ** 40 + 1, mode: 0o640, mtimeNs: 5n, sparse: true, linkTo: 1 },
  { id: 5, kind: 'hardlink', path: 'i', size: 0, mode: 0, mtimeNs: 5n, linkTo: 2 },
];

/** A frame of each type. */
export const FRAMES: readonly Frame[] = [
  { type: 'hello', client: Buffer.alloc(16, 1), stream: 3, action: 'send', received: 2 ** 33, agent: 'test' },
  { type: 'hello', client: Buffer.alloc(16, 1), stream: 0, action: 'receive', received: 0, agent: '', alive: true },
  { type: 'welcome', action: 'receive', received: 0, streams: 64, agent: 'test' },
  { type: 'welcome', action: 'send', received: 0, streams: 1, agent: '', alive: true },
  { type: 'failure', code: 'storage-full', message: 'no space left' },
  { type: 'credit', limit: 2 ** 34, acked: 7 },
  { type: 'ack', received: 32 },
  { type: 'alive' },
  { type: 'offer', root: 'tree', name: 'run7', existing: 'update', checksum: true, dryRun: false, delete: true, sha256: false, rules: ['-*.tmp', '+a/**'] },
  { type: 'offer', root: 'pipe', name: '', existing: undefined, checksum: false, dryRun: true, delete: false, sha256: true, rules: [] },
  { type: 'entries', entries: ENTRIES },
  { type: 'answers', first: 5, answers: ['want', 'equal', 'kept', 'placed', 'compare', 'would'] },
  { type: 'file', id: 1, chunkSize: 2 ** 20, identity: Buffer.alloc(32, 2) },
  { type: 'have', id: 1, first: 4, hashes: Buffer.alloc(24, 3) },
  { type: 'ready', id: 1 },
  { type: 'fileEnd', id: 1, size: 2 ** 40 + 1, digest: Buffer.alloc(32, 4) },
  { type: 'fileEnd', id: 0, size: 0, digest: Buffer.alloc(32, 4), sha256: Buffer.alloc(32, 5) },
  { type: 'done', ids: [1, 2, 2 ** 31] },
  { type: 'trouble', id: 2, code: 'storage-denied', message: 'not yours' },
  { type: 'compare', id: 2, chunkSize: 65_536, digest: Buffer.alloc(32, 6) },
  { type: 'manifestEnd', entries: 5, complete: true },
  { type: 'extras', paths: ['old/x', 'old'] },
  { type: 'finished', removed: 2, failed: 1 },
  { type: 'bye' },
  { type: 'data', id: 1, offset: 2 ** 40, hash: 2n ** 63n + 1n, length: 3, payload: [Buffer.from('abc')] },
  { type: 'whole', parts: [{ id: 2, length: 0, hash: 1n }, { id: 9, length: 2, hash: 2n }], length: 2, payload: [Buffer.from('xy')] },
  { type: 'hole', id: 1, first: 0, count: 9 },
];

/** A frame as values that compare: payloads joined, byte strings as hex, what is undefined left out. */
export function plain(frame: Frame): Record<string, unknown> {
  const shown = (value: unknown) => (value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value);
  const fields = Object.entries(frame)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, name === 'payload' ? Buffer.concat(value as Uint8Array[]).toString('hex') : shown(value)]);
  return Object.fromEntries(fields) as Record<string, unknown>;
}
