import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { BlockPool } from '../../../src/relay/block-pool.js';
import { Budget, BURST_MS } from '../../../src/relay/budget.js';
import { Pair, type PairEnd, type Way } from '../../../src/relay/pair.js';
import { fakeClock } from '../../support/fake-clock.js';
import { turns } from '../../support/fake-events.js';
import { FakeForwarding } from '../../support/fake-forwarding.js';

interface Joined {
  readonly pair: Pair;
  readonly server: FakeForwarding;
  readonly client: FakeForwarding;
  readonly moved: (readonly [Way, number])[];
  readonly ended: PairEnd[];
  /** Whether both connections are gone. */
  readonly gone: boolean[];
}

function join({ budget, first }: { readonly budget?: Budget; readonly first?: string } = {}): Joined {
  const [server, client] = [new FakeForwarding(), new FakeForwarding()];
  const moved: (readonly [Way, number])[] = [];
  const ended: PairEnd[] = [];
  const gone: boolean[] = [];
  const pair = new Pair({
    server,
    client,
    handshakeMs: 10_000,
    idleMs: 60_000,
    budget,
    blocks: new BlockPool(),
    moved: (way, bytes) => moved.push([way, bytes]),
    ended: (why) => ended.push(why),
    gone: () => gone.push(true),
  });
  pair.start(first === undefined ? undefined : Buffer.from(first));
  return { pair, server, client, moved, ended, gone };
}

const LINK = { by: 'link', code: 1006, reason: '' } as const;

describe('a pair', () => {
  it('passes on what each end says, piece by piece, in order, the first message of the request before all', () => {
    const { server, client, moved } = join({ first: 'hello' });
    client.says('a', false);
    server.says('xyz');
    client.says('bc', false);
    client.says('', true);
    client.says('d');
    assert.deepEqual(server.sent, ['[hello]', '[a', 'bc', ']', '[d]']);
    assert.deepEqual(client.sent, ['[xyz]']);
    assert.deepEqual(moved, [['to-server', 5], ['to-server', 1], ['to-client', 3], ['to-server', 2], ['to-server', 0], ['to-server', 1]]);
  });

  it('keeps no view of what it was given', () => {
    const { server, client } = join();
    const bytes = Buffer.from('abc');
    const seen: Uint8Array[] = [];
    server.sendPiece = (piece) => {
      seen.push(piece);
      return true;
    };
    client.handler?.piece(bytes, true, 'binary');
    bytes.fill(0);
    assert.equal(String(Buffer.concat(seen)), 'abc');
  });

  it('does not read an end while the other is behind', async () => {
    const { server, client } = join();
    server.fallBehind();
    client.says('a');
    assert.deepEqual([client.paused, server.paused], [true, false]);
    // What was read already.
    client.says('b');
    server.says('x');
    await turns();
    assert.deepEqual([client.paused, server.paused, server.sent], [true, false, ['[a]', '[b]']]);
    server.catchUp();
    await turns();
    assert.equal(client.paused, false);
  });

  it('does not read an end of whose pieces, be they tiny, 256 are on their way, until most of them are gone', async () => {
    const { server, client } = join();
    const written: (() => void)[] = [];
    server.unwritten = written;
    for (let i = 1; i < 256; i += 1) client.says('');
    assert.equal(client.paused, false);
    for (let i = 0; i < 10; i += 1) client.says('x');
    assert.equal(client.paused, true);
    for (const tell of written.splice(0, 200)) tell();
    await turns();
    assert.equal(client.paused, true);
    for (const tell of written.splice(0, 1)) tell();
    await turns();
    assert.equal(client.paused, false);
    for (let i = 64; i < 256; i += 1) client.says('x');
    assert.equal(client.paused, true);
  });

  it('does not read an end that is over the rate of the room for so long, and not the less for the other being behind', async (t) => {
    const clock = fakeClock(t);
    const { server, client } = join({ budget: new Budget({ bytes: 1e9, bytesPerSecond: 1000 }) });
    client.says('x'.repeat(BURST_MS));
    assert.equal(client.paused, false);
    server.fallBehind();
    client.says('x'.repeat(500));
    assert.equal(client.paused, true);
    clock.advance(499);
    server.catchUp();
    await turns();
    assert.equal(client.paused, true);
    clock.advance(1);
    await turns();
    assert.equal(client.paused, false);
  });

  it('ends when the bytes of its room are used up', () => {
    const { server, client, ended } = join({ budget: new Budget({ bytes: 5, bytesPerSecond: Infinity }) });
    client.says('12345');
    assert.deepEqual(ended, []);
    server.says('6');
    assert.deepEqual(ended, ['bytes']);
    assert.deepEqual([server.closes, client.closes], [['4009 '], ['4009 ']]);
  });

  it('ends when one says a text, which is not passed on', () => {
    for (const which of ['server', 'client'] as const) {
      const joined = join();
      joined[which].says('{"paired":{"remote":"a:1","waiting":0}}', true, 'text');
      assert.deepEqual(joined.ended, ['text']);
      assert.deepEqual([joined.server.closes, joined.client.closes], [['1003 '], ['1003 ']]);
      assert.deepEqual([joined.server.sent, joined.client.sent], [[], []]);
    }
  });

  it('tells one end what the other said at its end, or that it is gone', () => {
    const cases = [
      [{ by: 'peer', code: 4007, reason: 'why' }, 'closed', '4007 why'],
      [{ by: 'peer', code: 1005, reason: '' }, 'closed', '1005 '],
      [LINK, 'lost', '4005 '],
      [{ by: 'us', code: 1002, reason: '' }, 'lost', '4005 '],
    ] as const;
    for (const [info, why, told] of cases) {
      for (const which of ['server', 'client'] as const) {
        const joined = join();
        joined[which].isClosed(info);
        assert.deepEqual(joined.ended, [why]);
        assert.deepEqual(joined[which === 'server' ? 'client' : 'server'].closes, [told]);
        assert.deepEqual(joined[which].closes, []);
      }
    }
  });

  it('ends once, and passes on nothing after it', () => {
    const { pair, server, client, ended } = join();
    pair.end('drained');
    pair.end('idle');
    client.says('late');
    server.isClosed(LINK);
    client.isClosed({ by: 'peer', code: 1000, reason: '' });
    assert.deepEqual(ended, ['drained']);
    assert.deepEqual([server.closes, client.closes, server.sent], [['1012 '], ['1012 '], []]);
  });

  it('is gone when both its connections are, however it ended', () => {
    for (const end of [(pair: Pair) => pair.end('drained'), () => undefined]) {
      const { pair, server, client, gone } = join();
      end(pair);
      assert.deepEqual(gone, []);
      client.isClosed(LINK);
      assert.deepEqual(gone, []);
      server.isClosed({ by: 'us', code: 1012, reason: '' });
      assert.deepEqual(gone, [true]);
    }
  });

  it('leaves no timer behind, and reads again an end that it held when it ends', async (t: TestContext) => {
    const clock = fakeClock(t);
    const { pair, client } = join({ budget: new Budget({ bytes: 1e9, bytesPerSecond: 1 }) });
    client.says('x'.repeat(10_000));
    assert.deepEqual([client.paused, clock.timers], [true, 1]);
    pair.end('lifetime');
    await turns();
    assert.deepEqual([client.paused, clock.timers], [false, 0]);
  });
});

