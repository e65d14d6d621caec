/**
 * A server's sessions on the native wire, one after the other: a client that was lost or stopped may come back, with the
 * same session or with a new one, until one has come to its end.
 *
 * @module
 */
import { ConnectError, StorageError, StreamerError } from '../errors.js';
import type { HelloFrame } from '../wire/frame.js';
import { isLostLink, type Link } from '../transfer/link.js';
import type { TransferResult } from '../transfer/progress.js';
import type { Tally } from '../transfer/tally.js';
import type { TransferSession } from '../transfer/transfer-session.js';
import type { ClientWait } from './client-wait.js';

/** A session that was begun. */
export interface Running {
  readonly session: TransferSession<unknown>;
  readonly tally: Tally;
  result(facts: { readonly remote: string; readonly reconnects: number }): Promise<TransferResult>;
}

/** Why a client that has proved itself begins or takes up no session: its own is not known, or the one transfer is complete. */
export type Refused = 'unknown' | 'complete';

/** Options of {@link NativeSessions}. */
export interface NativeSessionsOptions {
  /** Begins a session for a client that has proved itself. */
  readonly begin: (lost: (stream: number, error: StreamerError) => void) => Promise<Running>;
  readonly wait: ClientWait;
  /** A client is there. */
  readonly connected: (remote: string, again: boolean) => void;
  /** All is over: called once. */
  readonly ended: (outcome: { readonly result: TransferResult } | { readonly error: unknown }) => void;
}

interface Current {
  readonly client: Buffer;
  readonly running: Running;
  remote: string;
  reconnects: number;
}

/** See the module's head. */
export class NativeSessions {
  readonly #options: NativeSessionsOptions;
  #current: Current | undefined;
  #beginning: Promise<unknown> = Promise.resolve();
  #entered = false;
  /** One has come to its end. */
  #ended = false;
  /** One has failed for good. Its error is told when its files are closed, and no client takes its place meanwhile: that would hide it. */
  #failed = false;
  /** Times that a client came back, with the same session or a new one. */
  #reconnects = 0;

  constructor(options: NativeSessionsOptions) {
    this.#options = options;
  }

  /** Whether one is under way. */
  get active(): boolean {
    return this.#current !== undefined;
  }

  /** Control frames of a client's session that have arrived; begins one for a new client. */
  async admit(hello: HelloFrame): Promise<number | Refused> {
    // One at a time: a session's end may still be closing what the next one opens.
    const turn = this.#beginning.then(() => this.#admit(hello));
    this.#beginning = turn.catch(() => undefined);
    return turn;
  }

  async #admit(hello: HelloFrame): Promise<number | Refused> {
    const client = Buffer.from(hello.client);
    if (this.#current?.client.equals(client) === true && !this.#current.running.session.over) return this.#current.running.session.received;
    // That was the one transfer: a client that was on its way in when it ended must not begin another.
    if (this.#ended) return 'complete';
    if (this.#failed) return 'unknown';
    if (hello.stream !== 0 || hello.received !== 0) return 'unknown';
    const before = this.#current;
    if (before?.running.session.complete === true) {
      // Everything is there, and its sender does not come back for the confirmation: that was the one transfer.
      before.running.session.drop(new ConnectError('connect-lost', 'another client came'));
      return 'complete';
    }
    // Its end is nobody's business any more.
    this.#current = undefined;
    before?.running.session.drop(new ConnectError('connect-lost', 'another client took its place'));
    await before?.running.session.close();
    this.#options.wait.stop();
    const current: Current = { client, running: await this.#options.begin((stream, error) => this.#lost(current, stream, error)), remote: '', reconnects: this.#reconnects };
    this.#current = current;
    void this.#follow(current);
    return 0;
  }

  /** Takes a client's connection. */
  enter(hello: HelloFrame, link: Link): void {
    const current = this.#current;
    if (current?.client.equals(Buffer.from(hello.client)) !== true || current.running.session.over) {
      link.channel.connection.destroy();
      return;
    }
    if (hello.stream === 0) {
      this.#options.wait.stop();
      if (this.#entered) current.reconnects = this.#reconnects += 1;
      this.#entered = true;
      this.#options.connected(link.remote, current.remote !== '');
      current.remote = link.remote;
    }
    current.running.session.attach(hello.stream, link, hello.received);
    current.running.tally.streams(current.running.session.streams.length);
  }

  #lost(current: Current, stream: number, error: StreamerError): void {
    const { session, tally } = current.running;
    tally.streams(session.streams.length);
    if (!isLostLink(error)) session.drop(error);
    // One that has everything stays only to tell its client so, and sees to the end of that itself.
    else if (stream === 0 && !session.complete) this.#options.wait.start(true, (expired) => session.drop(expired));
  }

  async #follow(current: Current): Promise<void> {
    // At once, though the result may take its time.
    current.running.session.ended.then(() => (this.#ended = true), (error: unknown) => (this.#failed ||= this.#current === current && !mayComeBack(error)));
    try {
      const result = await current.running.result({
        get remote() {
          return current.remote;
        },
        get reconnects() {
          return current.reconnects;
        },
      });
      this.#ended = true;
      this.#options.wait.stop();
      this.#options.ended({ result });
    } catch (error) {
      // A new client's session has taken the place of this one.
      if (this.#current !== current) return;
      this.#options.wait.stop();
      this.#current = undefined;
      if (mayComeBack(error)) this.#options.wait.start(true, (expired) => this.#options.ended({ error: expired }));
      else this.#options.ended({ error });
    }
  }
}

/**
 * A client that was stopped may come back and resume; and so may one whose own trouble it was: its disk full, its
 * target there already, its source changed. Its mistake must not cost the user the job.
 */
function mayComeBack(error: unknown): boolean {
  if (isLostLink(error)) return true;
  if (!(error instanceof StreamerError) || !error.fromPeer) return false;
  return error.code === 'connect-lost' || error.code === 'integrity-source' || error instanceof StorageError;
}
