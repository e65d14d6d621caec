/**
 * Who may open rooms: a list of tokens, each with a name for the log and bounds of its own.
 *
 * @module
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { UsageError } from '../errors.js';
import { linesOf } from '../util/lines.js';
import { parseDuration, parseSize } from '../util/units.js';
import type { RoomLimits } from './limits.js';

/** A token, or rather what is known of it. */
export interface RelayToken {
  readonly name: string;
  /** Rooms at once. */
  readonly rooms: number;
  readonly room: RoomLimits;
}

interface Entry {
  readonly sha256: Buffer;
  readonly token: RelayToken;
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/u;
const TOKEN = /^[\x21-\x7e]{16,1024}$/u;
const HASH_MARK = 'sha256:';
const HASH = /^[0-9a-f]{64}$/u;

/** The list of a token file. */
export class TokenList {
  readonly #entries: readonly Entry[];

  constructor(entries: readonly Entry[]) {
    this.#entries = entries;
  }

  /** The token of an `Authorization: Bearer` header (RFC 6750); undefined when it is none of the list. */
  match(authorization: string | undefined): RelayToken | undefined {
    const given = /^Bearer +(\S+)$/iu.exec(authorization ?? '')?.[1];
    if (given === undefined) return undefined;
    const sha256 = createHash('sha256').update(given).digest();
    // All of them, so that the time tells nothing of the place.
    return this.#entries.filter((entry) => timingSafeEqual(entry.sha256, sha256))[0]?.token;
  }
}

/**
 * Reads a token file. Each line that is not empty and does not begin with `#`:
 *
 *     name token [rooms=10] [connections=64] [bytes=1TiB] [rate=100MB] [lifetime=24h]
 *
 * where `token` is at least 16 visible ASCII characters, or `sha256:` and the SHA-256 of them in hexadecimal.
 * @param defaults for what a line does not say.
 * @throws UsageError that says which entry it is, and quotes nothing of it.
 */
export function parseTokens(text: string, defaults: { readonly rooms: number; readonly room: RoomLimits }): TokenList {
  const names = new Set<string>();
  const entries: Entry[] = [];
  for (const line of linesOf(text)) {
    const [name = '', secret = '', ...terms] = line.split(/\s+/u);
    // By its number alone: where the name is forgotten, or the two are the wrong way round, the first word is the token.
    const entry = `the token file's entry ${entries.length + 1}`;
    if (!NAME.test(name)) throw new UsageError(`${entry} does not begin with a name of letters, digits, dots and dashes`);
    if (names.has(name)) throw new UsageError(`${entry} has the name of one before it`);
    names.add(name);
    entries.push({ sha256: hashOf(secret, entry), token: termsOf(name, terms, defaults, entry) });
  }
  if (entries.length === 0) throw new UsageError('the token file holds no token: leave out --token-file and say --open to let everybody open rooms');
  return new TokenList(entries);
}

function hashOf(secret: string, entry: string): Buffer {
  if (!TOKEN.test(secret)) throw new UsageError(`${entry} has no token of 16 visible ASCII characters or more behind its name`);
  if (!secret.startsWith(HASH_MARK)) return createHash('sha256').update(secret).digest();
  const hex = secret.slice(HASH_MARK.length);
  if (!HASH.test(hex)) throw new UsageError(`${entry} has no 64 small hexadecimal digits behind sha256:`);
  return Buffer.from(hex, 'hex');
}

function termsOf(name: string, terms: readonly string[], defaults: { readonly rooms: number; readonly room: RoomLimits }, entry: string): RelayToken {
  let { rooms } = defaults;
  let room = defaults.room;
  for (const term of terms) {
    const [key = '', value = '', ...more] = term.split('=');
    const amount = key === 'lifetime' ? parseDuration(value) : parseSize(value);
    if (amount === undefined || amount < 1 || more.length > 0) throw unknownTerm(entry);
    if (key === 'rooms') rooms = amount;
    else if (key === 'connections') room = { ...room, connections: amount };
    else if (key === 'bytes') room = { ...room, bytes: amount };
    else if (key === 'rate') room = { ...room, bytesPerSecond: amount };
    else if (key === 'lifetime') room = { ...room, lifetimeMs: amount };
    else throw unknownTerm(entry);
  }
  return { name, rooms, room };
}

function unknownTerm(entry: string): UsageError {
  return new UsageError(`${entry} has terms other than rooms=10 connections=64 bytes=1TiB rate=100MB lifetime=24h`);
}
