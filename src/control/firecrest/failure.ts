/**
 * What FirecREST's refusals mean, as errors of ours: each says what happened, in FirecREST's own words, and what to do.
 *
 * Its error shape is one for all (measured): `{ errorType, message, causedBy, data: { fields }, user }`, for validation with 400.
 * Headers are never quoted: `auth-token` of a 401 repeats the token.
 *
 * @module
 */
import { AuthError, ConnectError, ControlError, peerText, TimeoutError, type StreamerError } from '../../errors.js';
import { isCertificateError } from '../../transport/dial.js';

/** A clock that is off by more than this is what makes tokens seem to be too old, milliseconds. */
const CLOCK_OFF_MS = 60_000;

/** What FirecREST said of a refusal, fit for one line; undefined when it is not FirecREST's error shape. */
export function messageOf(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const { message, causedBy, data } = body as { message?: unknown; causedBy?: unknown; data?: unknown };
  if (typeof message !== 'string') return undefined;
  const fields = fieldsOfRefusal(data);
  if (fields !== '') return peerText(fields);
  const causes = Array.isArray(causedBy) ? causedBy.filter((cause) => typeof cause === 'string') : [];
  return peerText(shellWords([message, ...causes].join(' ')));
}

/** The usable part of a validation error; its message is a dump with the server's file names. */
function fieldsOfRefusal(data: unknown): string {
  const fields = typeof data === 'object' && data !== null ? (data as { fields?: unknown }).fields : undefined;
  if (!Array.isArray(fields)) return '';
  return fields
    .map((field: unknown) => {
      const { name, message } = (field ?? {}) as { name?: unknown; message?: unknown };
      return typeof message === 'string' ? `${typeof name === 'string' || typeof name === 'number' ? `${name}: ` : ''}${message}` : '';
    })
    .filter((line) => line !== '')
    .join('; ');
}

/** What a command on the cluster has written is what its user understands; the words before it are not. */
function shellWords(message: string): string {
  return message
    .replace(/^Remote process failed with exit status:\d+ and error message:/u, '')
    .replace(/^(?:Error executing Slurm command\. )?Unexpected Slurm command response\. exit_status:\d+ std_err:/u, 'the scheduler says: ')
    .trim();
}

/** An answer, as far as an error is made of it. */
export interface Refusal {
  readonly status: number;
  readonly body: unknown;
  /** The answer's `Date`, milliseconds since 1970. */
  readonly serverTime?: number | undefined;
  /** What was asked, for the message: "the job 7". */
  readonly what: string;
}

/** The error for an answer of 400 or more. */
export function refusalError(refusal: Refusal): StreamerError {
  const { status, body, what } = refusal;
  const message = messageOf(body);
  if (message === undefined && status !== 401 && status < 500 && status !== 429) {
    return new ControlError('control-not-firecrest', `what answers there is not FirecREST (HTTP ${status}, without FirecREST's words): is the \`url\` right?`, { status });
  }
  const said = message ?? `HTTP ${status}`;
  if (status === 401) return unauthorised(refusal, said);
  if (status === 429 || status === 502 || status === 503 || status === 504) return new ControlError('control-unavailable', `${what}: FirecREST cannot do it now: ${said}: try again later; "streamer systems" shows what is healthy`, { status, retryable: true });
  return new ControlError('control-answer', `${what}: ${said}${advice(status)}`, { status });
}

function advice(status: number): string {
  if (status === 408) return ': the cluster did not answer within the time that the site allows';
  if (status === 413) return ': it is more than the site lets through FirecREST itself';
  return '';
}

function unauthorised({ serverTime }: Refusal, said: string): AuthError {
  const offMs = serverTime === undefined ? 0 : Date.now() - serverTime;
  if (/expire/iu.test(said) && Math.abs(offMs) > CLOCK_OFF_MS) {
    return new AuthError('auth-token', `FirecREST refuses the token (${said}), and this machine's clock is ${Math.round(Math.abs(offMs) / 60_000)} minutes ${offMs < 0 ? 'behind' : 'ahead of'} its: set the clock right`);
  }
  return new AuthError('auth-sign-in', `FirecREST refuses the token: ${said}: sign in again with "streamer login", or renew the token that you give`);
}

/** Whether a request that failed so was never worked on, or may be asked again since asking changes nothing. */
export function isConnectionLoss(error: unknown): boolean {
  return ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'ECONNABORTED'].includes(causeOf(error).code ?? '');
}

/** The error of a request that got no answer. */
export function connectionError(error: unknown, host: string): StreamerError {
  const cause = causeOf(error);
  if (isCertificateError(cause)) return new AuthError('auth-certificate', `the certificate of FirecREST at ${host} is not trusted: ${peerText(cause.message)}; name the authority that signed it with \`ca\``);
  const why = { ENOTFOUND: 'there is no such host', EAI_AGAIN: 'its name cannot be looked up now', ECONNREFUSED: 'nothing listens there', ECONNRESET: 'the connection was cut' }[cause.code ?? ''] ?? peerText(cause.message);
  return new ConnectError('connect-failed', `cannot reach FirecREST at ${host}: ${why}: is the \`url\` right, and the network there?`);
}

/** The error of a request that took too long. */
export function tooLate(host: string, timeoutMs: number): TimeoutError {
  return new TimeoutError('timeout-idle', `FirecREST at ${host} has not answered within ${Math.round(timeoutMs / 1000)} s: try again later`, { retryable: true });
}

/** fetch hides why it failed behind a cause. */
function causeOf(error: unknown): NodeJS.ErrnoException {
  let cause = error instanceof Error ? error : new Error(String(error));
  while (cause.cause instanceof Error) cause = cause.cause;
  return cause;
}
