/**
 * Coordinates that are no good: one line that says so and quotes none of them, the status of its class, at once, and
 * without the memory that a bomb asks for.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { formatCoordinates } from '../../src/coordinates/codec.js';
import type { V2Coordinates } from '../../src/coordinates/coordinates.js';
import { runStreamer, tempDir, type ChildOptions, type Finished } from '../support/cli.js';
import { KIB, MIB } from './moving.js';

/** It is known at once that they are no good: no time for a connection. Most of this is the start of a loaded machine. */
const AT_ONCE_MS = 2_000;
/** What any command takes, and a little: far below what a bomb would. KiB. */
const MEMORY_KIB = 150 * KIB;
/** The command tells its own largest resident size when it ends. */
const TELL_MEMORY = `--import data:text/javascript,${encodeURIComponent("process.on('exit',()=>process.stderr.write('maxRSS '+process.resourceUsage().maxRSS+'\\n'))")}`;

const v2: V2Coordinates = { version: 2, candidates: [{ url: 'ws://127.0.0.1:1/streamer/2' }], secret: randomBytes(32), direction: 'send' };
const V2 = formatCoordinates(v2);
const plain = { ports: [5665, 5670], ips: ['127.0.0.1'], secret: 'Zq9_vK3-plain-secret' };
const base64 = (content: string | Uint8Array): string => Buffer.from(content).toString('base64url');
const json = (changes: object): string => base64(JSON.stringify({ ...plain, ...changes }));
const msgpack = (...bytes: readonly number[]): string => `streamer2.${base64(Buffer.from(bytes))}`;
const PLAIN = formatCoordinates({ version: 1, ips: plain.ips, ports: [5665, 5670], secret: plain.secret });

async function run(t: TestContext, words: readonly string[], options: ChildOptions = {}): Promise<Finished> {
  const directory = await tempDir(t);
  const end = await runStreamer(t, words, { cwd: directory, ...options, env: { ...options.env, NODE_OPTIONS: TELL_MEMORY }, timeoutMs: AT_ONCE_MS });
  const [, told = ''] = /^maxRSS (\d+)\n/m.exec(end.stderr) ?? [];
  assert.ok(Number(told) > 0 && Number(told) < MEMORY_KIB, `${told} KiB`);
  return { ...end, stderr: end.stderr.replace(/^maxRSS .*\n/m, '') };
}

function assertRefused(end: Finished, exitCode: number, code: string): void {
  assert.equal(end.code, exitCode, end.stderr);
  assert.match(end.stderr, new RegExp(`^streamer: [^\\n]{10,250} \\[${code}\\]\\n$`), 'one line');
  assert.equal(end.stdout, '');
  assert.doesNotMatch(end.stderr, /Zq9_|streamer2\./, 'nothing of the coordinates is quoted');
}

const MALFORMED: Readonly<Record<string, string>> = {
  ...Object.fromEntries([11, 40, Math.floor(V2.length / 2), V2.length - 1].map((length) => [`version 2, cut after ${length} characters`, V2.slice(0, length)])),
  ...Object.fromEntries([1, 30, PLAIN.length - 5].map((length) => [`plain, cut after ${length} characters`, PLAIN.slice(0, length)])),
  'version 2 with nothing': 'streamer2.',
  'version 2, a letter more': `${V2}A`,
  'version 2, padded too much': `${V2}====`,
  'plain, padded too much': `${PLAIN}====`,
  'version 2, a letter altered': `${V2.slice(0, 20)}${V2[20] === 'A' ? 'B' : 'A'}${V2.slice(21)}`,
  'a space in the middle': `${V2.slice(0, 50)} ${V2.slice(50)}`,
  'white space alone': '  \t ',
  'a word': 'coordinates',
  'an address': 'ws://127.0.0.1:5665',
  'a JSON list': base64('[1,2]'),
  'JSON null': base64('null'),
  'JSON nested ten thousand deep': base64('['.repeat(20_000) + ']'.repeat(20_000)),
  'a port of 70000': json({ ports: [5665, 70_000] }),
  'a port of 0': json({ ports: [0, 5670] }),
  'a negative port': json({ ports: [-1, 5] }),
  'half a port': json({ ports: [1.5, 5] }),
  'a port as text': json({ ports: ['5665', '5670'] }),
  'a port range that ends before it begins': json({ ports: [5670, 5665] }),
  'three ports': json({ ports: [1, 2, 3] }),
  'no address': json({ ips: [] }),
  'a thousand addresses': json({ ips: Array.from({ length: 1000 }, () => '127.0.0.1') }),
  'an address that is none': json({ ips: ['999.1.1.1'] }),
  'an address with a path': json({ ips: ['127.0.0.1/x?'] }),
  'no secret': json({ secret: '' }),
  'a secret with a line feed': json({ secret: 'a\r\nX-Other: header' }),
  'a secret that is a number': json({ secret: 5 }),
  'msgpack of four thousand million items': msgpack(0xdd, 0xff, 0xff, 0xff, 0xff),
  'msgpack of four thousand million bytes': msgpack(0xc6, 0xff, 0xff, 0xff, 0xff),
  'msgpack nested thirty thousand deep': `streamer2.${base64(Buffer.alloc(30_000, 0x91))}`,
  'msgpack with an extension': msgpack(0xd6, 0x72, 1, 2, 3, 4),
  'msgpack that is no map': msgpack(0x05),
  '60 KiB of random base64': base64(randomBytes(45 * KIB)),
  '100 KiB of text': 'x'.repeat(100 * KIB),
};

