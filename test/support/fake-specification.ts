/**
 * What src/wire/PROTOCOL.md says, as data: its sections, tables and hex blocks.
 *
 * @module
 */
import { readFileSync } from 'node:fs';

const TEXT = readFileSync('src/wire/PROTOCOL.md', 'utf8');

/** The text under a heading, up to the next one of any level. */
export function section(heading: string): string {
  const start = TEXT.indexOf(`\n${heading}\n`);
  if (start === -1) throw new Error(`PROTOCOL.md has no heading "${heading}"`);
  const body = TEXT.slice(start + heading.length + 2);
  const end = body.search(/^#/mu);
  return end === -1 ? body : body.slice(0, end);
}

/** Rows of the table whose header starts with these columns. */
export function table(...columns: readonly string[]): string[][] {
  const lines = TEXT.split('\n');
  const at = lines.findIndex((line) => line.startsWith(`| ${columns.join(' | ')} |`));
  if (at === -1) throw new Error(`PROTOCOL.md has no table of ${columns.join(', ')}`);
  const rows: string[][] = [];
  for (const line of lines.slice(at + 2)) {
    if (!line.startsWith('|')) break;
    rows.push(line.split('|').slice(1, -1).map((cell) => cell.trim()));
  }
  return rows;
}

/** A cell without its backticks. */
export function bare(cell: string | undefined): string {
  return (cell ?? '').replaceAll('`', '');
}

/** The header of that table, all of it. */
export function columns(...first: readonly string[]): string[] {
  const line = TEXT.split('\n').find((some) => some.startsWith(`| ${first.join(' | ')} |`)) ?? '';
  return line.split('|').slice(1, -1).map((cell) => cell.trim());
}

/** Names and hex of a section's block: a name on a line, its hex on the indented lines below. */
export function hexBlock(heading: string): Map<string, string> {
  const block = /```\n([^]*?)```/u.exec(section(heading))?.[1] ?? '';
  const found = new Map<string, string>();
  let name = '';
  for (const line of block.split('\n').filter((some) => some !== '')) {
    if (line.startsWith('  ')) found.set(name, (found.get(name) ?? '') + line.trim());
    else {
      if (found.has(line)) throw new Error(`PROTOCOL.md has "${line}" twice`);
      name = line;
    }
  }
  return found;
}
