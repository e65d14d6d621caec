/**
 * A connection made secret: handshake, records and frames. Frames in, frames out; everything above it is protocol.
 *
 * @module
 */
import { deriveKey } from '../crypto/kdf.js';
import { NoiseHandshake } from '../crypto/noise.js';
import { RecordOpener, RecordSealer } from '../crypto/record.js';
import { AuthError, closeCodeOf, ConnectError, ProtocolError, StreamerError, TimeoutError } from '../errors.js';
import type { CloseInfo, Connection, MessageKind } from '../transport/connection.js';
import { PROLOGUE, TEXT_MAX } from '../wire/constants.js';
import { decodeFrame } from '../wire/decode.js';
import { encodeFrame } from '../wire/encode.js';
import { truncateUtf8 } from '../util/truncate.js';
import type { Frame } from '../wire/frame.js';
import { KeepAlive } from './keep-alive.js';
import { OpeningLane } from './opening-lane.js';
import { SealingLane } from './sealing-lane.js';

/** Time for the whole handshake, up to the first record, in milliseconds. */
export const HANDSHAKE_TIMEOUT_MS = 10_000;
/** Most bytes of a peer's first record, a hello or its answer: handshake message 1 can be a replay, and what follows anything. */
const FIRST_RECORD_MAX = 4 * 1024;
/** Most bytes of a handshake message: both are under 100. */
const HANDSHAKE_MESSAGE_MAX = 512;

/** Who takes what a channel brings. Called synchronously from the socket's read. */
export interface ChannelHandler {
  frame(frame: Frame): void;
  /** The channel is over; called once. `clean` when the peer closed with 1000. */
  closed(error: StreamerError, clean: boolean): void;
}

/** Frames over one connection. Made by {@link openChannel}. */
export class Channel {
  readonly connection: Connection;
  readonly #out: SealingLane;
  readonly #in: OpeningLane;
  #handler: ChannelHandler | undefined;
  /** Frames that came before a handler was there: the connection is paused meanwhile, so they are few. */
  #early: Frame[] = [];
  /** Bytes of the record in progress, until the peer has proved that it knows the secret. */
  #untrusted: number | undefined = 0;
  #over: { error: StreamerError; clean: boolean } | undefined;
  #keepAlive: KeepAlive | undefined;

