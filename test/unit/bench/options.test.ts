import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseOptions, type Options } from '../../../bench/options.js';
import { SCENARIO_NAMES } from '../../../bench/scenarios/names.js';

function parsed(...args: readonly string[]): Options {
  const options = parseOptions(args);
  assert.ok(!('text' in options), JSON.stringify(options));
  return options;
}

describe("the bench's options", () => {
  it('move 1 GiB three times by default, and leave the long grid to who asks for it', () => {
    const { sizes, runs, scenarios, sizeAsked } = parsed();
    assert.deepEqual([sizes, runs, sizeAsked], [[2 ** 30], 3, false]);
    assert.ok(!scenarios.includes('wide-area'));
  });

  it('take every scenario when full, and those that are named', () => {
    assert.deepEqual(parsed('--full').scenarios, SCENARIO_NAMES);
    assert.deepEqual(parsed('--scenario', 'memory,start-up').scenarios, ['memory', 'start-up']);
  });

  it('are small and quick for a smoke test', () => {
    const { sizes, runs, sessions, smoke } = parsed('--smoke');
    assert.deepEqual([sizes, runs, sessions, smoke], [[16 * 2 ** 20], 1, 2, true]);
  });

  it('leave the path to what is there, or name it', () => {
    assert.equal(parsed().network, 'auto');
    assert.equal(parsed('--network', 'containers').network, 'containers');
  });

  it('name the three files of results', () => {
    const { json, markdown, html } = parsed('--results', 'full');
    assert.deepEqual([json, markdown, html], ['bench/results/full.json', 'bench/results/full.md', 'bench/results/full.html']);
  });

  for (const args of [['--size', '0'], ['--size', ''], ['--runs', '1.5'], ['--sessions', '0'], ['--slow-for', '500ms'], ['--scenario', 'none'], ['--network', 'bridge'], ['--such']]) {
    it(`refuse ${args.join(' ')}`, () => {
      const options = parseOptions(args);
      assert.ok('text' in options && options.status === 2 && options.text.startsWith('bench: '));
    });
  }
});
