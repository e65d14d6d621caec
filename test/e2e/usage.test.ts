/**
 * Wrong command lines: exit 2, a line that names what is wrong, and no server that listens for nothing. And what helps:
 * `--help` with units and defaults, `--version`.
 */
import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server } from 'node:net';
import path from 'node:path';
import { after, describe, it, type TestContext } from 'node:test';
import { DEFAULTS } from '../../src/options.js';
import { formatSize } from '../../src/util/units.js';
import { ROOT, runStreamer, startServer, startStreamer, tempDir, type Finished } from '../support/cli.js';
import { HUNG_MS, placeFor } from './moving.js';

/** A wrong command line is known at once; this is the start of a loaded machine, milliseconds. */
const AT_ONCE_MS = 5_000;
/** A file that exists, for commands that need one. */
const FILE = path.join(ROOT, 'package.json');
const serverSends = (...options: readonly string[]): string[] => ['server', '--host', '127.0.0.1', ...options, 'send', FILE];

function assertUsage(end: Finished, says: RegExp): void {
  assert.equal(end.code, 2, end.stderr);
  assert.match(end.stderr, /^streamer: [^\n]+ \[usage\]\n$/, 'one line');
  assert.match(end.stderr, says);
  assert.equal(end.stdout, '');
}

const WRONG: Readonly<Record<string, readonly [words: readonly string[], says: RegExp]>> = {
  'an unknown command': [['fetch'], /unknown command 'fetch'/],
  'an unknown option before the command': [['--fast', 'receive'], /unknown option '--fast'/],
  'an unknown option of receive': [['receive', '--fast'], /unknown option '--fast'/],
  'an unknown option of server': [['server', '--fast', 'send', FILE], /unknown option '--fast'/],
  'an unknown option of server send': [['server', 'send', '--fast', FILE], /unknown option '--fast'/],
  'a word too many for receive': [['receive', 'a', 'b', 'c'], /too many arguments/],
  'a word too many for server receive': [['server', 'receive', 'a', 'b'], /too many arguments/],
  'send without a file': [['send', 'streamer2.abc'], /which file\?/],
  'server send without a file': [['server', 'send'], /which file\?/],
  'server receive without a target': [['server', 'receive'], /which file\?/],
  'server with a word that is neither send nor receive': [['server', 'fetch'], /unknown command 'fetch'/],
  'an option without its value': [['server', '--secret'], /argument missing/],
  'the path twice': [['server', 'send', FILE, '--path', FILE], /path is given twice/],
  'the secret twice': [serverSends('--secret', 'x', '--secret-file', FILE), /--secret or --secret-file, not both/],
  'an empty secret': [serverSends('--secret', ''), /the secret is empty/],
  'a secret with a space': [serverSends('--secret', 'a b'), /characters other than visible ASCII/],
  'a secret with a line feed': [serverSends('--secret', 'a\nb'), /characters other than visible ASCII/],
  'a secret with an umlaut': [serverSends('--secret', 'ä'), /characters other than visible ASCII/],
  'a secret of 2000 letters': [serverSends('--secret', 'x'.repeat(2000)), /longer than 1024/],
  'a secret file without an end': [serverSends('--secret-file', '/dev/zero'), /too long/],
  'a size that is none': [['server', '--inbound-transfer-limit', 'much', 'receive', 'x'], /--inbound-transfer-limit.*'much' is invalid\. give bytes, or a size such as 5GiB/],
  'a negative size': [['server', '--inbound-transfer-limit', '-5', 'receive', 'x'], /--inbound-transfer-limit/],
  'a size of another unit': [['server', '--inbound-transfer-limit', '5h', 'receive', 'x'], /--inbound-transfer-limit/],
  'a window that is too small': [serverSends('--window', '1MiB'), /--window takes a size from 8MiB to 1GiB/],
  'a window that is too large': [serverSends('--window', '2GiB'), /--window takes a size from 8MiB to 1GiB/],
  'a duration that is none': [serverSends('--wait-timeout', 'long'), /--wait-timeout.*'long' is invalid\. give seconds, or a duration/],
  'a duration of another unit': [serverSends('--wait-timeout', '5GiB'), /--wait-timeout/],
  'a connect time-out of a year': [['receive', '--connect-timeout', '365d', 'eyJwb3J0cyI6IFsxLCAxXSwgImlwcyI6IFsiMTI3LjAuMC4xIl0sICJzZWNyZXQiOiAieCJ9', 'x'], /--connect-timeout takes a duration/],
  'one port that is none': [serverSends('--port-range', 'x', '5'), /--port-range/],
  'a port of 70000': [serverSends('--port-range', '5665', '70000'), /--port-range takes two ports between 1 and 65535/],
  'a port range that ends before it begins': [serverSends('--port-range', '5670', '5665'), /the first port is above the last/],
  'a wire that is none': [serverSends('--wire', 'best'), /auto, native, compat/],
  'an address that is none': [serverSends('--public-ips', 'two words'), /--public-ips/],
  'the wire that is not encrypted, and encryption required': [['receive', '--wire', 'compat', '--require-encryption', 'x', 'y'], /--require-encryption wants/],
};

