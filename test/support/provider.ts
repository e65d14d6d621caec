/**
 * A real OpenID provider (npm's oidc-provider) in this process, on a free port of 127.0.0.1, with clients of every kind that the
 * program can be. Its access tokens are JWTs, RS256, with `preferred_username`: FirecREST, or its stand-in, can check them by the
 * provider's JWKS. It ends with the test.
 *
 * It rotates refresh tokens, gives them without being asked for offline_access, as Keycloak does, and takes a used one for stolen:
 * then the whole grant is over.
 *
 * @module
 */
import { createPublicKey, generateKeyPairSync, randomUUID, sign, verify, type JsonWebKey, type KeyObject } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import type { TestContext } from 'node:test';
import { Provider, type ClientMetadata, type Configuration, type KoaContextWithOIDC, type TokenEndpointGrantContext } from 'oidc-provider';

/** The audience that a FirecREST's tokens are for, where none is asked for. */
export const FIRECREST_AUDIENCE = 'https://firecrest.test/';
/** What the token exchange gives tokens for. */
export const EXCHANGE_AUDIENCE = 'firecrest-confidential';
/** Secret of the confidential clients. */
export const CLIENT_SECRET = 'not-to-be-seen-in-any-output-0123456789';
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';

/** What can be chosen. */
export interface ProviderOptions {
  /** @default 300 */
  readonly accessTokenSeconds?: number;
  /** How long a device code is good for. @default 60 */
  readonly deviceSeconds?: number;
  /** Answers a request in the provider's place: true when it has. */
  readonly intercept?: (context: KoaContextWithOIDC) => boolean | Promise<boolean>;
  /** Whether a device may ask every second: the library's least is a whole one. @default true */
  readonly quickPolls?: boolean;
}

/** A request at the token endpoint, answered. */
export interface TokenRequest {
  readonly grant: string;
  readonly client: string;
  /** How the client showed who it is. */
  readonly by: 'header' | 'form' | 'assertion' | 'nothing';
  readonly status: number;
}

/** A running one. */
export interface TestProvider {
  readonly issuer: string;
  readonly tokenUrl: string;
  readonly jwksUrl: string;
  /** The private key of the client `robot-jwt`, PEM. */
  readonly clientKey: string;
  /** The token requests so far, oldest first. */
  readonly tokenRequests: readonly TokenRequest[];
  /** Those of one grant. */
  requestsOf(grant: string): readonly TokenRequest[];
  /** A token of any claims, signed as the provider's own. */
  sign(claims: Readonly<Record<string, unknown>>): string;
  /** A user's access token, as FirecREST would take it. */
  tokenFor(user: string, options?: { readonly expiresInSeconds?: number; readonly ageSeconds?: number }): string;
  /** The claims of a token that the provider has signed; undefined for another one. */
  claimsOf(token: string): Readonly<Record<string, unknown>> | undefined;
  readonly settings: { accessTokenSeconds: number; intercept: NonNullable<ProviderOptions['intercept']> };
}

/** Starts it. */
export async function startProvider(t: TestContext, options: ProviderOptions = {}): Promise<TestProvider> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => stop(server));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const running = new Running(issuer, options);
  server.on('request', (request, response) => void running.provider.callback()(request, response));
  return running;
}

function stop(server: Server & { closeAllConnections?: () => void }): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections?.();
  });
}

/** Made once: it takes a while. */
const providerKey = generateKeyPairSync('rsa', { modulusLength: 2048 });
const clientKey = generateKeyPairSync('ec', { namedCurve: 'P-256' });

class Running implements TestProvider {
  readonly issuer: string;
  readonly settings: TestProvider['settings'];
  readonly tokenRequests: TokenRequest[] = [];
  readonly clientKey = clientKey.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  readonly provider: Provider;
  readonly #options: ProviderOptions;

