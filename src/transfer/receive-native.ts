/**
 * One file in over one channel of the native wire.
 *
 * @module
 */
import type { Checksum } from '../crypto/checksum.js';
import { ProtocolError } from '../errors.js';
import type { Sink } from '../storage/sink.js';
import type { ChunkTable } from '../wire/chunk-table.js';
import type { EntryFrame } from '../wire/frame.js';
import { ReceiverMachine, type ReceiverEffect } from '../wire/receiver-machine.js';
import type { Channel } from './channel.js';
import { Outcome } from './outcome.js';
import { pump } from './pump.js';
import { releasePieces } from './release.js';

/** A target that is open, and what it holds. */
export interface OpenTarget {
  readonly sink: Sink;
  readonly table: ChunkTable;
}

/** Where the file goes, and who wants to know. */
export interface ReceiveJob {
  readonly limitBytes: number;
  readonly windowBytes: number;
  readonly checksum: Checksum;
  readonly signal: AbortSignal | undefined;
  /** Opens the target for an announced file; called again for each link, it may answer with what is open already. */
  readonly open: (entry: EntryFrame) => Promise<OpenTarget>;
  readonly receiving: (entry: EntryFrame, resumedBytes: number) => void;
  readonly received: (bytes: number) => void;
  readonly finishing: () => void;
  /** Makes the file durable and gives it its name. Called again for another link, it answers for what is under way. */
  readonly commit: (digest: Buffer) => Promise<void>;
}

/**
 * Receives the file: what is missing of it. On failure the target is left open, with every chunk that was written
 * recorded in it.
 * @returns the file's digest, once the sender knows that it is there.
 * @throws StreamerError; a ConnectError that is retryable when the link was lost and another may serve.
 */
export async function receiveOverChannel(channel: Channel, job: ReceiveJob): Promise<Buffer> {
  const writes = new Set<Promise<void>>();
  try {
    return await receiveFrames(channel, job, writes);
  } finally {
    await Promise.allSettled(writes);
  }
}

function receiveFrames(channel: Channel, job: ReceiveJob, writes: Set<Promise<void>>): Promise<Buffer> {
  const machine = new ReceiverMachine(job);
  const outcome = new Outcome<Buffer>(job.signal, (error) => channel.fail(error), true);
  let target: OpenTarget | undefined;
  let entry: EntryFrame | undefined;
  let committed: Buffer | undefined;

  const write = ({ index, offset, hash, payload }: Extract<ReceiverEffect, { kind: 'write' }>) => {
    if (target === undefined) throw new ProtocolError('protocol-violation', 'data came before its target was open');
    const { sink, table } = target;
    const done = () => {
      releasePieces(payload);
      sink.recordChunk(index, hash);
      job.received(table.lengthOf(index));
      feed({ kind: 'chunkWritten', index, hash });
    };
    const pending = sink.write(payload, offset);
    if (pending === undefined) {
      done();
      return;
    }
    const settled = pending.then(done, outcome.fail).finally(() => writes.delete(settled));
    writes.add(settled);
  };
  const perform = (effect: ReceiverEffect) => {
    if (outcome.over) return;
    switch (effect.kind) {
      case 'send':
        channel.send(effect.frame);
        break;
      case 'open':
        job.open(effect.entry).then((opened) => {
          target = opened;
          entry = effect.entry;
          feed({ kind: 'opened', table: opened.table });
        }, outcome.fail);
        break;
      case 'receiving':
        if (entry !== undefined) job.receiving(entry, effect.resumedBytes);
        break;
      case 'write':
        write(effect);
        break;
      case 'commit':
        job.finishing();
        job.commit(effect.digest).then(() => {
          committed = effect.digest;
          feed({ kind: 'committed' });
        }, outcome.fail);
        break;
      case 'done':
        channel.connection.close(1000, '');
        outcome.succeed(effect.digest);
        break;
      case 'fail':
        outcome.fail(effect.error);
        break;
    }
  };
  const feed = pump(machine, perform, outcome.fail);
  channel.attach({
    frame: (frame) => {
      outcome.progressed();
      feed({ kind: 'frame', frame });
    },
    closed: (error, clean) => {
      // A sender that closes cleanly after our confirmation has heard it.
      if (clean && committed !== undefined) outcome.succeed(committed);
      else outcome.lost(error);
    },
  });
  return outcome.promise;
}
