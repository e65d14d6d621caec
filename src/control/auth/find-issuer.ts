/**
 * The provider that a FirecREST trusts, where the user knows only FirecREST's address: its OpenAPI document, which anybody may read,
 * has the token endpoint, and beneath some parent of that address a provider has its own document, which names the same endpoint.
 *
 * @module
 */
import type { Profile } from '../profile.js';
import { boundedText } from './bounded-answer.js';
import { secureUrl } from './provider.js';
import { parseObject } from './tokens.js';

/** How long each may take, milliseconds; and how long a document may be, bytes. */
const ANSWER_MS = 15_000;
const DOCUMENT_MOST_BYTES = 8 * 1024 * 1024;
/** Keycloak's is four above its token endpoint. */
const PARENTS_MAX = 8;

/**
 * @param url FirecREST's address
 * @returns the issuer where it can be found, else the token endpoint, else nothing. Never throws.
 */
export async function findProvider(url: string, fetch: typeof globalThis.fetch, signal?: AbortSignal): Promise<Pick<Profile, 'issuer' | 'tokenUrl'>> {
  const document = await getObject(`${url.replace(/\/+$/u, '')}/openapi.json`, fetch, signal);
  const tokenUrl = tokenUrlOf(document);
  if (tokenUrl === undefined) return {};
  for (const issuer of parentsOf(tokenUrl)) {
    const metadata = await getObject(`${issuer}/.well-known/openid-configuration`, fetch, signal);
    if (metadata?.['token_endpoint'] === tokenUrl && typeof metadata['issuer'] === 'string') return { issuer: metadata['issuer'] };
  }
  return { tokenUrl };
}

/** In `components.securitySchemes.*.flows.*.tokenUrl` (OpenAPI 3.1, OAuth Flow Object). */
function tokenUrlOf(document: Readonly<Record<string, unknown>> | undefined): string | undefined {
  const schemes = at(at(document, 'components'), 'securitySchemes');
  const urls = valuesOf(schemes).flatMap((scheme) => valuesOf(at(scheme, 'flows'))).map((flow) => at(flow, 'tokenUrl'));
  return urls.find((found): found is string => typeof found === 'string' && isSecure(found));
}

function parentsOf(tokenUrl: string): string[] {
  const { origin, pathname } = new URL(tokenUrl);
  const parts = pathname.split('/').slice(0, -1);
  return parts.map((_, index) => `${origin}${parts.slice(0, parts.length - index).join('/')}`).slice(0, PARENTS_MAX);
}

function isSecure(text: string): boolean {
  try {
    return secureUrl(text, 'tokenUrl').href !== '';
  } catch {
    return false;
  }
}

async function getObject(address: string, fetch: typeof globalThis.fetch, signal: AbortSignal | undefined): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    const signals = [AbortSignal.timeout(ANSWER_MS), ...(signal === undefined ? [] : [signal])];
    const response = await fetch(address, { redirect: 'error', signal: AbortSignal.any(signals), headers: { accept: 'application/json' } });
    const text = await boundedText(response, new URL(address).host, DOCUMENT_MOST_BYTES);
    return response.ok ? parseObject(text) : undefined;
  } catch {
    return undefined;
  }
}

function at(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[key] : undefined;
}

function valuesOf(value: unknown): unknown[] {
  return typeof value === 'object' && value !== null ? Object.values(value) : [];
}
