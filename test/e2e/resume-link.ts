/**
 * The link fails and both ends live on: cut with a reset again and again, fallen silent without a word, or left behind
 * by a client that went away with it. Nobody has to run anything again, where an end still runs.
 *
 * @module
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chance, journalled, startSlowly } from './interrupting.js';
import { ACTIONS, assertMoved, bothDone, clientFile, clientJson, eventsOf, MIB, placeFor, resultOf } from './moving.js';

const SIZE = 48 * MIB + 1;
const CUTS = 4;
/** An end that hears nothing for 45 s takes the link for dead; it looks every 5 s. Then it dials again. */
const SILENCE_MS = 45_000 + 5_000;

/** Registers the cases. */
export function describeLinks(): void {
  describe('a link that is cut with a reset', { concurrency: 2 }, () => {
    for (const action of ACTIONS) {
      it(`${CUTS} times while the client ${action}s: both ends go on by themselves and finish`, async (t) => {
        const random = chance(t);
        const place = await placeFor(t, SIZE);
        const { server, client, proxy } = await startSlowly(t, action, place, { bytesPerSecond: 32 * MIB });
        for (let cut = 1; cut <= CUTS; cut += 1) {
          await proxy.passed(MIB + random() * 6 * MIB);
          proxy.cut();
        }
        const ended = await bothDone(client, server.child);
        await assertMoved(place, ended);
        for (const end of [ended.client, ended.server]) {
          const { reconnects, resumedBytes } = resultOf(end);
          assert.ok(reconnects >= 2, `${reconnects} reconnects: a cut may fall into an attempt, but not each of them`);
          assert.equal(resumedBytes, 0, 'what this very run had moved is not what an earlier one left');
        }
        assert.ok(proxy.forwarded < SIZE * 1.6, `what had arrived was not sent again: ${proxy.forwarded} bytes passed for ${SIZE}`);
        assert.ok(eventsOf(ended.client).some(({ event }) => event === 'reconnecting'));
        assert.ok(eventsOf(ended.server).some(({ event, again }) => event === 'waiting' && again === true));
      });
    }
  });

  describe('a link that falls silent', { concurrency: 4 }, () => {
    for (const action of ACTIONS) {
      it(`while the client ${action}s is given up within 50 s, and the transfer finishes over another`, async (t) => {
        const place = await placeFor(t, SIZE);
        const { server, client, proxy } = await startSlowly(t, action, place);
        proxy.stall();
        proxy.heal();
        const stalledMs = performance.now();
        const lost = await client.waitForLine(/^\{"event":"reconnecting".*$/, { timeoutMs: SILENCE_MS + 10_000 });
        assert.match(lost[0], /silent|reset|closed/);
        assert.ok(performance.now() - stalledMs < SILENCE_MS + 2_000, 'soon enough');
        proxy.slowDown(Infinity);
        const ended = await bothDone(client, server.child);
        await assertMoved(place, ended);
        assert.equal(resultOf(ended.client).reconnects, 1);
        assert.equal(resultOf(ended.server).reconnects, 1);
      });

      it(`with the client that ${action}s: the same command again is served within seconds, though the server has heard of no end`, async (t) => {
        const place = await placeFor(t, SIZE);
        const { server, client, proxy, coordinates } = await startSlowly(t, action, place);
        proxy.stall();
        await journalled(place);
        await client.stop();
        proxy.heal();
        proxy.slowDown(Infinity);
        const startMs = performance.now();
        const again = clientJson(t, action, coordinates, clientFile(action, place));
        const ended = await bothDone(again, server.child);
        assert.ok(performance.now() - startMs < 20_000, 'without waiting for the 45 s of silence');
        await assertMoved(place, ended);
        assert.ok(resultOf(ended.client).resumedBytes > 0);
      });
    }
  });
}
