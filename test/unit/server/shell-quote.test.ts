import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { shellQuote } from '../../../src/server/shell-quote.js';

/** What bash makes of these is in test/property/shell-quote.test.ts. */
const QUOTED: Readonly<Record<string, string>> = {
  '': "''",
  'plain-1.2/a_b': 'plain-1.2/a_b',
  '--relay=wss://relay.example.org:443/x': '--relay=wss://relay.example.org:443/x',
  'a b': "'a b'",
  'a;b.bin': "'a;b.bin'",
  "it's": "'it'\\''s'",
  "'": "\\'",
  '$(x) `x` "x" \\': "'$(x) `x` \"x\" \\'",
  '~': "'~'",
  'a\n#SBATCH b': "'a'$'\\012''#SBATCH b'",
  '\r\n1': "$'\\015\\012''1'",
  'ü\u0085': "'ü'$'\\302\\205'",
  // A right-to-left override would show another command than the one that is run.
  'a\u202eb': "'a'$'\\342\\200\\256''b'",
};

describe('shellQuote', () => {
  for (const [text, quoted] of Object.entries(QUOTED)) it(`writes ${JSON.stringify(text)} as ${quoted}`, () => assert.equal(shellQuote(text, 'x'), quoted));
});
