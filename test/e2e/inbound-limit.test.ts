/**
 * `--inbound-transfer-limit`: exact in bytes, and known before anything is moved.
 */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { startProxy } from '../support/tcp-proxy.js';
import { assertMoved, bothDone, bothOver, clientJson, eventOf, eventsOf, inboxNames, MIB, placeFor, serveJson, type Ended, type Place } from './moving.js';

/** What a handshake and a refusal take on the wire, bytes, and no file. */
const TALK_BYTES = 4000;

async function offer(t: TestContext, size: number, limit: string, done: typeof bothDone): Promise<{ place: Place; ended: Ended; forwarded: number }> {
  const place = await placeFor(t, size);
  const server = await serveJson(t, 'receive', place.target, { args: ['--inbound-transfer-limit', limit] });
  const proxy = await startProxy(t, server.port);
  const client = clientJson(t, 'send', proxy.lead(server.coordinates), place.source);
  const ended = await done(client, server.child);
  return { place, ended, forwarded: proxy.forwarded };
}

describe('a file of just the limit arrives', () => {
  for (const [limit, size] of [['1234567', 1_234_567], ['3MiB', 3 * MIB], ['3MB', 3_000_000], ['0', 0]] as const) {
    it(`--inbound-transfer-limit ${limit}, ${size} bytes`, async (t) => {
      const { place, ended } = await offer(t, size, limit, bothDone);
      await assertMoved(place, ended);
    });
  }
});

describe('a file of one byte more is refused at both ends with 9, before anything is moved', () => {
  for (const [limit, size] of [['1234567', 1_234_568], ['3MiB', 3 * MIB + 1], ['3MB', 3_000_001], ['0', 1]] as const) {
    it(`--inbound-transfer-limit ${limit}, ${size} bytes`, async (t) => {
      const { place, ended, forwarded } = await offer(t, size, limit, bothOver);
      for (const end of [ended.client, ended.server]) {
        assert.equal(end.code, 9);
        const { code, message } = eventOf(end, 'error');
        assert.equal(code, 'limit-inbound');
        assert.match(String(message), new RegExp(`the file has ${size} bytes, over the inbound transfer limit of ${size - 1} `));
        assert.ok(!eventsOf(end).some(({ event }) => event === 'started'));
      }
      assert.ok(forwarded < TALK_BYTES, `${forwarded} bytes passed`);
      assert.deepEqual(await inboxNames(place), [], 'nothing is on disk');
    });
  }
});
