/**
 * One file out over the reference wire.
 *
 * @module
 */
import { COMPAT_CHUNK_BYTES, closeForError } from '../compat/messages.js';
import { CompatSenderMachine, type CompatClosed, type CompatSenderEffect } from '../compat/sender-machine.js';
import { sha256 } from '../crypto/checksum.js';
import { ProtocolError } from '../errors.js';
import type { Source } from '../storage/source.js';
import type { CloseInfo, Connection } from '../transport/connection.js';
import { BufferPool } from './buffer-pool.js';
import { errorOfClose } from './channel.js';
import { Outcome } from './outcome.js';
import { ProgressMeter, type ProgressEvent, type TransferResult } from './progress.js';
import { pump } from './pump.js';
import { RateLimit } from './rate-limit.js';
import { compatResult } from './result.js';
import type { SendRequest } from './send.js';
import type { TransferSettings } from './settings.js';

/** What is asked of it. `path` is the user's. */
export type CompatSendRequest = Pick<SendRequest, 'signal' | 'onProgress'> & Pick<TransferSettings, 'rate'> & { readonly path: string };

/**
 * How long a receiver that has read the eof may take to close, in milliseconds: it verifies, and ours writes to disk
 * first. The reference's sender does not wait at all.
 */
export const RECEIVER_CLOSE_MS = 60_000;

/** Chunks that are read or on their way into the socket at once: the bound of the sender's memory, 15 MiB. */
const CHUNKS_AT_ONCE = 3;

/** Sends one file. @throws StreamerError; nothing can be resumed. */
export async function sendCompat(connection: Connection, source: Source, request: CompatSendRequest): Promise<TransferResult> {
  const startMs = performance.now();
  const { size, name, mtimeNs } = source;
  request.onProgress({ type: 'started', root: 'file', name, size, resumedBytes: 0 });
  const hex = await sendMessages(connection, source, request);
  request.onProgress(movedEntry(name, size, mtimeNs, hex));
  return compatResult({ action: 'send', path: request.path, name, size, sha256: hex, startMs, remote: connection.remote });
}

/** What became of the one file, as the native wire's tally tells it. */
export function movedEntry(name: string, size: number, mtimeNs: bigint, sha256Hex: string): ProgressEvent {
  return { type: 'entry', path: name, kind: 'file', how: 'done', size, mtimeNs, sha256: sha256Hex };
}

/** The end of a connection, for either machine. What the peer says by a close frame is theirs to read. */
export function closedFact(info: CloseInfo): CompatClosed {
  const { by, code, reason, cause } = info;
  return { kind: 'closed', by, code, reason, error: by !== 'peer' && cause !== undefined ? errorOfClose(info) : undefined };
}

function sendMessages(connection: Connection, source: Source, request: CompatSendRequest): Promise<string> {
  const { size } = source;
  const machine = new CompatSenderMachine(size, sha256());
  const pool = new BufferPool(Math.min(size, COMPAT_CHUNK_BYTES));
  const meter = new ProgressMeter(request.onProgress, size, 0);
  const outcome = new Outcome<string>(request.signal, (error) => {
    const { code, reason } = closeForError(error);
    connection.close(code, reason);
  }, false);
  let patience: NodeJS.Timeout | undefined;
  const rate = request.rate ?? new RateLimit(undefined);
  const read = ({ offset, length }: Extract<CompatSenderEffect, { kind: 'read' }>) => {
    if (outcome.over) return;
    const whole = pool.take();
    const bytes = length === whole.length ? whole : whole.subarray(0, length);
    try {
      const pending = source.read(offset, bytes);
      if (pending === undefined) feed({ kind: 'chunkRead', bytes });
      else pending.then(() => feed({ kind: 'chunkRead', bytes }), outcome.fail);
    } catch (error) {
      outcome.fail(error);
    }
  };
  const sendChunk = (message: Uint8Array) =>
    connection.send([message], 'binary', () => {
      pool.put(Buffer.from(message.buffer));
      if (outcome.over) return;
      outcome.progressed();
      meter.add(message.length);
      setImmediate(() => feed({ kind: 'room' }));
    });
  const sendEof = (message: Uint8Array) => {
    const before = connection.wireBytes.sent;
    connection.send([message], 'text');
    // Once the peer has closed, a connection sends nothing more, and this is the only sign of it.
    if (connection.wireBytes.sent === before) return;
    feed({ kind: 'eofSent' });
    // The answer to a ping that follows the eof shows that the peer has read that far.
    connection.ping().then(() => {
      if (!outcome.over) patience = setTimeout(() => feed({ kind: 'patienceOver' }), RECEIVER_CLOSE_MS);
    }, () => undefined);
  };
  const perform = (effect: CompatSenderEffect) => {
    if (outcome.over) return;
    switch (effect.kind) {
      case 'sendBinary':
        connection.send([effect.message], 'binary');
        break;
      case 'sendText':
        sendEof(effect.message);
        break;
      case 'sendChunk':
        sendChunk(effect.message);
        break;
      case 'read':
        // At the limit's pace: here, since reads come one by one, and the end of the file only after the last.
        rate.pace(effect.length, () => read(effect));
        break;
      case 'checkSource':
        source.assertUnchanged().then(() => {
          if (outcome.over) return;
          meter.flush();
          request.onProgress({ type: 'finishing' });
          feed({ kind: 'sourceUnchanged' });
        }, outcome.fail);
        break;
      case 'close':
        connection.close(1000, '');
        break;
      case 'done':
        outcome.succeed(effect.sha256);
        break;
      case 'fail':
        outcome.fail(effect.error);
        break;
    }
  };
  const feed = pump(machine, perform, outcome.fail);
  connection.attach({
    piece: () => outcome.fail(new ProtocolError('protocol-violation', 'the receiver sent something, where the compat wire has nothing for it to say')),
    closed: (info) => feed(closedFact(info)),
  });
  feed({ kind: 'start' });
  for (let i = 0; i < CHUNKS_AT_ONCE; i += 1) feed({ kind: 'room' });
  return outcome.promise.finally(() => clearTimeout(patience));
}
