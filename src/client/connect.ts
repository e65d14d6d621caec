/**
 * Coordinates to a connection that is ready for the transfer: candidates tried, wire chosen, handshake and greeting done.
 *
 * @module
 */
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { AuthError, ConnectError, ProtocolError, StreamerError } from '../errors.js';
import type { Route } from '../options.js';
import { dial, isCertificateError, type Address, type Answered } from '../transport/dial.js';
import { follow } from '../util/follow.js';
import { candidatesOf, countPlaces, relayOf, type Place } from './candidates.js';
import { askPlace, enterNative, enterUnasked, enterWithSecret, isUnasked, RefusedByServer, type Connected, type EntryOptions, type Opened } from './open-place.js';

export type { Connected } from './open-place.js';

/** Options of {@link connectOnce}. */
export interface ConnectOptions extends Omit<EntryOptions, 'signal'> {
  readonly route: Route;
  /** The only place to try: that of a session's first stream. */
  readonly address?: Place | undefined;
  /** Ends the search: the caller's stop, or its deadline. */
  readonly signal?: AbortSignal | undefined;
}

/** Servers that are asked at once. */
const OPENINGS_AT_ONCE = 32;
/** How long a server of the compat wire waits for one of the native wire, in milliseconds. */
const NATIVE_FIRST_MS = 1_000;

/**
 * How long the server itself is looked for before the relay is asked, too, in milliseconds: the connection attempt delay of
 * RFC 8305, section 5.
 */
const HEAD_START_MS = 250;

/**
 * Tries every candidate once: many at a time as far as nothing secret is said, one at a time from there on.
 * @throws AuthError when a server answered and none took the secret; ConnectError when none answered; another
 * StreamerError when the right server was found and refused. When `signal` aborts, whatever failed last.
 */
export async function connectOnce(options: ConnectOptions): Promise<Connected> {
  const stop = new AbortController();
  const letGo = follow(stop, options.signal);
  const { signal } = stop;
  setMaxListeners(0, signal);
  const search = new Search({ ...options, signal });
  try {
    return await search.run();
  } finally {
    letGo();
    stop.abort();
  }
}

class Search {
  readonly #options: ConnectOptions & { readonly signal: AbortSignal };
  readonly #failures: StreamerError[] = [];
  readonly #opened: Opened[] = [];
  /** Servers that want the secret in a header, as the reference does. */
  readonly #wantSecret: Opened[] = [];
  /** Servers of the same wire that let everybody in. */
  readonly #unasked: Opened[] = [];
  #lastReason = 'nothing listens there';
  #asked = false;
  #bug: Error | undefined;
  #wake: () => void = () => undefined;

  constructor(options: ConnectOptions & { readonly signal: AbortSignal }) {
    this.#options = options;
  }

