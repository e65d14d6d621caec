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
const HASHED = /^sha256:[0-9a-f]{64}$/u;

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
 * @throws UsageError that names the line, and quotes none.
 */
export function parseTokens(text: string, defaults: { readonly rooms: number; readonly room: RoomLimits }): TokenList {
  const names = new Set<string>();
  const entries: Entry[] = [];
  for (const line of linesOf(text)) {
    const [name = '', secret = '', ...terms] = line.split(/\s+/u);
    const number = entries.length + 1;
    if (!NAME.test(name)) throw new UsageError(`the token file's entry ${number} does not begin with a name of letters, digits, dots and dashes`);
    if (names.has(name)) throw new UsageError(`the token file has two entries named ${name}`);
    if (!TOKEN.test(secret)) throw new UsageError(`the token of ${name} is shorter than 16 characters, or has others than visible ASCII`);
    names.add(name);
    const sha256 = HASHED.test(secret) ? Buffer.from(secret.slice('sha256:'.length), 'hex') : createHash('sha256').update(secret).digest();
    entries.push({ sha256, token: termsOf(name, terms, defaults) });
  }
  if (entries.length === 0) throw new UsageError('the token file holds no token: leave out --token-file and say --open to let everybody open rooms');
  return new TokenList(entries);
}

function termsOf(name: string, terms: readonly string[], defaults: { readonly rooms: number; readonly room: RoomLimits }): RelayToken {
  let { rooms } = defaults;
  let room = defaults.room;
  for (const term of terms) {
    const [key = '', value = ''] = term.split('=', 2);
    const amount = key === 'lifetime' ? parseDuration(value) : parseSize(value);
    if (amount === undefined || amount < 1) throw unknownTerm(name);
    if (key === 'rooms') rooms = amount;
    else if (key === 'connections') room = { ...room, connections: amount };
    else if (key === 'bytes') room = { ...room, bytes: amount };
    else if (key === 'rate') room = { ...room, bytesPerSecond: amount };
    else if (key === 'lifetime') room = { ...room, lifetimeMs: amount };
    else throw unknownTerm(name);
  }
  return { name, rooms, room };
}

function unknownTerm(name: string): UsageError {
  return new UsageError(`the token of ${name} has terms other than rooms=10 connections=64 bytes=1TiB rate=100MB lifetime=24h`);
}
