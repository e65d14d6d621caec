/**
 * What the received file is called: the user's path, a directory, or the sender's name; and names that are awkward or
 * not safe.
 */
import assert from 'node:assert/strict';
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { runStreamer, startServer, type Finished } from '../support/cli.js';
import { assertArrived, HUNG_MS, placeFor, type Place } from './moving.js';

/** A client that receives, run in the inbox, with these words after the coordinates. */
async function receive(t: TestContext, place: Place, words: readonly string[]): Promise<Finished> {
  const server = await startServer(t, 'send', place.source);
  const client = await runStreamer(t, ['receive', server.coordinates, ...words], { cwd: place.inbox });
  if (client.code === 0) assert.equal((await server.child.exitWithin(HUNG_MS)).code, 0);
  else await server.child.stop();
  return client;
}

async function arrivesAs(t: TestContext, place: Place, words: readonly string[], target: string): Promise<void> {
  const { code, stderr } = await receive(t, place, words);
  assert.equal(code, 0, stderr);
  const whole = path.join(place.inbox, target);
  await assertArrived({ ...place, inbox: path.dirname(whole), target: whole });
}

const AWKWARD = ['two words.bin', 'größe-漢字-🚀.bin', '-rf', '--path', "it's $HOME;`x`.bin", '.hidden', 'trailing dot.', 'x'.repeat(255)];

describe('with no path, the file gets the sender\'s name in the current directory', { concurrency: 2 }, () => {
  for (const name of ['plain.bin', ...AWKWARD]) {
    it(JSON.stringify(name.length > 40 ? `${name.slice(0, 5)}… of 255 bytes` : name), async (t) => {
      const place = await placeFor(t, 70_000, name);
      await arrivesAs(t, place, [], name);
    });
  }
});

describe('with a directory as path, the file gets the sender\'s name in it', { concurrency: 2 }, () => {
  for (const [title, word] of Object.entries({ 'without a slash': 'sub dir', 'ending in a slash': 'sub dir/', 'through a link': 'link' })) {
    it(title, async (t) => {
      const place = await placeFor(t, 1000);
      await mkdir(path.join(place.inbox, 'sub dir'));
      await symlink('sub dir', path.join(place.inbox, 'link'));
      await arrivesAs(t, place, [word], 'sub dir/data.bin');
    });
  }

  it('and when it is the server that receives', async (t) => {
    const place = await placeFor(t, 1000);
    const server = await startServer(t, 'receive', `${place.inbox}/`);
    const client = await runStreamer(t, ['send', server.coordinates, place.source]);
    assert.equal(client.code, 0, client.stderr);
    assert.equal((await server.child.exitWithin(HUNG_MS)).code, 0);
    await assertArrived({ ...place, target: path.join(place.inbox, 'data.bin') });
  });
});

describe('a path is taken as it is', { concurrency: 2 }, () => {
  for (const name of AWKWARD.filter((awkward) => !awkward.startsWith('-'))) {
    it(JSON.stringify(name.length > 40 ? 'x of 255 bytes' : name), async (t) => {
      const place = await placeFor(t, 1000);
      await arrivesAs(t, place, [name], name);
    });
  }

  it('"-rf", after the word --', async (t) => {
    await arrivesAs(t, await placeFor(t, 1000), ['--', '-rf'], '-rf');
  });

  it('"./--path", and a line feed inside', async (t) => {
    await arrivesAs(t, await placeFor(t, 1000), ['./--path\nx'], '--path\nx');
  });

  it('a source of the same sort is sent', async (t) => {
    const place = await placeFor(t, 1000, '-s p a c e');
    const server = await startServer(t, 'receive', place.target);
    const client = await runStreamer(t, ['send', server.coordinates, '--', '-s p a c e'], { cwd: path.dirname(place.source) });
    assert.equal(client.code, 0, client.stderr);
    await server.child.exitWithin(HUNG_MS);
    await assertArrived(place);
  });
});

describe("a sender's name with a line feed", () => {
  it('is refused, and nothing is made', async (t) => {
    const place = await placeFor(t, 1000, 'two\nlines');
    const { code, stderr } = await receive(t, place, []);
    assert.equal(code, 8, stderr);
    assert.match(stderr, /^streamer: the other end's file name "two.*lines" is refused: it holds control characters; name the target yourself \[storage-unsafe-path\]$/m);
    assert.deepEqual(await readdir(place.inbox), []);
  });

  it('does no harm when the receiver names the target, and is shown on one line', async (t) => {
    const place = await placeFor(t, 1000, 'two\nlines\x1b[31m');
    const { code, stderr } = await receive(t, place, ['copy.bin']);
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stderr, /\x1b|^lines/m, 'whoever wrote that name does not write to the terminal');
    await assertArrived(place);
  });
});

describe('what exists is not touched', () => {
  const old = 'what was there before';

  async function refuses(t: TestContext, words: readonly string[], name: string): Promise<void> {
    const place = await placeFor(t, 1000);
    await writeFile(path.join(place.inbox, name), old);
    const { code, stderr } = await receive(t, place, words);
    assert.equal(code, 8, stderr);
    assert.match(stderr, new RegExp(`^streamer: ${name.replace('.', '\\.')} already exists; move it away or choose another name \\[storage-exists\\]$`, 'm'));
    assert.deepEqual(await readdir(place.inbox), [name]);
  }

  it("by the sender's name", (t) => refuses(t, [], 'data.bin'));
  it('by a path', (t) => refuses(t, ['copy.bin'], 'copy.bin'));
});
