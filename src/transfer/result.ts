/**
 * The result of a finished transfer.
 *
 * @module
 */
import type { RootKind } from '../wire/frame.js';
import type { EntryCounts, TransferResult } from './progress.js';

/** Cipher of the native wire's records, as the handshake's name fixes it. */
const NATIVE_CIPHER = 'AES-256-GCM';

/** No entries of any kind. */
export const NO_ENTRIES: EntryCounts = { moved: 0, equal: 0, kept: 0, placed: 0, would: 0, special: 0, removed: 0, failed: 0 };

/** What both wires know. */
interface Facts {
  readonly action: 'send' | 'receive';
  readonly path: string;
  /** `performance.now()` when it began. */
  readonly startMs: number;
  readonly remote: string;
}

/** Result of a transfer on the native wire. */
export function nativeResult(
  facts: Facts & {
    readonly root: RootKind;
    readonly name: string;
    readonly size: number;
    readonly entries: EntryCounts;
    /** Of the one file. */
    readonly digest: Uint8Array | undefined;
    readonly sha256: Uint8Array | undefined;
    readonly resumed: number;
    readonly moved: number;
    readonly reconnects: number;
  },
): TransferResult {
  const { root, name, size, entries, digest, sha256, resumed, moved, reconnects } = facts;
  return {
    ...common(facts, name, size, moved),
    root,
    entries,
    resumedBytes: resumed,
    wire: 'native',
    encrypted: true,
    cipher: NATIVE_CIPHER,
    ...(digest === undefined ? {} : { digest: { algorithm: 'streamer-xxh64', hex: Buffer.from(digest).toString('hex') } as const }),
    ...(sha256 === undefined ? {} : { sha256: Buffer.from(sha256).toString('hex') }),
    verified: true,
    reconnects,
  };
}

/** Result of a transfer on the compat wire. */
export function compatResult(facts: Facts & { readonly name: string; readonly size: number; readonly sha256: string }): TransferResult {
  return {
    ...common(facts, facts.name, facts.size, facts.size),
    root: 'file',
    entries: { ...NO_ENTRIES, moved: 1 },
    resumedBytes: 0,
    wire: 'compat',
    encrypted: false,
    digest: { algorithm: 'sha256', hex: facts.sha256 },
    // The reference's receiver closes cleanly even when its hash differs: its sender never knows.
    verified: facts.action === 'receive',
    reconnects: 0,
  };
}

function common({ action, path, startMs, remote }: Facts, name: string, size: number, movedBytes: number) {
  const durationMs = performance.now() - startMs;
  const bytesPerSecond = durationMs > 0 ? (movedBytes * 1000) / durationMs : 0;
  return { action, path, name, size, movedBytes, durationMs, bytesPerSecond, remote };
}
