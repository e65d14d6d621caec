/**
 * Both ends of a session in this process: memory for connections, fakes or real directories for storage.
 *
 * @module
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import type { TestContext } from 'node:test';
import { loadChecksum } from '../../../src/crypto/checksum.js';
import type { StreamerError } from '../../../src/errors.js';
import type { Sink } from '../../../src/storage/sink.js';
import type { Inbound } from '../../../src/transfer/inbound.js';
import { awaitHello } from '../../../src/transfer/greeting.js';
import { outboundOf } from '../../../src/transfer/outbound-file.js';
import type { Outbound } from '../../../src/transfer/outbound.js';
import type { ProgressEvent, TransferResult } from '../../../src/transfer/progress.js';
import { RateLimit } from '../../../src/transfer/rate-limit.js';
import { ReceiveSession, type ReceiveJob } from '../../../src/transfer/receive-session.js';
import { startReceiving, type RunningReceive } from '../../../src/transfer/receive.js';
import { SendSession, type SendJob } from '../../../src/transfer/send-session.js';
import { openSending, startSending, type RunningSend, type Sending } from '../../../src/transfer/send.js';
import type { TransferSettings } from '../../../src/transfer/settings.js';
import { Tally } from '../../../src/transfer/tally.js';
import type { TransferSession } from '../../../src/transfer/transfer-session.js';
import type { OfferFrame } from '../../../src/wire/frame.js';
import { channelPair, type ChannelPair } from '../../support/fake-channel.js';
import { FakeSink, FakeSource, type FakeMode } from '../../support/fake-storage.js';
import type { MemoryLink } from '../../support/memory-pair.js';

/** Bytes of a chunk of what this implementation sends. */
export const CHUNK = 1024 * 1024;
export const MIB = 1024 * 1024;

export const checksum = await loadChecksum();

/** Bytes that differ from chunk to chunk. */
export function content(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let index = 0; index < size; index += 1) bytes[index] = index * 31 + (index >> 8) * 7 + (index >> 16) * 3 + (index >> 20);
  return bytes;
}

/** A directory that goes with the test, whatever modes are in it. */
export async function tempDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'streamer-transfer-'));
  t.after(async () => {
    execFileSync('chmod', ['-R', 'u+rwX', directory]);
    await rm(directory, { recursive: true, force: true });
  });
  return directory;
}

/** The connections between two sessions. */
export class Wires {
  readonly pairs = new Map<number, ChannelPair>();
  /** Connections that were made. */
  made = 0;
  readonly #ends: () => { readonly sender: TransferSession<unknown>; readonly receiver: TransferSession<unknown> };

  constructor(ends: () => { readonly sender: TransferSession<unknown>; readonly receiver: TransferSession<unknown> }) {
    this.#ends = ends;
  }

  /** A new connection, in place of an earlier one of this number: each end says what of the other's has arrived. */
  async attach(stream: number, link: MemoryLink = {}): Promise<ChannelPair> {
    const pair = await channelPair(link);
    // Before it has come nothing large may.
    pair.client.send({ type: 'hello', client: Buffer.alloc(16), stream, action: 'send', received: 0, agent: 'test' });
    await awaitHello(pair.server, 60_000).catch(() => undefined);
    this.made += 1;
    this.pairs.set(stream, pair);
    const { sender, receiver } = this.#ends();
    if (sender.over || receiver.over) return pair;
    const [atSender, atReceiver] = stream === 0 ? [sender.received, receiver.received] : [0, 0];
    sender.attach(stream, { channel: pair.client, remote: 'memory:1' }, atReceiver);
    receiver.attach(stream, { channel: pair.server, remote: 'memory:2' }, atSender);
    return pair;
  }

  cut(stream: number): void {
    this.pairs.get(stream)?.cut();
  }
}

/* Fakes */

/** Where a fake's content goes. */
export class FakeInbound implements Inbound {
  readonly target = '/fake/target';
  readonly sink: FakeSink;
  readonly #open: () => Promise<void>;

  constructor(sink: FakeSink, open: () => Promise<void> = () => Promise.resolve()) {
    this.sink = sink;
    this.#open = open;
  }

  place(entries: readonly { readonly id: number }[]) {
    return entries.map(({ id }) => ({ id, answer: 'want' as const }));
  }

  writeWhole(): never {
    throw new Error('it comes in chunks');
  }

