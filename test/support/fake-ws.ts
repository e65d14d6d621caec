/**
 * The real `ws` package as an independent implementation of RFC 6455's framing: bytes from its sender, events from its
 * receiver. Its `Sender` and `Receiver` are exported but have no types.
 *
 * @module
 */
import type { EventEmitter } from 'node:events';
import * as ws from 'ws';

interface WsSender {
  send(data: Buffer | string, options: { binary: boolean; fin: boolean; mask: boolean; compress: boolean }): void;
  ping(data: Buffer, mask: boolean): void;
  pong(data: Buffer, mask: boolean): void;
  close(code: number | undefined, data: string | undefined, mask: boolean): void;
}
interface WsReceiver extends EventEmitter {
  /** What write(2) of a stream comes to: its error is told at once, and not in another turn. */
  _write(bytes: Buffer, encoding: string, done: (error?: Error | null) => void): void;
}
const { Sender, Receiver } = ws as unknown as {
  readonly Sender: new (socket: { write: (bytes: Buffer) => void; cork: () => void; uncork: () => void }, extensions?: object) => WsSender;
  readonly Receiver: new (options: { isServer: boolean; maxPayload: number; skipUTF8Validation?: boolean }) => WsReceiver;
};

/** What is to be framed, or was read. A message's bytes may go in several fragments. */
export type Item =
  | { readonly what: 'text' | 'binary'; readonly fragments: readonly Buffer[] }
  | { readonly what: 'ping' | 'pong'; readonly payload: Buffer }
  | { readonly what: 'close'; readonly code: number; readonly reason: string };

/** One line for each item, whatever the fragments were. */
export function describeItem(item: Item): string {
  if (item.what === 'close') return `close ${item.code} ${item.reason}`;
  const bytes = 'payload' in item ? item.payload : Buffer.concat(item.fragments);
  return `${item.what} ${bytes.toString('hex')}`;
}

/** The bytes that ws would write. */
export function framedByWs(items: readonly Item[], mask: boolean): Buffer {
  const chunks: Buffer[] = [];
  const ignore = () => undefined;
  const sender = new Sender({ write: (bytes) => chunks.push(Buffer.from(bytes)), cork: ignore, uncork: ignore });
  for (const item of items) {
    if (item.what === 'close') sender.close(item.code, item.reason, mask);
    else if ('payload' in item) sender[item.what](Buffer.from(item.payload), mask);
    else {
      item.fragments.forEach((fragment, index) => {
        const fin = index === item.fragments.length - 1;
        sender.send(Buffer.from(fragment), { binary: item.what === 'binary', fin, mask, compress: false });
      });
    }
  }
  return Buffer.concat(chunks);
}

/** What ws reads, and the error that it stops with. */
export function readByWs(chunks: readonly Buffer[], options: { isServer: boolean; maxPayload: number; skipUTF8Validation?: boolean }): { read: string[]; error: Error | undefined } {
  const read: string[] = [];
  let error: Error | undefined;
  const receiver = new Receiver(options);
  receiver.on('message', (data: Buffer, binary: boolean) => read.push(`${binary ? 'binary' : 'text'} ${data.toString('hex')}`));
  receiver.on('ping', (data: Buffer) => read.push(`ping ${data.toString('hex')}`));
  receiver.on('pong', (data: Buffer) => read.push(`pong ${data.toString('hex')}`));
  receiver.on('conclude', (code: number, reason: Buffer) => read.push(`close ${code} ${reason.toString()}`));
  for (const chunk of chunks) {
    if (error === undefined) receiver._write(Buffer.from(chunk), 'buffer', (cause) => (error = cause ?? undefined));
  }
  return { read, error };
}
