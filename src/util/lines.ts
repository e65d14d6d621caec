/**
 * Text files of a few lines, such as keys.
 *
 * @module
 */

/** The lines that say something: without white space at their ends, empty ones, and those that begin with #. */
export function linesOf(text: string): string[] {
  return text.split(/\r?\n/u).map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
}