describe('are not coordinates: exit 3', { concurrency: 2 }, () => {
  for (const [title, text] of Object.entries(MALFORMED)) {
    it(title, async (t) => assertRefused(await run(t, ['receive', text, 'copy']), 3, 'coordinates-malformed'));
  }

  it('nothing, from standard input', async (t) => {
    assertRefused(await run(t, ['receive', '-', 'copy'], { stdin: '' }), 3, 'coordinates-malformed');
  });

  it('binary junk, from a file', async (t) => {
    const file = path.join(await tempDir(t), 'junk');
    await writeFile(file, randomBytes(1000));
    assertRefused(await run(t, ['receive', `@${file}`, 'copy']), 3, 'coordinates-malformed');
  });
});

const UNUSABLE: Readonly<Record<string, readonly [words: readonly string[], code: string]>> = {
  'of version 3': [['receive', 'streamer3.abcd', 'copy'], 'coordinates-version'],
  'of version 2 outside and 3 inside': [['receive', msgpack(0x81, 0xa1, 0x76, 0x03), 'copy'], 'coordinates-version'],
  'sealed, and cut short': [['receive', 'streamer2s.abcd', 'copy'], 'coordinates-sealed'],
  'for the other direction, version 2': [['send', V2, process.execPath], 'coordinates-direction'],
  'for the other direction, plain': [['receive', json({ operation: 'receive' }), 'copy'], 'coordinates-direction'],
  'of yesterday': [['receive', formatCoordinates({ ...v2, expiresAt: Math.floor(Date.now() / 1000) - 86_400 }), 'copy'], 'coordinates-expired'],
};

describe('are coordinates, but not for this: exit 3', () => {
  for (const [title, [words, code]] of Object.entries(UNUSABLE)) it(title, async (t) => assertRefused(await run(t, words), 3, code));
});

it('with a relay only, that is not there: exit 5', async (t) => {
  const coordinates = formatCoordinates({ ...v2, candidates: [], relay: { url: 'wss://127.0.0.1:1/x', room: 'r' } });
  const ended = await run(t, ['receive', '-q', '--connect-timeout', '1', coordinates, 'copy']);
  assertRefused(ended, 5, 'connect-failed');
});

describe('no coordinates at all: exit 2', () => {
  it('neither argument nor variable', async (t) => assertRefused(await run(t, ['receive']), 2, 'usage'));
  it('an empty variable', async (t) => assertRefused(await run(t, ['receive'], { env: { STREAMER_COORDINATES: '' } }), 2, 'usage'));
  it('twice', async (t) => assertRefused(await run(t, ['receive', '--coordinates', V2, V2, 'copy']), 2, 'usage'));

  it('1 MiB of text, from standard input', async (t) => {
    assertRefused(await run(t, ['receive', '-', 'copy'], { stdin: 'x'.repeat(MIB) }), 2, 'usage');
  });

  it('a file without an end', async (t) => assertRefused(await run(t, ['receive', '@/dev/zero', 'copy']), 2, 'usage'));
});

it('a file of coordinates that is not there: exit 8', async (t) => {
  assertRefused(await run(t, ['receive', '@none', 'copy']), 8, 'storage-missing');
});
