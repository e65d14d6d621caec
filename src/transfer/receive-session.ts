/**
 * Receives whatever comes in one session: carries out what the receiver's machine wishes.
 *
 * @module
 */
import type { Checksum } from '../crypto/checksum.js';
import type { StreamerError } from '../errors.js';
import type { Sink } from '../storage/sink.js';
import type { CreditFrame, ManifestEntry, OfferFrame } from '../wire/frame.js';
import { BYE_LIMIT_MS } from '../wire/constants.js';
import { ReceiverMachine } from '../wire/receiver-machine.js';
import type { ReceiverEffect, ReceiverInput } from '../wire/receiver-steps.js';
import { asPlaced, ChunkedFiles } from './chunked-files.js';
import { compareExisting } from './compare-existing.js';
import { FewAtOnce } from './few-at-once.js';
import { DIGESTS_AT_ONCE } from './file-hashes.js';
import { finishInbound } from './finish-inbound.js';
import type { Inbound } from './inbound.js';
import type { Link } from './link.js';
import { Outcome } from './outcome.js';
import type { ProgressListener } from './progress.js';
import { Pulse } from './pulse.js';
import { pump } from './pump.js';
import type { RateLimit } from './rate-limit.js';
import { Session } from './session.js';
import type { Tally } from './tally.js';
import type { TransferSession } from './transfer-session.js';
import { WholeHashes } from './whole-hashes.js';

/** Where it goes, and who wants to know. */
export interface ReceiveJob {
  readonly limitBytes: number;
  readonly windowBytes: number;
  readonly checksum: Checksum;
  readonly tally: Tally;
  readonly rate: RateLimit;
  readonly signal: AbortSignal | undefined;
  /** What becomes of an offer with what this end's user asks. */
  readonly agree: (offer: OfferFrame) => OfferFrame;
  /** Finds the place for what is offered, as agreed. */
  readonly open: (offer: OfferFrame) => Promise<Inbound>;
  readonly onProgress: ProgressListener;
  /** A connection is gone. */
  readonly lost: (stream: number, error: StreamerError) => void;
  /** Puts something between the transfer and the disk: the bench's slow disk. */
  readonly wrapSink?: ((sink: Sink) => Sink) | undefined;
}

/** What a session received. */
export interface Received {
  readonly offer: OfferFrame;
  readonly target: string;
  /** The sender knows. */
  readonly told: boolean;
}

/** What is received, and where it goes. */
interface Target {
  readonly offer: OfferFrame;
  readonly inbound: Inbound;
  readonly files: ChunkedFiles;
}

type Effect<K extends ReceiverEffect['kind']> = Extract<ReceiverEffect, { kind: K }>;

/** See the module's head. Its `ended` resolves when everything is durable and the sender knows, or is waited for no longer. */
export class ReceiveSession implements TransferSession<Received> {
  readonly ended: Promise<Received>;
  readonly #job: ReceiveJob;
  readonly #machine: ReceiverMachine;
  readonly #session: Session;
  readonly #outcome: Outcome<Received>;
  readonly #feed: (input: ReceiverInput) => void;
  /** What is under way: waited for before the end, so that nothing is written after it. */
  readonly #pending = new Set<Promise<unknown>>();
  readonly #hashes = new WholeHashes();
  readonly #pulse: Pulse;
  readonly #comparisons = new FewAtOnce(DIGESTS_AT_ONCE);
  #target: Target | undefined;
  /** Everything is done: what goes wrong from here on is no failure. */
  #complete = false;
  #byeTimer: NodeJS.Timeout | undefined;

