/**
 * `npm run fuzz -- TARGET [--seconds N] [--seed N] [--keep]`: searches for inputs that break a parser. With `--keep` the
 * corpus of the repository becomes the fewest inputs that reach all that was reached.
 *
 * No fuzzer of the registry runs here: @jazzer.js/core's prebuilt addon wants glibc 2.38, and jsfuzz reads no code of this
 * decade. So the loop is our own; the idea is AFL's.
 *
 * @module
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { searchTarget } from './search-target.js';
import { TARGETS } from './targets/index.js';

/** The command. @returns its exit status. */
async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string' }, keep: { type: 'boolean', default: false } },
  });
  const names = positionals.length === 0 ? TARGETS : TARGETS.filter((name) => positionals.includes(name));
  const seconds = Number(values.seconds);
  const seed = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed);
  if (names.length < positionals.length || !(seconds > 0) || !Number.isInteger(seed)) {
    console.error(`usage: npm run fuzz -- [${TARGETS.join('|')}]... [--seconds N] [--seed N] [--keep]`);
    return 2;
  }
  let found = 0;
  for (const name of names) {
    const { executions, seconds: took, reached, blocks, corpus, finding } = await searchTarget(name, seconds, seed, values.keep);
    if (finding === undefined) {
      console.log(`${name}: seed ${seed}, ${took.toFixed(0)} s, ${executions} executions, ${Math.round(executions / took)} a second, ${reached} of ${blocks} blocks, corpus ${corpus}, no finding`);
      continue;
    }
    found += 1;
    console.log(`${name}: seed ${seed}, FOUND: ${finding.error}\n  input, base64: ${finding.input.toString('base64')}`);
  }
  return found === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
