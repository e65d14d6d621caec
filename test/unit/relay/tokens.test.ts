import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { UsageError } from '../../../src/errors.js';
import { RELAY_DEFAULTS } from '../../../src/relay/limits.js';
import { parseTokens, TokenList } from '../../../src/relay/tokens.js';

const DEFAULTS = { rooms: 7, room: RELAY_DEFAULTS.room };
const SECRET = 'vKq3-9xTz_0123456';
const OTHER = 'another/token+of=a-site~';
const parse = (text: string) => parseTokens(text, DEFAULTS);
const bearer = (token: string) => `Bearer ${token}`;
const hashed = (token: string) => `sha256:${createHash('sha256').update(token).digest('hex')}`;

/** The one error of a file that cannot be used. */
function errorOf(text: string): UsageError {
  try {
    parse(text);
  } catch (error) {
    assert.ok(error instanceof UsageError, String(error));
    return error;
  }
  return assert.fail(`${text} was taken`);
}

describe('a token file', () => {
  it('names tokens and their bounds, with the defaults for what is not said', () => {
    const list = parse(`# comment\n\nlab ${SECRET} rooms=3 connections=64 bytes=1TiB rate=100MB lifetime=24h\r\n  site.b\t${hashed(OTHER)}  \n`);
    assert.deepEqual(list.match(bearer(SECRET)), { name: 'lab', rooms: 3, room: { connections: 64, bytes: 2 ** 40, bytesPerSecond: 100e6, lifetimeMs: 24 * 3_600_000 } });
    assert.deepEqual(list.match(bearer(OTHER)), { name: 'site.b', ...DEFAULTS });
  });

  it('is matched by the whole token of a Bearer header, and by nothing else', () => {
    const list = parse(`lab ${SECRET}\nsite ${hashed(OTHER)}`);
    for (const header of [bearer(SECRET), `bearer ${SECRET}`, `BEARER   ${SECRET}`]) assert.equal(list.match(header)?.name, 'lab', header);
    const wrong = [undefined, '', SECRET, 'Bearer', 'Bearer ', bearer(`${SECRET}x`), bearer(SECRET.slice(1)), `${bearer(SECRET)} x`, ` ${bearer(SECRET)}`, `Basic ${SECRET}`, bearer(hashed(OTHER)), bearer(hashed(SECRET))];
    for (const header of wrong) assert.equal(list.match(header), undefined, header);
  });

  it('has no use without a token', () => {
    for (const text of ['', '\n\n', '# only\n  # comments']) assert.match(errorOf(text).message, /holds no token/u);
  });

  it('is refused for a line that cannot be meant', () => {
    const cases: Readonly<Record<string, RegExp>> = {
      [SECRET]: /entry 1 /u,
      [`lab ${SECRET}\n# comment\nsite short`]: /entry 2 /u,
      [`lab ${SECRET}\nlab ${OTHER}`]: /entry 2 /u,
      [`-lab ${SECRET}`]: /entry 1 .*name/u,
      [`lab ${SECRET} rooms=0`]: /terms/u,
      [`lab ${SECRET} rooms=`]: /terms/u,
      [`lab ${SECRET} rooms`]: /terms/u,
      [`lab ${SECRET} rooms=many`]: /terms/u,
      [`lab ${SECRET} rooms=1=2`]: /terms/u,
      [`lab ${SECRET} lifetime=1TiB`]: /terms/u,
      [`lab ${SECRET} colour=3`]: /terms/u,
      [`lab ${SECRET} and more`]: /terms/u,
      // A hash that is none would be taken for a token that nobody has.
      [`lab ${hashed(SECRET).toUpperCase().replace('SHA', 'sha')}`]: /entry 1 .*sha256/u,
      [`lab ${hashed(SECRET).slice(0, -1)}`]: /entry 1 .*sha256/u,
    };
    for (const [text, says] of Object.entries(cases)) assert.match(errorOf(text).message, says, text);
  });

  it('is a list, or a UsageError of one line that quotes nothing of a token, for any text', () => {
    const nonsense = fc.oneof(fc.string(), fc.string({ unit: 'binary' }));
    const word = fc.oneof(fc.stringMatching(/^[A-Za-z0-9._-]{12,70}$/), fc.stringMatching(/^[\x21-\x7e]{1,40}$/), fc.constantFrom(SECRET, hashed(SECRET), 'lab', 'sha256:00', 'rooms=3', 'bytes=1TiB', 'rate=-1', 'lifetime=1h', '#', '='));
    const line = fc.array(word, { minLength: 1, maxLength: 5 }).map((words) => words.join(' '));
    const text = fc.oneof({ weight: 1, arbitrary: nonsense }, { weight: 4, arbitrary: fc.array(line, { maxLength: 4 }).map((lines) => lines.join('\n')) });
    /** What an error may say, so that a word of it says nothing of the file. */
    const fixed = new Set(['short', 'a\nlab b', `lab ${SECRET} x`, 'lab sha256:0123456789abcdef', `a ${SECRET}\na ${OTHER}`].flatMap((broken) => errorOf(broken).message.split(/\s+/u)));
    fc.assert(
      fc.property(text, (some) => {
        try {
          assert.ok(parse(some) instanceof TokenList);
        } catch (error) {
          assert.ok(error instanceof UsageError, String(error));
          assert.doesNotMatch(error.message, /[\n\r]/u);
          // Where a name is missing, a token stands in its place: no word of the file may be told, whatever it looks like.
          for (const told of some.split(/\s+/u)) assert.ok(told.length < 8 || fixed.has(told) || !error.message.includes(told), error.message);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
