/**
 * What a user may ask of a transfer, at either end, beyond its path.
 *
 * @module
 */
import type { ExistingPolicy } from '../options.js';
import type { FilterRule } from '../storage/path-filter.js';
import type { RateLimit } from './rate-limit.js';

export type { ExistingPolicy } from '../options.js';
export type { FilterRule } from '../storage/path-filter.js';

/** See the module's head. What is absent is the other end's to say, or the default. */
export interface TransferSettings {
  /** What to do with files that are there and differ. @default refuse for a single file, overwrite in a tree */
  readonly existing?: ExistingPolicy | undefined;
  /** Compare content, and not times, where sizes are equal. */
  readonly checksum?: boolean | undefined;
  /** Change nothing, only tell. */
  readonly dryRun?: boolean | undefined;
  /** Remove what is at the target and not in the sender's tree. */
  readonly delete?: boolean | undefined;
  /** Check each file's SHA-256 as well. The sender's to say. */
  readonly sha256?: boolean | undefined;
  /** Which entries of a tree to take. */
  readonly rules?: readonly FilterRule[] | undefined;
  /** Most bytes per second. */
  readonly rate?: RateLimit | undefined;
}
