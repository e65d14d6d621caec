/**
 * Every error that `streamer` raises on purpose. One class per kind of failure, each with an exit status for the
 * command line, a websocket close code for the peer, and a stable `code` for programs. The README documents the table.
 *
 * A message is one line that says what happened and what to do about it. It never holds a secret. It names the library's
 * options and functions, in backticks; the command line makes flags of them (`cli/flags.ts`).
 *
 * @module
 */

/** Stable codes, by class. A code is never renamed; a peer that sends an unknown one is read as its class's first. */
export const ERROR_CODES = {
  UsageError: ['usage'],
  CoordinatesError: [
    'coordinates-malformed',
    'coordinates-version',
    'coordinates-direction',
    'coordinates-expired',
    'coordinates-sealed',
  ],
  AuthError: ['auth-refused', 'auth-missing', 'auth-handshake', 'auth-not-encrypted', 'auth-certificate', 'auth-sign-in', 'auth-token'],
  ConnectError: ['connect-failed', 'connect-lost', 'connect-busy', 'connect-listen'],
  ProtocolError: ['protocol-violation', 'protocol-version'],
  IntegrityError: ['integrity-checksum', 'integrity-digest', 'integrity-tag', 'integrity-size', 'integrity-source'],
  StorageError: [
    'storage-io',
    'storage-missing',
    'storage-exists',
    'storage-full',
    'storage-denied',
    'storage-not-a-file',
    'storage-unsafe-path',
    'storage-locked',
    'storage-incomplete',
  ],
  LimitError: ['limit-inbound', 'limit-frame', 'limit-entries', 'limit-relay'],
  TimeoutError: ['timeout-wait', 'timeout-idle', 'timeout-handshake'],
  ControlError: ['control-answer', 'control-unavailable', 'control-not-firecrest', 'control-unsuitable', 'control-job', 'control-verify'],
  AbortError: ['aborted'],
} as const;

type Codes = typeof ERROR_CODES;
/** Name of an error class. */
export type ErrorClassName = keyof Codes;
/** Any stable error code. */
export type ErrorCode = Codes[ErrorClassName][number];

/** Options of every error: the failure that led to it, and whether the same attempt may succeed when repeated. */
export interface ErrorDetails {
  readonly cause?: unknown;
  readonly retryable?: boolean;
  /** The failure happened at the other end, which told us. */
  readonly fromPeer?: boolean;
}

/** Base of all errors below. `exitCode` is the process's status, `closeCode` what the peer is told. */
export abstract class StreamerError extends Error {
  abstract override readonly name: ErrorClassName;
  abstract readonly exitCode: number;
  abstract readonly closeCode: number;
  readonly retryable: boolean;
  readonly fromPeer: boolean;
  readonly code: ErrorCode;

  protected constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.retryable = details.retryable ?? false;
    this.fromPeer = details.fromPeer ?? false;
  }
}

/** Bad flags or arguments. Exit 2, as the reference's own command line does. */
export class UsageError extends StreamerError {
  override readonly name = 'UsageError';
  override readonly exitCode = 2;
  override readonly closeCode = 4002;
  constructor(message: string, details?: ErrorDetails) {
    super('usage', message, details);
  }
}

/** Coordinates that are malformed, of an unknown version, expired, or meant for the other direction. Exit 3. */
export class CoordinatesError extends StreamerError {
  override readonly name = 'CoordinatesError';
  override readonly exitCode = 3;
  override readonly closeCode = 4003;
  constructor(code: Codes['CoordinatesError'][number], message: string, details?: ErrorDetails) {
    super(code, message, details);
  }
}

/** The other end refused the secret (401, 403), or the handshake failed. Exit 4, close 1008. */
export class AuthError extends StreamerError {
  override readonly name = 'AuthError';
  override readonly exitCode = 4;
  override readonly closeCode = 1008;
  constructor(code: Codes['AuthError'][number], message: string, details?: ErrorDetails) {
    super(code, message, details);
  }
}

/** No candidate address answered, or the link was lost and could not be had again. Exit 5. */
export class ConnectError extends StreamerError {
  override readonly name = 'ConnectError';
  override readonly exitCode = 5;
  override readonly closeCode = 4005;
  constructor(code: Codes['ConnectError'][number], message: string, details?: ErrorDetails) {
    super(code, message, { retryable: true, ...details });
  }
}

/** The peer broke the specification, or no common version exists. Exit 6, close 1002 (RFC 6455 section 7.4.1). */
export class ProtocolError extends StreamerError {
  override readonly name = 'ProtocolError';
  override readonly exitCode = 6;
  override readonly closeCode = 1002;
  constructor(code: Codes['ProtocolError'][number], message: string, details?: ErrorDetails) {
    super(code, message, details);
  }
}

/** A checksum, AEAD tag, digest or size differs, or the source changed while it was read. Exit 7. */
export class IntegrityError extends StreamerError {
  override readonly name = 'IntegrityError';
  override readonly exitCode = 7;
  override readonly closeCode = 4007;
  constructor(code: Codes['IntegrityError'][number], message: string, details?: ErrorDetails) {
    super(code, message, details);
  }
}

