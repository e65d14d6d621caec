/**
 * What the sender remembers of an entry that is under way.
 *
 * @module
 */
import type { ManifestEntry } from './frame.js';

/** See the module's head. A file that goes in chunks has an `OutgoingFile` besides, while it is open. */
export interface Outgoing {
  /** A hard link whose content is wanted becomes a file. */
  entry: ManifestEntry;
  answered: boolean;
  /** The receiver has asked for a digest and will answer once more. */
  comparing?: boolean;
  /** Its xxh64, once it went out in a whole frame. */
  wholeHash?: bigint;
  /** A pipe's, which shows at its end. */
  size?: number;
  digest?: Uint8Array;
  sha256?: Uint8Array | undefined;
}
