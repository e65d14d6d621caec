/**
 * A sender's and a receiver's machine, joined by a link that loses everything when it is cut, over files in memory. What
 * happens next is the caller's choice, so every order of events can be had.
 *
 * @module
 */
import assert from 'node:assert/strict';
import { loadChecksum, type Checksum } from '../../src/crypto/checksum.js';
import type { StreamerError } from '../../src/errors.js';
import { ChunkTable } from '../../src/wire/chunk-table.js';
import type { Frame } from '../../src/wire/frame.js';
import type { ReceiverEffect, ReceiverInput } from '../../src/wire/receiver-machine.js';
import type { SenderEffect, SenderInput } from '../../src/wire/sender-machine.js';
import { entryFrame } from '../support/fake-frames.js';

/** What is moved, and how. */
export interface PairOptions {
  readonly file: Buffer;
  readonly chunkSize: number;
  readonly windowBytes: number;
  /** Chunks that the sender reads at once. */
  readonly readsAtOnce: number;
}

/** The machines under test; new ones for every link. */
export interface Machines {
  readonly sender: { handle(input: SenderInput): readonly SenderEffect[] };
  readonly receiver: { handle(input: ReceiverInput): readonly ReceiverEffect[] };
}
export type MakeMachines = (options: PairOptions, checksum: Checksum) => Machines;

const checksum = await loadChecksum();

/** Something that may happen next. */
interface Action {
  readonly name: string;
  readonly run: () => void;
}

/** One link's worth of state. */
interface LinkState extends Machines {
  readonly toReceiver: Frame[];
  readonly toSender: Frame[];
  readonly pending: Action[];
  /** Chunks sent on this link. */
  readonly sent: Set<number>;
  arrived: number;
}

/** See the module's head. */
export class PairWorld {
  readonly options: PairOptions;
  readonly #make: MakeMachines;
  /** The receiver's disk, and what its journal vouches for. */
  readonly disk: Buffer;
  #table: ChunkTable;
  #link: LinkState;
  #named = false;
  readonly failures: StreamerError[] = [];
  senderDigest: Buffer | undefined;
  receiverDigest: Buffer | undefined;
  /** Most payload bytes that were in flight, or waiting to be written. */
  mostHeld = 0;
  /** Chunks sent, over all links. */
  chunksSent = 0;
  links = 0;

  constructor(make: MakeMachines, options: PairOptions) {
    this.#make = make;
    this.options = options;
    this.disk = Buffer.alloc(options.file.length, 0xee);
    this.#table = new ChunkTable(options.file.length, options.chunkSize);
    this.#link = this.#connect();
  }

  get done(): boolean {
    return this.senderDigest !== undefined && this.receiverDigest !== undefined;
  }

