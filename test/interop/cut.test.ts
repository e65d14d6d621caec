/**
 * The connection is cut after N bytes of what the sender says, for N all over the transfer. Our receiver keeps nothing
 * that is not whole; our sender never takes a cut for a success.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, describe, it, type TestContext } from 'node:test';
import { randomFile, sha256 } from '../support/cli.js';
import { startCutProxy, type Cut } from '../support/cut-proxy.js';
import { pythonOrSkip } from '../support/python-peer.js';
import { assertFailed, assertNothingIn } from './failure.js';
import { opposite, SECRET, startClientOf, startServerOf, targetIn, type Action, type Make } from './pairing.js';
import { coordinatesFor } from './raw-peer.js';

const SOON_MS = 10_000;
const CHUNK = 5 * 1024 * 1024;
const LAST = 1000;
const SIZE = CHUNK + LAST;

const skip = await pythonOrSkip();
const directory = await mkdtemp(path.join(os.tmpdir(), 'streamer-cut-'));
after(() => rm(directory, { recursive: true, force: true }));
const source = path.join(directory, 'source.bin');
const hash = await randomFile(source, SIZE);

/** Where the frames of a sender end, in bytes after the opening handshake (RFC 6455 section 5.2). */
function framesOf(sender: Make, masked: boolean): { init: number; first: number; data: number; eof: number } {
  // The Python sender has a space after each colon and comma, and sends its eof as binary.
  const [init, eof] = sender === 'python' ? [`{"type": "init", "num_chunks": 2, "file_size": ${SIZE}}`.length, 98] : [`{"type":"init","num_chunks":2,"file_size":${SIZE}}`.length, 95];
  const mask = masked ? 4 : 0;
  const initEnd = 2 + mask + init;
  const firstEnd = initEnd + 10 + mask + CHUNK;
  const dataEnd = firstEnd + 4 + mask + LAST;
  return { init: initEnd, first: firstEnd, data: dataEnd, eof: dataEnd + 2 + mask + eof };
}

interface Point {
  readonly name: string;
  readonly at: (frames: ReturnType<typeof framesOf>) => number;
}

const POINTS: readonly Point[] = [
  { name: 'before anything', at: () => 0 },
  { name: 'after the first byte', at: () => 1 },
  { name: 'inside the init', at: () => 30 },
  { name: 'after the init', at: ({ init }) => init },
  { name: "inside a chunk's header", at: ({ init }) => init + 5 },
  { name: 'after the first byte of a chunk', at: ({ init }) => init + 15 },
  { name: 'in the middle of a chunk', at: ({ init }) => init + 1_000_000 },
  { name: 'one byte before the end of a chunk', at: ({ first }) => first - 1 },
  { name: 'after a chunk', at: ({ first }) => first },
  { name: 'inside the last chunk', at: ({ data }) => data - 500 },
  { name: 'just before the eof', at: ({ data }) => data },
  { name: "after the eof's first byte", at: ({ data }) => data + 1 },
  { name: 'one byte before the end of the eof', at: ({ eof }) => eof - 1 },
  { name: 'after the eof', at: ({ eof }) => eof },
];

interface Case {
  readonly client: Make;
  readonly server: Make;
  readonly action: Action;
  readonly point: Point;
  readonly how: Cut['how'];
}

async function cutAt(t: TestContext, { client, server, action, point, how }: Case): Promise<void> {
  const { directory: place, target } = await targetIn(t);
  const [sender, receiver] = action === 'send' ? [client, server] : [server, client];
  const frames = framesOf(sender, action === 'send');
  const args = client === 'ours' && server === 'ours' ? ['--wire', 'compat'] : [];
  const [clientFile, serverFile] = action === 'send' ? [source, target] : [target, source];
  const running = await startServerOf(t, server, opposite(action), serverFile, { args });
  const proxy = await startCutProxy(t, running.port, { from: action === 'send' ? 'client' : 'server', afterBytes: point.at(frames), how });
  const clientEnd = startClientOf(t, client, action, coordinatesFor(proxy.port, SECRET), clientFile, args);
  await proxy.cut;
  const [sending, receiving] = action === 'send' ? [clientEnd, running.child] : [running.child, clientEnd];
  if (sender === 'ours') assertFailed(await sending.exitWithin(SOON_MS), { exit: 5, code: 'connect-lost' });
  if (receiver === 'python') return;
  const ended = await receiving.exitWithin(SOON_MS);
  if (point.at(frames) < frames.eof) {
    assertFailed(ended, { exit: 5, code: 'connect-lost' });
    await assertNothingIn(place);
    return;
  }
  assert.equal(ended.code, 0, `the whole file and its hash are here: ${ended.stderr}`);
  assert.equal(await sha256(target), hash);
  await assertNothingIn(place, [path.basename(target)]);
}

const PAIRINGS: readonly { readonly client: Make; readonly server: Make; readonly skip: string | false }[] = [
  { client: 'ours', server: 'python', skip },
  { client: 'python', server: 'ours', skip },
  { client: 'ours', server: 'ours', skip: false },
];

for (const { client, server, skip: reason } of PAIRINGS) {
  for (const action of ['send', 'receive'] as const) {
    describe(`cut while the client (${client}) ${action}s, server ${server}`, { skip: reason, concurrency: 2 }, () => {
      POINTS.forEach((point, index) => {
        const how = index % 2 === 0 ? 'reset' : 'end';
        it(`${point.name}, by ${how}`, (t) => cutAt(t, { client, server, action, point, how }));
      });
      it('after the init, by reset', (t) => cutAt(t, { client, server, action, point: { name: '', at: ({ init }) => init }, how: 'reset' }));
      it('after the eof, by reset', (t) => cutAt(t, { client, server, action, point: { name: '', at: ({ eof }) => eof }, how: 'reset' }));
    });
  }
}
