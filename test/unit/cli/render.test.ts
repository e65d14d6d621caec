import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { failureOf } from '../../../src/cli/exit.js';
import { createRenderer, summaryOf, type RenderOptions } from '../../../src/cli/render.js';
import { AbortError, ERROR_CODES, errorFromPeer, StorageError } from '../../../src/errors.js';
import type { ProgressEvent, TransferResult } from '../../../src/transfer/progress.js';
import { fakeClock } from '../../support/fake-clock.js';

const RESULT: TransferResult = {
  action: 'receive',
  path: '/tmp/x/results.h5',
  name: 'results.h5',
  root: 'file',
  entries: { moved: 1, equal: 0, kept: 0, placed: 0, would: 0, special: 0, removed: 0, failed: 0 },
  size: 3 * 2 ** 20,
  resumedBytes: 0,
  movedBytes: 3 * 2 ** 20,
  durationMs: 2_000,
  bytesPerSecond: 1.5 * 2 ** 20,
  wire: 'native',
  encrypted: true,
  cipher: 'AES-256-GCM',
  digest: { algorithm: 'streamer-xxh64', hex: 'ab'.repeat(32) },
  verified: true,
  reconnects: 0,
  remote: '192.0.2.1:5665',
};

/** What a renderer writes while `act` runs. */
function written(t: TestContext, options: RenderOptions, act: (renderer: ReturnType<typeof createRenderer>) => void): { out: string; err: string } {
  const said = { out: '', err: '' };
  const streams = [
    t.mock.method(process.stdout, 'write', (text: string) => ((said.out += text), true)),
    t.mock.method(process.stderr, 'write', (text: string) => ((said.err += text), true)),
  ];
  const isTTY = Object.getOwnPropertyDescriptor(process.stderr, 'isTTY');
  Object.defineProperty(process.stderr, 'isTTY', { configurable: true, value: false });
  try {
    act(createRenderer(options));
  } finally {
    if (isTTY === undefined) Reflect.deleteProperty(process.stderr, 'isTTY');
    else Object.defineProperty(process.stderr, 'isTTY', isTTY);
    for (const stream of streams) stream.mock.restore();
  }
  return said;
}

const EVENTS: readonly ProgressEvent[] = [
  { type: 'listening', url: 'ws://localhost:5665', host: 'localhost', port: 5665 },
  { type: 'waiting', timeoutMs: 60_000, again: false },
  { type: 'connecting', candidates: 3, attempt: 1 },
  { type: 'connected', remote: '192.0.2.1:5665', wire: 'native', encrypted: true, agent: 'streamer/1\u001b[31m' },
  { type: 'started', root: 'file', name: 'evil\u001b]0;x\u0007.h5', size: 100, resumedBytes: 40 },
  { type: 'progress', bytes: 50, size: 100, bytesPerSecond: 10 },
  { type: 'reconnecting', reason: 'the link was lost', delayMs: 200 },
  { type: 'notice', message: 'by the way' },
  { type: 'finishing' },
  { type: 'done', result: RESULT },
];

describe('--json', () => {
  it('writes each event as one line of JSON on standard output, and nothing else', (t) => {
    const { out, err } = written(t, { json: true }, (renderer) => {
      for (const event of EVENTS) renderer.onProgress(event);
      renderer.print('for people, who are not told of events');
      renderer.print('for people', { event: 'coordinates', coordinates: 'x' });
      renderer.end();
    });
    assert.equal(err, '');
    const lines = out.split('\n');
    assert.equal(lines.pop(), '');
    const objects = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.deepEqual(objects.slice(0, -1), EVENTS.map(({ type, ...event }) => ({ event: type, ...event })));
    assert.deepEqual(objects.at(-1), { event: 'coordinates', coordinates: 'x' });
    // JSON writes control characters as escapes.
    assert.doesNotMatch(out.replaceAll('\n', ''), /\p{Cc}/u);
  });

  it('writes a failure as an event, a bug’s stack to standard error, and wins over --quiet', (t) => {
    const { out, err } = written(t, { json: true, quiet: true }, (renderer) => renderer.fail({ exitCode: 8, code: 'storage-full', message: 'no space', detail: 'a stack' }));
    assert.deepEqual(JSON.parse(out), { event: 'error', code: 'storage-full', exitCode: 8, message: 'no space' });
    assert.equal(err, 'a stack\n');
  });
});

