/**
 * Every input that the fuzzers have kept, and a short search with each: that it goes on, that it reaches what it should,
 * and that it would find what is planted.
 */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { describe, it } from 'node:test';
import { readCorpus } from './corpus.js';
import { buildTarget } from './build-target.js';
import { instrument, COUNTERS } from './instrument.js';
import { drawing, dictionary } from './mutate.js';
import { Search } from './search.js';
import { searchTarget } from './search-target.js';
import type { FuzzTarget } from './target.js';
import { TARGETS } from './targets/index.js';

/** `npm run fuzz` and the soak go on for longer. */
const SEARCH_SECONDS = 3;

describe('every kept input', () => {
  for (const name of TARGETS) {
    it(name, async () => {
      const { target } = (await import(`./targets/${name}.js`)) as { target: FuzzTarget };
      const corpus = readCorpus(name);
      assert.ok(corpus.length > 0);
      for (const input of [...target.seeds(), ...corpus]) target.fuzz(Buffer.from(input));
      assert.ok(corpus.every(({ length }) => length <= target.maxBytes));
    });
  }
});

describe('a short search', () => {
  for (const name of TARGETS) {
    it(name, async (t) => {
      const seed = Number(process.env['STREAMER_TEST_SEED'] ?? randomInt(2 ** 31));
      const { executions, reached, blocks, finding } = await searchTarget(name, SEARCH_SECONDS, seed);
      t.diagnostic(`STREAMER_TEST_SEED=${seed}, ${executions} executions, ${reached} of ${blocks} blocks`);
      assert.equal(finding, undefined, `${finding?.error}\n  input, base64: ${finding?.input.toString('base64')}`);
      assert.ok(executions > readCorpus(name).length, 'the search went on from what is kept');
      assert.ok(reached > blocks / 2, `${reached} of ${blocks} blocks`);
    });
  }
});

describe('the fuzzer', () => {
  it('finds by coverage what chance alone would not', () => {
    const planted = `// src/planted.ts
      exports.fuzz = (data) => {
        if (data[0] === 0x53 && data[1] === 0x54) { if (data.length > 8 && data.readUInt32BE(2) === 123456789) { if (data.subarray(6, 9).toString() === 'end') throw new Error('planted'); } }
      };`;
    const { text, files, words } = instrument(planted);
    const counters = new Uint8Array(files.length);
    const exports: { fuzz?: (data: Buffer) => void } = {};
    Object.defineProperty(globalThis, COUNTERS, { value: counters, configurable: true });
    // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the program under test is made here
    (new Function('exports', text) as (exports: object) => void)(exports);
    const search = new Search({ fuzz: exports.fuzz ?? (() => undefined), counters, words: dictionary(words), maxBytes: 64, draw: drawing(1), running: () => undefined });
    search.take([Buffer.alloc(0)]);
    const finding = search.goOn(performance.now() + 60_000);
    assert.match(String(finding?.error), /planted/u);
  });

  it('counts the blocks of our sources in every target', async () => {
    const { files, words } = await buildTarget('journal');
    assert.ok(files.filter((file) => file === 'src/storage/journal.ts').length > 10);
    assert.ok(words.includes('STRMJNL1') && words.includes(80));
  });
});
