/**
 * Where a redirect leads, and whether a token may follow (RFC 9110 section 15.4). It follows to the same origin only.
 *
 * @module
 */
import { ControlError, peerText } from '../errors.js';

/** Whether an answer is one. */
export function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

/**
 * FirecREST redirects to the form of a path with or without its last slash, and writes the origin as its `Host` header has it,
 * which behind a proxy may be another's; so the same path but for that slash is taken at our own origin.
 *
 * @param path of the redirect, without its query, which may hold what signs
 * @throws ControlError for any other place
 */
export function redirectTarget(asked: URL, status: number, location: string | null, safe: boolean): URL {
  if (location === null || !URL.canParse(location, asked.href)) throw elsewhere(asked, status, 'nowhere');
  const target = new URL(location, asked.href);
  const onlySlash = withoutSlash(target.pathname) === withoutSlash(asked.pathname) && (status === 307 || status === 308);
  if (onlySlash && target.pathname !== asked.pathname) {
    const url = new URL(asked);
    url.pathname = target.pathname;
    return url;
  }
  const kept = safe || status === 307 || status === 308;
  if (target.origin !== asked.origin || !kept) throw elsewhere(asked, status, `${target.origin}${target.pathname}`);
  return target;
}

function withoutSlash(path: string): string {
  return path.replace(/\/$/u, '');
}

function elsewhere(asked: URL, status: number, where: string): ControlError {
  const hint = /\/(?:login|signin|sign-in|authorize|auth)\b/iu.test(where) ? "it looks like a browser's sign-in; is `url` that of the API?" : 'is `url` right?';
  return new ControlError('control-not-firecrest', `${asked.origin} redirects to ${peerText(where)} (HTTP ${status}), where the token does not follow: ${hint}`, { status });
}
