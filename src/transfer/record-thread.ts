/**
 * What a thread does that seals and opens records: AES-256-GCM with the key and nonce that it is given, in place, and nothing
 * else. The order of records and what they hold is the event loop's.
 *
 * @module
 */
import type * as crypto from 'node:crypto';
import type * as workers from 'node:worker_threads';

/** A record for a thread. Its memory moves there and back, so that nobody else can touch it meanwhile. */
export interface RecordTask {
  readonly kind: 'seal' | 'open';
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
  /** What is to be sealed, and room for the tag; or ciphertext and tag. All of its memory. */
  readonly record: Uint8Array;
}

/** What a thread says once, when it has begun. */
export const READY = 'ready';

/** What has become of a record: each thread answers in the order of its tasks. `undefined`: its tag is wrong. */
export type RecordAnswer = Uint8Array | undefined;

/**
 * The thread's program. Only its text gets there, whether this is a module, in the command's one script or in the agent's one
 * file: so it names nothing that is outside it but `load`, which is `require`.
 */
export function recordThread(load: (name: string) => unknown): void {
  const { createCipheriv, createDecipheriv } = load('node:crypto') as typeof crypto;
  const { MessageChannel, parentPort } = load('node:worker_threads') as typeof workers;
  const pieceBytes = 64 * 1024;
  const tagBytes = 16;
  // Memory that is sent to a port that nobody hears is freed at once: see release.ts.
  const { port1: nowhere, port2 } = new MessageChannel();
  port2.close();
  nowhere.unref();

  function inPlace(cipher: crypto.CipherGCM | crypto.DecipherGCM, text: Uint8Array): void {
    for (let offset = 0; offset < text.length; offset += pieceBytes) {
      const piece = cipher.update(text.subarray(offset, offset + pieceBytes));
      text.set(piece, offset);
      if (piece.length === pieceBytes) nowhere.postMessage(undefined, [piece.buffer]);
    }
  }

  function done({ kind, key, nonce, record }: RecordTask): boolean {
    const text = record.subarray(0, record.length - tagBytes);
    const options = { authTagLength: tagBytes };
    if (kind === 'seal') {
      const cipher = createCipheriv('aes-256-gcm', key, nonce, options);
      inPlace(cipher, text);
      cipher.final();
      record.set(cipher.getAuthTag(), text.length);
      return true;
    }
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, options);
    decipher.setAuthTag(record.subarray(text.length));
    inPlace(decipher, text);
    try {
      decipher.final();
      return true;
    } catch {
      return false;
    }
  }

  parentPort?.on('message', (task: RecordTask) => {
    if (done(task)) parentPort.postMessage(task.record, [task.record.buffer as ArrayBuffer]);
    else parentPort.postMessage(undefined);
  });
  parentPort?.postMessage('ready');
}
