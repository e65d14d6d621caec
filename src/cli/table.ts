/**
 * Rows as columns of text.
 *
 * @module
 */

/** How a column stands. */
export type Alignment = 'left' | 'right';

/** Each row as a line. What is last in a row has no spaces behind it. Control characters, which others may have put into names, become `?`. */
export function tableOf(rows: readonly (readonly string[])[], alignments: readonly Alignment[] = []): string[] {
  const clean = rows.map((row) => row.map(visible));
  const widths = alignments.map((_, column) => widest(clean, column));
  for (let column = widths.length; clean.some((row) => row.length > column); column += 1) widths.push(widest(clean, column));
  return clean.map((row) => row.map((cell, column) => padded(cell, widths[column] ?? 0, alignments[column] ?? 'left')).join('  ').trimEnd());
}

function widest(rows: readonly (readonly string[])[], column: number): number {
  return Math.max(0, ...rows.map((row) => (row[column] ?? '').length));
}

function padded(cell: string, width: number, alignment: Alignment): string {
  return alignment === 'right' ? cell.padStart(width) : cell.padEnd(width);
}

/** A text that others have written, for one line of a terminal. It is not cut short. */
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');
}
