/**
 * One client at a time: a second one with the same coordinates is told so, and the first does not notice.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runStreamer } from '../support/cli.js';
import { startSlowly } from './interrupting.js';
import { ACTIONS, assertMoved, bothDone, MIB, placeFor, resultOf } from './moving.js';

/** A refusal by the right server is final: nobody waits for the first client's end. */
const AT_ONCE_MS = 5_000;

describe('while the first client is served', { concurrency: 2 }, () => {
  for (const action of ACTIONS) {
    it(`and ${action}s: a second is refused at once with 5, and the first finishes over the same link`, async (t) => {
      const place = await placeFor(t, 16 * MIB);
      const { client, server, proxy, coordinates } = await startSlowly(t, action, place);
      const file = action === 'send' ? place.source : `${place.target}.second`;
      const second = await runStreamer(t, [action, coordinates, file], { timeoutMs: AT_ONCE_MS });
      assert.equal(second.code, 5);
      assert.match(second.stderr, /^streamer: the other end reports: another client is using these coordinates \[connect-busy\]$/m);
      proxy.slowDown(Infinity);
      const ended = await bothDone(client, server.child);
      await assertMoved(place, ended);
      for (const end of [ended.client, ended.server]) assert.equal(resultOf(end).reconnects, 0);
    });
  }

  it('a second is refused, too, where the link of the first is so slow that it cannot answer in time', async (t) => {
    const place = await placeFor(t, 24 * MIB);
    const { client, server, proxy, coordinates } = await startSlowly(t, 'receive', place, { bytesPerSecond: 1.5 * MIB });
    const second = await runStreamer(t, ['receive', coordinates, `${place.target}.second`], { timeoutMs: 2 * AT_ONCE_MS });
    assert.equal(second.code, 5, second.stderr);
    proxy.slowDown(Infinity);
    const ended = await bothDone(client, server.child);
    await assertMoved(place, ended);
    for (const end of [ended.client, ended.server]) assert.equal(resultOf(end).reconnects, 0);
  });

  it('a second of the other wire is refused, too, once it has tried for --connect-timeout', async (t) => {
    const place = await placeFor(t, 16 * MIB);
    const { client, server, proxy, coordinates } = await startSlowly(t, 'receive', place, { args: ['--secret', 'a-secret'] });
    const words = ['receive', '--wire', 'compat', '--connect-timeout', '300ms', coordinates, `${place.target}.second`];
    const second = await runStreamer(t, words, { timeoutMs: AT_ONCE_MS });
    assert.equal(second.code, 5);
    assert.match(second.stderr, /^streamer: the server is serving another client \[connect-busy\]$/m);
    proxy.slowDown(Infinity);
    await assertMoved(place, await bothDone(client, server.child));
  });

  it('a second with a wrong secret is refused with 4', async (t) => {
    const place = await placeFor(t, 16 * MIB);
    const { client, server, proxy } = await startSlowly(t, 'receive', place, { args: ['--secret', 'a-secret'] });
    const wrong = Buffer.from(JSON.stringify({ ports: [server.port, server.port], ips: ['127.0.0.1'], secret: 'another' })).toString('base64url');
    const second = await runStreamer(t, ['receive', wrong, `${place.target}.second`], { timeoutMs: AT_ONCE_MS });
    assert.equal(second.code, 4);
    assert.match(second.stderr, /^streamer: .*the secret is wrong.* \[auth-handshake\]$/m);
    proxy.slowDown(Infinity);
    await assertMoved(place, await bothDone(client, server.child));
  });
});
