/**
 * Why a request has no answer, in one line, and whether it may have been done all the same.
 *
 * @module
 */
import { AuthError, ConnectError, ControlError, type StreamerError, TimeoutError } from '../errors.js';
import { isCertificateError } from '../transport/dial.js';
import { abortReason } from '../transfer/outcome.js';
import { NoConnection } from './fetch.js';

/** A request without an answer. Never leaves the control plane: its `error` does. */
export class Unanswered extends Error {
  override readonly name = 'Unanswered';
  readonly error: StreamerError;
  /** It may have arrived and been done. */
  readonly mayBeDone: boolean;
  /** The connection broke: another may do better at once. */
  readonly dropped: boolean;

  constructor(error: StreamerError, { mayBeDone, dropped = false }: { readonly mayBeDone: boolean; readonly dropped?: boolean }) {
    super(error.message);
    this.error = error;
    this.mayBeDone = mayBeDone;
    this.dropped = dropped;
  }
}

/** What is known of the request. */
export interface FailedRequest {
  /** Its origin, for the message. */
  readonly origin: string;
  readonly signal?: AbortSignal | undefined;
  /** Set when our own deadline ended it, milliseconds. */
  readonly deadlineMs?: number | undefined;
}

/** Node's and OpenSSL's codes for a connection that never was. */
const NOT_CONNECTED = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'EHOSTDOWN', 'ENETUNREACH', 'ENETDOWN', 'EADDRNOTAVAIL', 'UND_ERR_CONNECT_TIMEOUT', 'ENOTFOUND', 'EAI_AGAIN', 'EAI_NODATA']);
const UNKNOWN_NAME = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_NODATA']);

/** Tells what a rejected fetch means. */
export function unanswered(thrown: unknown, { origin, signal, deadlineMs }: FailedRequest): Unanswered {
  if (signal?.aborted === true) return new Unanswered(abortReason(signal), { mayBeDone: true });
  if (deadlineMs !== undefined) {
    const error = new TimeoutError('timeout-idle', `${origin} has not answered within ${deadlineMs / 1000} s: try again later`, { retryable: true });
    return new Unanswered(error, { mayBeDone: true });
  }
  const { root, connected } = rootOf(thrown);
  const code = root.code ?? '';
  const words = lineOf(root);
  if (isCertificateError(root)) {
    const hint = code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID' ? "; is this machine's clock right?" : '; name the authority that signed it with `ca`';
    return before(new AuthError('auth-certificate', `the certificate of ${origin} is not trusted: ${words}${hint}`, { cause: root }));
  }
  if (UNKNOWN_NAME.has(code)) return before(new ConnectError('connect-failed', `no address is known for ${origin} (${code}): is \`url\` right?`, { cause: root }));
  if (/^(?:ERR_SSL_|EPROTO$)/u.test(code)) return before(new ConnectError('connect-failed', `${origin} does not speak TLS as we do (${code}): is \`url\` right, and its port?`, { cause: root, retryable: false }));
  // Ports of other protocols, which fetch asks nothing of (Fetch standard, section 2.9).
  if (words === 'bad port') return before(new ConnectError('connect-failed', `${origin} is at a port that is kept for another protocol: is \`url\` right?`, { cause: root, retryable: false }));
  if (!connected || NOT_CONNECTED.has(code)) return before(new ConnectError('connect-failed', `no connection to ${origin}: ${words}; is \`url\` right, and does this network want HTTPS_PROXY?`, { cause: root }));
  if (code.startsWith('HPE_')) return new Unanswered(new ControlError('control-not-firecrest', `what answers at ${origin} does not speak HTTP (${code}): is \`url\` right, with https: where it has TLS?`, { cause: root }), { mayBeDone: true });
  return new Unanswered(new ConnectError('connect-lost', `the connection to ${origin} broke before its answer: ${words}; try again`, { cause: root }), { mayBeDone: true, dropped: true });
}

function before(error: StreamerError): Unanswered {
  return new Unanswered(error, { mayBeDone: false });
}

/** fetch's error says "fetch failed"; what failed is its cause, or the first of several addresses'. */
function rootOf(thrown: unknown): { readonly root: NodeJS.ErrnoException; readonly connected: boolean } {
  let root: unknown = thrown;
  let connected = true;
  for (let depth = 0; depth < 8; depth += 1) {
    if (root instanceof NoConnection) connected = false;
    if (root instanceof AggregateError && root.errors.length > 0) root = root.errors[0];
    else if (root instanceof Error && root.cause instanceof Error && (root instanceof TypeError || root instanceof NoConnection)) root = root.cause;
    else break;
  }
  return { root: root instanceof Error ? root : new Error('unknown'), connected };
}

function lineOf(error: NodeJS.ErrnoException): string {
  const text = error.message === '' ? (error.code ?? 'unknown') : error.message;
  return text.split('\n')[0] ?? '';
}