describe('the clock of a pair', () => {
  it('ends it when one of the ends has not spoken in time', (t) => {
    const clock = fakeClock(t);
    for (const [says, why] of [[[], ['handshake']], [['server'], ['handshake']], [['client'], ['handshake']], [['server', 'client'], []]] as const) {
      const joined = join();
      for (const which of says) joined[which].says('x');
      const begun = clock.nowMs;
      joined.pair.tick(begun + 10_000);
      assert.deepEqual(joined.ended, []);
      joined.pair.tick(begun + 10_001);
      assert.deepEqual(joined.ended, why);
      if (why.length > 0) assert.deepEqual([joined.server.closes, joined.client.closes], [['4010 '], ['4010 ']]);
    }
  });

  it('takes the first message of the request for the client’s word', (t) => {
    const clock = fakeClock(t);
    const { pair, server, ended } = join({ first: 'hello' });
    server.says('x');
    pair.tick(clock.nowMs + 10_001);
    assert.deepEqual(ended, []);
  });

  it('ends it when nothing was passed on for too long; pings are nothing', (t) => {
    const clock = fakeClock(t);
    const { pair, server, client, ended } = join();
    server.says('x');
    clock.advance(30_000);
    client.says('x');
    clock.advance(60_000);
    client.pings('x');
    pair.tick(clock.nowMs);
    assert.deepEqual(ended, []);
    pair.tick(clock.nowMs + 1);
    assert.deepEqual(ended, ['idle']);
    assert.deepEqual(client.closes, ['4010 ']);
  });
});

describe('pings across a pair', () => {
  it('reach the other end, and so do the pongs to them, both ways', () => {
    const { server, client } = join();
    client.pings('1');
    server.pings('1');
    assert.deepEqual([server.sent, client.sent], [['ping 1'], ['ping 1']]);
    server.pongs('1');
    client.pongs('1');
    assert.deepEqual([server.sent, client.sent], [['ping 1', 'pong 1'], ['ping 1', 'pong 1']]);
  });

  it('reach an end that is behind with megabytes: that is when it is asked whether it lives', () => {
    const { server, client } = join();
    server.fallBehind();
    server.buffered = 10 * 1024 * 1024;
    client.pings('1');
    assert.deepEqual(server.sent, ['ping 1']);
    client.buffered = 10 * 1024 * 1024;
    server.pongs('1');
    assert.deepEqual(client.sent, ['pong 1']);
  });

  it('of a flood are passed on no more than may wait for an answer', () => {
    const { server, client } = join();
    for (let i = 0; i < 1_000; i += 1) client.pings(String(i));
    assert.equal(server.sent.length, 64);
    // An end may answer the latest of them alone.
    server.pongs('63');
    assert.deepEqual(client.sent, ['pong 63']);
    client.pings('again');
    assert.equal(server.sent.at(-1), 'ping again');
  });

  it('that nobody sent are not answered', () => {
    const { server, client } = join();
    for (let i = 0; i < 1_000; i += 1) server.pongs(String(i));
    client.pings('1');
    for (let i = 0; i < 1_000; i += 1) server.pongs('1');
    assert.deepEqual(client.sent, ['pong 1']);
  });
});
