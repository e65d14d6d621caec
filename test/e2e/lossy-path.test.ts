/**
 * A path that loses packets, as the kernel's TCP sees it: one of a hundred, and then all of them for a while. Everything
 * arrives, and a silence that is shorter than an end's patience costs no connection.
 */
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeContent, assertNothingWrong } from '../soak/content.js';
import { tempDir } from '../support/cli.js';
import { canLosePackets, LossyNetwork } from '../support/lossy-network.js';
import { skipUnless } from './abilities.js';
import { chance } from './interrupting.js';
import { ACTIONS, assertMoved, bothDone, clientFile, clientJson, MIB, move, opposite, placeFor, resultOf, serveJson, serverFile } from './moving.js';

const PER_THOUSAND = 10;
const SILENCE_MS = 6_000;

describe('a path that loses packets', { skip: skipUnless(canLosePackets(), 'needs root, ip and nft for a network of its own'), concurrency: 2 }, () => {
  for (const action of ACTIONS) {
    for (const [wire, words] of Object.entries({ native: [], compat: ['--wire', 'compat'] })) {
      it(`one of a hundred: a file that the client ${action}s, ${wire}`, async (t) => {
        const place = await placeFor(t, 24 * MIB + 3);
        const network = lossy(t);
        const ended = await move(t, action, place, { wrap: network.within, args: words, clientArgs: words, clientWrap: network.within });
        assert.ok(network.lost() > 50, `${network.lost()} packets were lost`);
        if (wire === 'native') await assertMoved(place, ended);
        else assert.deepEqual([ended.client.code, ended.server.code], [0, 0]);
        assert.ok(await assertNothingWrong(place.source, place.target));
      });
    }

    it(`one of a hundred: a tree that the client ${action}s`, async (t) => {
      const place = { source: path.join(await tempDir(t), 'tree'), target: path.join(await tempDir(t), 'copy') };
      await mkdir(place.source);
      await makeContent(place.source, 'tree', 24 * MIB, chance(t));
      const network = lossy(t);
      const all = { ...place, directory: '', sha256: '', inbox: '' };
      const server = await serveJson(t, opposite(action), serverFile(action, all), { wrap: network.within });
      const client = clientJson(t, action, server.coordinates, clientFile(action, all), [], network.within);
      const ended = await bothDone(client, server.child);
      assert.deepEqual([ended.client.code, ended.server.code], [0, 0]);
      assert.ok(network.lost() > 50, `${network.lost()} packets were lost`);
      assert.ok(await assertNothingWrong(place.source, place.target));
    });

    it(`all of them for ${SILENCE_MS / 1000} s, while the client ${action}s: it goes on over the same connection`, async (t) => {
      const place = await placeFor(t, 24 * MIB);
      const network = LossyNetwork.make(t);
      const rate = ['--rate', '6MB', '--streams', '1'];
      const server = await serveJson(t, opposite(action), serverFile(action, place), { wrap: network.within, args: action === 'receive' ? rate.slice(0, 2) : [] });
      const client = clientJson(t, action, server.coordinates, clientFile(action, place), rate, network.within);
      await client.waitForLine(/"event":"started"/u);
      await sleep(500);
      network.lose(1000);
      await sleep(SILENCE_MS);
      assert.ok(network.lost() > 0);
      network.lose(0);
      const ended = await bothDone(client, server.child);
      await assertMoved(place, ended);
      assert.equal(resultOf(ended.client).reconnects, 0);
    });
  }
});

function lossy(t: TestContext): LossyNetwork {
  const network = LossyNetwork.make(t);
  network.lose(PER_THOUSAND);
  return network;
}