  /** What may happen next, in no particular order; none when all is said. */
  actions(): readonly Action[] {
    const { toReceiver, toSender, pending } = this.#link;
    const actions = [...pending];
    if (toReceiver.length > 0) actions.push({ name: 'to receiver', run: () => this.#deliver(toReceiver, (frame) => this.#receiver({ kind: 'frame', frame })) });
    if (toSender.length > 0) actions.push({ name: 'to sender', run: () => this.#deliver(toSender, (frame) => this.#sender({ kind: 'frame', frame })) });
    return actions;
  }

  /** Goes on until nothing may happen any more. `choose` picks one of so many. */
  run(choose: (count: number) => number, mostSteps = 100_000): void {
    for (let step = 0; step < mostSteps; step += 1) {
      const actions = this.actions();
      if (actions.length === 0) return;
      actions[choose(actions.length) % actions.length]?.run();
    }
    assert.fail('it does not end');
  }

  /** The link is lost, and had again. Writes under way end all the same. */
  lose(): void {
    const old = this.#link;
    for (const action of old.pending.filter(({ name }) => name.startsWith('write'))) action.run();
    this.#link = this.#connect();
  }

  /** The receiver is killed: of what it had written only some is in its journal. */
  kill(survives: (index: number) => boolean): void {
    const before = this.#table;
    const after = new ChunkTable(before.size, before.chunkSize);
    for (let index = 0; index < before.chunks; index += 1) {
      if (before.has(index) && (this.#named || survives(index))) after.set(index, before.hash(index));
    }
    this.#table = after;
    this.#link = this.#connect();
  }

  /** Sender and receiver agree, and the file is there. */
  assertDone(): void {
    assert.deepEqual(this.failures, []);
    assert.ok(this.done, 'both ends say done');
    assert.ok(this.senderDigest?.equals(this.receiverDigest ?? Buffer.alloc(0)));
    assert.ok(this.disk.equals(this.options.file), 'the bytes are those of the source');
    assert.ok(this.#named);
    assert.ok(this.mostHeld <= this.options.windowBytes, `${this.mostHeld} bytes held, window ${this.options.windowBytes}`);
  }

  #connect(): LinkState {
    this.links += 1;
    const link: LinkState = { ...this.#make(this.options, checksum), toReceiver: [], toSender: [], pending: [], sent: new Set(), arrived: 0 };
    this.#link = link;
    this.#sender({ kind: 'start' });
    this.#sender({ kind: 'room', chunks: this.options.readsAtOnce });
    return link;
  }

  #deliver(queue: Frame[], take: (frame: Frame) => void): void {
    const frame = queue.shift();
    if (frame !== undefined) take(frame);
  }

  #sender(input: SenderInput): void {
    const link = this.#link;
    for (const effect of link.sender.handle(input)) this.#performSender(link, effect);
  }

  #receiver(input: ReceiverInput): void {
    const link = this.#link;
    for (const effect of link.receiver.handle(input)) this.#performReceiver(link, effect);
  }

  /** Later, once. On another link than today's it means nothing. */
  #later(link: LinkState, name: string, run: () => void): void {
    const action: Action = {
      name,
      run: () => {
        link.pending.splice(link.pending.indexOf(action), 1);
        run();
      },
    };
    link.pending.push(action);
  }

  #performSender(link: LinkState, effect: SenderEffect): void {
    const { file, chunkSize } = this.options;
    switch (effect.kind) {
      case 'send':
        if (effect.frame.type === 'data') {
          const index = effect.frame.offset / chunkSize;
          assert.ok(!link.sent.has(index), 'a chunk is sent twice');
          link.sent.add(index);
          this.chunksSent += 1;
          this.#held(link);
          this.#later(link, 'room', () => this.#sender({ kind: 'room', chunks: 1 }));
        }
        link.toReceiver.push(effect.frame);
        break;
      case 'read':
        this.#later(link, `read ${effect.index}`, () => {
          const payload = Buffer.from(file.subarray(effect.offset, effect.offset + effect.length));
          this.#sender({ kind: 'chunkRead', index: effect.index, hash: checksum.xxh64(payload), payload: [payload] });
        });
        break;
      case 'checkSource':
        this.#later(link, 'source', () => this.#sender({ kind: 'sourceUnchanged' }));
        break;
      case 'streaming':
        assert.equal(effect.resumedBytes, this.#table.bytes, 'what the receiver has is known to the sender');
        break;
      case 'done':
        this.senderDigest = effect.digest;
        break;
      case 'fail':
        this.failures.push(effect.error);
        break;
    }
  }

  #performReceiver(link: LinkState, effect: ReceiverEffect): void {
    switch (effect.kind) {
      case 'send':
        link.toSender.push(effect.frame);
        break;
      case 'open':
        this.#later(link, 'open', () => this.#receiver({ kind: 'opened', table: this.#table }));
        break;
      case 'write':
        this.#held(link);
        this.#later(link, `write ${effect.index}`, () => {
          Buffer.concat(effect.payload).copy(this.disk, effect.offset);
          link.arrived += this.#table.lengthOf(effect.index);
          for (const next of link.receiver.handle({ kind: 'chunkWritten', index: effect.index, hash: effect.hash })) this.#performReceiver(link, next);
        });
        break;
      case 'commit':
        this.#later(link, 'commit', () => {
          this.#named = true;
          this.#receiver({ kind: 'committed' });
        });
        break;
      case 'done':
        this.receiverDigest = effect.digest;
        break;
      case 'fail':
        this.failures.push(effect.error);
        break;
      case 'receiving':
        break;
    }
  }

  /** Counts what was sent on the link and is not yet written. */
  #held(link: LinkState): void {
    const sent = [...link.sent].reduce((sum, index) => sum + this.#table.lengthOf(index), 0);
    this.mostHeld = Math.max(this.mostHeld, sent - link.arrived);
  }
}

/** The entry that the options stand for. */
export function entryOf({ file, chunkSize }: PairOptions) {
  return entryFrame(file.length, chunkSize);
}