  constructor(issuer: string, options: ProviderOptions) {
    this.issuer = issuer;
    this.#options = options;
    this.settings = { accessTokenSeconds: options.accessTokenSeconds ?? 300, intercept: options.intercept ?? (() => false) };
    this.provider = quietly(() => new Provider(issuer, this.#configuration()));
    this.provider.use((context, next) => this.#watch(context as unknown as KoaContextWithOIDC, next));
    this.provider.registerGrantType<{ subject_token: string; audience: string }>(EXCHANGE, (context) => this.#exchange(context), ['subject_token', 'subject_token_type', 'requested_token_type', 'audience', 'scope']);
  }

  get tokenUrl(): string {
    return `${this.issuer}/token`;
  }

  get jwksUrl(): string {
    return `${this.issuer}/jwks`;
  }

  requestsOf(grant: string): readonly TokenRequest[] {
    return this.tokenRequests.filter((request) => request.grant === grant);
  }

  sign(claims: Readonly<Record<string, unknown>>): string {
    return signJwt(claims, providerKey.privateKey);
  }

  tokenFor(user: string, { expiresInSeconds = 300, ageSeconds = 0 }: { readonly expiresInSeconds?: number; readonly ageSeconds?: number } = {}): string {
    const now = Math.floor(Date.now() / 1000);
    return this.sign({ iss: this.issuer, sub: user, preferred_username: user, aud: FIRECREST_AUDIENCE, azp: 'streamer-cli', iat: now - ageSeconds, exp: now + expiresInSeconds, jti: randomUUID() });
  }

  claimsOf(token: string): Readonly<Record<string, unknown>> | undefined {
    return verifyJwt(token, providerKey.publicKey);
  }

  async #watch(context: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> {
    if (await this.settings.intercept(context)) return;
    await next();
    // The handlers have parsed it; on an error of theirs it may be missing.
    const { oidc } = context as { readonly oidc?: KoaContextWithOIDC['oidc'] };
    if (context.path === '/token') this.tokenRequests.push({ grant: String(oidc?.params?.['grant_type']), client: oidc?.client?.clientId ?? '', by: authenticationOf(context), status: context.status });
    if (context.path === '/device/auth' && context.status === 200 && this.#options.quickPolls !== false) Object.assign(context.body as object, { interval: 1 });
  }

  /** RFC 8693, as far as a public client needs it. */
  async #exchange(context: TokenEndpointGrantContext<{ subject_token: string; audience: string }>): Promise<void> {
    const { client, params } = context.oidc;
    const subject = verifyJwt(params.subject_token, providerKey.publicKey);
    const now = Math.floor(Date.now() / 1000);
    if (subject === undefined || Number(subject['exp']) <= now) {
      context.status = 400;
      context.body = { error: 'invalid_grant', error_description: `the subject token ${params.subject_token} is not good` };
      return;
    }
    const life = this.settings.accessTokenSeconds;
    const claims = { iss: this.issuer, sub: subject['sub'], preferred_username: subject['preferred_username'], aud: params.audience, azp: client.clientId, iat: now, exp: now + life, jti: randomUUID() };
    context.body = { access_token: this.sign(claims), issued_token_type: 'urn:ietf:params:oauth:token-type:access_token', token_type: 'Bearer', expires_in: life };
    return Promise.resolve();
  }

  #configuration(): Configuration {
    return {
      clients: clients(clientKey.publicKey),
      jwks: { keys: [{ ...(providerKey.privateKey.export({ format: 'jwk' }) as Record<string, unknown>), kid: 'test', alg: 'RS256', use: 'sig' }] },
      cookies: { keys: ['a key of the test alone'] },
      scopes: ['openid', 'offline_access', 'profile'],
      claims: { openid: ['sub'], profile: ['preferred_username'] },
      clientAuthMethods: ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'],
      enabledJWA: { clientAuthSigningAlgValues: ['ES256', 'RS256'] },
      findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id, preferred_username: id }) }),
      extraTokenClaims: (_context, token) => ({ preferred_username: 'accountId' in token ? token.accountId : `service-account-${token.clientId ?? ''}`, azp: token.clientId }),
      issueRefreshToken: (_context, client) => client.grantTypeAllowed('refresh_token'),
      rotateRefreshToken: true,
      pkce: { required: () => true },
      ttl: { DeviceCode: this.#options.deviceSeconds ?? 60, RefreshToken: 3600, Grant: 3600, Session: 3600, Interaction: 600, IdToken: 300 },
      features: {
        devInteractions: { enabled: true },
        deviceFlow: { enabled: true },
        clientCredentials: { enabled: true },
        revocation: { enabled: true },
        resourceIndicators: {
          enabled: true,
          defaultResource: () => FIRECREST_AUDIENCE,
          useGrantedResource: () => true,
          getResourceServerInfo: (_context, resource) => ({ scope: 'openid profile', audience: resource, accessTokenTTL: this.settings.accessTokenSeconds, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } } }),
        },
      },
    };
  }
}

function authenticationOf({ headers, oidc }: KoaContextWithOIDC): TokenRequest['by'] {
  if (headers.authorization?.startsWith('Basic ') === true) return 'header';
  const body = (oidc as KoaContextWithOIDC['oidc'] | undefined)?.body;
  if (body?.['client_assertion'] !== undefined) return 'assertion';
  return body?.['client_secret'] === undefined ? 'nothing' : 'form';
}

function clients(key: KeyObject): ClientMetadata[] {
  const loopback = ['http://127.0.0.1/callback', 'http://localhost/callback'];
  const robot = { grant_types: ['client_credentials'], redirect_uris: [], response_types: [], client_secret: CLIENT_SECRET } satisfies Partial<ClientMetadata>;
  return [
    {
      client_id: 'streamer-cli',
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code', EXCHANGE],
      response_types: ['code'],
      redirect_uris: loopback,
    },
    { ...robot, client_id: 'robot-basic', token_endpoint_auth_method: 'client_secret_basic' },
    { ...robot, client_id: 'robot-post', token_endpoint_auth_method: 'client_secret_post' },
    {
      client_id: 'robot-jwt',
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'ES256',
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      jwks: { keys: [{ ...key.export({ format: 'jwk' }), use: 'sig', alg: 'ES256' }] },
    },
  ];
}

/** It tells every start on the console that it runs on an older Node and with forms for development. */
function quietly<T>(make: () => T): T {
  const { warn, info } = console;
  console.warn = () => undefined;
  console.info = () => undefined;
  try {
    return make();
  } finally {
    Object.assign(console, { warn, info });
  }
}

/** A JWT of these claims (RFC 7519), RS256. */
export function signJwt(claims: Readonly<Record<string, unknown>>, key: KeyObject): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: 'RS256', typ: 'JWT', kid: 'test' })}.${part(claims)}`;
  return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`;
}

/** Its claims, where the signature is of this key. */
export function verifyJwt(token: string, key: KeyObject | JsonWebKey): Readonly<Record<string, unknown>> | undefined {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const publicKey = 'kty' in key ? createPublicKey({ key, format: 'jwk' }) : (key as KeyObject);
  if (!verify('sha256', Buffer.from(`${header}.${payload}`), publicKey, Buffer.from(signature, 'base64url'))) return undefined;
  return JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as Readonly<Record<string, unknown>>;
}
