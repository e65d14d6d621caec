import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deriveKey } from '../../../src/crypto/kdf.js';
import { NoiseHandshake } from '../../../src/crypto/noise.js';
import { AuthError, ConnectError, TimeoutError } from '../../../src/errors.js';
import { openChannel } from '../../../src/transfer/channel.js';
import { PROLOGUE } from '../../../src/wire/constants.js';
import { Recorder } from '../../conformance/connection.js';
import { channelPair, memoryPairWithMeddler, SECRET } from '../../support/fake-channel.js';
import { fakeClock } from '../../support/fake-clock.js';
import { turns } from '../../support/fake-events.js';
import { memoryPair } from '../../support/memory-pair.js';

const isAuth = (error: unknown) => error instanceof AuthError && error.code === 'auth-handshake';

describe('the handshake', () => {
  it('with a wrong secret fails at both ends, with 1008 and no text, and no channel', async () => {
    const closes: string[] = [];
    const seen: string[] = [];
    const { client, server } = memoryPairWithMeddler(
      (message) => {
        seen.push(message.from);
        return [message];
      },
      (from, code, reason) => closes.push(`${from} ${code} ${reason}`),
    );
    const results = await Promise.allSettled([openChannel(client, { role: 'client', secret: SECRET }), openChannel(server, { role: 'server', secret: Buffer.alloc(32, 1) })]);
    for (const result of results) assert.ok(result.status === 'rejected' && isAuth(result.reason));
    assert.equal(closes[0], 'server 1008 ');
    assert.deepEqual(seen, ['client'], 'the server says nothing to a stranger');
  });

  it('that is not finished in time is dropped: TimeoutError, 4010, at either end', async (t) => {
    const clock = fakeClock(t);
    for (const role of ['client', 'server'] as const) {
      const { a, b } = memoryPair();
      const other = new Recorder(a);
      const opening = openChannel(b, { role, secret: SECRET });
      opening.catch(() => undefined);
      await turns();
      clock.advance(9_999);
      await turns();
      assert.equal(other.closes.length, 0);
      clock.advance(1);
      await assert.rejects(opening, (error: unknown) => error instanceof TimeoutError && error.code === 'timeout-handshake' && error.retryable);
      assert.equal((await other.closed()).code, 4010);
      await turns(20);
      assert.equal(clock.timers, 0);
    }
  });

  it('leaves no timer behind when it is done, or the link is lost', async (t) => {
    const clock = fakeClock(t);
    await channelPair();
    assert.equal(clock.timers, 0);
    const { a, b, cut } = memoryPair();
    const opening = openChannel(b, { role: 'server', secret: SECRET });
    new Recorder(a);
    cut();
    await assert.rejects(opening, (error: unknown) => error instanceof ConnectError && error.code === 'connect-lost');
    assert.equal(clock.timers, 0);
  });

  for (const [what, send] of [
    ['text', [Buffer.alloc(48), 'text']],
    ['an empty message', [Buffer.alloc(0), 'binary']],
    ['a short message', [Buffer.alloc(47), 'binary']],
    ['a message of zeros', [Buffer.alloc(48), 'binary']],
    ['a message over 512 bytes', [Buffer.alloc(513), 'binary']],
    ['a message of a megabyte', [Buffer.alloc(2 ** 20), 'binary']],
  ] as const) {
    it(`is refused for ${what}: AuthError and 1008, at either end`, async () => {
      for (const role of ['client', 'server'] as const) {
        const { a, b } = memoryPair({ pieceBytes: 100 });
        const other = new Recorder(a);
        const opening = openChannel(b, { role, secret: SECRET });
        a.send([Buffer.from(send[0])], send[1]);
        await assert.rejects(opening, isAuth);
        assert.ok(b.wireBytes.received <= 700, 'it does not read to the end of it first');
        assert.equal((await other.closed()).code, 1008);
      }
    });
  }

  it('takes a first message with a payload, which it ignores', async () => {
    const { a, b } = memoryPair();
    const noise = new NoiseHandshake({ role: 'initiator', prologue: Buffer.from(PROLOGUE), psk: deriveKey(SECRET, 'handshake psk') });
    const other = new Recorder(a);
    const opening = openChannel(b, { role: 'server', secret: SECRET });
    a.send([noise.writeMessage(Buffer.alloc(464, 'x'))], 'binary');
    await opening;
    const [answer] = await other.arrived(1);
    assert.equal(noise.readMessage(answer as Buffer).length, 0);
  });

  it('is not that of another protocol or version', async () => {
    const { a, b } = memoryPair();
    const noise = new NoiseHandshake({ role: 'initiator', prologue: Buffer.from('firecrest-streamer native 3'), psk: deriveKey(SECRET, 'handshake psk') });
    const opening = openChannel(b, { role: 'server', secret: SECRET });
    a.send([noise.writeMessage(Buffer.alloc(0))], 'binary');
    await assert.rejects(opening, isAuth);
  });
});
