/**
 * The way in over the native wire: handshake, hello, and room for one client at a time.
 *
 * @module
 */
import { AuthError, ConnectError, CoordinatesError, StreamerError } from '../errors.js';
import type { WebSocketConnection } from '../transport/websocket.js';
import { CrowdLimit } from '../transport/crowd-limit.js';
import type { Prepared } from '../transport/listen.js';
import { hostOf } from '../transport/rendezvous.js';
import { answerHeaderHandshake, channelOver, HANDSHAKE_TIMEOUT_MS, openChannel, type Channel, type ChannelKeys } from '../transfer/channel.js';
import { awaitHello, welcome } from '../transfer/greeting.js';
import type { Link } from '../transfer/link.js';
import { AGENT } from '../version.js';
import { HANDSHAKE_HEADER, STREAMS_MAX } from '../wire/constants.js';
import type { Action, HelloFrame } from '../wire/frame.js';
import type { Refused } from './native-sessions.js';

/** Connections that may be in the handshake at once. */
const STRANGERS_MAX = 64;
/** How long a client that is there has to show that it lives, when another comes, in milliseconds. */
const PROOF_OF_LIFE_MS = 5_000;
/** What arrives after this has been sent after the question, or nearly, in milliseconds. */
const LATE_MS = 500;

/** What a client is told that gets no session. */
const REFUSALS: Readonly<Record<Refused, string>> = {
  unknown: 'this server does not know the session: it was started anew, or serves another client by now',
  complete: 'the one transfer of this server is complete, whether its client knows or not: look there before you begin another',
};

/** Options of a door. */
export interface NativeDoorOptions {
  readonly secret: Uint8Array;
  /** What this server does. */
  readonly action: Action;
  /** From when on no new client is let in, milliseconds since 1970. */
  readonly expiresMs: number | undefined;
  /** A client over the compat wire is being served. */
  readonly busyElsewhere: () => boolean;
  /**
   * A client has proved itself: how many control frames of its session have arrived here, or why it has none.
   */
  readonly admit: (hello: HelloFrame) => Promise<number | Refused>;
  /** And was welcomed. */
  readonly enter: (hello: HelloFrame, link: Link) => void;
  /** Something to tell: a refused handshake, say. */
  readonly notice: (message: string) => void;
}

/** See the module's head. */
export class NativeDoor {
  readonly #options: NativeDoorOptions;
  readonly #strangers = new CrowdLimit<WebSocketConnection>(STRANGERS_MAX, (connection) => connection.destroy());
  /** The client that is served, and its connections by stream. */
  #inside: { readonly client: Buffer; readonly channels: Map<number, Channel> } | undefined;
  #refused = 0;

  constructor(options: NativeDoorOptions) {
    this.#options = options;
  }

  /** Whether a client has ever been let in: from then on this is a native session. */
  get entered(): boolean {
    return this.#inside !== undefined;
  }

  /** Answers a handshake that came in a request's header; undefined where there is none, or it does not pass. */
  prepare(handshake: string | undefined): Prepared | undefined {
    const answered = handshake === undefined ? undefined : answerHeaderHandshake(this.#options.secret, handshake);
    return answered === undefined ? undefined : { headers: [`${HANDSHAKE_HEADER}: ${answered.answer}`], context: answered.keys };
  }

  /**
   * Takes an upgraded connection. Never throws: a stranger's failure is its own.
   * @param keys of a handshake that was answered in the headers.
   * @param remote where it comes from, where a relay tells that.
   */
  async knock(connection: WebSocketConnection, keys?: ChannelKeys, remote = connection.remote): Promise<void> {
    this.#strangers.add(connection, hostOf(remote));
    let channel: Channel | undefined;
    try {
      const startMs = performance.now();
      channel = keys === undefined ? await openChannel(connection, { role: 'server', secret: this.#options.secret }) : channelOver(connection, keys);
      const hello = await awaitHello(channel, Math.max(1, HANDSHAKE_TIMEOUT_MS - (performance.now() - startMs)));
      this.#strangers.delete(connection);
      await this.#welcome(channel, hello, remote);
    } catch (error) {
      this.#strangers.delete(connection);
      if (!(error instanceof StreamerError)) throw error;
      channel?.fail(error);
      this.#tell(error, remote);
    }
  }

  close(): void {
    this.#strangers.dropAll();
  }

  async #welcome(channel: Channel, hello: HelloFrame, remote: string): Promise<void> {
    const { action } = this.#options;
    if (hello.action === action) {
      channel.fail(new CoordinatesError('coordinates-direction', `this server ${action}s: use "streamer ${action === 'send' ? 'receive' : 'send'}" with these coordinates`));
      return;
    }
    if (this.#isExpired(hello)) {
      channel.fail(new CoordinatesError('coordinates-expired', 'these coordinates have expired: ask for new ones'));
      return;
    }
    if (this.#options.busyElsewhere() || !(await this.#makeRoom(hello, channel))) {
      channel.fail(new ConnectError('connect-busy', 'another client is using these coordinates'));
      return;
    }
    const received = await this.#options.admit(hello);
    if (typeof received === 'string') {
      channel.fail(new ConnectError('connect-lost', REFUSALS[received]));
      return;
    }
    welcome(channel, hello, { action, received, streams: STREAMS_MAX, agent: AGENT });
    this.#options.enter(hello, { channel, remote });
  }

  /** A client that came in time may come back. */
  #isExpired(hello: HelloFrame): boolean {
    const { expiresMs } = this.#options;
    return expiresMs !== undefined && Date.now() >= expiresMs && this.#inside?.client.equals(Buffer.from(hello.client)) !== true;
  }

  /** The same client may replace its own connections; another only one that is dead. */
  async #makeRoom(hello: HelloFrame, channel: Channel): Promise<boolean> {
    const client = Buffer.from(hello.client);
    const inside = this.#inside;
    if (inside?.client.equals(client) === true) {
      inside.channels.set(hello.stream, channel);
      return true;
    }
    if (inside !== undefined && (await anyLives([...inside.channels.values()]))) return false;
    // Somebody else may have come in while we waited; from here on nothing waits.
    if (this.#inside !== inside) return false;
    for (const old of inside?.channels.values() ?? []) old.connection.destroy();
    this.#inside = { client, channels: new Map([[hello.stream, channel]]) };
    return true;
  }

  #tell(error: StreamerError, remote: string): void {
    this.#refused += error instanceof AuthError ? 1 : 0;
    // One line for the first few, so that a flood does not fill the job's log.
    if (this.#refused <= 5 && error instanceof AuthError) this.#options.notice(`refused a client at ${remote}: wrong secret`);
  }
}

/**
 * Whether one of the connections answers in time, or sends anything else: on a slow link an answer waits behind all the
 * data that is on its way.
 */
function anyLives(channels: readonly Channel[]): Promise<boolean> {
  return new Promise((resolve) => {
    const received = () => channels.map(({ connection }) => connection.wireBytes.received);
    let early: readonly number[] = [];
    const late = setTimeout(() => (early = received()), LATE_MS);
    const timer = setTimeout(() => resolve(received().some((bytes, index) => bytes > (early[index] ?? bytes))), PROOF_OF_LIFE_MS);
    const answer = (alive: boolean) => {
      clearTimeout(late);
      clearTimeout(timer);
      resolve(alive);
    };
    Promise.any(channels.map(({ connection }) => connection.ping())).then(
      () => answer(true),
      () => answer(false),
    );
  });
}