  async run(): Promise<Connected> {
    const asking = this.#askAll().catch((bug: unknown) => {
      this.#bug = bug instanceof Error ? bug : new Error(String(bug));
      this.#asked = true;
      this.#wake();
    });
    try {
      for (;;) {
        const found = await this.#next();
        if (this.#bug !== undefined) throw this.#bug;
        if (found === undefined) throw this.#failure();
        const connected = await this.#attempt(found);
        if (connected !== undefined) return connected;
      }
    } finally {
      void asking.finally(() => {
        for (const { opening } of [...this.#opened, ...this.#wantSecret, ...this.#unasked]) if (opening.upgraded) opening.connection.destroy();
      });
    }
  }

  /** Asks the server itself, and soon the relay. */
  async #askAll(): Promise<void> {
    const { coordinates, address, route, signal } = this.#options;
    const places = address === undefined ? (route === 'relay' ? [] : candidatesOf(coordinates)) : address.relay === undefined ? [address] : [];
    const relay = address === undefined ? (route === 'direct' ? undefined : relayOf(coordinates)) : address.relay === undefined ? undefined : address;
    const direct = this.#askPlaces(places);
    if (relay !== undefined) {
      await Promise.race([direct, sleep(HEAD_START_MS, undefined, { signal }).catch(() => undefined)]);
      await this.#askPlaces([relay]);
    }
    await direct;
    this.#asked = true;
    this.#wake();
  }

  /** Asks every place that answers, several at once: one that is silent must not keep the others waiting. */
  async #askPlaces(places: Iterable<Place>): Promise<void> {
    const { coordinates, signal, wire, ca } = this.#options;
    const queue = new Set<Promise<void>>();
    const failed = (_address: Address, error: Error) => {
      // What our own deadline cut short says nothing of the server.
      if (signal.aborted) return;
      this.#lastReason = error.message;
      if (isCertificateError(error)) this.#failures.push(new AuthError('auth-certificate', `the server's certificate is not trusted: ${error.message}; name the authority that signed it with \`ca\``, { cause: error }));
    };
    for await (const answered of dial(places, { signal, ca }, failed)) {
      // A server of the reference gets one request, with the secret: nothing is asked of it here.
      if (wire === 'compat' && coordinates.version === 1) {
        this.#found(this.#wantSecret, { answered, opening: { upgraded: false, refusal: { status: 401, text: '' } } });
        continue;
      }
      const settled = this.#ask(answered).finally(() => queue.delete(settled));
      queue.add(settled);
      if (queue.size >= OPENINGS_AT_ONCE) await Promise.race(queue);
    }
    await Promise.all(queue);
  }

  async #ask(answered: Answered<Place>): Promise<void> {
    try {
      const opened = await askPlace(answered, this.#options);
      const { opening } = opened;
      const asksSecret = !opening.upgraded && opening.refusal.status === 401;
      const inClear = this.#mayBeInClear(answered.address);
      if (inClear && asksSecret) this.#found(this.#wantSecret, opened);
      else if (inClear && isUnasked(opening)) this.#found(this.#unasked, opened);
      else this.#found(this.#opened, opened);
    } catch (error) {
      this.#note(error);
    }
  }

  /** Whether the compat wire will do there. Nothing of it is encrypted, which is told when a transfer begins. */
  #mayBeInClear({ relay }: Place): boolean {
    const { wire, coordinates } = this.#options;
    return relay === undefined && wire !== 'native' && coordinates.version === 1;
  }

  #found(where: Opened[], opened: Opened): void {
    where.push(opened);
    this.#wake();
  }

  /**
   * The next to try: native servers first, and those of the compat wire only when no native one comes for a while. Of these, one
   * that wants the secret may well be the right one; one that wants none may be anything that speaks websocket.
   */
  async #next(): Promise<Opened | undefined> {
    const deadline = performance.now() + NATIVE_FIRST_MS;
    for (;;) {
      const opened = this.#opened.shift();
      if (opened !== undefined) return opened;
      const left = deadline - performance.now();
      const others = this.#wantSecret.length + this.#unasked.length > 0;
      if (this.#options.signal.aborted) return undefined;
      if (this.#asked || (others && left <= 0)) return this.#wantSecret.shift() ?? this.#unasked.shift();
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, others ? Math.max(1, left) : NATIVE_FIRST_MS);
        this.#options.signal.addEventListener('abort', () => resolve(), { once: true });
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  async #attempt(opened: Opened): Promise<Connected | undefined> {
    try {
      const { answered, opening } = opened;
      const { coordinates } = this.#options;
      if (coordinates.version === 1 && this.#mayBeInClear(answered.address)) {
        if (isUnasked(opening)) return await enterUnasked(opened, this.#options);
        if (!opening.upgraded && opening.refusal.status === 401) return await enterWithSecret(answered, coordinates.secret, this.#options);
      }
      return await enterNative(opened, this.#options);
    } catch (error) {
      // Past the handshake it is the right server, and its answer is final.
      if (error instanceof RefusedByServer) throw error.refusal;
      this.#note(error);
      return undefined;
    }
  }

  #note(error: unknown): void {
    if (!(error instanceof StreamerError)) throw error;
    this.#failures.push(error);
  }

  #failure(): StreamerError {
    const worst = this.#failures.find((error) => error instanceof AuthError) ?? this.#failures.find((error) => error instanceof ProtocolError) ?? this.#failures[0];
    if (worst !== undefined) return worst;
    const count = countPlaces(this.#options.coordinates, this.#options.route);
    const where = count === 1 ? 'the address' : `any of the ${count} addresses`;
    return new ConnectError('connect-failed', `no server answers at ${where} in the coordinates (${this.#lastReason}); is its job running, and reachable from here?`);
  }
}