describe('lines for people', () => {
  it('go to standard error, one for each thing that happens, fit for a terminal', (t) => {
    fakeClock(t);
    const { out, err } = written(t, {}, (renderer) => {
      for (const event of EVENTS) renderer.onProgress(event);
      renderer.print('Server is listening on ws://localhost:5665', {});
    });
    assert.equal(out, 'Server is listening on ws://localhost:5665\n');
    assert.doesNotMatch(err.replaceAll('\n', ''), /\p{Cc}/u);
    const lines = err.trimEnd().split('\n');
    assert.deepEqual(lines.slice(0, -2).map((line) => line.split(':')[0]?.slice(0, 30)), [
      'waiting for a client, up to 1 ',
      'looking for the server (3 addr',
      'connected to 192.0.2.1',
      'evil ]0;x .h5',
      'the link was lost; trying agai',
      'by the way',
      'verifying and writing to disk',
    ]);
    assert.match(err, /resuming at 40 B/u);
  });

  it('hold nothing that commands a terminal, whoever wrote it', (t) => {
    fakeClock(t);
    const odd = 'a\u001b]0;x\u0007\u009b31m\u202eb';
    const act = (renderer: ReturnType<typeof createRenderer>) => {
      for (const phase of ['asking', 'method'] as const) renderer.onProgress({ type: 'phase', phase, message: odd });
      renderer.onProgress({ type: 'notice', message: odd });
      renderer.onProgress({ type: 'reconnecting', reason: odd, delayMs: 1 });
      renderer.onProgress({ type: 'done', result: { ...RESULT, path: odd, remote: odd } });
      renderer.print(`first ${odd}\nsecond`);
      renderer.fail({ exitCode: 2, code: 'usage', message: odd });
    };
    for (const options of [{}, { quiet: true }]) {
      const { out, err } = written(t, options, act);
      assert.doesNotMatch(`${out}${err}`.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u);
      assert.match(out, /^first a\?\]0;x.*b\nsecond\n$/u);
    }
  });

  it('tell of progress every five seconds, with the share, the rate and what is left', (t) => {
    const clock = fakeClock(t);
    const { err } = written(t, {}, (renderer) => {
      renderer.onProgress({ type: 'started', root: 'file', name: 'x', size: 1000, resumedBytes: 0 });
      for (let bytes = 0; bytes <= 1000; bytes += 1) {
        clock.advance(10);
        renderer.onProgress({ type: 'progress', bytes, size: 1000, bytesPerSecond: 100 });
      }
    });
    const lines = err.trimEnd().split('\n').slice(1);
    assert.equal(lines.length, 2);
    assert.match(lines[0] ?? '', /^49% 499 B of 1000 B, .* MB\/s, 6\.0 s left$/u);
  });

  it('warn when the file goes in the clear, also with --quiet, which says nothing else', (t) => {
    const clear: ProgressEvent = { type: 'connected', remote: 'r:1', wire: 'compat', encrypted: false };
    for (const options of [{}, { quiet: true }]) {
      const { err } = written(t, options, (renderer) => renderer.onProgress(clear));
      assert.match(err, /not encrypted: anyone on the way can read and alter/u);
    }
    const { out, err } = written(t, { quiet: true }, (renderer) => {
      for (const event of EVENTS) renderer.onProgress(event);
      renderer.print('the coordinates', {});
      renderer.end();
    });
    assert.deepEqual({ out, err }, { out: 'the coordinates\n', err: '' });
  });

  it('tell of a failure in one line that ends with its code, quiet or not', (t) => {
    for (const options of [{}, { quiet: true }]) {
      const { out, err } = written(t, options, (renderer) => renderer.fail(failureOf(new StorageError('storage-exists', 'it is there\nalready'))));
      assert.deepEqual({ out, err }, { out: '', err: 'streamer: it is there already [storage-exists]\n' });
    }
  });
});

it("an error of the library's that an event quotes is told in flags, to people and to programs", (t) => {
  const quoting: readonly ProgressEvent[] = [
    { type: 'notice', message: 'is `relay.url` right?' },
    { type: 'reconnecting', reason: 'name its authority with `ca`', delayMs: 1 },
  ];
  for (const options of [{}, { json: true }]) {
    const { out, err } = written(t, options, (renderer) => quoting.forEach((event) => renderer.onProgress(event)));
    assert.match(out + err, /is --relay right\?[^]*authority with --ca/u);
  }
});

