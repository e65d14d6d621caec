/**
 * How to sign in when the user does not say.
 *
 * @module
 */
import type { Profile } from '../profile.js';
import { hasBrowser } from './browser.js';
import type { Flow, SubjectFlow } from './flows.js';

/** What the choice depends on, besides the profile. */
export interface FlowFacts {
  readonly env: NodeJS.ProcessEnv;
  /** A secret of the client was given otherwise than by file. */
  readonly secretGiven: boolean;
  readonly apiKeyGiven: boolean;
}

/**
 * By what is given: a key, a command, a file or a module says it; a client with a secret or a key of its own signs in for itself; a
 * user, in the browser, or by a code where there is none.
 */
export function chooseFlow(profile: Profile, facts: FlowFacts): Flow {
  if (profile.authenticator !== undefined) return 'custom';
  if (profile.apiKeyFile !== undefined || facts.apiKeyGiven) return 'api-key';
  if (profile.tokenCommand !== undefined) return 'token-command';
  if (profile.tokenFile !== undefined) return 'token';
  if (profile.subjectFlow !== undefined) return 'token-exchange';
  if (profile.clientSecretFile !== undefined || profile.keyFile !== undefined || facts.secretGiven) return 'client-credentials';
  return interactiveFlow(facts.env);
}

/** Browser or code. */
export function interactiveFlow(env: NodeJS.ProcessEnv): Flow & SubjectFlow {
  return hasBrowser(env) ? 'browser' : 'device';
}
