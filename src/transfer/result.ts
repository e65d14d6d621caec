/**
 * The result of a finished transfer.
 *
 * @module
 */
import type { EntryFrame } from '../wire/frame.js';
import type { TransferResult } from './progress.js';

/** Cipher of the native wire's records, as the handshake's name fixes it. */
const NATIVE_CIPHER = 'AES-256-GCM';

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
    readonly entry: EntryFrame;
    readonly digest: Buffer;
    readonly resumed: number | undefined;
    readonly moved: number;
    readonly reconnects: number;
  },
): TransferResult {
  const { entry, digest, resumed = 0, moved, reconnects } = facts;
  return {
    ...common(facts, entry.name, entry.size, moved),
    resumedBytes: resumed,
    wire: 'native',
    encrypted: true,
    cipher: NATIVE_CIPHER,
    digest: { algorithm: 'streamer-xxh64', hex: digest.toString('hex') },
    verified: true,
    reconnects,
  };
}

/** Result of a transfer on the compat wire. */
export function compatResult(facts: Facts & { readonly name: string; readonly size: number; readonly sha256: string }): TransferResult {
  return {
    ...common(facts, facts.name, facts.size, facts.size),
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
