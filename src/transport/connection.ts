/**
 * The port that everything above the network talks to: whole websocket messages, with back-pressure both ways.
 * Implemented by `websocket.ts` over a TCP or TLS socket, and by the tests' in-memory pair.
 *
 * @module
 */

/** How a connection ended. */
export interface CloseInfo {
  /** Who ended it: the peer by a close frame, this end, or nobody (the link broke: code 1006). */
  readonly by: 'peer' | 'us' | 'link';
  /** Websocket close code (RFC 6455 section 7.4); 1006 when there was no close frame. */
  readonly code: number;
  /** The close frame's text, not yet fit for a terminal: see `peerText`. */
  readonly reason: string;
  /** The socket's own error, or the rule that the peer broke. */
  readonly cause?: unknown;
}

/** Who takes what arrives. All methods are called synchronously from the socket's read. */
export interface MessageHandler {
  /**
   * A piece of a message, in order. `bytes` is valid only during the call: the buffer behind it is reused for the
   * next read. `last` ends the message; a message may come as one piece or many, and an empty one as one empty piece.
   */
  piece(bytes: Buffer, last: boolean, kind: MessageKind): void;
  /** The connection is over. Called once, after the last piece. */
  closed(info: CloseInfo): void;
}

/** RFC 6455 section 5.6: a message is text or binary. */
export type MessageKind = 'binary' | 'text';

/** Takes the pings of the other end that ask for an answer from further away, and the pongs to those passed on. */
export interface PingCarrier {
  ping(payload: Buffer): void;
  pong(payload: Buffer): void;
}

/** A message connection. */
export interface Connection {
  /** Sets who takes messages. Nothing is read from the socket before this is called. */
  attach(handler: MessageHandler): void;
  /**
   * Sends one message made of `parts` joined in order. The parts are the connection's from now on, and may be changed
   * (masked) in place, until they are written.
   * Returns false when the socket is behind: then wait for {@link drained} before sending more.
   * @param written called when the operating system has taken the message, or the connection has ended.
   */
  send(parts: readonly Uint8Array[], kind: MessageKind, written?: () => void): boolean;
  /** Resolves when the bytes not yet taken by the operating system have fallen below the low-water mark, or at close. */
  drained(): Promise<void>;
  /** Bytes handed to {@link send} that the operating system has not taken yet. */
  readonly buffered: number;
  /** Stops reading from the socket, so that the peer's sends are held back by TCP. */
  pause(): void;
  /** Reads again. */
  resume(): void;
  /** Asks the peer for a pong. Resolves with the round trip in milliseconds, or rejects when the connection ends. */
  ping(): Promise<number>;
  /** Starts the closing handshake; the socket is destroyed when the peer has answered, or after two seconds. */
  close(code: number, reason: string): void;
  /** Destroys the socket at once, without a close frame. */
  destroy(): void;
  /** Bytes read from and written to the socket, framing included. */
  readonly wireBytes: { readonly received: number; readonly sent: number };
  /** Milliseconds (monotonic) at which something last arrived. */
  readonly lastHeardMs: number;
  /** Remote address for messages, such as `192.0.2.1:5665`. */
  readonly remote: string;
}

/** What a relay needs besides: messages passed on as they come, and pings that are answered at the far end. */
export interface ForwardingConnection extends Connection {
  /**
   * Sends a piece of a message as a fragment of it (RFC 6455 section 5.4). From a message's first piece to its last nothing
   * else may be sent but pings and pongs. As {@link Connection.send}, otherwise.
   */
  sendPiece(bytes: Uint8Array, place: { readonly first: boolean; readonly last: boolean }, written?: () => void): boolean;
  /** From now on pings with a payload are not answered but told of, and so are pongs that answer no ping of ours. */
  carryPings(carrier: PingCarrier): void;
  /** Sends a ping, or the pong to one, with the far end's payload. */
  sendControl(kind: 'ping' | 'pong', payload: Uint8Array): void;
}
