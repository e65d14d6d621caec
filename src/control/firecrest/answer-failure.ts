/**
 * What FirecREST's error answers mean, in one line with its own words and, where there is something to do, that.
 *
 * Every error of its own has one shape, `{errorType, message, causedBy, data}`, of routes that it does not know, too. What has
 * another comes from something before it, or from something else altogether.
 *
 * @module
 */
import { AuthError, ControlError, peerText, type StreamerError } from '../../errors.js';
import { formatDuration } from '../../util/units.js';

/** An answer that is no success. */
export interface FailedAnswer {
  readonly status: number;
  /** What signed the request is hidden in it already. */
  readonly text: string;
  /** Whom we asked, for the message. */
  readonly origin: string;
  /** See HttpAnswer. */
  readonly clockAheadMs: number | undefined;
}

/** A clock that is this far off is worth a word, milliseconds: FirecREST wants 30 s of a token. */
const CLOCK_OFF_MS = 60_000;

/** @returns the error to throw */
export function answerFailure(answer: FailedAnswer): StreamerError {
  const said = messageOf(answer.text);
  if (said === undefined) return notFirecrest(answer);
  const { status } = answer;
  const words = peerText(said);
  if (status === 401) return refusedToken(words, answer);
  if (status === 400 && /^Authentication token .* claim is missing/u.test(said)) return new AuthError('auth-token', `FirecREST finds no user in the token: ${words}; ask the site which client and scope to sign in with`);
  const line = `FirecREST answers ${status}: ${words}`;
  const [code, hint] = meaningOf(status, said);
  const retryable = code === 'control-unavailable' || status === 408;
  return new ControlError(code, hint === '' ? line : `${line.replace(/\.$/u, '')}; ${hint}`, { status, retryable });
}

type Meaning = readonly [code: ConstructorParameters<typeof ControlError>[0], hint: string];

/** By what was recorded. The first that fits. */
const MEANINGS: readonly (readonly [status: number, said: RegExp, ...Meaning])[] = [
  [400, /^Requested transfer method is not available/u, 'control-unsuitable', 'this system moves files in another way: "streamer systems" shows it'],
  [400, /^Account parameter is required/u, 'control-answer', 'name one with `account`'],
  [400, /is not an absolute path/u, 'control-answer', 'give the whole path, from / on'],
  [400, /does not match any of the defined filesystem paths/u, 'control-answer', '"streamer systems" shows the file systems that it serves'],
  [404, /^System not found/u, 'control-answer', '"streamer systems" shows those that there are'],
  [404, /^Not Found$/u, 'control-not-firecrest', 'it has no such route: is `url` right, with its whole path?'],
  [500, /'NoneType' object has no attribute 'service_type'/u, 'control-unsuitable', 'this system has no transfer service: "streamer systems" shows what it has'],
  [500, /No SSH credentials found/u, 'control-answer', 'the site has none for you: ask it'],
  [500, /Invalid account/u, 'control-answer', 'name another `account`'],
  [500, /Connection refused|Command execution timeout|Channel not open|timed out/u, 'control-unavailable', 'the system may be down: see "streamer systems", and try again later'],
];

function meaningOf(status: number, said: string): Meaning {
  for (const [of, pattern, ...meaning] of MEANINGS) if (of === status && pattern.test(said)) return meaning;
  switch (status) {
    case 408:
      return ['control-answer', 'its command took longer than the site allows: try again'];
    case 413:
      return ['control-answer', "the file is too large for FirecREST's own routes"];
    case 429:
      return ['control-unavailable', 'too many requests for now: try again later'];
    case 502:
    case 504:
      return ['control-unavailable', 'try again later'];
    case 503:
      return ['control-unavailable', 'it looks again every few minutes: see "streamer systems", and try again later'];
    default:
      return ['control-answer', ''];
  }
}

function refusedToken(words: string, { clockAheadMs }: FailedAnswer): AuthError {
  if (clockAheadMs !== undefined && Math.abs(clockAheadMs) > CLOCK_OFF_MS && /expire/u.test(words)) {
    const off = `${formatDuration(Math.round(Math.abs(clockAheadMs) / 60_000) * 60_000)} ${clockAheadMs > 0 ? 'behind' : 'ahead of'}`;
    return new AuthError('auth-token', `FirecREST refuses the token: ${words}; this machine's clock is ${off} FirecREST's: set one of them right`);
  }
  const said = `FirecREST refuses the token: ${words.replace(/\.$/u, '')}`;
  // Recorded for a token of another issuer's; by reading, for all of its own, too, when it has new keys and FirecREST was not started anew.
  if (/public key not found/u.test(words)) return new AuthError('auth-sign-in', `${said}; is it of the issuer that this site takes tokens of? Else its keys have changed, and the site must start FirecREST anew`);
  return new AuthError('auth-sign-in', `${said}; sign in again with "streamer login", or renew the token that you give`);
}

/** Something before FirecREST speaks for it, such as a gateway; or it is not there. */
function notFirecrest({ status, text, origin }: FailedAnswer): StreamerError {
  const what = kindOf(text);
  if (status === 401) return new AuthError('auth-refused', `${origin} refuses the token with ${what} (HTTP 401): sign in again with "streamer login"; is \`url\` right?`);
  if (status === 429 || status === 502 || status === 503 || status === 504) {
    return new ControlError('control-unavailable', `${origin} answers ${status} with ${what}: FirecREST is not to be had there for now; try again later`, { status, retryable: true });
  }
  if (status === 413) return new ControlError('control-answer', `${origin} answers 413 with ${what}: what stands before FirecREST does not take a request of that size`, { status });
  return new ControlError('control-not-firecrest', `${origin} answers ${status} with ${what}, which is not FirecREST's: is \`url\` right, with its whole path?`, { status });
}

/** What a text is, in words. */
export function kindOf(text: string): string {
  const begin = text.trimStart();
  if (begin === '') return 'nothing';
  if (/^<(?:!doctype\s+html|html|head|body)\b/iu.test(begin)) return 'an HTML page';
  return begin.startsWith('{') || begin.startsWith('[') ? 'other JSON' : 'some other text';
}

/** FirecREST's words; undefined for what has not its shape. Of a validation error the fields say it, and its message is a dump. */
function messageOf(text: string): string | undefined {
  const answer = parsed(text);
  if (typeof answer['message'] !== 'string' || typeof answer['errorType'] !== 'string') return undefined;
  const fields = fieldsIn(answer['data']);
  if (answer['errorType'] === 'validation' && fields !== '') return fields;
  const causes: unknown = answer['causedBy'];
  const told = Array.isArray(causes) ? causes.filter((cause) => typeof cause === 'string') : [];
  return [answer['message'], ...told].map(withoutFrame).join(' ');
}

/** A command's own words, without what FirecREST writes before them. */
function withoutFrame(words: string): string {
  return words.replace(/^Remote process failed with exit status:\d+ and error message:/u, '').replace(/^Unexpected Slurm command response\. exit_status:\d+ std_err:/u, 'the scheduler says: ').trim();
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function fieldsIn(data: unknown): string {
  const fields: unknown = typeof data === 'object' && data !== null ? (data as Record<string, unknown>)['fields'] : undefined;
  if (!Array.isArray(fields)) return '';
  return fields.map(fieldIn).filter((line) => line !== '').join('; ');
}

/** The name may be a number, for broken JSON. */
function fieldIn(field: unknown): string {
  if (typeof field !== 'object' || field === null) return '';
  const { name, message } = field as Record<string, unknown>;
  if (typeof message !== 'string') return '';
  return typeof name === 'string' || typeof name === 'number' ? `${name}: ${message}` : message;
}
