/**
 * The messages of the reference wire (firecrest-streamer 0.0.21): init, eof and the error in a close reason. Built as
 * the Python peer understands them, parsed as liberally as it writes them. PROTOCOL.md beside this file is the source.
 *
 * @module
 */
import { ConnectError, errorFromPeer, LimitError, peerText, ProtocolError, StorageError, StreamerError, IntegrityError } from '../errors.js';

/** Bytes of one data message. The Python receiver counts its limit in whole messages of this size. */
export const COMPAT_CHUNK_BYTES = 5 * 1024 * 1024;
/** Most bytes of a message that the Python peer takes: 1.25 of the chunk. */
export const COMPAT_MESSAGE_MAX = 6_553_600;
/** Most bytes of an init or eof message that is read: both are well under 200. */
export const CONTROL_MESSAGE_MAX = 4096;

/** What the sender announces. */
export interface Init {
  /** Bytes. */
  readonly size: number;
}

/** `{"type":"init",…}`, to be sent as a binary message: the Python receiver decodes bytes only. */
export function buildInit(size: number): Buffer {
  return Buffer.from(JSON.stringify({ type: 'init', num_chunks: Math.ceil(size / COMPAT_CHUNK_BYTES), file_size: size }));
}

/** `{"type":"eof","sha256_hash":…}` without spaces, to be sent as TEXT: the only form that the Python receiver knows. */
export function buildEof(sha256: string): Buffer {
  return Buffer.from(JSON.stringify({ type: 'eof', sha256_hash: sha256 }));
}

/** @throws ProtocolError when it is no init message. */
export function parseInit(message: Uint8Array): Init {
  const body = parseObject(message, 'init');
  const size = body['file_size'];
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    throw new ProtocolError('protocol-violation', 'the other end announced a file of no valid size');
  }
  return { size };
}

/** @returns the SHA-256 in lower-case hex. @throws ProtocolError when it is no eof message. */
export function parseEof(message: Uint8Array): string {
  const hash = parseObject(message, 'eof')['sha256_hash'];
  if (typeof hash !== 'string' || !/^[0-9a-f]{64}$/i.test(hash)) {
    throw new ProtocolError('protocol-violation', 'the other end ended the file without a SHA-256');
  }
  return hash.toLowerCase();
}

/** Whether a message says that it is an eof, a valid one or not. */
export function isEof(message: Uint8Array): boolean {
  return objectOfType(message, 'eof') !== undefined;
}

/** The error of a message that is not what its place in the order asks for. */
export function notInPlace(type: 'init' | 'eof'): ProtocolError {
  return new ProtocolError('protocol-violation', `the other end sent something else where its '${type}' message belongs`);
}

function parseObject(message: Uint8Array, type: 'init' | 'eof'): Record<string, unknown> {
  const value = objectOfType(message, type);
  if (value === undefined) throw notInPlace(type);
  return value;
}

function objectOfType(message: Uint8Array, type: 'init' | 'eof'): Record<string, unknown> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(message));
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || (value as { type?: unknown }).type !== type) return undefined;
  return value as Record<string, unknown>;
}

/** A close frame's code and reason for one of our errors, as the Python server would close (observed in 0.0.21). */
export function closeForError(error: unknown): { code: number; reason: string } {
  if (error instanceof LimitError) return { code: 1009, reason: error.message };
  if (error instanceof StorageError && (error.code === 'storage-missing' || error.code === 'storage-exists')) {
    // The reference says FileNotFoundError for both; `code` is ours, and unknown keys are passed over.
    return { code: 3003, reason: JSON.stringify({ type: 'error', error: 'FileNotFoundError', code: error.code }) };
  }
  if (error instanceof StreamerError) return { code: 1011, reason: JSON.stringify({ type: 'error', error: error.name, code: error.code }) };
  return { code: 1011, reason: JSON.stringify({ type: 'error', error: 'Error' }) };
}

/** What a peer's close frame means, or undefined when it is a good end. */
export function errorFromClose(code: number, reason: string, peerIs: 'sender' | 'receiver'): StreamerError | undefined {
  if (code === 1000 || code === 1005) return undefined;
  const { name, ours } = parseReason(reason);
  // The Python server closes with 1001 when it is told to stop, and when a second client has ended its session.
  if (code === 1001 || ours === 'aborted') return new ConnectError('connect-lost', 'the other end was stopped; the compat wire cannot resume: start again');
  if (ours !== undefined) return errorFromPeer(ours, name);
  // Without a word: a Python client that its user interrupts.
  if (code === 1011 && name === '') return new ConnectError('connect-lost', 'the other end broke off, without saying why; the compat wire cannot resume: start again');
  if (code === 1009) return new LimitError('limit-inbound', `the other end refuses the file: ${peerText(reason) || 'it is over its inbound transfer limit'}`);
  if (code === 3003) {
    return peerIs === 'receiver'
      ? new StorageError('storage-exists', 'the target exists already at the other end; nothing was overwritten')
      : new StorageError('storage-missing', 'the file does not exist at the other end');
  }
  if (/hash|checksum/i.test(name)) return new IntegrityError('integrity-digest', `the other end reports: ${peerText(name)}`);
  if (/^(FileNotFound|FileExists|IsADirectory|NotADirectory|Permission|OS|IO)Error$/.test(name)) {
    return new StorageError('storage-io', `the other end could not ${peerIs === 'receiver' ? 'write' : 'read'} the file: ${name}`);
  }
  return new ProtocolError('protocol-violation', `the other end closed with ${code}${name === '' ? '' : `: ${peerText(name)}`}`);
}

function parseReason(reason: string): { name: string; ours: string | undefined } {
  try {
    const value = JSON.parse(reason) as { error?: unknown; code?: unknown } | null;
    const name = typeof value?.error === 'string' ? value.error : reason;
    return { name, ours: typeof value?.code === 'string' ? value.code : undefined };
  } catch {
    return { name: reason, ours: undefined };
  }
}
