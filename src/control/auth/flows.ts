/**
 * The ways of signing in, by name.
 *
 * @module
 */

/**
 * - `browser`: authorization code with PKCE (RFC 7636), in the user's browser.
 * - `device`: device authorization grant (RFC 8628): a code to type in on another device.
 * - `client-credentials`: the client for itself (RFC 6749 section 4.4).
 * - `token-exchange`: the token of a `subjectFlow` for one of another audience (RFC 8693).
 * - `api-key`: a key for a short-lived token, at an endpoint of the site's.
 * - `token`: a token as it is, from a file; `token-command`: from a command.
 * - `jupyterhub`: the tokens of JupyterHub's authentication state.
 * - `custom`: a module of the user's.
 */
export const FLOWS = ['browser', 'device', 'client-credentials', 'token-exchange', 'api-key', 'token', 'token-command', 'jupyterhub', 'custom'] as const;
/** One of them. */
export type Flow = (typeof FLOWS)[number];

/** Where the token comes from that a token exchange begins with. */
export const SUBJECT_FLOWS = ['browser', 'device', 'token', 'token-command', 'jupyterhub'] as const;
/** One of them. */
export type SubjectFlow = (typeof SUBJECT_FLOWS)[number];

/** How a confidential client proves who it is (OpenID Connect Core section 9). */
export const CLIENT_AUTH_METHODS = ['client_secret_basic', 'client_secret_post', 'private_key_jwt'] as const;
/** One of them. */
export type ClientAuthMethod = (typeof CLIENT_AUTH_METHODS)[number];
