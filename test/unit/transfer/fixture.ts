/**
 * One file from a fake source to a fake sink over memory, each part to be seen.
 *
 * @module
 */
import { loadChecksum } from '../../../src/crypto/checksum.js';
import { receiveOverChannel, type ReceiveJob } from '../../../src/transfer/receive-native.js';
import { sendOverChannel, type SendJob } from '../../../src/transfer/send-native.js';
import { ChunkTable } from '../../../src/wire/chunk-table.js';
import type { EntryFrame } from '../../../src/wire/frame.js';
import { channelPair, type ChannelPair } from '../../support/fake-channel.js';
import { entryFrame } from '../../support/fake-frames.js';
import { FakeSink, FakeSource, type FakeMode } from '../../support/fake-storage.js';
import type { MemoryLink } from '../../support/memory-pair.js';

/** The smallest chunk that the wire allows. */
export const CHUNK = 64 * 1024;

const checksum = await loadChecksum();

/** Bytes that differ from chunk to chunk. */
export function content(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let index = 0; index < size; index += 1) bytes[index] = index * 31 + (index >> 8) * 7 + (index >> 16);
  return bytes;
}

export interface TransferOptions {
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
  readonly open?: (entry: EntryFrame) => Promise<void>;
}

/** A transfer that is set up; `send` and `receive` start its ends. */
export class Transfer {
  readonly source: FakeSource;
  readonly sink: FakeSink;
  readonly table: ChunkTable;
  readonly entry: EntryFrame;
  readonly pair: ChannelPair;
  readonly log: string[] = [];
  sent = 0;
  received = 0;
  readonly #options: TransferOptions;

  private constructor(options: TransferOptions, pair: ChannelPair) {
    this.#options = options;
    this.pair = pair;
    this.source = new FakeSource(content(options.size), options.reads);
    this.sink = new FakeSink(options.size, CHUNK, options.writes);
    this.table = new ChunkTable(options.size, CHUNK);
    this.entry = entryFrame(options.size, CHUNK);
    for (const index of options.has ?? []) {
      const chunk = this.source.content.subarray(index * CHUNK, (index + 1) * CHUNK);
      chunk.copy(this.sink.content, index * CHUNK);
      this.table.set(index, checksum.xxh64(chunk));
    }
  }

  static async setUp(options: TransferOptions): Promise<Transfer> {
    return new Transfer(options, await channelPair(options.link));
  }

  send(more: Partial<SendJob> = {}): Promise<Buffer> {
    return sendOverChannel(this.pair.client, {
      entry: this.entry,
      source: this.source,
      checksum,
      signal: this.#options.sendSignal,
      streaming: (resumed) => this.log.push(`streaming ${resumed}`),
      sent: (bytes) => (this.sent += bytes),
      finishing: () => this.log.push('sender finishing'),
      ...more,
    });
  }

  receive(more: Partial<ReceiveJob> = {}): Promise<Buffer> {
    const { limitBytes = Number.MAX_SAFE_INTEGER, windowBytes = 8 * 2 ** 20, receiveSignal, open } = this.#options;
    return receiveOverChannel(this.pair.server, {
      limitBytes,
      windowBytes,
      checksum,
      signal: receiveSignal,
      open: async (entry) => {
        await open?.(entry);
        return { sink: this.sink, table: this.table };
      },
      receiving: (_entry, resumed) => this.log.push(`receiving ${resumed}`),
      received: (bytes) => (this.received += bytes),
      finishing: () => this.log.push('receiver finishing'),
      commit: async () => {
        await this.sink.commit();
        this.log.push('committed');
      },
      ...more,
    });
  }

  /** Both ends, to the end. */
  both(): Promise<[PromiseSettledResult<Buffer>, PromiseSettledResult<Buffer>]> {
    return Promise.allSettled([this.send(), this.receive()]);
  }
}
