import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { UsageError } from '../../src/errors.js';
import { shellQuote } from '../../src/server/shell-quote.js';

/** What bash makes of a script that holds these words, as bytes. */
function throughBash(words: readonly string[], locale: string): Buffer {
  const script = `printf '%s\\0' ${words.map((word) => shellQuote(word, 'a word')).join(' ')}\n`;
  const done = spawnSync('bash', ['--norc'], { input: script, env: { PATH: process.env['PATH'], LC_ALL: locale }, maxBuffer: 2 ** 24 });
  assert.deepEqual([done.status, done.stderr.toString()], [0, '']);
  return done.stdout;
}

const asBytes = (words: readonly string[]): Buffer => Buffer.from(words.map((word) => `${word}\0`).join(''));

/** Characters that mean something to a shell, and what may be taken for the beginning or end of quotes and escapes. */
const SHELL = Array.from("'\"\\$`!*?[]{}()<>|&;#~=%^-_ \t\n\r01289abcnrtux@");
const text = fc.oneof(
  fc.string({ unit: fc.constantFrom(...SHELL), maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
);
const word = text.map((any) => any.replace(/[\0\p{Surrogate}]/gu, ''));
const words = fc.array(word, { minLength: 20, maxLength: 60 });

describe('shellQuote', () => {
  for (const locale of ['C', 'C.UTF-8']) {
    it(`gives bash the very bytes of any text, in the locale ${locale}`, () => {
      fc.assert(fc.property(words, (some) => assert.deepEqual(throughBash(some, locale), asBytes(some))), { numRuns: 30 });
    });
  }

  it('gives it every character of the first two planes', () => {
    const characters: string[] = [];
    for (let code = 1; code <= 0x1ffff; code += 1) if (code < 0xd800 || code > 0xdfff) characters.push(String.fromCodePoint(code));
    // Some at a time, each between others: nothing is to be taken together with its neighbour.
    const all = Array.from({ length: Math.ceil(characters.length / 500) }, (_, index) => characters.slice(index * 500, index * 500 + 500).join("0'"));
    assert.deepEqual(throughBash(all, 'C.UTF-8'), asBytes(all));
  });

  it('is one line, with nothing in it that is not seen', () => {
    fc.assert(fc.property(word, (any) => assert.doesNotMatch(shellQuote(any, 'a word'), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)), { numRuns: 2000 });
  });

  it('refuses what no argument can hold, by the name that it is told', () => {
    for (const [bad, says] of [['a\0b', /^--x holds a NUL byte/u], ['a\ud800b', /^--x holds half a character/u], ['\udc00', /half a character/u]] as const) {
      assert.throws(() => shellQuote(bad, '--x'), (error: unknown) => error instanceof UsageError && says.test(error.message));
    }
  });
});
