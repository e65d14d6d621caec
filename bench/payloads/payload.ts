/**
 * What is moved: how it is made ready, and how what arrived is compared with it. One file of this folder makes each kind.
 *
 * @module
 */

/** Whether the bytes that arrived are the source's. `extra` counts bytes past its end. */
export interface Check {
  readonly right: boolean;
  readonly extra: number;
  readonly text: string;
}

/** A file or a tree of files. */
export interface Payload {
  readonly kind: 'file' | 'tree';
  readonly source: string;
  /** Bytes of content, of all files together. */
  readonly size: number;
  /** Files in it, 1 for a file. */
  readonly files: number;
  /**
   * Writes and deletes as much in `folder` as will be moved, so that the run after it writes to memory which the host
   * has already given to this machine. Without this, tmpfs figures vary tenfold.
   */
  preheat(folder: string): Promise<void>;
  /** Compares what is at `target` with the source. */
  check(target: string): Promise<Check>;
}

/** The check of something that must be equal. */
export function verdict(differences: readonly string[]): Check {
  const first = differences[0];
  if (first === undefined) return { right: true, extra: 0, text: 'yes' };
  const more = differences.length > 1 ? ` and ${differences.length - 1} more` : '';
  return { right: false, extra: 0, text: `no: ${first}${more}` };
}