  async open(): Promise<Sink> {
    await this.#open();
    return this.sink;
  }

  sha256(...asked: Parameters<Inbound['sha256']>): Promise<Buffer> {
    return Promise.reject(new Error(`nobody asked for the hash of ${asked[1]} bytes`));
  }

  openExisting(): never {
    throw new Error('nothing is there');
  }

  differs(): never {
    throw new Error('nothing is there');
  }

  touch(): Promise<void> {
    return Promise.resolve();
  }

  async *extras(): AsyncGenerator<readonly string[], void> {}

  removeExtras(): Promise<readonly never[]> {
    return Promise.resolve([]);
  }

  finish(): Promise<readonly never[]> {
    return Promise.resolve([]);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

export interface FakeOptions {
  readonly size: number;
  readonly reads?: FakeMode;
  readonly writes?: FakeMode;
  readonly windowBytes?: number;
  readonly limitBytes?: number;
  readonly link?: MemoryLink;
  /** Chunks that the receiver has already. */
  readonly has?: readonly number[];
  readonly sendSignal?: AbortSignal;
  readonly receiveSignal?: AbortSignal;
  readonly open?: () => Promise<void>;
}

/** One fake file from session to session; `both` runs it. */
export class FakeTransfer {
  readonly source: FakeSource;
  readonly sink: FakeSink;
  readonly log: string[] = [];
  readonly lost: string[] = [];
  readonly sender: SendSession;
  readonly receiver: ReceiveSession;
  readonly tallies: { readonly send: Tally; readonly receive: Tally };
  readonly wires = new Wires(() => this);
  readonly #options: FakeOptions;

  constructor(options: FakeOptions, more: { readonly send?: Partial<SendJob>; readonly receive?: Partial<ReceiveJob> } = {}) {
    this.#options = options;
    this.source = new FakeSource(content(options.size), options.reads);
    this.sink = new FakeSink(options.size, CHUNK, options.writes);
    for (const index of options.has ?? []) {
      const chunk = this.source.content.subarray(index * CHUNK, (index + 1) * CHUNK);
      chunk.copy(this.sink.content, index * CHUNK);
      this.sink.vouch(index, checksum.xxh64(chunk));
    }
    const say = (who: string) => (event: ProgressEvent) => {
      if (event.type === 'started') this.log.push(`${who} started ${event.resumedBytes}`);
      if (event.type === 'finishing') this.log.push(`${who} finishing`);
    };
    const rate = new RateLimit(undefined);
    this.tallies = { send: new Tally(say('sender')), receive: new Tally(say('receiver')) };
    const lost = (who: string) => (stream: number, error: StreamerError) => {
      this.lost.push(`${who} ${stream}`);
      (who === 'sender' ? this.sender : this.receiver).drop(error);
    };
    this.sender = new SendSession({
      outbound: outboundOf(this.source, 'a file'),
      offer: offerFrame('file'),
      checksum,
      tally: this.tallies.send,
      rate,
      signal: options.sendSignal,
      finishing: () => this.log.push('sender finishing'),
      lost: lost('sender'),
      ...more.send,
    });
    this.receiver = new ReceiveSession({
      limitBytes: options.limitBytes ?? Number.MAX_SAFE_INTEGER,
      windowBytes: options.windowBytes ?? 16 * MIB,
      checksum,
      tally: this.tallies.receive,
      rate,
      signal: options.receiveSignal,
      agree: (offer) => offer,
      open: () => Promise.resolve(new FakeInbound(this.sink, options.open)),
      onProgress: say('receiver'),
      lost: lost('receiver'),
      ...more.receive,
    });
    for (const { ended } of [this.sender, this.receiver]) ended.catch(() => undefined);
  }

  /** Both ends to their end. */
  async both(): Promise<[PromiseSettledResult<unknown>, PromiseSettledResult<unknown>]> {
    await this.wires.attach(0, this.#options.link);
    return this.ends();
  }

  async ends(): Promise<[PromiseSettledResult<unknown>, PromiseSettledResult<unknown>]> {
    const ends = await Promise.allSettled([this.sender.ended, this.receiver.ended]);
    await Promise.all([this.sender.close(), this.receiver.close()]);
    return ends;
  }
}

export function offerFrame(root: OfferFrame['root'], more: Partial<OfferFrame> = {}): OfferFrame {
  return { type: 'offer', root, name: 'a file', existing: undefined, checksum: false, dryRun: false, delete: false, sha256: false, rules: [], ...more };
}

/* Real directories */

export interface MoveOptions {
  /** What to send, or a stream of bytes. */
  readonly paths?: readonly string[];
  readonly input?: () => Readable;
  readonly output?: () => Writable;
  /** @default the sender's name in the current directory, which no test wants */
  readonly target?: string;
  readonly send?: TransferSettings;
  readonly receive?: TransferSettings;
  readonly limitBytes?: number;
  readonly windowBytes?: number;
  readonly wrapSink?: (sink: Sink) => Sink;
  readonly streams?: number;
  /** What each connection is like. */
  readonly link?: (stream: number, made: number) => MemoryLink;
  /** What to do when a connection is lost. @default another takes its place */
  readonly lost?: (move: Move, stream: number, error: StreamerError) => void;
  readonly wrapOutbound?: (outbound: Outbound) => Outbound;
}

/** What is really on disk, from session to session. */
export class Move {
  readonly sent: ProgressEvent[] = [];
  readonly received: ProgressEvent[] = [];
  /** Connections that were lost, as the sender was told. */
  readonly losses: number[] = [];
  readonly stop = { send: new AbortController(), receive: new AbortController() };
  readonly wires = new Wires(() => ({ sender: this.sending.session, receiver: this.receiving.session }));
  readonly options: MoveOptions;
  sending!: RunningSend;
  receiving!: RunningReceive;
  #what!: Sending;

  private constructor(options: MoveOptions) {
    this.options = options;
  }

  static async begin(options: MoveOptions): Promise<Move> {
    const move = new Move(options);
    const { paths = ['-'], send = {}, receive = {}, input, output, target, limitBytes = Number.MAX_SAFE_INTEGER, windowBytes = 16 * MIB, wrapSink, wrapOutbound = (outbound: Outbound): Outbound => outbound } = options;
    move.#what = await openSending(paths, send.rules, input);
    const lost = options.lost ?? ((_move, stream) => void move.attach(stream));
    move.sending = await startSending(wrapOutbound(await move.#what.outbound()), {
      settings: send,
      signal: move.stop.send.signal,
      onProgress: (event) => move.sent.push(event),
      lost: (stream, error) => {
        move.losses.push(stream);
        lost(move, stream, error);
      },
    });
    move.receiving = await startReceiving({
      path: target,
      settings: receive,
      limitBytes,
      windowBytes,
      signal: move.stop.receive.signal,
      onProgress: (event) => move.received.push(event),
      // The sender dials, and for one that has ended nobody waits long.
      lost: (_stream, error) => {
        if (move.sending.session.over) move.receiving.session.drop(error);
      },
      output,
      wrapSink,
    });
    return move;
  }

  attach(stream: number): Promise<ChannelPair> {
    return this.wires.attach(stream, this.options.link?.(stream, this.wires.made));
  }

  /** Connects, and waits for both ends. */
  async run(): Promise<{ sent: TransferResult; received: TransferResult }> {
    const [sent, received] = await this.ends();
    if (sent.status === 'rejected') throw sent.reason;
    if (received.status === 'rejected') throw received.reason;
    return { sent: sent.value, received: received.value };
  }

  async ends(): Promise<[PromiseSettledResult<TransferResult>, PromiseSettledResult<TransferResult>]> {
    const facts = { remote: 'memory', reconnects: 0 };
    const ends = Promise.allSettled([this.sending.result(facts), this.receiving.result(facts)]);
    for (let stream = 0; stream < (this.options.streams ?? 1); stream += 1) await this.attach(stream);
    const result = await ends;
    await this.#what.close();
    return result;
  }
}

/** Moves, to the end. */
export async function move(options: MoveOptions): Promise<{ sent: TransferResult; received: TransferResult; move: Move }> {
  const moving = await Move.begin(options);
  return { ...(await moving.run()), move: moving };
}

/** What became of each path, as one end was told. */
export function fates(events: readonly ProgressEvent[]): Record<string, string> {
  return Object.fromEntries(events.flatMap((event) => (event.type === 'entry' ? [[event.path, event.how === 'failed' ? `failed ${event.error?.code ?? ''}` : event.how]] : [])));
}
