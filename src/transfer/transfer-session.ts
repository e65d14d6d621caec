/**
 * What both directions look like to whoever brings connections: the client, which dials, and the server, which waits.
 *
 * @module
 */
import type { StreamerError } from '../errors.js';
import type { Frame } from '../wire/frame.js';
import type { Link } from './link.js';

/** A transfer over however many connections it takes. `T` is what it ends with. */
export interface TransferSession<T> {
  /** Settles once: with the end that both sides know, or with what went wrong. */
  readonly ended: Promise<T>;
  readonly over: boolean;
  /**
   * Everything is there, though the sender may not know yet: what goes wrong now is no failure, and the session ends by
   * itself soon, with or without a connection.
   */
  readonly complete: boolean;
  /** Control frames that have arrived: what a hello or welcome says. */
  readonly received: number;
  /** Numbers of the streams that are there. */
  readonly streams: readonly number[];
  /** Frames that may follow a hello before it is answered. */
  early(): readonly Frame[];
  /**
   * Takes a connection, in place of an earlier one of the same number.
   * @param received control frames of ours that have arrived at the other end.
   * @param early how many frames of {@link early} were sent on it already.
   */
  attach(stream: number, link: Link, received: number, early?: number): void;
  /** It cannot go on: the peer is told. */
  fail(error: unknown): void;
  /** It ends without a word to the peer. */
  drop(error: StreamerError): void;
  /** Waits for what is under way and keeps what another attempt can use. Never fails. */
  close(): Promise<void>;
}
