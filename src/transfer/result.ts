/**
 * The result of a finished transfer.
 *
 * @module
 */
import type { EntryFrame } from '../wire/frame.js';
import type { TransferResult } from './progress.js';

/** Cipher of the native wire's records, as the handshake's name fixes it. */
export const NATIVE_CIPHER = 'AES-256-GCM';

/** Result of a transfer on the native wire. */
export function nativeResult(facts: {
  readonly action: 'send' | 'receive';
  readonly path: string;
  readonly entry: EntryFrame;
  readonly digest: Buffer;
  readonly startMs: number;
  readonly resumed: number | undefined;
  readonly moved: number;
  readonly reconnects: number;
  readonly remote: string;
}): TransferResult {
  const durationMs = performance.now() - facts.startMs;
  return {
    action: facts.action,
    path: facts.path,
    name: facts.entry.name,
    size: facts.entry.size,
    resumedBytes: facts.resumed ?? 0,
    movedBytes: facts.moved,
    durationMs,
    bytesPerSecond: rate(facts.moved, durationMs),
    wire: 'native',
    encrypted: true,
    cipher: NATIVE_CIPHER,
    digest: { algorithm: 'streamer-xxh64', hex: facts.digest.toString('hex') },
    verified: true,
    reconnects: facts.reconnects,
    remote: facts.remote,
  };
}

/** Result of a transfer on the compat wire. */
export function compatResult(facts: {
  readonly action: 'send' | 'receive';
  readonly path: string;
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
  readonly startMs: number;
  readonly remote: string;
}): TransferResult {
  const durationMs = performance.now() - facts.startMs;
  return {
    action: facts.action,
    path: facts.path,
    name: facts.name,
    size: facts.size,
    resumedBytes: 0,
    movedBytes: facts.size,
    durationMs,
    bytesPerSecond: rate(facts.size, durationMs),
    wire: 'compat',
    encrypted: false,
    digest: { algorithm: 'sha256', hex: facts.sha256 },
    // The reference's receiver closes cleanly even when its hash differs: its sender never knows.
    verified: facts.action === 'receive',
    reconnects: 0,
    remote: facts.remote,
  };
}

function rate(bytes: number, milliseconds: number): number {
  return milliseconds > 0 ? (bytes * 1000) / milliseconds : 0;
}
