import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AuthError, ConnectError, IntegrityError } from '../../../src/errors.js';
import { openChannel } from '../../../src/transfer/channel.js';
import type { Frame } from '../../../src/wire/frame.js';
import { Inbox, memoryPairWithMeddler, SECRET, type Forwarded, type Passing } from '../../support/fake-channel.js';

const credit = (limit: number): Frame => ({ type: 'credit', limit, acked: 0 });
const isLost = (error: unknown) => error instanceof ConnectError && error.code === 'connect-lost' && error.retryable && !error.fromPeer;
const isAuth = (error: unknown) => error instanceof AuthError && error.code === 'auth-handshake';

describe('a man in the middle', () => {
  /** Sends ten frames each way through him; he meddles with messages after the handshake. */
  async function under(meddle: (message: Passing, before: readonly Passing[]) => readonly Forwarded[]) {
    const before: Passing[] = [];
    const { client, server } = memoryPairWithMeddler((message) => {
      const forwarded = message.index === 0 ? [message] : meddle(message, before);
      before.push(message);
      return forwarded;
    });
    const [ours, theirs] = await Promise.all([openChannel(client, { role: 'client', secret: SECRET }), openChannel(server, { role: 'server', secret: SECRET })]);
    const inboxes = { client: new Inbox(ours), server: new Inbox(theirs) };
    for (let limit = 0; limit < 10; limit += 1) ours.send(credit(limit));
    return { inboxes, ours, theirs };
  }
  const third = (then: (message: Passing, before: readonly Passing[]) => readonly Forwarded[]) => (message: Passing, before: readonly Passing[]) =>
    message.from === 'client' && message.index === 3 ? then(message, before) : [message];
  const flip = (bytes: Buffer, at: number) => {
    const copy = Buffer.from(bytes);
    copy[at] = (copy[at] ?? 0) ^ 0x10;
    return copy;
  };

  for (const [what, meddle] of [
    ['alters the first byte', third(({ bytes }) => [{ bytes: flip(bytes, 0) }])],
    ['alters the tag', third(({ bytes }) => [{ bytes: flip(bytes, bytes.length - 1) }])],
    ['cuts the end off', third(({ bytes }) => [{ bytes: bytes.subarray(0, -1) }])],
    ['leaves less than a tag', third(({ bytes }) => [{ bytes: bytes.subarray(0, 5) }])],
    ['leaves nothing', third(() => [{ bytes: Buffer.alloc(0) }])],
    ['adds a byte', third(({ bytes }) => [{ bytes: Buffer.concat([bytes, Buffer.of(0)]) }])],
    ['drops a message', third(() => [])],
    ['repeats one', third((message, before) => [before.findLast(({ from }) => from === 'client') as Passing, message])],
    ['makes one up', third(() => [{ bytes: Buffer.alloc(40) }])],
    ['repeats the handshake', third((message, before) => [before[0] as Passing, message])],
  ] as const) {
    it(`who ${what} is noticed: IntegrityError, 4007, nothing delivered from there on`, async () => {
      const { inboxes } = await under(meddle);
      const { error, clean } = await inboxes.server.ended();
      assert.ok(error instanceof IntegrityError && error.code === 'integrity-tag' && !clean);
      assert.deepEqual(inboxes.server.frames.map((frame) => frame.type === 'credit' && frame.limit), [0, 1]);
      // No failure frame: the other end learns it from the close alone, and may try again.
      const end = await inboxes.client.ended();
      assert.equal(inboxes.client.frames.length, 0);
      assert.ok(end.error instanceof ConnectError && /4007/u.test(end.error.message));
    });
  }

  it('who swaps two messages is noticed', async () => {
    let held: Passing | undefined;
    const { inboxes } = await under((message) => {
      if (message.from !== 'client' || message.index < 3 || message.index > 4) return [message];
      if (held !== undefined) return [message, held];
      held = message;
      return [];
    });
    assert.equal((await inboxes.server.ended()).error.code, 'integrity-tag');
    assert.equal(inboxes.server.frames.length, 2);
  });

  it('who sends a message back to where it came from is noticed', async () => {
    const { inboxes } = await under(third((message) => [{ bytes: message.bytes, to: 'client' }]));
    assert.equal((await inboxes.client.ended()).error.code, 'integrity-tag');
    assert.equal(inboxes.client.frames.length, 0);
  });

  it('who sends text, be it a good record, has cut the link by that, and no more, where the other end has proved itself', async () => {
    const { inboxes } = await under(third(({ bytes }) => [{ bytes, kind: 'text' }]));
    const { error } = await inboxes.server.ended();
    assert.ok(isLost(error) && /text/u.test(error.message));
    assert.equal(inboxes.server.frames.length, 2);
    // Nothing says that it shall not come back.
    const end = await inboxes.client.ended();
    assert.ok(isLost(end.error) && /4005/u.test(end.error.message));
    assert.deepEqual(inboxes.client.frames, []);
  });

  it('who sends text before the other end has proved itself is taken for it', async () => {
    const { inboxes } = await under((message) => (message.from === 'client' && message.index === 1 ? [{ bytes: message.bytes, kind: 'text' }] : [message]));
    assert.ok(isAuth((await inboxes.server.ended()).error));
    assert.deepEqual(inboxes.server.frames, []);
  });

  for (const code of [1000, 1001, 1002, 1008, 1009, 1011, 4003, 4007]) {
    it(`who closes with ${code} has cut the link by that, and no more, where the other end has proved itself`, async () => {
      const { client, server } = memoryPairWithMeddler((message) => [message]);
      const [ours, theirs] = await Promise.all([openChannel(client, { role: 'client', secret: SECRET }), openChannel(server, { role: 'server', secret: SECRET })]);
      const inbox = new Inbox(theirs);
      ours.send(credit(1));
      await inbox.arrived(1);
      client.close(code, '');
      assert.ok(isLost((await inbox.ended()).error));
    });
  }

  it('who closes with 1008 before that says that the secret is wrong', async () => {
    const { client, server } = memoryPairWithMeddler((message) => [message]);
    const [, theirs] = await Promise.all([openChannel(client, { role: 'client', secret: SECRET }), openChannel(server, { role: 'server', secret: SECRET })]);
    const inbox = new Inbox(theirs);
    client.close(1008, '');
    assert.ok(isAuth((await inbox.ended()).error));
  });
});
