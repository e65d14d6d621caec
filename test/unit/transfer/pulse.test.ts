/**
 * Long work at one end: it is told of here and there, and ends with the transfer.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it, type TestContext } from 'node:test';
import { AbortError, TimeoutError } from '../../../src/errors.js';
import type { Sink } from '../../../src/storage/sink.js';
import { outboundOf } from '../../../src/transfer/outbound-file.js';
import { STALL_LIMIT_MS } from '../../../src/transfer/outcome.js';
import { Pulse, PULSE_MS } from '../../../src/transfer/pulse.js';
import { fakeClock, type FakeClock } from '../../support/fake-clock.js';
import { turns } from '../../support/fake-events.js';
import { FakeSource } from '../../support/fake-storage.js';
import { content, FakeInbound, FakeTransfer, offerFrame } from './fixture.js';

describe('a pulse', () => {
  it('is felt here at each step, and told to the other end now and then', (t) => {
    const clock = fakeClock(t);
    const felt = { here: 0, there: 0 };
    const pulse = new Pulse({ over: () => false, progressed: () => (felt.here += 1), tell: () => (felt.there += 1) });
    for (let step = 0; step < 100; step += 1) {
      clock.advance(PULSE_MS / 10);
      pulse.beat();
    }
    assert.deepEqual(felt, { here: 100, there: 10 });
  });

  it('stops what nobody waits for, but not what is brought to its end', () => {
    const pulse = new Pulse({ over: () => true, progressed: () => undefined, tell: () => undefined });
    assert.throws(pulse.beat, AbortError);
    assert.doesNotThrow(pulse.step);
  });
});

const SIZE = 3_000_000;
/** Steps of nearly all the patience that there is. */
const STEP_MS = STALL_LIMIT_MS - 1_000;
const STEPS = 5;

/** Takes most of an hour for the hash. */
class SlowInbound extends FakeInbound {
  beats = true;
  readonly clock: FakeClock;

  constructor(sink: FakeTransfer['sink'], clock: FakeClock) {
    super(sink);
    this.clock = clock;
  }

  override sha256 = async (_file: Sink, _size: number, beat: () => void): Promise<Buffer> => {
    for (let step = 0; step < STEPS; step += 1) {
      this.clock.advance(STEP_MS);
      if (this.beats) beat();
      await turns(20);
    }
    return createHash('sha256').update(content(SIZE)).digest();
  };
}

/** As slow at the sender's end, when what was sent is read once more. */
class SlowSource extends FakeSource {
  clock: FakeClock | undefined;
  readonly #again = new Set<number>();

  override async read(offset: number, into: Buffer): Promise<void> {
    if (this.#again.has(offset)) {
      this.clock?.advance(STEP_MS);
      await turns(20);
    }
    this.#again.add(offset);
    await super.read(offset, into);
  }
}

async function ends(t: TestContext, slow: 'sender' | 'receiver' | 'mute receiver'): Promise<PromiseSettledResult<unknown>[]> {
  const clock = fakeClock(t);
  const source = new SlowSource(content(SIZE));
  if (slow === 'sender') source.clock = clock;
  const transfer: FakeTransfer = new FakeTransfer({ size: SIZE }, {
    send: { offer: offerFrame('file', { sha256: true }), outbound: outboundOf(source, 'a file') },
    receive: {
      open: () => {
        const inbound = new SlowInbound(transfer.sink, clock);
        inbound.beats = slow === 'receiver';
        return Promise.resolve(slow === 'sender' ? Object.assign(inbound, { sha256: () => Promise.resolve(createHash('sha256').update(content(SIZE)).digest()) }) : inbound);
      },
    },
  });
  return transfer.both();
}

describe('an end that is at work for long', () => {
  for (const slow of ['sender', 'receiver'] as const) {
    it(`is waited for: the ${slow}`, async (t) => {
      for (const end of await ends(t, slow)) assert.equal(end.status, 'fulfilled', String((end as PromiseRejectedResult).reason));
    });
  }

  it('and does nothing is not waited for', async (t) => {
    const [sent] = await ends(t, 'mute receiver');
    assert.ok(sent?.status === 'rejected' && sent.reason instanceof TimeoutError);
  });
});
