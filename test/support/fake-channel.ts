/**
 * Channels over memory, and a man in the middle of one.
 *
 * @module
 */
import type { Connection, MessageKind } from '../../src/transport/connection.js';
import { openChannel, type Channel } from '../../src/transfer/channel.js';
import type { StreamerError } from '../../src/errors.js';
import type { Frame } from '../../src/wire/frame.js';
import { until } from './fake-events.js';
import { memoryPair, type MemoryConnection, type MemoryLink } from './memory-pair.js';

export const SECRET = Buffer.alloc(32, 0x51);

/** Two ends that share a secret. */
export interface ChannelPair {
  readonly client: Channel;
  readonly server: Channel;
  readonly a: MemoryConnection;
  readonly b: MemoryConnection;
  readonly cut: () => void;
}

/** Both ends of a handshake that goes well. */
export async function channelPair(link: MemoryLink = {}): Promise<ChannelPair> {
  const pair = memoryPair(link);
  const [client, server] = await Promise.all([
    openChannel(pair.a, { role: 'client', secret: SECRET }),
    openChannel(pair.b, { role: 'server', secret: SECRET }),
  ]);
  return { client, server, ...pair };
}

/** What a channel brings, with something to wait on. */
export class Inbox {
  readonly frames: Frame[] = [];
  readonly ends: { readonly error: StreamerError; readonly clean: boolean }[] = [];

  constructor(channel: Channel) {
    channel.attach({ frame: (frame) => this.frames.push(frame), closed: (error, clean) => this.ends.push({ error, clean }) });
  }

  async arrived(count: number): Promise<readonly Frame[]> {
    await until(() => this.frames.length >= count || this.ends.length > 0);
    return this.frames;
  }

  async ended(): Promise<{ readonly error: StreamerError; readonly clean: boolean }> {
    await until(() => this.ends.length > 0);
    return this.ends[0] as { error: StreamerError; clean: boolean };
  }
}

/** A message that passes. `index` counts those of one direction: number 0 is of the handshake. */
export interface Passing {
  readonly from: 'client' | 'server';
  readonly index: number;
  readonly bytes: Buffer;
  readonly kind: MessageKind;
}

/** A message as the man in the middle sends it on. */
export type Forwarded = Pick<Passing, 'bytes'> & { readonly kind?: MessageKind; readonly to?: 'client' | 'server' };

/** Two connections that are joined by somebody who does with each message what `meddle` says. */
export function memoryPairWithMeddler(
  meddle: (message: Passing) => readonly Forwarded[],
  closes: (from: Passing['from'], code: number, reason: string) => void = () => undefined,
): { readonly client: MemoryConnection; readonly server: MemoryConnection } {
  const [left, right] = [memoryPair(), memoryPair()];
  const towards = { client: left.b, server: right.a };
  join(left.b, 'client');
  join(right.a, 'server');
  return { client: left.a, server: right.b };

  function join(connection: Connection, from: Passing['from']): void {
    const other = from === 'client' ? 'server' : 'client';
    let pieces: Buffer[] = [];
    let index = 0;
    connection.attach({
      piece: (bytes, last, kind) => {
        pieces.push(Buffer.from(bytes));
        if (!last) return;
        for (const message of meddle({ from, index, bytes: Buffer.concat(pieces), kind })) {
          towards[message.to ?? other].send([Buffer.from(message.bytes)], message.kind ?? kind);
        }
        pieces = [];
        index += 1;
      },
      closed: ({ by, code, reason }) => {
        if (by === 'peer') closes(from, code, reason);
        if (code === 1006) towards[other].destroy();
        else towards[other].close(code, reason);
      },
    });
  }
}
