/**
 * A hard link that cannot be one at the receiver's end: for both ends it is a file from there on.
 *
 * @module
 */
import type { ManifestEntry } from './frame.js';

/** The entry as the file that it is another name of. */
export function linkAsFile({ linkTo: _, ...rest }: ManifestEntry): Omit<ManifestEntry, 'linkTo'> {
  return { ...rest, kind: 'file' };
}
