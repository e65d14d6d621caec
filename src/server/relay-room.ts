/**
 * A server's place at a relay: a connection or more that wait there for clients, always one at the least, whatever becomes
 * of the link to the relay (src/relay/PROTOCOL.md).
 *
 * @module
 */
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { AuthError, ConnectError, ProtocolError, StreamerError, type ErrorCode } from '../errors.js';
import { errorOfClose } from '../transfer/channel.js';
import { backoff, BACKOFF_MOST_MS } from '../transport/backoff.js';
import { connectTo, isCertificateError, websocketUrl } from '../transport/dial.js';
import { openAsClient } from '../transport/opening-handshake.js';
import { HOST_HEADER, NOTICE_BYTES_MAX, readPairedNotice, relayPlace, relayRefusal, WAIT_PATH } from '../transport/rendezvous.js';
import type { WebSocketConnection } from '../transport/websocket.js';
import { follow } from '../util/follow.js';
import { MESSAGE_MAX, STREAMS_MAX } from '../wire/constants.js';

/** Options of a place at a relay. */
export interface RelayRoomOptions {
  /** `ws://` or `wss://`, maybe with a path. */
  readonly url: string;
  /** With which the relay lets us open a room, where it wants that. */
  readonly token: string | undefined;
  /** 32 bytes; the room's id follows from it. */
  readonly hostKey: Uint8Array;
  /** Certificates of authorities to trust besides the usual ones, PEM. */
  readonly ca: string | undefined;
  /** A client is there: its first message comes next. */
  readonly joined: (connection: WebSocketConnection, remote: string) => void;
  readonly notice: (message: string) => void;
  /** The relay lets us in no more, and will not: the last that is told. */
  readonly refused: (error: StreamerError) => void;
}

/** Time for one attempt, milliseconds. */
const ATTEMPT_MS = 10_000;
/** How long a relay is looked for at the start. */
const START_MS = 10_000;
/** A relay that has had a connection wait for so long is a good one, whatever comes later. */
const SETTLED_MS = BACKOFF_MOST_MS;
/** Connections that may be dialled at once, and so many a second after that: a relay that says that clients come must not drive us. */
const DIALS_BURST = 2 * STREAMS_MAX;
const DIALS_PER_SECOND = 10;
/** Least time between two notices: a relay may be away again and again. */
const NOTICE_INTERVAL_MS = 60_000;

/** What no later attempt changes (src/relay/PROTOCOL.md, section 6): it does not know us, or has carried all that it may. */
const FINAL: ReadonlySet<ErrorCode> = new Set(['auth-missing', 'auth-refused', 'limit-relay']);

/** See the module's head. */
export class RelayRoom {
  readonly #options: RelayRoomOptions;
  readonly #waiting = new Set<WebSocketConnection>();
  readonly #ended = new AbortController();
  #dialling = 0;
  /** Dials that may begin now, and when that was looked at. */
  #allowed = DIALS_BURST;
  #lookedMs = performance.now();
  /** Attempts since the relay was last seen to be a good one. */
  #failures = 0;
  #toldMs = -Infinity;
  #retry: NodeJS.Timeout | undefined;
  /** The relay lets us in no more. */
  #refused = false;

  constructor(options: RelayRoomOptions) {
    this.#options = options;
    // One for each connection that is dialled.
    setMaxListeners(0, this.#ended.signal);
  }

  /**
   * Opens the room. @throws AuthError when the relay does not let us; ConnectError when it does not answer in time
   * @param signal gives it up.
   */
  async open(signal: AbortSignal | undefined): Promise<void> {
    const deadlineMs = performance.now() + START_MS;
    for (let attempt = 1; ; attempt += 1) {
      try {
        this.#wait(await this.#dial(signal));
        return;
      } catch (error) {
        const delayMs = backoff(attempt);
        if (!(error instanceof StreamerError) || !error.retryable || performance.now() + delayMs > deadlineMs) throw error;
        this.#tell(error);
        // The signal ends it early.
        await sleep(delayMs, undefined, { signal }).catch(() => undefined);
        if (signal?.aborted === true) throw error;
      }
    }
  }

  /** Leaves the room; pairs go on. */
  close(): void {
    this.#ended.abort();
    clearTimeout(this.#retry);
    for (const connection of this.#waiting) connection.close(1000, '');
  }

  async #dial(signal: AbortSignal | undefined): Promise<WebSocketConnection> {
    const stop = new AbortController();
    const letGo = follow(stop, signal, this.#ended.signal);
    try {
      return await this.#open(stop.signal);
    } finally {
      letGo();
    }
  }

  async #open(stop: AbortSignal): Promise<WebSocketConnection> {
    const { url, token, hostKey, ca } = this.#options;
    const place = relayPlace(url, WAIT_PATH);
    const socket = await connectTo(place, { timeoutMs: ATTEMPT_MS, signal: stop, ca }).catch((cause: unknown) => {
      throw unreachable(place.host, cause);
    });
    const opening = await openAsClient({
      url: websocketUrl(place, place.path),
      headers: { [HOST_HEADER]: Buffer.from(hostKey).toString('base64url'), ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }) },
      socket,
      timeoutMs: ATTEMPT_MS,
      signal: stop,
      // What we send there is ciphertext: see WebSocketOptions.
      connection: () => ({ masking: 'zero', maxMessageBytes: MESSAGE_MAX }),
    });
    if (!opening.upgraded) throw relayRefusal(opening.refusal, 'server');
    return opening.connection;
  }