/** The file system said no: missing, exists, full, denied, not a regular file, or an unsafe path. Exit 8. */
export class StorageError extends StreamerError {
  override readonly name = 'StorageError';
  override readonly exitCode = 8;
  override readonly closeCode = 4008;
  constructor(code: Codes['StorageError'][number], message: string, details?: ErrorDetails) {
    super(code, message, details);
  }
}

/** A bound was exceeded: the inbound transfer limit, a frame's size, the number of entries. Exit 9, close 1009. */
export class LimitError extends StreamerError {
  override readonly name = 'LimitError';
  override readonly exitCode = 9;
  override readonly closeCode = 1009;
  constructor(code: Codes['LimitError'][number], message: string, details?: ErrorDetails) {
    super(code, message, details);
  }
}

/** Waited too long for a client, for a handshake, or for a silent peer. Exit 10. */
export class TimeoutError extends StreamerError {
  override readonly name = 'TimeoutError';
  override readonly exitCode = 10;
  override readonly closeCode = 4010;
  constructor(code: Codes['TimeoutError'][number], message: string, details?: ErrorDetails) {
    super(code, message, details);
  }
}

/**
 * FirecREST, or the job that it started, did not do what was asked. Exit 11.
 * - `control-answer`: it answered with an error; `status` is the HTTP status.
 * - `control-unavailable`: the system, its scheduler or a service of it is down for now.
 * - `control-not-firecrest`: what answers there is not FirecREST.
 * - `control-unsuitable`: no way of transfer fits what was asked; nothing was started.
 * - `control-job`: the job failed, was cancelled, or ended before the transfer.
 * - `control-verify`: what arrived is not what was sent, by FirecREST's checksum.
 */
export class ControlError extends StreamerError {
  override readonly name = 'ControlError';
  override readonly exitCode = 11;
  override readonly closeCode = 4011;
  /** HTTP status of FirecREST's answer, where there was one. */
  readonly status: number | undefined;
  constructor(code: Codes['ControlError'][number], message: string, details?: ErrorDetails & { readonly status?: number }) {
    super(code, message, details);
    this.status = details?.status;
  }
}

/** Stopped from outside: SIGINT (exit 130), SIGTERM (exit 143), or the caller's AbortSignal (exit 130). Close 1001. */
export class AbortError extends StreamerError {
  override readonly name = 'AbortError';
  override readonly exitCode: number;
  override readonly closeCode = 1001;
  constructor(message: string, details?: ErrorDetails & { readonly signal?: 'SIGINT' | 'SIGTERM' }) {
    super('aborted', message, details);
    this.exitCode = details?.signal === 'SIGTERM' ? 143 : 130;
  }
}

/** Exit status of anything that is not a {@link StreamerError}: a bug, and the only case that prints a stack. */
export const EXIT_BUG = 70;

/** Close code for an error of any kind: its own, or 1011 (RFC 6455 section 7.4.1: unexpected condition). */
export function closeCodeOf(error: unknown): number {
  return error instanceof StreamerError ? error.closeCode : 1011;
}

/** Longest peer-written text that reaches a user, in UTF-16 code units. */
const PEER_TEXT_LIMIT = 300;

/** Makes text that a peer wrote fit for one line of a terminal: control characters out, length bounded. */
export function peerText(text: string): string {
  const clean = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  return clean.length > PEER_TEXT_LIMIT ? `${clean.slice(0, PEER_TEXT_LIMIT)}…` : clean;
}

/** Rebuilds an error that the peer reported by code and text, so that both ends exit with the same class. */
export function errorFromPeer(code: string, text: string): StreamerError {
  const message = `the other end reports: ${peerText(text)}`;
  for (const [name, codes] of Object.entries(ERROR_CODES)) {
    if (!(codes as readonly string[]).includes(code)) continue;
    return construct(name as ErrorClassName, code as ErrorCode, message);
  }
  return new ProtocolError('protocol-violation', `${message} (unknown code ${peerText(code).slice(0, 40)})`, { fromPeer: true });
}

function construct(name: ErrorClassName, code: ErrorCode, message: string): StreamerError {
  const details = { fromPeer: true, retryable: false };
  switch (name) {
    case 'UsageError':
      return new UsageError(message, details);
    case 'CoordinatesError':
      return new CoordinatesError(code as Codes['CoordinatesError'][number], message, details);
    case 'AuthError':
      return new AuthError(code as Codes['AuthError'][number], message, details);
    case 'ConnectError':
      return new ConnectError(code as Codes['ConnectError'][number], message, details);
    case 'ProtocolError':
      return new ProtocolError(code as Codes['ProtocolError'][number], message, details);
    case 'IntegrityError':
      return new IntegrityError(code as Codes['IntegrityError'][number], message, details);
    case 'StorageError':
      return new StorageError(code as Codes['StorageError'][number], message, details);
    case 'LimitError':
      return new LimitError(code as Codes['LimitError'][number], message, details);
    case 'TimeoutError':
      return new TimeoutError(code as Codes['TimeoutError'][number], message, details);
    case 'ControlError':
      return new ControlError(code as Codes['ControlError'][number], message, details);
    case 'AbortError':
      // Their signal is not ours: to this end it is a lost link that redialling will not bring back.
      return new ConnectError('connect-lost', 'the other end was stopped; what has arrived is kept, run the command again to resume', details);
  }
}