describe('exit 2:', { concurrency: 2 }, () => {
  for (const [title, [words, says]] of Object.entries(WRONG)) {
    it(title, async (t) => assertUsage(await runStreamer(t, words, { timeoutMs: AT_ONCE_MS }), says));
  }
});

describe('the secret file', () => {
  it('that is not there: exit 8', async (t) => {
    const end = await runStreamer(t, serverSends('--secret-file', path.join(await tempDir(t), 'none')), { timeoutMs: AT_ONCE_MS });
    assert.equal(end.code, 8);
    assert.match(end.stderr, /^streamer: cannot read .*none: it does not exist; check the path \[storage-missing\]\n$/);
  });

  it('that is a directory: exit 8', async (t) => {
    const end = await runStreamer(t, serverSends('--secret-file', await tempDir(t)), { timeoutMs: AT_ONCE_MS });
    assert.equal(end.code, 8);
    assert.match(end.stderr, /^streamer: cannot read .*: it is a directory.* \[storage-not-a-file\]\n$/);
  });

  it('with a line feed inside: exit 2, and the secret is not shown', async (t) => {
    const file = path.join(await tempDir(t), 'secret');
    await writeFile(file, 'Zq9-first\nZq9-second\n');
    const end = await runStreamer(t, serverSends('--secret-file', file), { timeoutMs: AT_ONCE_MS });
    assertUsage(end, /characters other than visible ASCII/);
    assert.doesNotMatch(end.stderr, /Zq9/);
  });
});

/** Takes `count` ports in a row. */
async function takePorts(count: number): Promise<{ first: number; servers: Server[] }> {
  const listenAt = (port: number) =>
    new Promise<Server | undefined>((resolve) => {
      const server = createServer().once('error', () => resolve(undefined));
      server.listen(port, '127.0.0.1', () => resolve(server));
    });
  for (;;) {
    const servers = [await listenAt(0)];
    const first = (servers[0]?.address() as AddressInfo).port;
    while (servers.length < count) servers.push(await listenAt(first + servers.length));
    const taken = servers.filter((server) => server !== undefined);
    if (taken.length === count) return { first, servers: taken };
    for (const server of taken) server.close();
  }
}

describe('ports in use', () => {
  it('the server takes the next, and says so', async (t) => {
    const { first, servers } = await takePorts(3);
    after(() => servers.forEach((server) => server.close()));
    servers[2]?.close();
    const place = await placeFor(t, 1);
    const words = ['server', '--host', '127.0.0.1', '--public-ips', '127.0.0.1', '--port-range', String(first), String(first + 2), 'send', place.source];
    const server = startStreamer(t, words);
    const [, port] = await server.waitForLine(/^Server is listening on ws:\/\/127\.0\.0\.1:(\d+)$/);
    assert.equal(Number(port), first + 2);
    assert.match(server.stderr, new RegExp(`^port ${first} is taken, trying the next\\nport ${first + 1} is taken, trying the next\\n`));
  });

  it('all of them: exit 5', async (t) => {
    const { first, servers } = await takePorts(2);
    after(() => servers.forEach((server) => server.close()));
    const end = await runStreamer(t, serverSends('--port-range', String(first), String(first + 1)), { timeoutMs: AT_ONCE_MS });
    assert.equal(end.code, 5);
    assert.match(end.stderr, new RegExp(`\\nstreamer: cannot listen on 127\\.0\\.0\\.1, a port of ${first}-${first + 1}: .*EADDRINUSE.* \\[connect-listen\\]\\n$`));
  });

  it('an interface that this machine does not have: exit 5', async (t) => {
    const end = await runStreamer(t, ['server', '--host', '192.0.2.1', 'send', FILE], { timeoutMs: AT_ONCE_MS });
    assert.equal(end.code, 5);
    assert.match(end.stderr, /^streamer: cannot listen on 192\.0\.2\.1.* \[connect-listen\]\n$/);
  });
});

