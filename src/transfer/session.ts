/**
 * One session over its connections: control frames that survive a lost one, content frames that do not, and one end.
 *
 * @module
 */
import { ProtocolError, type StreamerError } from '../errors.js';
import { ControlLog } from '../wire/control-log.js';
import { isControl, type ContentFrame, type ControlFrame, type CreditFrame, type Frame } from '../wire/frame.js';
import type { Channel } from './channel.js';
import type { Link } from './link.js';

/** Who takes what a session brings. */
export interface SessionHandler {
  frame(stream: number, frame: Frame): void;
  attached(stream: number): void;
  /** The other end is at work: nothing is to be done. */
  alive(): void;
  /**
   * A connection is gone; `clean` when the peer closed it with 1000. What was on its way on it may be lost.
   * @param error undefined when another connection takes its place at once.
   */
  lost(stream: number, error: StreamerError | undefined, clean: boolean): void;
  /** The peer broke a rule, or our own code failed. */
  failed(error: unknown): void;
}

/** See the module's head. */
export class Session {
  readonly #handler: SessionHandler;
  readonly #log = new ControlLog();
  readonly #channels = new Map<number, Channel>();

  constructor(handler: SessionHandler) {
    this.#handler = handler;
  }

  /** Control frames that have arrived: what a hello or welcome says. */
  get received(): number {
    return this.#log.received;
  }

  /** Control frames that the other end may not have: those that a client may send right behind its hello. */
  unacked(): readonly ControlFrame[] {
    return this.#log.unacked();
  }

  /** Numbers of the streams that are there. */
  get streams(): readonly number[] {
    return [...this.#channels.keys()];
  }

  channel(stream: number): Channel | undefined {
    return this.#channels.get(stream);
  }

  /**
   * Takes a connection, in place of an earlier one of the same number.
   * @param received what the other end says of our control frames.
   * @param early how many of the unacked ones were sent on this connection already.
   */
  attach(stream: number, { channel }: Link, received: number, early = 0): void {
    const before = this.#channels.get(stream);
    if (before !== undefined) {
      before.connection.destroy();
      this.#channels.delete(stream);
      this.#handler.lost(stream, undefined, false);
    }
    this.#channels.set(stream, channel);
    if (stream === 0 && !this.#log.acked(received)) {
      this.#handler.failed(new ProtocolError('protocol-violation', 'the other end says that it has what it was never sent'));
      return;
    }
    // Before anybody is told: what the handler sends at once is kept in the same log, and would go out twice.
    if (stream === 0) for (const frame of this.#log.unacked().slice(early)) channel.send(frame);
    this.#handler.attached(stream);
    channel.attach({
      frame: (frame) => this.#frame(stream, channel, frame),
      closed: (error, clean) => this.#closed(stream, channel, error, clean),
    });
  }

  /** Sends a control frame, now or as soon as stream 0 is there. */
  control(frame: ControlFrame): void {
    if (!this.#log.keep(frame)) {
      this.#handler.failed(new ProtocolError('protocol-violation', 'the other end takes frames and never says so'));
      return;
    }
    this.#channels.get(0)?.send(frame);
  }

  /** Sends content. Returns false when the connection is behind. */
  content(stream: number, frame: ContentFrame): boolean {
    return this.#channels.get(stream)?.send(frame) ?? true;
  }

  credit(stream: number, frame: CreditFrame): void {
    this.#channels.get(stream)?.send(frame);
  }

  /** Says that this end is at work: an ack, whether it is due or not. */
  tell(): void {
    this.#channels.get(0)?.send({ type: 'ack', received: this.#log.received });
  }

  /** Ends it on every connection, as it should be. */
  close(): void {
    this.#end((channel) => channel.close(1000));
  }

  /** Tells the peer why, and ends it. */
  fail(error: unknown): void {
    this.#end((channel) => channel.fail(error));
  }

  /** Ends it without a word, as a lost link would. */
  drop(): void {
    this.#end((channel) => channel.connection.destroy());
  }

  #end(how: (channel: Channel) => void): void {
    const channels = [...this.#channels.values()];
    this.#channels.clear();
    for (const channel of channels) how(channel);
  }

  #frame(stream: number, channel: Channel, frame: Frame): void {
    if (this.#channels.get(stream) !== channel) return;
    if (frame.type === 'ack') {
      this.#handler.alive();
      if (stream !== 0 || !this.#log.acked(frame.received)) this.#handler.failed(new ProtocolError('protocol-violation', 'the other end acks what it was never sent'));
      return;
    }
    if (isControl(frame)) {
      if (stream !== 0) {
        this.#handler.failed(new ProtocolError('protocol-violation', `the other end sent a frame '${frame.type}' on another stream than the first`));
        return;
      }
      if (this.#log.arrived()) channel.send({ type: 'ack', received: this.#log.received });
    }
    this.#handler.frame(stream, frame);
  }

  #closed(stream: number, channel: Channel, error: StreamerError, clean: boolean): void {
    if (this.#channels.get(stream) !== channel) return;
    this.#channels.delete(stream);
    this.#handler.lost(stream, error, clean);
  }
}
