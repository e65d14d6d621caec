/**
 * One file out over one channel of the native wire.
 *
 * @module
 */
import type { Checksum } from '../crypto/checksum.js';
import { AbortError, type StreamerError } from '../errors.js';
import type { Source } from '../storage/source.js';
import { ChunkTable } from '../wire/chunk-table.js';
import type { DataFrame, EntryFrame, Frame } from '../wire/frame.js';
import { SenderMachine, type SenderEffect } from '../wire/sender-machine.js';
import { BufferPool } from './buffer-pool.js';
import type { Channel } from './channel.js';
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
  return new Promise((resolve, reject) => {
    let over = false;
    let ahead = false;
    const end = (settle: () => void) => {
      if (over) return;
      over = true;
      job.signal?.removeEventListener('abort', aborted);
      settle();
    };
    const fail = (error: unknown) =>
      end(() => {
        channel.fail(error);
        reject(error);
      });
    const aborted = () => fail(abortReason(job.signal));

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
      pending.then(done, fail);
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
      if (over) return;
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
          source.assertUnchanged().then(() => feed({ kind: 'sourceUnchanged' }), fail);
          break;
        case 'done':
          end(() => resolve(effect.digest));
          break;
        case 'fail':
          fail(effect.error);
          break;
      }
    };
    const feed = pump(machine, perform, fail);
    job.signal?.addEventListener('abort', aborted, { once: true });
    channel.attach({
      frame: (frame) => feed({ kind: 'frame', frame }),
      closed: (error) => end(() => reject(error)),
    });
    feed({ kind: 'start' });
    feed({ kind: 'room', chunks: 1 });
    if (job.signal?.aborted === true) aborted();
  });
}

/** The error that a caller's AbortSignal stands for. */
export function abortReason(signal: AbortSignal | undefined): StreamerError {
  const reason: unknown = signal?.reason;
  if (reason instanceof AbortError) return reason;
  return new AbortError('stopped by the caller; run the same command again to resume', { cause: reason });
}