describe('the summary', () => {
  it('says what was moved, how fast, how safe, and by which digest', () => {
    assert.deepEqual(summaryOf(RESULT).split('\n'), [
      'received results.h5 as /tmp/x/results.h5: 3.00 MiB (3145728 bytes) in 2.0 s, 1.57 MB/s',
      `native wire, encrypted (AES-256-GCM), streamer-xxh64 ${'ab'.repeat(32)}, verified`,
    ]);
    const compat: TransferResult = { ...RESULT, action: 'send', wire: 'compat', encrypted: false, verified: false, digest: { algorithm: 'sha256', hex: 'cd' } };
    assert.match(summaryOf(compat), /^sent results\.h5: [^\n]*\ncompat wire, NOT encrypted, sha256 cd, the receiver does not confirm on this wire$/u);
  });

  it('says what was resumed, and how often the link was lost', () => {
    const text = summaryOf({ ...RESULT, resumedBytes: 2 ** 20, movedBytes: 2 * 2 ** 20, reconnects: 1 });
    assert.match(text, /\(2\.00 MiB in this run\)/u);
    assert.match(text, /had again 1 time\n/u);
    assert.match(summaryOf({ ...RESULT, reconnects: 2 }), /had again 2 times\n/u);
  });

  it('has no control character of a peer’s name', () => {
    assert.doesNotMatch(summaryOf({ ...RESULT, name: 'a\u001b[2J\nb', path: '/x/a\u001b[2J\nb' }).replace('\n', ''), /\p{Cc}/u);
  });
});

describe('of a tree', () => {
  const ENTRY = { type: 'entry', kind: 'file', size: 5, mtimeNs: 1_700_000_000_123_456_789n } as const;
  const START: ProgressEvent = { type: 'started', root: 'tree', name: 'run', size: 0, resumedBytes: 0 };
  const linesOf = (t: TestContext, events: readonly ProgressEvent[]) => {
    fakeClock(t);
    return written(t, {}, (renderer) => {
      for (const event of events) renderer.onProgress(event);
    }).err.split('\n').slice(0, -1);
  };

  it('what went as usual has no line, what failed, was skipped or is extra has one', (t) => {
    assert.deepEqual(
      linesOf(t, [
        START,
        { ...ENTRY, path: 'fine', how: 'done' },
        { ...ENTRY, path: 'there', how: 'equal' },
        { ...ENTRY, path: 'd', kind: 'directory', how: 'placed' },
        { ...ENTRY, path: 'old', how: 'kept' },
        { ...ENTRY, path: 'bad\u001b[2J', how: 'failed', error: { code: 'storage-full', message: 'bad\u001b[2J: no space left' } },
        { type: 'skipped', path: 's', what: 'socket' },
        { type: 'extra', path: 'gone\u0007' },
        { type: 'streams', streams: 4 },
      ]),
      ['bad [2J: no space left [storage-full]', 'skipped: s: socket', 'not in what is sent: gone'],
    );
  });

  it('in a dry run everything that would be done has a line', (t) => {
    assert.deepEqual(
      linesOf(t, [
        START,
        { ...ENTRY, path: 'f', how: 'would' },
        { ...ENTRY, path: '', kind: 'directory', how: 'would' },
        { ...ENTRY, path: 'd', kind: 'directory', how: 'would' },
        { ...ENTRY, path: 'l', kind: 'symlink', how: 'would' },
        { ...ENTRY, path: 'e', how: 'equal' },
      ]),
      ['would move f', 'would make ./', 'would make d/', 'would make l'],
    );
    // A single file has no start then.
    assert.deepEqual(linesOf(t, [{ ...ENTRY, path: 'f', how: 'would' }]), ['would move f']);
  });

  it('progress tells how many files and streams there are', (t) => {
    const clock = fakeClock(t);
    const { err } = written(t, {}, (renderer) => {
      renderer.onProgress(START);
      clock.advance(6_000);
      renderer.onProgress({ type: 'progress', bytes: 500, size: 1000, bytesPerSecond: 100, files: 7, streams: 4 });
    });
    assert.match(err, /^50% 500 B of 1000 B, 7 files, 4 streams, [^\n]* left\n$/u);
  });

  it('the summary counts what there is of, and nothing else', () => {
    const tree: TransferResult = { ...RESULT, root: 'tree', name: 'run', path: '/x/run', size: 3_000, movedBytes: 1_000, entries: { moved: 2, equal: 5, kept: 1, placed: 4, would: 0, special: 1, removed: 3, failed: 2 } };
    assert.match(summaryOf(tree), /^received run as \/x\/run: 2\.93 KiB \(3000 bytes\) \(1000 B in this run\), 2 files moved, 5 equal, 1 left alone, 4 directories and links, 1 special files skipped, 3 removed, 2 FAILED in /u);
    const none = { moved: 0, equal: 0, kept: 0, placed: 0, would: 0, special: 0, removed: 0, failed: 0 };
    assert.match(summaryOf({ ...tree, entries: none }), /, nothing to do in /u);
    assert.match(summaryOf({ ...tree, name: '', entries: { ...none, would: 3 } }), /^would have received a tree as \/x\/run: .*, 3 to do in /u);
    assert.match(summaryOf({ ...tree, action: 'send', entries: { ...none, would: 3 } }), /^would have sent run: /u);
  });

  it('a single file that was there already says so', () => {
    const none = { moved: 0, equal: 1, kept: 0, placed: 0, would: 0, special: 0, removed: 0, failed: 0 };
    assert.match(summaryOf({ ...RESULT, movedBytes: 0, entries: none }), /\(0 B in this run\), 1 equal in /u);
  });
});

