/**
 * Every fuzz target by name: a file of this directory and, with what the search has found, one of `corpus/`.
 *
 * @module
 */
export const TARGETS = ['websocket', 'frame', 'manifest', 'coordinates', 'sealed', 'journal', 'compat', 'firecrest'] as const;
export type TargetName = (typeof TARGETS)[number];