  #wait(connection: WebSocketConnection): void {
    if (this.#ended.signal.aborted) {
      connection.destroy();
      return;
    }
    const beganMs = performance.now();
    this.#waiting.add(connection);
    let text = '';
    connection.attach({
      piece: (bytes, last, kind) => {
        text += bytes.toString('latin1');
        if (kind === 'text' && !last && text.length <= NOTICE_BYTES_MAX) return;
        const notice = kind === 'text' && last ? readPairedNotice(text) : undefined;
        this.#waiting.delete(connection);
        if (notice === undefined) {
          connection.close(1002, '');
          this.#failed(new ProtocolError('protocol-violation', 'the relay broke its protocol: it said something else than that a client is there'));
          return;
        }
        this.#failures = 0;
        this.#options.joined(connection, notice.remote);
        this.#fill(1 + notice.waiting);
      },
      closed: (info) => {
        if (!this.#waiting.delete(connection)) return;
        if (performance.now() - beganMs >= SETTLED_MS) this.#failures = 0;
        this.#failed(info.by === 'peer' ? new ConnectError('connect-lost', `the relay closed the connection that waits there (${info.code})`) : errorOfClose(info), this.#failures > 0);
      },
    });
  }

  /** Has so many connections wait, or nearly. */
  #fill(wanted: number): void {
    if (this.#ended.signal.aborted) return;
    // One for each stream that a session may have, whatever the relay says.
    while (this.#waiting.size + this.#dialling < Math.min(wanted, STREAMS_MAX)) {
      if (!this.#mayDial()) {
        this.#retry ??= setTimeout(() => {
          this.#retry = undefined;
          this.#fill(1);
        }, 1000 / DIALS_PER_SECOND);
        return;
      }
      this.#dialling += 1;
      void this.#dial(undefined)
        .finally(() => (this.#dialling -= 1))
        .then((connection) => this.#wait(connection), (error: unknown) => this.#failed(error));
    }
  }

  #mayDial(): boolean {
    const nowMs = performance.now();
    this.#allowed = Math.min(DIALS_BURST, this.#allowed + ((nowMs - this.#lookedMs) / 1000) * DIALS_PER_SECOND);
    this.#lookedMs = nowMs;
    if (this.#allowed < 1) return false;
    this.#allowed -= 1;
    return true;
  }

  /** @param tell whether to say so: a connection that had waited long is often had again at once. */
  #failed(error: unknown, tell = true): void {
    if (this.#ended.signal.aborted || this.#refused) return;
    if (error instanceof StreamerError && FINAL.has(error.code)) {
      this.#refused = true;
      clearTimeout(this.#retry);
      this.#options.notice(`no client can come by the relay any more: ${messageOf(error)}`);
      this.#options.refused(error);
      return;
    }
    // Others wait, or are on their way and may fail, too; or the next attempt is due.
    if (this.#waiting.size + this.#dialling > 0 || this.#retry !== undefined) return;
    if (tell) this.#tell(error);
    this.#failures += 1;
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#fill(1);
    }, backoff(this.#failures));
  }

  #tell(error: unknown): void {
    const nowMs = performance.now();
    if (nowMs - this.#toldMs < NOTICE_INTERVAL_MS) return;
    this.#toldMs = nowMs;
    this.#options.notice(`no client can come by the relay now, trying again: ${messageOf(error)}`);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function unreachable(host: string, cause: unknown): StreamerError {
  const message = (cause as Error).message;
  if (isCertificateError(cause as NodeJS.ErrnoException)) return new AuthError('auth-certificate', `the certificate of the relay ${host} is not trusted: ${message}; name the authority that signed it with \`ca\``, { cause });
  return new ConnectError('connect-failed', `the relay ${host} cannot be reached: ${message}; is \`relay.url\` right, and does this machine need HTTPS_PROXY?`, { cause });
}
