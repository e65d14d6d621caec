/**
 * Simulated connections: a queue of frames in each direction, which a cut shortens at some place. Nothing moves by itself.
 *
 * @module
 */
import { RecordOpener, RecordSealer } from '../../src/crypto/record.js';
import { ConnectError, type StreamerError } from '../../src/errors.js';
import type { Channel, ChannelHandler } from '../../src/transfer/channel.js';
import type { Link } from '../../src/transfer/link.js';
import { decodeFrame } from '../../src/wire/decode.js';
import { encodeFrame } from '../../src/wire/encode.js';
import type { Frame } from '../../src/wire/frame.js';

/** One direction's way from frames to what travels, and back. */
export interface Codec {
  pack(frame: Frame): unknown;
  unpack(parcel: unknown): Frame;
  /** Part of a message arrives, and then no more of it. */
  half(parcel: unknown): void;
}

/** Frames travel as they are. */
export const plainCodec = (): Codec => ({ pack: (frame) => frame, unpack: (parcel) => parcel as Frame, half: () => undefined });

/** As the program has it: a frame's bytes sealed in a record, whose bytes come in pieces. */
export function recordCodec(key: Uint8Array, chance: (most: number) => number): Codec {
  const [sealer, opener] = [new RecordSealer(key), new RecordOpener(key)];
  /** Every other small message comes byte by byte, the others in pieces of any length, but not in thousands. */
  function* pieces(bytes: Buffer): Generator<Buffer> {
    const most = bytes.length < 2_000 && chance(2) === 0 ? 1 : bytes.length;
    for (let at = 0; at < bytes.length; ) yield bytes.subarray(at, (at += Math.max(1 + chance(most), bytes.length >> 10)));
  }
  return {
    pack: (frame) => Buffer.concat(sealer.seal(encodeFrame(frame))),
    unpack: (parcel) => {
      const plain: Uint8Array[] = [];
      for (const piece of pieces(parcel as Buffer)) plain.push(...opener.update(piece));
      return decodeFrame([...plain, ...opener.finish()]);
    },
    half: (parcel) => void opener.update((parcel as Buffer).subarray(0, (parcel as Buffer).length >> 1)),
  };
}

/** What travels in a lane besides frames: the first message of each end, and the end of it. */
export type Item =
  | { readonly kind: 'frame'; readonly parcel: unknown; readonly half?: boolean }
  | { readonly kind: 'hello' | 'welcome'; readonly received: number }
  | { readonly kind: 'gone'; readonly clean: boolean };

/** One end of a connection, as a session takes it. */
export class FakeChannel {
  readonly #codec: Codec;
  readonly #cut: () => void;
  readonly queue: Item[] = [];
  /** Frames that went in. */
  readonly sent: Frame[] = [];
  /** Where what is sent here comes out. */
  peer: FakeChannel | undefined;
  handler: ChannelHandler | undefined;
  #closed = false;

  constructor(codec: Codec, cut: () => void) {
    this.#codec = codec;
    this.#cut = cut;
  }

  readonly connection = {
    destroy: () => this.#cut(),
  };

  close(code: number): void {
    this.#close(code === 1000);
  }

  send(frame: Frame): boolean {
    if (this.#closed) return true;
    this.sent.push(frame);
    this.put({ kind: 'frame', parcel: this.#codec.pack(frame) });
    return true;
  }

  attach(handler: ChannelHandler): void {
    this.handler = handler;
  }

  fail(error: unknown): void {
    const { code, message } = error as StreamerError;
    this.send({ type: 'failure', code, message });
    this.#close(false);
  }

  /** Into the other end's queue. */
  put(item: Item): void {
    if (!this.#closed) this.peer?.queue.push(item);
  }

  #close(clean: boolean): void {
    this.put({ kind: 'gone', clean });
    this.#closed = true;
  }

  /** Nothing more leaves here, and of what is under way to here only `keep` items arrive, and half of the next. */
  cut(keep: number): void {
    this.#closed = true;
    const [torn] = this.queue.splice(keep);
    if (torn?.kind === 'frame') this.queue.push({ ...torn, half: true });
    this.queue.push({ kind: 'gone', clean: false });
  }

  /** Takes the next item; undefined when there is nothing for this end to do with it. */
  next(): Item | undefined {
    const item = this.queue.shift();
    if (item?.kind !== 'frame' || this.peer === undefined) return item;
    // The codec of a direction is at the end from which it comes.
    if (item.half !== true) return { kind: 'frame', parcel: this.peer.#codec.unpack(item.parcel) };
    this.peer.#codec.half(item.parcel);
    return undefined;
  }

  asLink(): Link {
    return { channel: this as unknown as Channel, remote: 'nowhere' };
  }
}

/** A connection of a session: its number there, and its two ends. */
export interface FakeConnection {
  readonly stream: number;
  readonly client: FakeChannel;
  readonly server: FakeChannel;
  readonly over: () => boolean;
  /** @param keep what still arrives at the client and at the server. */
  cut(keep: readonly [number, number]): void;
}

/** Makes one. Each direction has a codec of its own. */
export function fakeConnection(stream: number, codec: () => Codec): FakeConnection {
  let over = false;
  const cut = ([client, server]: readonly [number, number]) => {
    if (over) return;
    over = true;
    ends.client.cut(client);
    ends.server.cut(server);
  };
  const make = () => new FakeChannel(codec(), () => cut([0, 0]));
  const ends = { client: make(), server: make() };
  ends.client.peer = ends.server;
  ends.server.peer = ends.client;
  return { stream, ...ends, over: () => over, cut };
}

export const LOST = new ConnectError('connect-lost', 'the link was lost');
