import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LimitError } from '../../../src/errors.js';
import { sendNative } from '../../../src/transfer/send.js';
import { channelPair, Inbox } from '../../support/fake-channel.js';
import { FakeLinks } from '../../support/fake-links.js';
import { FakeSource } from '../../support/fake-storage.js';

const MIB = 2 ** 20;
const TIB = 2 ** 40;

/** What a receiver is offered of a file of this size, of which no byte is there. */
async function offered(size: number): Promise<unknown> {
  const { client, server } = await channelPair();
  const inbox = new Inbox(server);
  const source = Object.assign(new FakeSource(Buffer.alloc(0)), { size });
  const sending = sendNative(new FakeLinks(client), source, { path: 'x', onProgress: () => undefined });
  const ended = sending.then(() => undefined, (error: unknown) => error);
  const first = await Promise.race([inbox.arrived(1), ended]);
  client.connection.destroy();
  if (!Array.isArray(first)) return first;
  const [frame] = inbox.frames;
  return frame?.type === 'entry' ? [frame.size, frame.chunkSize] : inbox.ends[0]?.error;
}

describe('the chunk size of what is sent', () => {
  for (const [size, chunkSize] of [
    [0, MIB],
    [1, MIB],
    [TIB, MIB],
    [TIB + 1, 2 * MIB],
    [2 * TIB, 2 * MIB],
    [2 * TIB + 1, 4 * MIB],
    [4 * TIB, 4 * MIB],
  ] as const) {
    it(`is ${chunkSize / MIB} MiB for a file of ${size} bytes`, async () => assert.deepEqual(await offered(size), [size, chunkSize]));
  }

  it('is none for a file past 4 TiB, which the wire cannot carry: the sender says so, before it offers it', async () => {
    const error = await offered(4 * TIB + 1);
    assert.ok(error instanceof LimitError, String(error));
    assert.equal(error.code, 'limit-entries');
  });
});
