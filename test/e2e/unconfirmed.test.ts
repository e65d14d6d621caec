/**
 * A sender that was told that everything is there, and never says that it knows. The minute for which a receiver stays is
 * the unit tests' matter; here it ends sooner, by a signal or by the sender's own end, and exits 0 with a plain note.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { formatCoordinates, parseCoordinates } from '../../src/coordinates/codec.js';
import { coordinatesSecretBytes } from '../../src/coordinates/coordinates.js';
import type { Frame } from '../../src/wire/frame.js';
import type { Child } from '../support/cli.js';
import { content, data, entries, file, fileEnd, manifestEnd, offer, whole } from './hostile-frames.js';
import { dialServer, startHostileServer, type HostilePeer } from './hostile-peer.js';
import { clientJson, eventOf, eventsOf, placeFor, serveJson } from './moving.js';

/** The same as text and as bytes. */
const SECRET = Buffer.alloc(32, 'B');
/** Nothing is waited for past this, milliseconds. */
const GONE_MS = 15_000;
const small = Buffer.from('small');

/** What is sent, up to the receiver's last word; and where it is then. */
const KINDS: Readonly<Record<string, { readonly send: (peer: HostilePeer) => Promise<void>; readonly at: string; readonly bytes: Buffer }>> = {
  file: {
    send: async (peer) => {
      sendAll(peer, offer(), entries({}), manifestEnd(), file());
      await peer.until('ready');
      sendAll(peer, data(0), data(1), data(2), data(3), fileEnd());
    },
    at: '',
    bytes: content,
  },
  tree: {
    send: async (peer) => {
      sendAll(peer, offer({ root: 'tree' }), entries({ kind: 'directory', path: '', size: 0, mode: 0o755 }, { id: 1, path: 'small', size: small.length }), manifestEnd(2));
      await peer.verdictOn(1);
      sendAll(peer, whole(1, small));
    },
    at: 'small',
    bytes: small,
  },
};

function sendAll(peer: HostilePeer, ...frames: readonly Frame[]): void {
  for (const frame of frames) peer.send(frame);
}

/** A receiver of ours, and a sender that is greeted. */
async function meet(t: TestContext, who: 'client' | 'server', target: string): Promise<{ child: Child; peer: HostilePeer; port: number; stop: () => Promise<void> }> {
  if (who === 'server') {
    const { child, port, coordinates } = await serveJson(t, 'receive', target);
    const peer = await dialServer(t, port, coordinatesSecretBytes(parseCoordinates(coordinates)));
    peer.send({ type: 'hello', client: Buffer.alloc(16, 1), stream: 0, action: 'send', received: 0, agent: 'silent' });
    await peer.until('welcome');
    return { child, peer, port, stop: () => child.stop() };
  }
  const { port, accept, close: stop } = await startHostileServer(t, SECRET);
  const coordinates = formatCoordinates({ version: 2, candidates: [{ url: `ws://127.0.0.1:${port}/streamer/2` }], secret: SECRET, direction: 'send' });
  const child = clientJson(t, 'receive', coordinates, target, ['--streams', '1', '--retry-timeout', '1s']);
  const peer = await accept();
  await peer.until('hello');
  peer.send({ type: 'welcome', action: 'send', received: 0, streams: 1, agent: 'silent' });
  return { child, peer, port, stop };
}

const ENDS: Readonly<Record<string, (child: Child, peer: HostilePeer) => void>> = {
  'is silent, until the receiver is stopped': (child) => child.kill('SIGTERM'),
  'says that it was stopped': (_child, peer) => peer.send({ type: 'failure', code: 'aborted', message: 'stopped' }),
  'breaks a rule': (_child, peer) => peer.send(offer()),
};

for (const who of ['server', 'client'] as const) {
  describe(`our ${who} has everything, and its sender, which was told,`, { concurrency: 2 }, () => {
    for (const [kind, { send, at, bytes }] of Object.entries(KINDS)) {
      for (const [how, end] of Object.entries(ENDS)) {
        it(`${how}: a ${kind} is good, exit 0, with a note`, async (t) => {
          const { target } = await placeFor(t, 1);
          const { child, peer } = await meet(t, who, target);
          await send(peer);
          await peer.until('finished');
          end(child, peer);
          const over = await child.exitWithin(GONE_MS);
          assert.equal(over.code, 0, over.stdout + over.stderr);
          eventOf(over, 'done');
          const notes = eventsOf(over).filter(({ event, message }) => event === 'notice' && /complete and verified here, but the sender has not confirmed it/u.test(String(message)));
          assert.equal(notes.length, 1, over.stdout);
          assert.ok((await readFile(path.join(target, at))).equals(bytes));
        });
      }
    }
  });
}

it('our client, whose link is lost for good then, is done when --retry-timeout is over: exit 0', async (t) => {
  const { target } = await placeFor(t, 1);
  const { child, peer } = await meet(t, 'client', target);
  await KINDS['tree']?.send(peer);
  await peer.until('finished');
  peer.connection.destroy();
  const over = await child.exitWithin(GONE_MS);
  assert.equal(over.code, 0, over.stdout + over.stderr);
  eventOf(over, 'done');
});

it('our client, whose server is killed then and started anew, has nothing to ask of that one: it is done, and the new server waits for somebody else', async (t) => {
  const { source, target } = await placeFor(t, 1);
  const { child, peer, stop, port } = await meet(t, 'client', target);
  await KINDS['file']?.send(peer);
  await peer.until('finished');
  await stop();
  const again = await serveJson(t, 'send', source, { args: ['--secret', SECRET.toString()], port });
  peer.connection.destroy();
  const over = await child.exitWithin(GONE_MS);
  assert.equal(over.code, 0, over.stdout + over.stderr);
  assert.match(over.stdout, /the sender has not confirmed it and may not know/u);
  assert.ok((await readFile(target)).equals(content));
  again.child.kill('SIGTERM');
  const { code, stdout } = await again.child.exitWithin(GONE_MS);
  assert.equal(code, 143);
  assert.doesNotMatch(stdout, /"event":"connected"/u);
});
