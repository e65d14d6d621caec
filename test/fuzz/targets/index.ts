/**
 * Every fuzz target by name: a file of this directory and, with what the search has found, one of `corpus/`.
 *
 * FirecREST's answers over HTTP belong here, too, once `src/control/firecrest` parses them: add `firecrest`.
 *
 * @module
 */
export const TARGETS = ['websocket', 'frame', 'manifest', 'coordinates', 'sealed', 'journal', 'compat'] as const;
export type TargetName = (typeof TARGETS)[number];