describe('nobody answers', () => {
  const nobody = async (t: TestContext): Promise<string> => {
    const { coordinates, child } = await startServer(t, 'send', FILE);
    await child.stop();
    return coordinates;
  };

  it('the client looks for as long as --connect-timeout, and ends with 5', async (t) => {
    const coordinates = await nobody(t);
    const end = await runStreamer(t, ['receive', '--connect-timeout', '500ms', coordinates, path.join(await tempDir(t), 'x')], { timeoutMs: AT_ONCE_MS });
    assert.equal(end.code, 5);
    assert.match(end.stderr, /^streamer: no server answers at the address in the coordinates \(.*\); is its job running, and reachable from here\? \[connect-failed\]$/m);
  });

  it('and finds a server that comes late', async (t) => {
    const place = await placeFor(t, 1000);
    const first = await startServer(t, 'send', place.source, { args: ['--secret', 'x'] });
    await first.child.stop();
    const client = startStreamer(t, ['receive', first.coordinates, place.target]);
    await client.waitForLine(/looking for the server/, { stream: 'stderr' });
    const words = ['server', '--host', '127.0.0.1', '--port-range', String(first.port), String(first.port), '--secret', 'x', 'send', place.source];
    startStreamer(t, words);
    assert.equal((await client.exitWithin(HUNG_MS)).code, 0);
  });
});

describe('--help', () => {
  const WINDOW = new RegExp(`--window <size>[^]*default:\\s+${formatSize(DEFAULTS.windowBytes).replace(' ', '\\s+')}`);
  const HELP: Readonly<Record<string, readonly [words: readonly string[], shows: readonly RegExp[]]>> = {
    'of the program: commands, units, exit statuses': [['--help'], [/^ {2}receive /m, /^ {2}send /m, /^ {2}server /m, /KiB, MiB, GiB, TiB/, /plain numbers are seconds/, /10 time-out/]],
    'the same for no word at all': [[], [/^ {2}receive /m, /10 time-out/]],
    'of receive: defaults': [['receive', '--help'], [/--connect-timeout <duration>[^]*default: 10/, /--retry-timeout <duration>[^]*default: 2 min/, WINDOW, /--wire <wire>[^]*default: "auto"/, /@file/, /STREAMER_COORDINATES/]],
    'of send: no option of a receiver': [['send', '--help'], [/--connect-timeout/, /^(?![^]*--window)/]],
    'of server: the defaults of the reference, and units': [
      ['server', '--help'],
      [/--port-range <first last>[^]*default: 5665 5670/, /--wait-timeout <duration>[^]*86400, 24\s+h/, /--inbound-transfer-limit <size>[^]*5368709120, 5\s+GiB/, /--host <host>[^]*"localhost"/, /--public-ips[^]*default: localhost/, /mode\s+0600/],
    ],
    'of server send': [['server', 'send', '--help'], [/the files and directories to send, or - for standard input/, /--path <path>/, /streamer server --help/]],
    'of server receive': [['server', 'receive', '--help'], [/the target: a file, or the directory that is to be the copy/, /--path <path>/]],
  };
  for (const [title, [words, shows]] of Object.entries(HELP)) {
    it(title, async (t) => {
      const end = await runStreamer(t, words);
      assert.equal(end.code, 0);
      assert.equal(end.stderr, '');
      for (const pattern of shows) assert.match(end.stdout, pattern);
    });
  }
});

it('--version is the package\'s, and exit 0', async (t) => {
  const { version } = JSON.parse(await readFile(FILE, 'utf8')) as { version: string };
  for (const words of [['--version'], ['-V'], ['receive', '--version'], ['--version', 'receive']]) {
    const end = await runStreamer(t, words);
    assert.deepEqual([end.code, end.stdout, end.stderr], [0, `streamer ${version}\n`, '']);
  }
});

it('the server\'s options may stand before or after its action', async (t) => {
  const directory = await tempDir(t);
  await mkdir(path.join(directory, 'in'));
  for (const words of [['--wait-timeout', '0', 'receive', '--path', 'x'], ['receive', '--path', 'x', '--wait-timeout', '0']]) {
    const end = await runStreamer(t, ['server', '--host', '127.0.0.1', '--port-range', '0', '0', ...words], { cwd: directory });
    assert.equal(end.code, 10, end.stderr);
  }
});
