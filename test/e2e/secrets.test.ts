/**
 * Where secrets come from and where they do not go: the ways to give a server its secret and a client its coordinates,
 * the coordinates file, and that no secret shows in output or in the process list.
 */
import assert from 'node:assert/strict';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import { parseCoordinates } from '../../src/coordinates/codec.js';
import { startServer, startStreamer, runStreamer, type Child, type ChildOptions } from '../support/cli.js';
import { ACTIONS, assertArrived, clientFile, HUNG_MS, MIB, opposite, placeFor, serverFile, type Place } from './moving.js';

/** Nothing else's name, so that it can be looked for. */
const SECRET = 'Zq9_vK3-given-secret-tW7';

const secretOf = (coordinates: string): string => {
  const parsed = parseCoordinates(coordinates);
  return parsed.version === 1 ? parsed.secret : Buffer.from(parsed.secret).toString('base64url');
};

describe('the server takes its secret', () => {
  it('from --secret', async (t) => {
    const place = await placeFor(t, 1000);
    const { coordinates } = await startServer(t, 'send', place.source, { args: ['--secret', SECRET] });
    assert.equal(secretOf(coordinates), SECRET);
  });

  it('from --secret-file, without the line end that an editor leaves', async (t) => {
    const place = await placeFor(t, 1000);
    const file = path.join(place.directory, 'secret file');
    await writeFile(file, `${SECRET}\r\n`);
    const { coordinates } = await startServer(t, 'send', place.source, { args: ['--secret-file', file] });
    assert.equal(secretOf(coordinates), SECRET);
  });

  it('from STREAMER_SECRET', async (t) => {
    const place = await placeFor(t, 1000);
    const { coordinates } = await startServer(t, 'send', place.source, { env: { STREAMER_SECRET: SECRET } });
    assert.equal(secretOf(coordinates), SECRET);
  });

  it('from --secret rather than from STREAMER_SECRET', async (t) => {
    const place = await placeFor(t, 1000);
    const { coordinates } = await startServer(t, 'send', place.source, { args: ['--secret', SECRET], env: { STREAMER_SECRET: 'another' } });
    assert.equal(secretOf(coordinates), SECRET);
  });

  it('from chance: 32 bytes, never the same; as text with --compat, so that the Python streamer can use it', async (t) => {
    const place = await placeFor(t, 1000);
    const [one, other, compat] = await Promise.all([[], [], ['--compat']].map((args) => startServer(t, 'send', place.source, { args })));
    assert.notEqual(secretOf(one?.coordinates ?? ''), secretOf(other?.coordinates ?? ''));
    assert.equal(Buffer.from(secretOf(one?.coordinates ?? ''), 'base64url').length, 32);
    assert.equal(parseCoordinates(compat?.coordinates ?? '').version, 1);
    assert.equal(Buffer.from(secretOf(compat?.coordinates ?? ''), 'base64url').length, 32);
  });
});

describe('the client takes its coordinates', { concurrency: 2 }, () => {
  type Ways = Readonly<Record<string, (coordinates: string, place: Place) => Promise<readonly [words: readonly string[], options?: ChildOptions]>>>;
  const ways: Ways = {
    'as an argument, the path after it': async (text, place) => Promise.resolve([['receive', text, place.target]]),
    'from --coordinates and --path': async (text, place) => Promise.resolve([['receive', '--coordinates', text, '--path', place.target]]),
    'from --coordinates=, the path as an argument': async (text, place) => Promise.resolve([['receive', `--coordinates=${text}`, place.target]]),
    'from standard input': async (text, place) => Promise.resolve([['receive', '-', place.target], { stdin: `${text}\n` }]),
    'from standard input, for --coordinates -': async (text, place) => Promise.resolve([['receive', '--coordinates', '-', '--path', place.target], { stdin: text }]),
    'from STREAMER_COORDINATES, the one argument being the path': async (text, place) =>
      Promise.resolve([['receive', place.target], { env: { STREAMER_COORDINATES: text } }]),
    'from @file': async (text, place) => {
      const file = path.join(place.directory, 'co ordinates');
      await writeFile(file, `${text}\n`);
      return [['receive', `@${file}`, place.target]];
    },
    "from a file that holds all that the server printed": async (text, place) => {
      const file = path.join(place.directory, 'job.log');
      await writeFile(file, `Server is listening on ws://127.0.0.1:1\nUse these coordinates to connect: ${text}\nmore of the log\n`);
      return [['receive', `@${file}`, place.target]];
    },
  };
  for (const [title, words] of Object.entries(ways)) {
    it(title, async (t) => {
      const place = await placeFor(t, 1000);
      const server = await startServer(t, 'send', place.source);
      const client = await runStreamer(t, ...(await words(server.coordinates, place)));
      assert.equal(client.code, 0, client.stderr);
      assert.equal((await server.child.exitWithin(HUNG_MS)).code, 0);
      await assertArrived(place);
    });
  }
});

