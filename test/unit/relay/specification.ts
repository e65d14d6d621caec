/**
 * src/relay/PROTOCOL.md as data: its text and its tables.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../../support/cli.js';

/** On one line: a sentence may be broken anywhere. */
export const TEXT = readFileSync(path.join(ROOT, 'src/relay/PROTOCOL.md'), 'utf8');
export const SENTENCES = TEXT.replace(/\s+/gu, ' ');

/** Cells of the table whose header is these columns, without backticks. */
export function table(...columns: readonly string[]): string[][] {
  const lines = TEXT.split('\n');
  const at = lines.findIndex((line) => line === `| ${columns.join(' | ')} |`);
  if (at === -1) throw new Error(`PROTOCOL.md has no table of ${columns.join(', ')}`);
  const body = lines.slice(at + 2);
  const end = body.findIndex((line) => !line.startsWith('|'));
  return body.slice(0, end === -1 ? undefined : end).map((line) => line.split('|').slice(1, -1).map((cell) => cell.trim().replaceAll('`', '')));
}