  constructor(job: ReceiveJob) {
    this.#job = job;
    this.#machine = new ReceiverMachine(job);
    this.#session = new Session({
      frame: (stream, frame) => {
        this.#outcome.progressed();
        this.#feed({ kind: 'frame', stream, frame });
      },
      attached: (stream) => this.#feed({ kind: 'attached', stream }),
      alive: () => this.#outcome.progressed(),
      lost: (stream, error, clean) => this.#lost(stream, error, clean),
      failed: (error) => this.#outcome.fail(error),
    });
    this.#outcome = new Outcome(job.signal, (error) => this.#session.fail(error), true);
    this.#pulse = new Pulse({ over: () => this.over, progressed: () => this.#outcome.progressed(), tell: () => this.#session.tell() });
    this.#feed = pump(this.#machine, (effect) => this.#perform(effect), this.#outcome.fail);
    this.ended = this.#outcome.promise;
  }

  get received(): number {
    return this.#session.received;
  }

  get streams(): readonly number[] {
    return this.#session.streams;
  }

  get over(): boolean {
    return this.#outcome.over;
  }

  get complete(): boolean {
    return this.#complete;
  }

  early(): readonly CreditFrame[] {
    return [{ type: 'credit', limit: this.#job.windowBytes, acked: 0 }];
  }

  attach(stream: number, link: Link, received: number): void {
    this.#session.attach(stream, link, received);
  }

  fail(error: unknown): void {
    if (this.complete) this.#succeed(false);
    else this.#outcome.fail(error);
  }

  drop(error: StreamerError): void {
    if (this.complete) this.#succeed(false);
    else this.#outcome.lost(error);
    this.#session.drop();
  }

  close(): Promise<void> {
    // Once: a second caller must not go on before the first one's locks are released.
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #closing: Promise<void> | undefined;

  async #close(): Promise<void> {
    clearTimeout(this.#byeTimer);
    this.#target?.inbound.release?.();
    while (this.#pending.size > 0) await Promise.allSettled(this.#pending);
    await this.#target?.files.keepAll();
    await this.#target?.inbound.close();
  }

  #lost(stream: number, error: StreamerError | undefined, clean: boolean): void {
    this.#feed({ kind: 'lost', stream });
    if (this.#outcome.over || error === undefined) return;
    // A sender that closes cleanly after our confirmation has heard it.
    if (clean && this.complete) {
      this.#succeed(true);
      return;
    }
    if (stream === 0) this.#target?.files.checkpoint();
    this.#job.lost(stream, error);
  }

  /** What is there whether its sender knows or not: all of it, or the one file that has its name. */
  get committed(): Received | undefined {
    const target = this.#target;
    if (target === undefined || !(this.complete || (target.files.committed && target.offer.root !== 'tree'))) return undefined;
    return { offer: target.offer, target: target.inbound.target, told: false };
  }

  #succeed(told: boolean): void {
    const { offer, inbound } = this.#to();
    clearTimeout(this.#byeTimer);
    this.#session.close();
    this.#outcome.succeed({ offer, target: inbound.target, told });
  }

  #perform(effect: ReceiverEffect): void {
    // A commit that had begun is told of and counted all the same.
    if (this.#outcome.over && effect.kind !== 'settled') return;
    switch (effect.kind) {
      case 'send':
        this.#session.control(effect.frame);
        break;
      case 'credit': {
        const { stream, limit, acked } = effect.credit;
        this.#session.credit(stream, { type: 'credit', limit, acked });
        break;
      }
      case 'target':
        this.#later(this.#open(this.#job.agree(effect.offer)));
        break;
      case 'place':
        this.#place(effect);
        break;
      case 'more':
        this.#job.tally.grow(effect.bytes);
        break;
      case 'compare':
        this.#later(this.#comparisons.run(() => this.#compare(effect)));
        break;
      case 'open':
        this.#later(this.#to().files.open(effect));
        break;
      case 'streaming':
        this.#streaming(effect.entry, effect.resumedBytes);
        break;
      case 'write':
        this.#to().files.write(effect);
        break;
      case 'writeHole':
        this.#later(this.#to().files.writeHole(effect));
        break;
      case 'writeWhole':
        this.#writeWhole(effect);
        break;
      case 'commit':
        this.#later(this.#to().files.commit(effect));
        break;
      case 'abandon':
        // One that waited for the target to be open has no file.
        if (this.#target !== undefined) this.#later(this.#target.files.abandon(effect));
        break;
      case 'settled':
        this.#job.tally.settled(this.#hashes.settled(effect));
        break;
      case 'finish':
        this.#later(this.#finish(effect.complete));
        break;
      case 'done':
        this.#succeed(true);
        break;
      case 'fail':
        this.#later(this.#fail(effect.error));
        break;
    }
  }

  /** Waits for work before the end. Its failure is the session's. */
  readonly #later = (work: Promise<unknown>): void => {
    const settled = work.catch(this.#outcome.fail).finally(() => this.#pending.delete(settled));
    this.#pending.add(settled);
  };

  async #fail(error: StreamerError): Promise<void> {
    // A wrong digest over right chunks means that one of them cannot be trusted, and nobody knows which.
    if (error.code === 'integrity-digest' && !error.fromPeer) await this.#target?.files.discardAll();
    this.#outcome.fail(error);
  }

  async #open(offer: OfferFrame): Promise<void> {
    const { open, checksum, tally, onProgress, wrapSink } = this.#job;
    const inbound = await open(offer);
    const files = new ChunkedFiles({ root: offer.root, inbound, checksum, tally, onProgress, wrapSink, feed: this.#feed, later: this.#later, beat: this.#pulse.beat, paced: this.#paced });
    this.#target = { offer, inbound, files };
    if (offer.root === 'tree') tally.start('tree', offer.name, 0, 0);
    this.#feed({ kind: 'targeted' });
  }

  #to(): Target {
    if (this.#target === undefined) throw new Error('no target yet');
    return this.#target;
  }

  #place({ entries, bytes }: Effect<'place'>): void {
    const { offer, inbound } = this.#to();
    if (offer.root === 'tree') this.#job.tally.grow(bytes);
    const placings = inbound.place(entries);
    if (placings instanceof Promise) this.#later(placings.then((all) => this.#feed({ kind: 'placed', placings: all })));
    else this.#feed({ kind: 'placed', placings });
  }

  async #compare(wish: Effect<'compare'>): Promise<void> {
    if (this.over) return;
    const { offer, inbound } = this.#to();
    const placing = await compareExisting(wish, { inbound, checksum: this.#job.checksum, dryRun: offer.dryRun, beat: this.#pulse.beat });
    this.#feed({ kind: 'compared', placing });
  }

  #streaming(entry: ManifestEntry, resumedBytes: number): void {
    const { tally } = this.#job;
    const { root, name } = this.#to().offer;
    if (root !== 'tree') tally.start(root, name, entry.size, resumedBytes);
    else if (resumedBytes > 0) tally.resume(resumedBytes);
  }

  /** Credit is what holds a sender back, so a limit on what is received delays that. */
  readonly #paced = (bytes: number, go: () => void): void => {
    this.#outcome.progressed();
    this.#job.rate.pay(bytes, go);
  };

  #writeWhole({ arrival, files }: Effect<'writeWhole'>): void {
    const { inbound, offer } = this.#to();
    let bytes = 0;
    for (const { entry, hash, content } of files) {
      this.#hashes.note(entry.id, hash, offer.sha256 ? content : undefined);
      bytes += entry.size;
    }
    const { taken, settled } = inbound.writeWhole(files.map(({ entry, content }) => ({ entry: asPlaced(entry), content })));
    const took = () => {
      this.#job.tally.add(bytes);
      this.#paced(bytes, () => this.#feed({ kind: 'wholeTaken', arrival }));
    };
    const ended = (errors: readonly (StreamerError | undefined)[]) =>
      this.#feed({ kind: 'settled', results: files.map(({ entry }, index) => ({ id: entry.id, error: errors[index] })) });
    if (taken === undefined) took();
    else this.#later(taken.then(took));
    if (settled instanceof Promise) this.#later(settled.then(ended));
    else ended(settled);
  }

  async #finish(complete: boolean): Promise<void> {
    const { offer, inbound } = this.#to();
    const { tally, onProgress } = this.#job;
    const finished = await finishInbound({ offer, inbound, tally, onProgress, step: this.#pulse.step, found: (paths) => this.#feed({ kind: 'extras', paths }) }, complete);
    this.#complete = true;
    this.#feed({ kind: 'finished', ...finished });
    if (!this.over) this.#byeTimer = setTimeout(() => this.#succeed(false), BYE_LIMIT_MS);
  }
}