describe('--coordinates-file', () => {
  it('holds the coordinates, for the owner alone, and standard output does not', async (t) => {
    const place = await placeFor(t, 1000);
    const file = path.join(place.inbox, 'coordinates');
    const words = ['server', '--host', '127.0.0.1', '--public-ips', '127.0.0.1', '--port-range', '0', '0', '--coordinates-file', file, 'send', '--path', place.source];
    const server = startStreamer(t, words);
    await server.waitForLine(/^Use the coordinates in (.*) to connect$/);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.deepEqual(await readdir(place.inbox), ['coordinates'], 'no draft is left');
    const text = await readFile(file, 'utf8');
    assert.match(text, /^streamer2\.[\w-]+\n$/);
    const client = await runStreamer(t, ['receive', `@${file}`, place.target]);
    assert.equal(client.code, 0, client.stderr);
    const ended = await server.exitWithin(HUNG_MS);
    assert.doesNotMatch(ended.stdout + ended.stderr, /streamer2\./);
    assert.ok(!(ended.stdout + ended.stderr).includes(text.trim().slice(-20)));
  });

  it('takes the place of an older one in one step, whatever its mode was', async (t) => {
    const place = await placeFor(t, 1000);
    const file = path.join(place.inbox, 'coordinates');
    await writeFile(file, 'streamer2.old', { mode: 0o644 });
    const before = await stat(file);
    const words = ['server', '--host', '127.0.0.1', '--port-range', '0', '0', '--coordinates-file', file, 'send', '--path', place.source];
    await startStreamer(t, words).waitForLine(/^Use the coordinates in/);
    const now = await stat(file);
    assert.notEqual(now.ino, before.ino, 'a new file was given the name: no reader ever sees half of it');
    assert.equal(now.mode & 0o777, 0o600);
  });

  it('that cannot be written ends the server with 8 at once, and not after its wait', async (t) => {
    const place = await placeFor(t, 1000);
    const words = ['server', '--host', '127.0.0.1', '--port-range', '0', '0', '--coordinates-file', path.join(place.directory, 'none/x'), 'send', '--path', place.source];
    const ended = await runStreamer(t, words, { timeoutMs: 5000 });
    assert.equal(ended.code, 8, ended.stderr);
    assert.match(ended.stderr, /^streamer: cannot write the coordinates to .*none\/x: .* \[storage-missing\]$/m);
    assert.equal(ended.stdout, '', 'nobody is told of a server that is gone');
  });
});

describe('no secret shows', { concurrency: 2 }, () => {
  for (const action of ACTIONS) {
    for (const [title, output] of Object.entries({ lines: [], quiet: ['-q'], json: ['--json'] })) {
      it(`while the client ${action}s, told by ${title}`, async (t) => {
        const place = await placeFor(t, 2 * MIB);
        const log = path.join(place.directory, 'coordinates');
        const server = startStreamer(t, [
          ...['server', '--host', '127.0.0.1', '--public-ips', '127.0.0.1', '--port-range', '0', '0', '--secret', SECRET],
          ...['--coordinates-file', log, ...output, opposite(action), '--path', serverFile(action, place)],
        ]);
        await server.waitForLine(/coordinates/);
        const coordinates = (await readFile(log, 'utf8')).trim();
        await assertHidden(server, [SECRET, coordinates]);
        const client = startStreamer(t, [action, ...output, '--coordinates', coordinates, '--path', clientFile(action, place)]);
        const ended = await Promise.all([client.exitWithin(HUNG_MS), server.exitWithin(HUNG_MS)]);
        for (const { code, stdout, stderr } of ended) {
          assert.equal(code, 0, stderr);
          for (const secret of [SECRET, coordinates]) assert.ok(!(stdout + stderr).includes(secret), `${stdout}${stderr}`);
        }
        await assertArrived(place);
      });
    }

    it(`in the process list, when the client ${action}s and has said something`, async (t) => {
      const place = await placeFor(t, 1000);
      // A server that never was: the client looks for it as long as it may.
      const { coordinates, child } = await startServer(t, opposite(action), serverFile(action, place), { args: ['--secret', SECRET] });
      await child.stop();
      const client = startStreamer(t, [action, '--connect-timeout', '30s', '--coordinates', coordinates, '--path', clientFile(action, place)]);
      await client.waitForLine(/looking for the server/, { stream: 'stderr' });
      await assertHidden(client, [SECRET, coordinates]);
    });
  }

  it('when the secret is refused, at either end', async (t) => {
    const place = await placeFor(t, 1000);
    const server = await startServer(t, 'send', place.source, { args: ['--secret', SECRET] });
    const wrong = Buffer.from(JSON.stringify({ ports: [server.port, server.port], ips: ['127.0.0.1'], secret: `${SECRET}x` })).toString('base64url');
    const client = await runStreamer(t, ['receive', wrong, place.target]);
    assert.equal(client.code, 4);
    await server.child.waitForLine(/refused a client/, { stream: 'stderr' });
    assert.ok(!(client.stdout + client.stderr + server.child.stderr).includes(SECRET), client.stderr + server.child.stderr);
  });
});

/** What other users see of a process. */
async function assertHidden(child: Child, secrets: readonly string[]): Promise<void> {
  const shown = (await readFile(`/proc/${child.pid}/cmdline`, 'utf8')) + (await readFile(`/proc/${child.pid}/comm`, 'utf8'));
  assert.match(shown, /^streamer-(?:send|receive|server)/, 'a title that says what it is');
  for (const secret of secrets) assert.ok(!shown.includes(secret.slice(0, 16)), shown);
}