  constructor(connection: Connection, keys: ChannelKeys) {
    this.connection = connection;
    const died = () => this.#threadDied();
    this.#out = new SealingLane(connection, new RecordSealer(keys.sendKey), died);
    this.#in = new OpeningLane(new RecordOpener(keys.receiveKey), {
      opened: (pieces) => this.#opened(pieces),
      failed: (error) => this.#failed(error),
      died,
      flow: () => this.#flow(),
    });
  }

  /** Sets who takes frames, now or instead of another; `undefined` holds them back. */
  attach(handler: ChannelHandler | undefined): void {
    this.#handler = handler;
    if (handler === undefined) return;
    const early = this.#early;
    this.#early = [];
    queueMicrotask(() => {
      for (const frame of early) this.#deliver(frame);
      if (this.#over !== undefined) this.#handler?.closed(this.#over.error, this.#over.clean);
      else this.#flow();
    });
  }

  /** Sends one frame, whose payload may be used again when it returns. Returns false when it is behind: then wait for {@link drained}. */
  send(frame: Frame): boolean {
    this.#keepAlive?.sent();
    return this.#out.send(encodeFrame(frame));
  }

  /** Resolves when it is not behind any more, or over. */
  drained(): Promise<void> {
    return this.#out.drained();
  }

  /** Closes the connection, behind what was sent. */
  close(code: number): void {
    this.#out.after(() => this.connection.close(code, ''));
  }

  /** From now on a record goes at a lull, and the other end's are waited for: both have said that they do. */
  keepAlive(): void {
    if (this.#over !== undefined) return;
    this.#keepAlive ??= new KeepAlive({
      send: () => void this.send({ type: 'alive' }),
      deaf: () => this.#early.length > 0,
      silent: (error) => {
        this.#end(error, false);
        this.connection.destroy();
      },
    });
  }

  /** Tells the peer why, and closes. */
  fail(error: unknown): void {
    const known = error instanceof StreamerError;
    const message = known ? error.message : 'internal error';
    if (!(known && error.code === 'integrity-tag')) {
      this.send({ type: 'failure', code: known ? error.code : 'protocol-violation', message: truncateUtf8(message, TEXT_MAX) });
    }
    this.close(closeCodeOf(error));
  }

  /** Takes a piece of a record. @internal */
  piece(bytes: Buffer, last: boolean, kind: MessageKind): void {
    if (this.#over !== undefined) return;
    this.#keepAlive?.heard();
    try {
      if (kind !== 'binary') {
        this.#text();
        return;
      }
      if (this.#untrusted !== undefined && (this.#untrusted += bytes.length) > FIRST_RECORD_MAX) {
        throw new AuthError('auth-handshake', 'the other end sent too much before it had proved that it knows the secret');
      }
      this.#in.piece(bytes, last);
    } catch (error) {
      this.#failed(error);
    }
  }

  #opened(pieces: Uint8Array[]): void {
    if (this.#over !== undefined) return;
    this.#untrusted = undefined;
    this.#deliver(decodeFrame(pieces));
  }

  #failed(error: unknown): void {
    if (!(error instanceof StreamerError)) throw error;
    if (this.#over !== undefined) return;
    this.fail(error);
    this.#end(error, false);
  }

  /** The other end is not to blame, and another connection does without threads. */
  #threadDied(): void {
    // First: what would be sent from here on would follow a record that never comes.
    this.connection.destroy();
    this.#end(new ConnectError('connect-lost', 'the link was given up: a thread of this process, which encrypts, has died', { retryable: true }), false);
  }

  /** Reads on, or not. */
  #flow(): void {
    if (this.#in.behind || this.#early.length > 0) this.connection.pause();
    else this.connection.resume();
  }

  /**
   * Text, which no end sends. From whoever has not proved to know the secret, it is what that one says; later it was put there
   * by something in between, which could as well have cut the link, and is taken for that. No failure frame: the other end is to
   * come back.
   */
  #text(): void {
    if (this.#untrusted !== undefined) throw new AuthError('auth-handshake', 'the other end sent text on an encrypted connection');
    const error = new ConnectError('connect-lost', 'the link was lost: something in between sent text on an encrypted connection');
    this.connection.close(error.closeCode, '');
    this.#end(error, false);
  }

  #deliver(frame: Frame): void {
    if (frame.type === 'alive') {
      if (this.#keepAlive === undefined) throw new ProtocolError('protocol-violation', "the other end sent a frame 'alive', and was not asked to");
      return;
    }
    if (this.#handler !== undefined) {
      this.#handler.frame(frame);
      return;
    }
    this.#early.push(frame);
    this.#flow();
  }

  /** The connection is over. @internal */
  closed(info: CloseInfo): void {
    this.#in.after(() => this.#end(errorOfClose(info, this.#untrusted === undefined), info.by === 'peer' && info.code === 1000));
  }

  #end(error: StreamerError, clean: boolean): void {
    if (this.#over !== undefined) return;
    this.#over = { error, clean };
    this.#keepAlive?.stop();
    if (this.#early.length === 0) this.#handler?.closed(error, clean);
  }
}

/**
 * What the end of a connection means to whoever was using it.
 * @param proven whether the other end has proved that it knows the secret. From then on a close with 1008 is not its word, which
 * it gives in a frame, but that of something in between, which could as well have cut the link.
 */
export function errorOfClose(info: CloseInfo, proven = false): StreamerError {
  if (info.cause instanceof StreamerError && !(info.cause instanceof TimeoutError)) return info.cause;
  if (info.by === 'peer' && info.code === 1008 && !proven) return new AuthError('auth-handshake', 'the other end refused the handshake: the secret is wrong');
  const why = info.cause instanceof Error ? `: ${info.cause.message}` : info.by === 'peer' ? ` (closed by the other end with ${info.code})` : '';
  return new ConnectError('connect-lost', `the link was lost${why}`, { cause: info.cause });
}

/** Keys of a finished handshake. */
export interface ChannelKeys {
  readonly sendKey: Uint8Array;
  readonly receiveKey: Uint8Array;
}

/** The channel over a connection whose handshake is done. */
export function channelOver(connection: Connection, keys: ChannelKeys): Channel {
  const channel = new Channel(connection, keys);
  connection.attach({
    piece: (piece, last, kind) => channel.piece(piece, last, kind),
    closed: (info) => channel.closed(info),
  });
  return channel;
}

