import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import * as errors from '../../src/errors.js';
import { AbortError, closeCodeOf, ConnectError, ERROR_CODES, EXIT_BUG, errorFromPeer, peerText, ProtocolError, StreamerError, UsageError, type ErrorClassName } from '../../src/errors.js';

type Make = new (code: string, message: string, details?: object) => StreamerError;

/** An error of each class and code. */
function make(name: ErrorClassName, code: string, details: object = {}): StreamerError {
  if (name === 'UsageError') return new UsageError('text', details);
  if (name === 'AbortError') return new AbortError('text', details);
  return new (errors[name] as unknown as Make)(code, 'text', details);
}

const ALL = Object.entries(ERROR_CODES).flatMap(([name, codes]) => codes.map((code) => [name as ErrorClassName, code] as const));

/** Exit status and close code of each class. */
const TABLE: Readonly<Record<ErrorClassName, readonly [exit: number, close: number]>> = {
  UsageError: [2, 4002],
  CoordinatesError: [3, 4003],
  AuthError: [4, 1008],
  ConnectError: [5, 4005],
  ProtocolError: [6, 1002],
  IntegrityError: [7, 4007],
  StorageError: [8, 4008],
  LimitError: [9, 1009],
  TimeoutError: [10, 4010],
  ControlError: [11, 4011],
  AbortError: [130, 1001],
};

describe('every error', () => {
  for (const [name, code] of ALL) {
    it(`${name} ${code} has its name, code, exit status and close code, and keeps its cause`, () => {
      const cause = new Error('why');
      const error = make(name, code, { cause });
      assert.ok(error instanceof StreamerError && error instanceof Error);
      assert.deepEqual([error.name, error.code, error.exitCode, error.closeCode], [name, code, ...TABLE[name]]);
      assert.equal(error.cause, cause);
      assert.equal('cause' in make(name, code), false);
      assert.deepEqual([error.retryable, error.fromPeer], [name === 'ConnectError', false]);
      assert.equal(make(name, code, { retryable: true }).retryable, true);
      assert.equal(make(name, code, { retryable: false }).retryable, false);
      assert.match(error.stack ?? '', /errors\.test/u);
    });
  }

  it('has a code of its own class, and of no other', () => {
    const codes = ALL.map(([, code]) => code);
    assert.equal(new Set(codes).size, codes.length);
  });

  it('of SIGTERM exits with 143; a bug with 70, and closes with 1011', () => {
    assert.equal(new AbortError('x', { signal: 'SIGTERM' }).exitCode, 143);
    assert.equal(new AbortError('x', { signal: 'SIGINT' }).exitCode, 130);
    assert.deepEqual([EXIT_BUG, closeCodeOf(new Error('x')), closeCodeOf('x'), closeCodeOf(undefined)], [70, 1011, 1011, 1011]);
  });

  it('is in the README’s table with its status', () => {
    const rows = new Map(Array.from(readFileSync('README.md', 'utf8').matchAll(/^\| ([\d, ]+) \| (\w*) \|/gmu), ([, status, name]) => [name, status?.trim()]));
    for (const [name, [exit]] of Object.entries(TABLE)) assert.equal(rows.get(name), name === 'AbortError' ? '130, 143' : String(exit), name);
  });
});

describe('an error that the peer reports', () => {
  it('is of the same class and code, marked, and not to be tried again', () => {
    for (const [name, code] of ALL.filter(([name]) => name !== 'AbortError')) {
      const error = errorFromPeer(code, 'some text');
      assert.deepEqual([error.name, error.code, error.fromPeer, error.retryable], [name, code, true, false]);
      assert.equal(error.message, 'the other end reports: some text');
    }
  });

  it('that it was stopped is a lost link to this end', () => {
    const error = errorFromPeer('aborted', 'by its user');
    assert.ok(error instanceof ConnectError && error.code === 'connect-lost' && error.fromPeer && !error.retryable);
    assert.match(error.message, /was stopped.*run the command again to resume/u);
  });

  it('of an unknown code is a broken rule, and shows the code, cut and clean', () => {
    for (const code of ['later-code', '', 'toString', '__proto__', `\u001b[31m${'x'.repeat(500)}`]) {
      const error = errorFromPeer(code, 'text');
      assert.ok(error instanceof ProtocolError && error.code === 'protocol-violation' && error.fromPeer);
      assert.doesNotMatch(error.message, /\p{Cc}/u);
      assert.ok(error.message.length < 100);
    }
  });
});

describe('text of a peer', () => {
  it('has no control, format or line character, and is one line', () => {
    for (const [text, clean] of [
      ['plain', 'plain'],
      ['a\nb\r\nc\td', 'a b c d'],
      ['\u001b[31mred\u001b[0m', '[31mred [0m'],
      ['\u0000\u0007x\u007f', 'x'],
      ['a\u202eb\u2066c\ufeffd', 'a b c d'],
      ['a\u2028b\u2029c\u0085d\u009b31m', 'a b c d 31m'],
      ['  ünïcode ≠ 𝄞 ', 'ünïcode ≠ 𝄞'],
      ['', ''],
    ] as const) {
      assert.equal(peerText(text), clean);
    }
  });

  it('is cut after 300 characters', () => {
    assert.equal(peerText('x'.repeat(300)), 'x'.repeat(300));
    assert.equal(peerText('x'.repeat(301)), `${'x'.repeat(300)}…`);
    assert.equal(peerText(`${'x'.repeat(300)}\n\n`), 'x'.repeat(300));
  });
});
