/**
 * A receiver that gives credit without end or never any, takes nothing, or comes back again and again for the same: the
 * sender keeps no more than it does for any other, and ends by itself.
 */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { TimeoutError } from '../../src/errors.js';
import { STALL_LIMIT_MS } from '../../src/transfer/outcome.js';
import type { Frame } from '../../src/wire/frame.js';
import { skipUnless } from '../e2e/abilities.js';
import { meet } from '../e2e/hostile-meeting.js';
import { MIB, placeFor } from '../e2e/moving.js';
import { channelPair, Inbox } from '../support/fake-channel.js';
import { fakeClock } from '../support/fake-clock.js';
import { turns } from '../support/fake-events.js';
import { peakMemory } from '../support/peak-memory.js';
import { FakeTransfer } from '../unit/transfer/fixture.js';

const READY: readonly Frame[] = [{ type: 'answers', first: 0, answers: ['want'] }, { type: 'ready', id: 0 }];
const onLinux = { skip: skipUnless(process.platform === 'linux', 'the memory of a process is read from /proc') };

describe('credit for more than there is', onLinux, () => {
  for (const who of ['client', 'server'] as const) {
    it(`a flood of it, from who then takes nothing: our ${who} reads no more of its disk than its socket has room for`, async (t) => {
      const place = await placeFor(t, 1);
      await writeFile(place.source, Buffer.alloc(300 * MIB, 'x'));
      const { child, peer } = await meet(t, 'send', who, place.source);
      await peer.until('file');
      peer.connection.pause();
      for (const frame of READY) peer.send(frame);
      for (let more = 5_000; more >= 0; more -= 1) peer.send({ type: 'credit', limit: Number.MAX_SAFE_INTEGER - more, acked: 0 });
      await peer.connection.drained();
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      const peak = await peakMemory(child.pid);
      assert.ok(peak < 200 * MIB, `${peak} bytes`);
      assert.ok(!child.ended);
    });
  }
});

it('a receiver that never gives credit is left after ten minutes, and nothing was read for it', async (t) => {
  const clock = fakeClock(t);
  const { sender, source } = new FakeTransfer({ size: 3 * MIB });
  const pair = await channelPair();
  const inbox = new Inbox(pair.server);
  sender.attach(0, { channel: pair.client, remote: 'memory:1' }, 0);
  await turns(20);
  for (const frame of READY) pair.server.send(frame);
  await turns(20);
  assert.ok(inbox.frames.some(({ type }) => type === 'file'), 'it is ready to send');
  const { reads } = source;
  clock.advance(STALL_LIMIT_MS - 1_000);
  await turns(20);
  assert.ok(!sender.over, 'not before');
  clock.advance(2_000);
  await assert.rejects(sender.ended, (error: unknown) => error instanceof TimeoutError && error.code === 'timeout-idle');
  assert.equal(source.reads, reads);
});
