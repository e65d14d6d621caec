/** Sealed coordinates, from the key to the file: what everybody may read lets only one reader in. */
import assert from 'node:assert/strict';
import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { parseCoordinates } from '../../src/coordinates/codec.js';
import { openCoordinates, sealCoordinates } from '../../src/coordinates/sealed.js';
import { publicKeyOf, generateIdentity } from '../../src/coordinates/keys.js';
import { formatCoordinates } from '../../src/index.js';
import { readServerLines, runStreamer, startServer, startStreamer } from '../support/cli.js';
import { ACTIONS, assertArrived, clientFile, HUNG_MS, opposite, placeFor, serverFile, type Place } from './moving.js';

/** An identity in a configuration directory of its own. */
async function identityOf(t: TestContext, { directory }: Place): Promise<{ readonly env: Record<string, string>; readonly key: string; readonly file: string }> {
  const env = { XDG_CONFIG_HOME: path.join(directory, 'config') };
  const made = await runStreamer(t, ['keygen'], { env });
  assert.equal(made.code, 0, made.stderr);
  return { env, key: made.stdout.trim(), file: path.join(env.XDG_CONFIG_HOME, 'streamer/identity') };
}

describe('streamer keygen', () => {
  it('keeps the private half to its owner, prints the public one, and never replaces an identity', async (t) => {
    const place = await placeFor(t, 1);
    const { env, key, file } = await identityOf(t, place);
    assert.match(key, /^streamer-key1\.[\w-]{43}$/);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.equal((await stat(path.dirname(file))).mode & 0o777, 0o700);
    const text = await readFile(file, 'utf8');
    assert.equal(publicKeyOf(text), key);
    const again = await runStreamer(t, ['keygen'], { env });
    assert.deepEqual([again.code, again.stdout], [8, ''], again.stderr);
    assert.equal(await readFile(file, 'utf8'), text);
    assert.deepEqual(await readdir(path.dirname(file)), ['identity'], 'no draft is left');
    const shown = await runStreamer(t, ['keygen', '--public'], { env });
    assert.deepEqual([shown.code, shown.stdout.trim()], [0, key]);
  });
});

describe('a server that seals its coordinates', { concurrency: 2 }, () => {
  for (const action of ACTIONS) {
    it(`is found by their reader, who ${action}s, and shows its secret nowhere`, async (t) => {
      const place = await placeFor(t, 100_000);
      const { env, key, file } = await identityOf(t, place);
      const published = path.join(place.directory, 'published');
      const words = ['--host', '127.0.0.1', '--public-ips', '127.0.0.1', '--port-range', '0', '0', '--seal-to', key, '--coordinates-file', published];
      const server = startStreamer(t, ['server', ...words, opposite(action), '--path', serverFile(action, place)]);
      const { coordinates } = await readServerLines(server);
      assert.equal((await readFile(published, 'utf8')).trim(), coordinates, 'the same on both');
      const opened = openCoordinates(coordinates, [await readFile(file, 'utf8')]);
      const parsed = parseCoordinates(opened);
      if (parsed.version !== 2) throw new Error('a generated secret makes coordinates of version 2');
      const secret = Buffer.from(parsed.secret);
      const shown = [await readFile(`/proc/${server.pid}/cmdline`), await readFile(`/proc/${server.pid}/environ`), await readFile(published)];
      const client = await runStreamer(t, [action, '-', clientFile(action, place)], { env, stdin: coordinates });
      assert.equal(client.code, 0, client.stderr);
      const ended = await server.exitWithin(HUNG_MS);
      assert.equal(ended.code, 0, ended.stderr);
      shown.push(Buffer.from(ended.stdout + ended.stderr + client.stdout + client.stderr));
      for (const bytes of shown) {
        for (const form of [secret, secret.toString('base64url'), secret.toString('base64'), secret.toString('hex'), opened]) assert.ok(!bytes.includes(form), 'the secret shows');
      }
      await assertArrived(place);
    });
  }

  it('keeps everybody else out, with a line that says why', async (t) => {
    const place = await placeFor(t, 1000);
    const { key } = await identityOf(t, place);
    const { coordinates } = await startServer(t, 'send', place.source, { args: ['--seal-to', key] });
    const other = path.join(place.directory, 'other');
    assert.equal((await runStreamer(t, ['keygen', '--identity', other])).code, 0);
    const wrong = await runStreamer(t, ['receive', '--identity', other, coordinates, place.target]);
    assert.equal(wrong.code, 3);
    assert.match(wrong.stderr, /^streamer: these coordinates are sealed for another reader: .* \[coordinates-sealed\]$/m);
    const none = await runStreamer(t, ['receive', coordinates, place.target], { env: { XDG_CONFIG_HOME: path.join(place.directory, 'none') } });
    assert.equal(none.code, 3);
    assert.match(none.stderr, /there is no identity at .*none\/streamer\/identity to open them.*\[coordinates-sealed\]$/m);
    const cut = await runStreamer(t, ['receive', '--identity', other, coordinates.slice(0, -1), place.target]);
    assert.equal(cut.code, 3);
    assert.match(cut.stderr, /cut short or altered.*\[coordinates-malformed\]$/m);
  });

  it('does not take an identity that others can read', async (t) => {
    const place = await placeFor(t, 1000);
    const { env, key, file } = await identityOf(t, place);
    await chmod(file, 0o640);
    const client = await runStreamer(t, ['receive', sealCoordinates('x', [key]), place.target], { env });
    assert.equal(client.code, 8);
    assert.match(client.stderr, /not only yours to read: chmod 600/);
  });

  it('tells that they have expired', async (t) => {
    const place = await placeFor(t, 1);
    const { env, key } = await identityOf(t, place);
    const text = formatCoordinates({ version: 2, candidates: [{ url: 'ws://127.0.0.1:9/' }], secret: Buffer.alloc(32, 1), direction: 'send', expiresAt: 1_000_000 });
    const client = await runStreamer(t, ['receive', sealCoordinates(text, [key]), place.target], { env });
    assert.equal(client.code, 3);
    assert.match(client.stderr, /expired at 1970-01-12T13:46:40Z/);
  });

  it('for several readers, from a file of keys', async (t) => {
    const place = await placeFor(t, 1000);
    const { env, key } = await identityOf(t, place);
    const keys = path.join(place.directory, 'keys');
    await writeFile(keys, `# of the group\n${publicKeyOf(generateIdentity())}\n${key}\n`);
    const { coordinates } = await startServer(t, 'send', place.source, { args: ['--seal-to', `@${keys}`] });
    const client = await runStreamer(t, ['receive', coordinates, place.target], { env });
    assert.equal(client.code, 0, client.stderr);
    await assertArrived(place);
  });

  it('refuses what is no key, a private one, and a secret for all to see', async (t) => {
    const place = await placeFor(t, 1000);
    const identity = generateIdentity();
    const sealing = (...words: string[]) => runStreamer(t, ['server', '--host', '127.0.0.1', '--port-range', '0', '0', ...words, 'send', '--path', place.source], { timeoutMs: 5000 });
    for (const words of [['--seal-to', 'nonsense'], ['--seal-to', identity], ['--secret', 'of-the-site', '--seal-to', publicKeyOf(identity)]]) {
      const ended = await sealing(...words);
      assert.deepEqual([ended.code, ended.stdout], [2, ''], ended.stderr);
      assert.ok(!ended.stderr.includes(identity.slice(-20)));
    }
  });
});
