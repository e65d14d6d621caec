/**
 * A server that is started anew while its client dials: what was of the old one is not known there.
 */
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatCoordinates } from '../../src/coordinates/codec.js';
import { entries, manifestEnd, offer } from './hostile-frames.js';
import { startHostileServer } from './hostile-peer.js';
import { assertMoved, bothDone, clientJson, placeFor, serveJson } from './moving.js';

/** The same as text and as bytes. */
const SECRET = Buffer.alloc(32, 'S');
/** How long the client looks for a server at first, and how long none is there later: it has been right once. */
const [CONNECT, AWAY_MS] = ['5s', 7_000];

it('a server that is started anew, ends, and is started anew is waited for as a lost link is, not only as long as a first one', async (t) => {
  const place = await placeFor(t, 100_000);
  const first = await startHostileServer(t, SECRET);
  const coordinates = formatCoordinates({ version: 2, candidates: [{ url: `ws://127.0.0.1:${first.port}/streamer/2` }], secret: SECRET, direction: 'send' });
  const client = clientJson(t, 'receive', coordinates, place.target, ['--streams', '1', '--connect-timeout', CONNECT]);
  const old = await first.accept();
  await old.until('hello');
  old.send({ type: 'welcome', action: 'send', received: 0, streams: 1, agent: 'the first' });
  for (const frame of [offer(), entries({}), manifestEnd()]) old.send(frame);
  await old.until('answers');
  old.connection.destroy();
  const anew = await first.accept();
  await anew.until('hello');
  anew.send({ type: 'failure', code: 'connect-lost', message: 'the session is not known' });
  await first.close();
  anew.connection.close(4005, '');
  await client.waitForLine(/"the server was started anew/u);
  await sleep(AWAY_MS);
  const server = await serveJson(t, 'send', place.source, { args: ['--secret', SECRET.toString()], port: first.port });
  await assertMoved(place, await bothDone(client, server.child));
});
