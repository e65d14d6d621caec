/**
 * One entry of a manifest, from the list that it is on the wire: `[id, kind, path, size, mode, mtime, …]`. Whether its
 * path is safe is for `storage/safe-path.ts` to say, where it becomes one.
 *
 * @module
 */
import { badFrame } from './body-fields.js';
import { ENTRIES_MAX, PATH_BYTES_MAX } from './constants.js';
import { ENTRY_KINDS, ENTRY_LINKED, ENTRY_SPARSE } from './encode.js';
import type { ManifestEntry } from './frame.js';

/** Reads one. @throws ProtocolError */
export function decodeEntry(value: unknown): ManifestEntry {
  if (!Array.isArray(value) || value.length < 6) throw badFrame('entries', 'with an entry that is no list of six or more');
  const [id, kindCode, path, size, mode, mtime, own, more] = value as readonly unknown[];
  const kind = typeof kindCode === 'number' ? ENTRY_KINDS[kindCode] : undefined;
  if (kind === undefined) throw badFrame('entries', 'with an entry of an unknown kind');
  const common = {
    id: whole(id, ENTRIES_MAX, 'id'),
    kind,
    path: text(path),
    size: whole(size, Number.MAX_SAFE_INTEGER, 'size'),
    mode: whole(mode, 0o7777, 'mode'),
    mtimeNs: time(mtime),
  };
  switch (kind) {
    case 'file': {
      const flags = flagsOf(own);
      return { ...common, ...sparse(flags), ...(flags & ENTRY_LINKED ? { linked: true } : {}) };
    }
    case 'directory':
      return common;
    case 'symlink':
      return { ...common, target: text(own) };
    case 'hardlink':
      return { ...common, ...sparse(flagsOf(more)), linkTo: whole(own, common.id - 1, 'link') };
  }
}

function flagsOf(value: unknown): number {
  return value === undefined ? 0 : whole(value, 255, 'flags');
}

function sparse(flags: number): { readonly sparse?: true } {
  return flags & ENTRY_SPARSE ? { sparse: true } : {};
}

function whole(value: unknown, max: number, what: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || value > max) throw badFrame('entries', `with an entry whose ${what} is no whole number up to ${max}`);
  return value;
}

function text(value: unknown): string {
  if (typeof value !== 'string' || Buffer.byteLength(value) > PATH_BYTES_MAX) throw badFrame('entries', `with an entry whose path is no text of up to ${PATH_BYTES_MAX} bytes`);
  return value;
}

function time(value: unknown): bigint {
  if (!(value instanceof Uint8Array) || value.length !== 8) throw badFrame('entries', 'with an entry whose time is not 8 bytes');
  return Buffer.from(value.buffer, value.byteOffset, 8).readBigInt64BE();
}
