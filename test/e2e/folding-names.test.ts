/**
 * A file system that takes two spellings for the same name, as those of Windows and macOS do: a tree with both loses neither
 * silently, and nothing takes the place of another.
 */
import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { startProgram, streamerArgv, tempDir, type Finished } from '../support/cli.js';
import { canFoldNames, skipUnless, withFoldingDisk } from './abilities.js';
import { ACTIONS, bothOver, clientFile, clientJson, eventOf, HUNG_MS, MIB, move, opposite, placeFor, serveJson, serverFile, type Action, type Ended, type Place } from './moving.js';

/** Two of each kind: files that are moved one by one, files that travel in batches, directories. */
const FILES: Readonly<Record<string, Buffer>> = {
  'Big': Buffer.alloc(2 * MIB, 'a'),
  'big': Buffer.alloc(2 * MIB, 'b'),
  'Read.me': Buffer.from('one'),
  'READ.me': Buffer.from('two'),
  'sub/x': Buffer.from('x'),
  'SUB/y': Buffer.from('y'),
  'alone': Buffer.from('nobody else'),
};

async function moveTree(t: TestContext, action: Action, { source, target }: Pick<Place, 'source' | 'target'>): Promise<Ended> {
  const place = { source, target, directory: '', inbox: '', sha256: '' };
  const server = await serveJson(t, opposite(action), serverFile(action, place));
  return bothOver(clientJson(t, action, server.coordinates, clientFile(action, place)), server.child);
}

/** The receiving end, which does not take what is there. A server sees it before it listens. */
async function refusal(t: TestContext, action: Action, place: Place): Promise<Finished> {
  if (action === 'send') return startProgram(t, streamerArgv(['server', '--json', '--host', '127.0.0.1', '--public-ips', '127.0.0.1', '--port-range', '0', '0', 'receive', '--path', place.target])).exitWithin(HUNG_MS);
  const server = await serveJson(t, 'send', place.source);
  const ended = await clientJson(t, action, server.coordinates, place.target).exitWithin(HUNG_MS);
  await server.child.stop();
  return ended;
}

/** What is there, by the path in small letters. */
async function contentOf(target: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const entry of await readdir(target, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    if (entry.isFile()) found.set(path.relative(target, file).toLowerCase(), await readFile(file, 'latin1'));
  }
  return found;
}

describe('a file system that takes two spellings for one name', { skip: skipUnless(canFoldNames(), 'needs root and ntfs-3g') }, () => {
  for (const action of ACTIONS) {
    it(`a tree with both, which the client ${action}s: one of two is refused and told of, and it stays so`, async (t) => {
      const directory = await tempDir(t);
      const place = { source: path.join(directory, 'tree'), inbox: path.join(directory, 'inbox'), target: path.join(directory, 'inbox/copy') };
      for (const [name, content] of Object.entries(FILES)) {
        await mkdir(path.dirname(path.join(place.source, name)), { recursive: true });
        await writeFile(path.join(place.source, name), content);
      }
      await mkdir(place.inbox);
      await withFoldingDisk(place.inbox, path.join(directory, 'image'), async () => {
        const { client, server } = await moveTree(t, action, place);
        assert.deepEqual([client.code, server.code], [8, 8]);
        assert.match(`${client.stdout}${server.stdout}`, /takes for the same/u);
        const arrived = await contentOf(place.target);
        for (const [name, is] of arrived) {
          const meant = Object.entries(FILES).filter(([one]) => one.toLowerCase() === name).map(([, content]) => content.toString('latin1'));
          assert.ok(meant.includes(is), `${name} is one of those that are meant`);
        }
        assert.equal(arrived.get('alone'), 'nobody else');
        assert.ok(arrived.has('big') && arrived.has('read.me'), 'one of two is there');
        const again = await moveTree(t, action, place);
        assert.deepEqual([again.client.code, again.server.code], [8, 8]);
        assert.deepEqual(await contentOf(place.target), arrived);
      });
    });

    it(`a file beside one of another spelling, which the client ${action}s: refused, and replaced only when that is asked`, async (t) => {
      const place = await placeFor(t, MIB);
      await withFoldingDisk(place.inbox, path.join(place.directory, 'image'), async () => {
        await writeFile(path.join(place.inbox, 'COPY.BIN'), 'precious');
        assert.equal(eventOf(await refusal(t, action, place), 'error')['code'], 'storage-exists');
        assert.equal(await readFile(path.join(place.inbox, 'COPY.BIN'), 'utf8'), 'precious');
        const words = ['--overwrite'];
        const ended = await move(t, action, place, action === 'send' ? { args: words } : { clientArgs: words });
        assert.deepEqual([ended.client.code, ended.server.code], [0, 0]);
        assert.deepEqual(await readFile(place.target), await readFile(place.source));
        assert.equal((await readdir(place.inbox)).length, 1);
      });
    });
  }
});
