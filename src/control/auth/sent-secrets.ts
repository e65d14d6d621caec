/**
 * What was sent to a provider and must not be shown should it repeat it: its descriptions of errors may quote what they were given.
 *
 * @module
 */
import { hideSecrets } from '../signed.js';

/** Parameters that are no secrets (RFC 6749, 7009, 7636, 8628, 8693, 8707). All others may be. */
const PUBLIC = new Set(['audience', 'client_assertion_type', 'client_id', 'grant_type', 'redirect_uri', 'requested_token_type', 'resource', 'scope', 'subject_token_type', 'token_type_hint']);

/** Gathers them, request by request. */
export class SentSecrets {
  readonly #secrets = new Set<string>();

  /** @param body a form, or nothing that is looked at */
  gather(headers: ConstructorParameters<typeof Headers>[0], body: unknown): void {
    const [scheme = '', credentials = ''] = (new Headers(headers).get('authorization') ?? '').split(' ');
    this.#add(credentials);
    if (/^basic$/iu.test(scheme)) for (const word of new URLSearchParams(`=${Buffer.from(credentials, 'base64').toString().replace(/^[^:]*:/u, '')}`).values()) this.#add(word);
    if (!(body instanceof URLSearchParams) && typeof body !== 'string') return;
    for (const [name, value] of new URLSearchParams(body)) if (!PUBLIC.has(name)) this.#add(value);
  }

  /** A text without them. */
  readonly hide = (text: string): string => hideSecrets(text, [...this.#secrets]);

  #add(secret: string): void {
    if (secret !== '') this.#secrets.add(secret);
  }
}
