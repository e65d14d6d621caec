import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConnectError, CoordinatesError, ProtocolError, TimeoutError } from '../../../src/errors.js';
import { awaitHello, greetAsClient, welcome } from '../../../src/transfer/greeting.js';
import type { Frame, HelloFrame, WelcomeFrame } from '../../../src/wire/frame.js';
import { channelPair, Inbox } from '../../support/fake-channel.js';
import { fakeClock } from '../../support/fake-clock.js';
import { turns } from '../../support/fake-events.js';

const HELLO: HelloFrame = { type: 'hello', client: Buffer.alloc(16, 1), stream: 0, received: 0, action: 'send', agent: 'test' };
const WELCOME: WelcomeFrame = { type: 'welcome', received: 0, streams: 16, action: 'receive', agent: 'server' };
const BYE: Frame = { type: 'bye' };

describe('the greeting', () => {
  it('goes hello, welcome; what comes after waits for whoever comes next', async () => {
    const { client, server } = await channelPair();
    const [welcome, hello] = await Promise.all([
      greetAsClient(client, HELLO),
      awaitHello(server, 1_000).then((frame) => {
        server.send(WELCOME);
        server.send({ type: 'credit', limit: 7, acked: 0 });
        return frame;
      }),
    ]);
    assert.deepEqual(welcome, WELCOME);
    assert.deepEqual(hello, HELLO);
    await turns(20);
    assert.deepEqual(await new Inbox(client).arrived(1), [{ type: 'credit', limit: 7, acked: 0 }]);
    client.send(BYE);
    assert.deepEqual(await new Inbox(server).arrived(1), [BYE]);
  });

  for (const [asked, offered] of [[true, true], [true, false], [false, true], [false, false]] as const) {
    it(`${asked && offered ? 'agrees to keep alive' : 'does not agree to keep alive'} where the client ${asked ? 'offers' : 'does not offer'} that and the server ${offered ? 'does' : 'does not'}`, async (t) => {
      const clock = fakeClock(t);
      const { client, server } = await channelPair();
      const hello = asked ? { ...HELLO, alive: true } : HELLO;
      const greeting = greetAsClient(client, hello);
      const greeted = await awaitHello(server, 1_000);
      assert.deepEqual(greeted, hello);
      // A server of ours offers it to whoever does; another may be older, or wrong.
      if (offered && asked) welcome(server, greeted, { received: 0, streams: 1, action: 'receive', agent: '' });
      else server.send(offered ? { ...WELCOME, alive: true } : WELCOME);
      await greeting;
      assert.equal(clock.timers, asked && offered ? 2 : 0);
    });
  }

  it('does not offer to keep alive to a client that does not', async (t) => {
    const clock = fakeClock(t);
    const { client, server } = await channelPair();
    const greeting = greetAsClient(client, HELLO);
    welcome(server, await awaitHello(server, 1_000), { received: 3, streams: 16, action: 'receive', agent: 'server' });
    assert.deepEqual(await greeting, { ...WELCOME, received: 3 });
    assert.equal(clock.timers, 0);
  });

  it('ends with the server’s failure, of its class', async () => {
    const { client, server } = await channelPair();
    const greeting = greetAsClient(client, HELLO);
    await awaitHello(server, 1_000);
    server.fail(new CoordinatesError('coordinates-direction', 'this server sends'));
    await assert.rejects(greeting, (error: unknown) => error instanceof CoordinatesError && error.fromPeer && error.message.includes('this server sends'));
  });

  it('ends with a lost link', async () => {
    const { client, server, cut } = await channelPair();
    const [greeting, waiting] = [greetAsClient(client, HELLO), awaitHello(server, 1_000)];
    cut();
    for (const side of [greeting, waiting]) await assert.rejects(side, (error: unknown) => error instanceof ConnectError && error.retryable);
  });

  it('refuses any other first frame, at either end', async () => {
    for (const frame of [BYE, { type: 'credit', limit: 1, acked: 0 }, { type: 'ready', id: 0 }] as const) {
      const { client, server } = await channelPair();
      const greeting = greetAsClient(client, HELLO);
      await awaitHello(server, 1_000);
      server.send(frame);
      await assert.rejects(greeting, ProtocolError);
      const other = await channelPair();
      other.client.send(frame);
      await assert.rejects(awaitHello(other.server, 1_000), ProtocolError);
    }
    const { client, server } = await channelPair();
    client.send(WELCOME);
    await assert.rejects(awaitHello(server, 1_000), ProtocolError);
  });

  it('that does not come in time ends the channel: 20 s for the welcome, what is left for the hello', async (t) => {
    const clock = fakeClock(t);
    const { client, server } = await channelPair();
    const inbox = new Inbox(server);
    const greeting = greetAsClient(client, HELLO);
    greeting.catch(() => undefined);
    clock.advance(19_999);
    await turns();
    assert.equal(inbox.ends.length, 0);
    clock.advance(1);
    await assert.rejects(greeting, (error: unknown) => error instanceof TimeoutError && error.code === 'timeout-handshake');
    await inbox.ended();
    assert.deepEqual(inbox.frames.at(-1), { type: 'failure', code: 'timeout-handshake', message: 'the other end did not greet within 20 s' });
    const other = await channelPair();
    const waiting = awaitHello(other.server, 3_500);
    const ours = new Inbox(other.client);
    clock.advance(3_500);
    await assert.rejects(waiting, TimeoutError);
    await ours.ended();
    await turns(20);
    assert.equal(clock.timers, 0);
  });

  it('leaves no timer behind', async (t) => {
    const clock = fakeClock(t);
    const { client, server } = await channelPair();
    await Promise.all([greetAsClient(client, HELLO), awaitHello(server, 1_000).then(() => server.send(WELCOME))]);
    assert.equal(clock.timers, 0);
  });
});
