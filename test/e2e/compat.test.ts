/**
 * What the command is asked for besides a file, on the compat wire: its pace, its receipt, and what that wire cannot do.
 */
import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import { sha256 } from '../support/cli.js';
import { ACTIONS, clientFile, clientJson, eventOf, HUNG_MS, inboxNames, move, opposite, placeFor, resultOf, serveJson, serverFile } from './moving.js';

const COMPAT = ['--secret', 'a-secret', '--wire', 'compat'];

describe('on the compat wire', { concurrency: 2 }, () => {
  for (const action of ACTIONS) {
    for (const who of ['client', 'server'] as const) {
      it(`--rate at the ${who}, while the client ${action}s, is kept to`, async (t) => {
        const place = await placeFor(t, 12_000_000);
        const words = ['--rate', '4MB'];
        const ended = await move(t, action, place, { args: [...COMPAT, ...(who === 'server' ? words : [])], clientArgs: who === 'client' ? words : [] });
        assert.equal(await sha256(place.target), place.sha256);
        const { durationMs, wire } = resultOf(who === 'client' ? ended.client : ended.server);
        assert.equal(wire, 'compat');
        // A chunk of 5 MiB is a sender's burst, and the rate is in pieces of a tenth of a second: no less than half of the time.
        assert.ok(durationMs > 1_000, `${durationMs} ms`);
      });
    }

    it(`a receipt has the file, while the client ${action}s, at both ends`, async (t) => {
      const place = await placeFor(t, 1_000);
      const [ours, theirs] = [path.join(place.directory, 'ours.json'), path.join(place.directory, 'theirs.json')];
      const ended = await move(t, action, place, { args: [...COMPAT, '--receipt', theirs], clientArgs: ['--receipt', ours] });
      for (const [file, end, mine] of [[ours, ended.client, clientFile(action, place)], [theirs, ended.server, serverFile(action, place)]] as const) {
        const { entries } = JSON.parse(await readFile(file, 'utf8')) as { readonly entries: readonly Readonly<Record<string, unknown>>[] };
        const { mtimeNs } = await stat(mine, { bigint: true });
        const { settledAt, ...entry } = entries[0] ?? {};
        assert.match(String(settledAt), /^\d{4}-/);
        assert.deepEqual(entry, { path: path.basename(mine), kind: 'file', how: 'done', size: 1_000, mtime: `${mtimeNs / 1_000_000_000n}.${String(mtimeNs % 1_000_000_000n).padStart(9, '0')}`, sha256: place.sha256 });
        assert.equal(entries.length, 1);
        assert.equal(eventOf(end, 'entry')['sha256'], place.sha256);
      }
    });

    it(`--dry-run while the client ${action}s is a wrong use: exit 2, and nothing is moved`, async (t) => {
      const place = await placeFor(t, 1_000);
      const server = await serveJson(t, opposite(action), serverFile(action, place), { args: COMPAT });
      const end = await clientJson(t, action, server.coordinates, clientFile(action, place), ['--dry-run']).exitWithin(HUNG_MS);
      assert.equal(end.code, 2, end.stderr);
      assert.match(end.stderr + end.stdout, /the compat wire cannot say what it would do/);
      assert.doesNotMatch(server.child.stdout, /"connected"/);
      assert.deepEqual(await inboxNames(place), []);
    });
  }
});
