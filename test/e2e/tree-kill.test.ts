/**
 * A tree's transfer that is killed, or told to stop, at a moment chosen by chance: no file has its name before it is
 * whole, and the same command again ends with the same tree, from what has arrived.
 */
import assert from 'node:assert/strict';
import { chmod, link, lstat, mkdir, readdir, stat, symlink, utimes } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { randomFile, sha256, tempDir, type Child } from '../support/cli.js';
import { chance } from './interrupting.js';
import { killPoint, tellKillPoints } from './kill-points.js';
import { ACTIONS, bothOver, clientJson, HUNG_MS, KIB, MIB, opposite, resultOf, serveJson, type Action } from './moving.js';
import { assertCopied, MTIME_SECONDS, pathsOf, type Tree } from './tree-moving.js';

const SMALL = 150;
const LARGE = ['large-1', 'sub/large-2'];
const LARGE_BYTES = 6 * MIB + 11;
/** Bytes of all files. */
const TOTAL = SMALL * 4 * KIB + LARGE.length * LARGE_BYTES;
/** The header of a journal, which has no records yet. */
const JOURNAL_HEADER_BYTES = 80;
/** With a plain secret a target that is a directory by now must be no hindrance. */
const SECRET = ['--secret', 'the-same-secret-each-time'];

async function bigTree(t: TestContext): Promise<Tree> {
  const directory = await tempDir(t);
  const [source, target] = [path.join(directory, 'tree'), path.join(directory, 'copy')];
  for (const name of ['sub/deep', 'closed']) await mkdir(path.join(source, name), { recursive: true });
  const at = (name: string): string => path.join(source, name);
  for (let index = 0; index < SMALL; index += 1) await randomFile(at(`${['', 'sub/', 'closed/'][index % 3] ?? ''}small-${index}`), 4 * KIB);
  for (const name of LARGE) await randomFile(at(name), LARGE_BYTES);
  await symlink('large-1', at('way'));
  await link(at('small-0'), at('sub/deep/other'));
  await chmod(at('closed'), 0o555);
  await utimes(at('sub'), MTIME_SECONDS, MTIME_SECONDS);
  t.after(async () => {
    for (const root of [source, target]) await chmod(path.join(root, 'closed'), 0o755).catch(() => undefined);
  });
  return { directory, source, target };
}

interface Running {
  readonly client: Child;
  readonly server: Child;
  readonly coordinates: string;
  readonly port: number;
}

/** A slow transfer, under way. */
async function start(t: TestContext, action: Action, tree: Tree): Promise<Running> {
  const { source, target } = tree;
  const [here, there] = action === 'send' ? [source, target] : [target, source];
  const { child: server, coordinates, port } = await serveJson(t, opposite(action), there, { args: [...SECRET, '--rate', '4MB'] });
  const client = clientJson(t, action, coordinates, here, ['--streams', '2']);
  await client.waitForLine(/^\{"event":"progress"/);
  return { client, server, coordinates, port };
}

/** Both ends again, as a user would. */
async function again(t: TestContext, action: Action, { source, target }: Tree, { server, coordinates, port }: Running, serverLives: boolean): Promise<{ resumedBytes: number; movedBytes: number }> {
  const [here, there] = action === 'send' ? [source, target] : [target, source];
  const serving = serverLives ? server : (await serveJson(t, opposite(action), there, { args: SECRET, port })).child;
  const ended = await bothOver(clientJson(t, action, coordinates, here), serving);
  assert.deepEqual([ended.client.code, ended.server.code], [0, 0], ended.client.stdout + ended.client.stderr);
  await assertCopied(source, target);
  return resultOf(ended.client);
}

/** Waits until a large file's journal vouches for something. */
async function journalled({ target }: Tree): Promise<void> {
  const startMs = performance.now();
  while (performance.now() - startMs < HUNG_MS) {
    for (const name of LARGE) {
      const journal = path.join(target, path.dirname(name), `.${path.basename(name)}.streamer-journal`);
      if ((await stat(journal).then(({ size }) => size, () => 0)) > JOURNAL_HEADER_BYTES) return;
    }
    await sleep(5);
  }
  throw new Error(`no journal in ${target}`);
}

/** What has a name is whole. */
async function assertNothingBroken({ source, target }: Tree): Promise<void> {
  const names = (await readdir(target, { recursive: true }).catch(() => [])).filter((name) => !path.basename(name).startsWith('.'));
  for (const name of names) {
    const is = await lstat(path.join(target, name));
    if (is.isFile()) assert.equal(await sha256(path.join(target, name)), await sha256(path.join(source, name)), name);
  }
}

const VICTIMS = ['sender', 'receiver', 'both'] as const;

for (const action of ACTIONS) {
  describe(`a tree, while the client ${action}s:`, { concurrency: 2 }, () => {
    for (const victim of VICTIMS) {
      it(`kill -9 of ${victim === 'both' ? 'both' : `the ${victim}`} at any moment, and the same again`, async (t) => {
        const random = chance(t);
        const tree = await bigTree(t);
        const running = await start(t, action, tree);
        await sleep(random() * 1500);
        killPoint();
        const [sender, receiver] = action === 'send' ? [running.client, running.server] : [running.server, running.client];
        if (victim !== 'receiver') await sender.stop();
        if (victim !== 'sender') await receiver.stop();
        await assertNothingBroken(tree);
        const serverLives = victim === (action === 'send' ? 'sender' : 'receiver');
        if (!serverLives) await running.client.stop();
        await again(t, action, tree, running, serverLives);
      });
    }

    it('kill -9 of the receiver within a large file: what it held is not moved again', async (t) => {
      const tree = await bigTree(t);
      const running = await start(t, action, tree);
      await journalled(tree);
      await Promise.all([running.client.stop(), running.server.stop()]);
      await assertNothingBroken(tree);
      const { movedBytes } = await again(t, action, tree, running, false);
      assert.ok(movedBytes <= TOTAL - MIB, `${movedBytes} bytes moved`);
    });

    it('Ctrl-C at the client: exit 130, no broken file has a name, and the same command goes on with the server that has waited', async (t) => {
      const random = chance(t);
      const tree = await bigTree(t);
      const running = await start(t, action, tree);
      await journalled(tree);
      await sleep(random() * 300);
      running.client.kill('SIGINT');
      const end = await running.client.exitWithin(HUNG_MS);
      assert.equal(end.code, 130, end.stdout);
      assert.match(end.stdout, /run the same command again to resume/);
      await running.server.waitForLine(/"again":true/);
      await assertNothingBroken(tree);
      const { movedBytes } = await again(t, action, tree, running, true);
      assert.ok(movedBytes <= TOTAL - MIB, `${movedBytes} bytes moved`);
      assert.ok((await pathsOf(tree.target)).every((name) => !name.includes('.streamer-')), 'nothing is left beside the files');
    });
  });
}

tellKillPoints(VICTIMS.length * ACTIONS.length);
