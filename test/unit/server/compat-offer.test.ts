/**
 * A server that is asked for what the compat wire cannot do offers only the native one, plain secret or not.
 */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { receive, send } from '../../../src/client/client.js';
import { AuthError, UsageError } from '../../../src/errors.js';
import type { ServeOptions } from '../../../src/server/server.js';
import { placeFor, serveHere, type Place } from '../../library/ends.js';

const secret = 'a-secret';
const receives = (place: Place, more: Partial<ServeOptions>): ServeOptions => ({ action: 'receive', path: place.target, secret, ...more });
const sends = (place: Place, more: Partial<ServeOptions>): ServeOptions => ({ action: 'send', path: place.source, secret, ...more });

const CASES: readonly (readonly [string, (place: Place) => ServeOptions])[] = [
  ['a dry run of receiving', (place) => receives(place, { dryRun: true })],
  ['a dry run of sending', (place) => sends(place, { dryRun: true })],
  ...(['overwrite', 'update', 'skip'] as const).map((existing): (typeof CASES)[number] => [`receiving with '${existing}'`, (place) => receives(place, { existing })]),
];

describe('a server asked for', () => {
  for (const [what, options] of CASES) {
    it(`${what} keeps clients of the compat wire out, before they send anything`, async (t) => {
      const place = await placeFor(t, 100);
      const asked = options(place);
      if (asked.existing !== undefined) await writeFile(place.target, 'old');
      const { coordinates } = await serveHere(t, asked);
      const client = { coordinates, wire: 'compat', connectTimeoutMs: 500 } as const;
      const moving = asked.action === 'send' ? receive({ ...client, path: place.target }) : send({ ...client, path: place.source });
      await assert.rejects(moving, AuthError);
      if (asked.existing !== undefined) assert.equal(await readFile(place.target, 'utf8'), 'old');
      else await assert.rejects(readFile(place.target));
    });

    it(`${what} and the compat wire is refused`, async (t) => {
      const place = await placeFor(t, 1);
      for (const wire of [{ wire: 'compat' }, { compat: true, secret: undefined }, { compat: true }] as const) {
        await assert.rejects(serveHere(t, { ...options(place), ...wire } as ServeOptions), UsageError);
      }
    });
  }

  it('a dry run, with a plain secret, tells a client of the native wire what it would do', async (t) => {
    const place = await placeFor(t, 100);
    const server = await serveHere(t, receives(place, { dryRun: true }));
    const { entries, wire } = await send({ coordinates: server.coordinates, path: place.source });
    assert.deepEqual([entries.would, wire], [1, 'native']);
    await assert.rejects(readFile(place.target));
  });

  it("sending with a policy for the other end's files serves the compat wire, too", async (t) => {
    const place = await placeFor(t, 100);
    const server = await serveHere(t, sends(place, { existing: 'overwrite' }));
    assert.equal((await receive({ coordinates: server.coordinates, path: place.target, wire: 'compat' })).wire, 'compat');
  });
});

describe('a client that only tries', () => {
  const told = (error: unknown) => error instanceof UsageError && error.message.startsWith('the compat wire cannot say what it would do: leave out `dryRun`');

  for (const wire of ['auto', 'compat'] as const) {
    it(`asks nothing of a compat server, told ${wire}: the next client is served`, async (t) => {
      const place = await placeFor(t, 100);
      const receiving = await serveHere(t, receives(place, { wire: 'compat' }));
      await assert.rejects(send({ coordinates: receiving.coordinates, path: place.source, wire, dryRun: true }), told);
      await assert.rejects(readFile(place.target));
      await send({ coordinates: receiving.coordinates, path: place.source, wire });
      assert.deepEqual(await readFile(place.target), place.bytes);

      const copy = `${place.target}.2`;
      const sending = await serveHere(t, sends(place, { wire: 'compat' }));
      await assert.rejects(receive({ coordinates: sending.coordinates, path: copy, wire, dryRun: true }), told);
      await assert.rejects(readFile(copy));
      await receive({ coordinates: sending.coordinates, path: copy, wire });
      assert.deepEqual(await readFile(copy), place.bytes);
    });
  }
});