/** A handshake in HTTP headers: a round trip less than one over the connection that the request opens. */
export interface HeaderHandshake {
  /** The first message, for the request. */
  readonly message: string;
  /** Where the second one comes over the connection. */
  readonly noise: NoiseHandshake;
  /** Reads the second one, of the answer. @throws AuthError when it was not made by who knows the secret. */
  finish(answer: string): ChannelKeys;
}

/** Begins a handshake in headers; the client's end. */
export function startHeaderHandshake(secret: Uint8Array): HeaderHandshake {
  const noise = handshakeOf('client', secret);
  return {
    message: noise.writeMessage(Buffer.alloc(0)).toString('base64url'),
    noise,
    finish: (answer) => {
      noise.readMessage(Buffer.from(answer, 'base64url'));
      return noise.split();
    },
  };
}

/** Answers one; the server's end. Undefined for one that does not pass: then the connection's own handshake says so. */
export function answerHeaderHandshake(secret: Uint8Array, message: string): { readonly answer: string; readonly keys: ChannelKeys } | undefined {
  const noise = handshakeOf('server', secret);
  try {
    noise.readMessage(Buffer.from(message, 'base64url').subarray(0, HANDSHAKE_MESSAGE_MAX));
    const answer = noise.writeMessage(Buffer.alloc(0)).toString('base64url');
    return { answer, keys: noise.split() };
  } catch (error) {
    if (error instanceof AuthError) return undefined;
    throw error;
  }
}

function handshakeOf(role: 'client' | 'server', secret: Uint8Array): NoiseHandshake {
  return new NoiseHandshake({
    role: role === 'client' ? 'initiator' : 'responder',
    prologue: Buffer.from(PROLOGUE),
    psk: deriveKey(secret, 'handshake psk'),
  });
}

/** Options of {@link openChannel}. */
export interface ChannelOptions {
  readonly role: 'client' | 'server';
  /** The shared secret's bytes; the handshake's key is derived from them. */
  readonly secret: Uint8Array;
  readonly timeoutMs?: number;
  /** Of a client: one whose first message is on its way already. */
  readonly begun?: HeaderHandshake | undefined;
}

/**
 * Does the handshake (Noise_NNpsk0_25519_AESGCM_SHA256; the client initiates) and returns the channel. On the server's
 * side the client is not authenticated before its first frame arrives: message 1 alone can be a replay.
 * @throws AuthError when the secrets differ; TimeoutError 'timeout-handshake'; ConnectError when the link is lost.
 */
export function openChannel(connection: Connection, options: ChannelOptions): Promise<Channel> {
  const noise = options.begun?.noise ?? handshakeOf(options.role, options.secret);
  const timeoutMs = options.timeoutMs ?? HANDSHAKE_TIMEOUT_MS;
  return new Promise((resolve, reject) => {
    let channel: Channel | undefined;
    let message: Buffer[] = [];
    let bytes = 0;
    const finish = (error: StreamerError) => {
      clearTimeout(timer);
      // The same close for every wrong secret, whatever was wrong with it.
      connection.close(closeCodeOf(error), '');
      reject(error);
    };
    const timer = setTimeout(
      () => finish(new TimeoutError('timeout-handshake', `the handshake was not finished within ${timeoutMs / 1000} s`, { retryable: true })),
      timeoutMs,
    );
    const handshakeMessage = (whole: Buffer) => {
      noise.readMessage(whole);
      if (options.role === 'server') connection.send([noise.writeMessage(Buffer.alloc(0))], 'binary');
      clearTimeout(timer);
      channel = new Channel(connection, noise.split());
      resolve(channel);
    };
    connection.attach({
      piece: (piece, last, kind) => {
        if (channel !== undefined) {
          channel.piece(piece, last, kind);
          return;
        }
        message.push(Buffer.from(piece));
        bytes += piece.length;
        try {
          if (bytes > HANDSHAKE_MESSAGE_MAX || kind !== 'binary') throw new AuthError('auth-handshake', 'the other end sent no valid handshake');
          if (last) handshakeMessage(Buffer.concat(message));
        } catch (error) {
          if (!(error instanceof StreamerError)) throw error;
          finish(error);
        }
        if (last) message = [];
      },
      closed: (info) => {
        clearTimeout(timer);
        if (channel === undefined) reject(errorOfClose(info));
        else channel.closed(info);
      },
    });
    if (options.role === 'client' && options.begun === undefined) connection.send([noise.writeMessage(Buffer.alloc(0))], 'binary');
  });
}
