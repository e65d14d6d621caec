import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { commandWords } from '../../../../src/control/auth/command-words.js';
import { UsageError } from '../../../../src/errors.js';

const words = (text: string) => commandWords(text, 'THE_COMMAND');
const refused = (says: RegExp) => (error: unknown) => error instanceof UsageError && says.test(error.message) && error.message.startsWith('THE_COMMAND');

describe('a command without a shell', () => {
  it('has the words that sh would give it', () => {
    assert.deepEqual(words('  pass   show hpc/token '), ['pass', 'show', 'hpc/token']);
    assert.deepEqual(words(`a'b c'"d e"\\ f ''`), ['ab cd e f', '']);
    assert.deepEqual(words(`sh -c 'a | b > "$c"'`), ['sh', '-c', 'a | b > "$c"']);
    assert.deepEqual(words('"a\\"b\\\\c\\d"'), ['a"b\\c\\d']);
  });

  it('gives back any words that were quoted for sh', () => {
    const quoted = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1, maxLength: 5 }), (given) => {
        if (given[0] === '') return;
        assert.deepEqual(words(given.map(quoted).join(' ')), given);
      }),
    );
  });

  it('refuses what only a shell can do, and never hangs or fails otherwise', () => {
    for (const text of ['a | b', 'a > b', 'a; b', 'a && b', 'a $B', 'a `b`', 'a "$B"', 'a "`b`"', 'a *', 'a ~', 'a # b', 'a {b,c}', 'a $(b)']) assert.throws(() => words(text), refused(/run without a shell/), text);
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          assert.ok(words(text).length > 0);
        } catch (error) {
          assert.ok(error instanceof UsageError);
        }
      }),
    );
  });

  it('refuses what is not finished, and nothing', () => {
    for (const text of ["a 'b", 'a "b', 'a \\']) assert.throws(() => words(text), refused(/not closed/), text);
    for (const text of ['', '  ', "''"]) assert.throws(() => words(text), refused(/names no command/), text);
  });
});
