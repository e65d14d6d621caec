/**
 * The inputs that are kept in the repository: one file for each target, one input a line, in base64.
 *
 * @module
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../support/cli.js';
import type { TargetName } from './targets/index.js';

const fileOf = (name: TargetName) => path.join(ROOT, 'test/fuzz/corpus', `${name}.txt`);

/** Reads them. */
export function readCorpus(name: TargetName): Buffer[] {
  if (!existsSync(fileOf(name))) return [];
  return readFileSync(fileOf(name), 'latin1').split('\n').filter((line) => line !== '').map((line) => Buffer.from(line === '-' ? '' : line, 'base64'));
}

/** Writes them, in order. */
export function writeCorpus(name: TargetName, inputs: readonly Buffer[]): void {
  const lines = inputs.map((input) => (input.length === 0 ? '-' : input.toString('base64')));
  writeFileSync(fileOf(name), `${[...new Set(lines)].sort().join('\n')}\n`);
}
