/**
 * One file out over one channel of the native wire.
 *
 * @module
 */
import type { Checksum } from '../crypto/checksum.js';
import type { Source } from '../storage/source.js';
import { ChunkTable } from '../wire/chunk-table.js';
import type { DataFrame, EntryFrame, Frame } from '../wire/frame.js';
import { SenderMachine, type SenderEffect } from '../wire/sender-machine.js';
import { BufferPool } from './buffer-pool.js';
import type { Channel } from './channel.js';
import { Outcome } from './outcome.js';
import { pump } from './pump.js';

/** What is to be sent, and who wants to know. */
export interface SendJob {
  readonly entry: EntryFrame;
  readonly source: Source;
  readonly checksum: Checksum;
  readonly signal: AbortSignal | undefined;
  /** Data starts to flow; `resumedBytes` need not be sent. */
  readonly streaming: (resumedBytes: number) => void;
  readonly sent: (bytes: number) => void;
  readonly finishing: () => void;
}

/** Chunks that are read at once where reads are asynchronous, so that a slow file system's latency overlaps. */
const READ_AHEAD_CHUNKS = 4;

/**
 * Sends the file, from wherever the receiver wants it.
 * @returns the file's digest, as the receiver confirmed it.
 * @throws StreamerError; a ConnectError that is retryable when the link was lost and another may serve.
 */
export function sendOverChannel(channel: Channel, job: SendJob): Promise<Buffer> {
  const { source, entry } = job;
  const machine = new SenderMachine(entry, new ChunkTable(entry.size, entry.chunkSize));
  const pool = new BufferPool(entry.chunkSize);
  const outcome = new Outcome<Buffer>(job.signal, (error) => channel.fail(error), true);
  let ahead = false;

  const read = ({ index, offset, length }: Extract<SenderEffect, { kind: 'read' }>) => {
    const whole = pool.take();
    const buffer = length === whole.length ? whole : whole.subarray(0, length);
    const done = () => feed({ kind: 'chunkRead', index, hash: job.checksum.xxh64(buffer), payload: [buffer] });
    const pending = source.read(offset, buffer);
    if (pending === undefined) {
      done();
      return;
    }
    if (!ahead) feed({ kind: 'room', chunks: READ_AHEAD_CHUNKS - 1 });
    ahead = true;
    pending.then(done, outcome.fail);
  };
  const sendData = (frame: DataFrame) => {
    const ready = channel.send(frame);
    // Sealing has copied the payload, so its buffer is free.
    const buffer = frame.payload[0] as Buffer;
    pool.put(Buffer.from(buffer.buffer));
    job.sent(frame.length);
    // A turn of the event loop for each chunk: credit, pings and signals are looked at meanwhile.
    const room = () => feed({ kind: 'room', chunks: 1 });
    if (ready) setImmediate(room);
    else void channel.connection.drained().then(room);
  };
  const send = (frame: Frame) => {
    if (frame.type === 'data') sendData(frame);
    else channel.send(frame);
  };
  const perform = (effect: SenderEffect) => {
    if (outcome.over) return;
    switch (effect.kind) {
      case 'send':
        send(effect.frame);
        break;
      case 'read':
        read(effect);
        break;
      case 'streaming':
        job.streaming(effect.resumedBytes);
        break;
      case 'checkSource':
        job.finishing();
        source.assertUnchanged().then(() => feed({ kind: 'sourceUnchanged' }), outcome.fail);
        break;
      case 'done':
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
    closed: (error) => outcome.lost(error),
  });
  feed({ kind: 'start' });
  feed({ kind: 'room', chunks: 1 });
  return outcome.promise;
}
