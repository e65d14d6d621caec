/**
 * A link of which every packet is dropped, by the kernel, for longer than an end's patience: no reset, no end, no word. Each end
 * notices by itself, and when packets pass again both go on.
 *
 * @module
 */
import assert from 'node:assert/strict';
import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { assertNothingWrong, assertTidy, makeContent } from '../soak/content.js';
import { tempDir } from '../support/cli.js';
import { canLosePackets, LossyNetwork } from '../support/lossy-network.js';
import { serveAt, startRelay } from '../support/relay.js';
import { skipUnless } from './abilities.js';
import { chance } from './interrupting.js';
import { ACTIONS, bothDone, bothOver, clientFile, clientJson, eventOf, MIB, opposite, resultOf, serveJson, serverFile } from './moving.js';

const SIZE = 14 * MIB + 5;
/** Slow enough that much is left when the packets stop. */
const RATE = '4MB';
/** An end that hears nothing for 45 s takes the link for dead, and looks every 5 s. The rest is a busy machine's. */
const NOTICED_MS = 45_000 + 5_000 + 10_000;
/** What the wire carries besides the content: headers, pings, and what was on its way when the packets stopped. */
const CARRIED_MOST = 1.7;

/** Registers the cases. */
export function describeHalfOpen(): void {
  const skip = skipUnless(canLosePackets(), 'needs root, ip and nft for a network of its own');
  // All at once: they do nothing but wait.
  describe('a link of which every packet is dropped', { skip, concurrency: 10 }, () => {
    for (const action of ACTIONS) {
      for (const kind of ['file', 'tree'] as const) {
        for (const route of ['direct', 'relay'] as const) {
          it(`${route}: both ends notice, and finish a ${kind} that the client ${action}s when packets pass again`, async (t) => {
            const { place, network } = await placeIn(t, kind);
            const rate = ['--rate', RATE];
            const served = [t, opposite(action), serverFile(action, place)] as const;
            const url = route === 'relay' ? (await startRelay(t, ['--open'], { wrap: network.within })).url : undefined;
            const server = url === undefined ? await serveJson(...served, { args: rate, wrap: network.within }) : await serveAt(t, url, served[1], served[2], rate, { wrap: network.within });
            const client = clientJson(t, action, server.coordinates, clientFile(action, place), [...rate, '--streams', '1'], network.within);
            await client.waitForLine(/"event":"progress","bytes":[1-9]\d{6}/u);
            network.lose(1000);
            await Promise.all([
              client.waitForLine(/"event":"reconnecting"/u, { timeoutMs: NOTICED_MS }),
              server.child.waitForLine(/"event":"waiting".*"again":true/u, { timeoutMs: NOTICED_MS }),
            ]);
            await assertNothingWrong(place.source, place.target);
            assert.ok(network.lost() > 0);
            network.lose(0);
            const ended = await bothDone(client, server.child);
            assert.deepEqual([ended.client.code, ended.server.code], [0, 0]);
            assert.deepEqual([resultOf(ended.client).verified, resultOf(ended.server).verified], [true, true]);
            assert.ok(await assertNothingWrong(place.source, place.target));
            await assertTidy(path.dirname(place.target));
            assert.ok(resultOf(ended.client).reconnects >= 1);
            assert.ok(resultOf(ended.server).reconnects >= 1);
            const carried = network.carried() / (route === 'relay' ? 2 : 1);
            t.diagnostic(`${Math.round((100 * carried) / SIZE)} % of it was carried`);
            assert.ok(carried < SIZE * CARRIED_MOST, `what had arrived was not sent again: ${carried} bytes for ${SIZE}`);
          });
        }
      }

      it(`compat: both ends notice that the client ${action}s no more, and nothing is left of the file`, async (t) => {
        const { place, network } = await placeIn(t, 'file');
        const words = ['--wire', 'compat', '--rate', RATE];
        const server = await serveJson(t, opposite(action), serverFile(action, place), { args: words, wrap: network.within });
        const client = clientJson(t, action, server.coordinates, clientFile(action, place), words, network.within);
        await client.waitForLine(/"event":"progress","bytes":[1-9]\d{6}/u);
        network.lose(1000);
        const ended = await bothOver(client, server.child, NOTICED_MS);
        assert.deepEqual([ended.client.code, ended.server.code], [5, 5], ended.client.stdout + ended.server.stdout);
        for (const end of [ended.client, ended.server]) assert.equal(eventOf(end, 'error')['code'], 'connect-lost');
        assert.deepEqual(await readdir(path.dirname(place.target)), []);
      });
    }
  });
}

/** A source of its kind, an empty inbox, and a network that loses nothing yet. */
async function placeIn(t: TestContext, kind: 'file' | 'tree') {
  const directory = await tempDir(t);
  const inbox = path.join(directory, 'inbox');
  await mkdir(inbox);
  const place = { directory, source: path.join(directory, 'source'), inbox, target: path.join(inbox, 'copy'), sha256: '' };
  await makeContent(place.source, kind, SIZE, chance(t));
  const network = LossyNetwork.make(t);
  return { place, network };
}