describe('of a stream of bytes', () => {
  const pipe: TransferResult = { ...RESULT, root: 'pipe', name: '', path: '-' };

  it('progress has no whole to have a share of, and is told every five seconds', (t) => {
    const clock = fakeClock(t);
    const { err } = written(t, {}, (renderer) => {
      renderer.onProgress({ type: 'started', root: 'pipe', name: '', size: 0, resumedBytes: 0 });
      for (let second = 0; second < 11; second += 1) {
        clock.advance(1_000);
        renderer.onProgress({ type: 'progress', bytes: second * 1000, size: 0, bytesPerSecond: 1000 });
      }
    });
    const lines = err.trimEnd().split('\n');
    assert.equal(lines.length, 2);
    assert.doesNotMatch(err, /%|left|NaN|Infinity/u);
  });

  it('the summary has no name, and no place where that is standard output', () => {
    assert.match(summaryOf(pipe), /^received a stream: 3\.00 MiB/u);
    assert.match(summaryOf({ ...pipe, path: '/x/out' }), /^received a stream as \/x\/out: /u);
    assert.match(summaryOf({ ...pipe, sha256: 'cd' }), / ab[ab]*, sha256 cd, verified$/u);
  });
});

describe('where standard output carries what is received', () => {
  it('events for programs go to standard error', (t) => {
    const { out, err } = written(t, { json: true }, (renderer) => {
      renderer.leaveOutput();
      renderer.onProgress({ type: 'entry', path: 'x', kind: 'file', how: 'done', size: 1, mtimeNs: 2n ** 62n });
      renderer.fail({ exitCode: 8, code: 'storage-full', message: 'no space' });
    });
    assert.equal(out, '');
    const [entry, failure] = err.trimEnd().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.deepEqual([entry?.['event'], entry?.['mtimeNs'], failure?.['event']], ['entry', String(2n ** 62n), 'error']);
  });
});

describe('a failure', () => {
  it('of ours is one line, its code and its status', () => {
    for (const codes of Object.values(ERROR_CODES)) {
      for (const code of codes) {
        const failure = failureOf(errorFromPeer(code, 'several\r\n  lines'));
        assert.doesNotMatch(failure.message, /[\r\n]/u);
        assert.equal(failure.detail, undefined);
        assert.ok(failure.exitCode >= 2 && failure.exitCode <= 11);
      }
    }
    assert.deepEqual(failureOf(new AbortError('interrupted')), { exitCode: 130, code: 'aborted', message: 'interrupted' });
    assert.equal(failureOf(new AbortError('stopped', { signal: 'SIGTERM' })).exitCode, 143);
  });

  it('of anything else is a bug: status 70, with the stack', () => {
    const failure = failureOf(new TypeError('x is\nundefined'));
    assert.deepEqual([failure.exitCode, failure.code], [70, 'bug']);
    assert.match(failure.message, /^internal error: x is undefined; please report it$/u);
    assert.match(failure.detail ?? '', /TypeError[^]*at /u);
    assert.deepEqual(failureOf('thrown text'), { exitCode: 70, code: 'bug', message: 'internal error: thrown text; please report it', detail: '' });
  });
});
