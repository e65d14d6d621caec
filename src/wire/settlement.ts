/**
 * The end of an entry, by whichever end it is told.
 *
 * @module
 */

/** What became of an entry. */
export type Settlement = 'done' | 'equal' | 'kept' | 'placed' | 'would' | 'failed';
