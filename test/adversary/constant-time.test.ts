/**
 * Secrets are compared by `crypto.timingSafeEqual` and by nothing else: its word is what counts, whatever is compared, and it
 * is asked once, about two texts of one length, however little is right. (A test of the construction; no clock is read.)
 */
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { describe, it, type TestContext } from 'node:test';
import { parseTokens } from '../../src/relay/tokens.js';
import { RELAY_DEFAULTS } from '../../src/relay/limits.js';
import { admit } from '../../src/server/admission.js';

/** Puts a word of its own in the place of `timingSafeEqual`'s, and keeps what it was asked. */
function comparing(t: TestContext, word: boolean): (readonly [number, number])[] {
  const asked: (readonly [number, number])[] = [];
  const mock = t.mock.method(crypto, 'timingSafeEqual', (a: Uint8Array, b: Uint8Array) => {
    asked.push([a.byteLength, b.byteLength]);
    return word;
  });
  syncBuiltinESMExports();
  t.after(() => {
    mock.mock.restore();
    syncBuiltinESMExports();
  });
  return asked;
}

const SECRET = 'correct horse battery staple';
const GIVEN: Readonly<Record<string, string>> = {
  'the right one': SECRET,
  'one that is wrong at its start': `x${SECRET.slice(1)}`,
  'one that is wrong at its end': `${SECRET.slice(0, -1)}x`,
  'a part of it': SECRET.slice(0, 4),
  'one that is longer': `${SECRET}${SECRET}`,
  'none': '',
};

describe('the secret of the compat wire is compared in constant time:', () => {
  for (const [title, given] of Object.entries(GIVEN)) {
    for (const word of [true, false]) {
      it(`${title}, and timingSafeEqual says ${String(word)}`, (t) => {
        const asked = comparing(t, word);
        const admission = admit({ wire: 'auto', secret: SECRET, busy: () => false }, { path: '/', authorization: `Bearer ${given}`, protocol: undefined, handshake: undefined });
        assert.equal(admission.admitted, word);
        assert.deepEqual(asked, [[32, 32]]);
      });
    }
  }
});

describe('tokens of a relay are compared in constant time, every one of them:', () => {
  const list = () => parseTokens(['a', 'b', 'c'].map((name) => `${name} ${name.repeat(20)}`).join('\n'), { rooms: 1, room: RELAY_DEFAULTS.room });
  for (const [title, given] of Object.entries({ 'the first': 'a'.repeat(20), 'the last': 'c'.repeat(20), 'none of them': 'x'.repeat(20), 'a short one': 'a' })) {
    it(title, (t) => {
      const tokens = list();
      const asked = comparing(t, false);
      assert.equal(tokens.match(`Bearer ${given}`), undefined);
      assert.deepEqual(asked, [[32, 32], [32, 32], [32, 32]]);
    });
  }

  it('the mock is what was asked, so that the tests above can fail', (t) => {
    comparing(t, true);
    assert.notEqual(list().match(`Bearer ${'x'.repeat(20)}`), undefined);
  });
});
