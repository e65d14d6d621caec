/**
 * FirecREST's own checksum of a file, held against what was moved.
 *
 * @module
 */
import { ControlError, peerText } from '../errors.js';
import { canLook } from './remote-path.js';
import { callOptions, type Site, type SiteSystem } from './site.js';

/** What a comparison found; `unknown`: there was none, and why. */
export type Verdict = { readonly is: 'equal' | 'different' | 'missing' } | { readonly is: 'unknown'; readonly why: string };

/** Where to ask. */
export interface VerifyContext {
  readonly client: Pick<Site, 'checksum'>;
  readonly system: SiteSystem;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Compares a file of the cluster with a SHA-256.
 * @param sha256 hex.
 * @throws AuthError, AbortError; what FirecREST cannot do is `unknown`
 */
export async function compareWithSite(path: string, sha256: string, { client, system, signal }: VerifyContext): Promise<Verdict> {
  if (!canLook(path, system)) return { is: 'unknown', why: `FirecREST does not look at ${path}` };
  try {
    const theirs = await client.checksum(system.name, path, callOptions(signal));
    return { is: theirs.toLowerCase() === sha256 ? 'equal' : 'different' };
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    if (error.status === 404) return { is: 'missing' };
    // A site gives a command five seconds: enough for some GiB.
    if (error.status === 408) return { is: 'unknown', why: "the site's time limit is too short for a file of this size" };
    return { is: 'unknown', why: peerText(error.message) };
  }
}
