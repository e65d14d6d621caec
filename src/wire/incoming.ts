/**
 * What the receiver remembers of an entry that is under way.
 *
 * @module
 */
import type { FileFrame, ManifestEntry } from './frame.js';
import type { IncomingContent } from './incoming-file.js';

/**
 * `placing`: storage is asked, or will be. `linking`: a hard link waits for its file. `comparing`: the sender is asked for the
 * digest. `wanted`: its content may come. `opening`: its partial file is being opened. `receiving`: its chunks arrive.
 * `committing`: all of it is here.
 */
export type IncomingPhase = 'placing' | 'linking' | 'comparing' | 'wanted' | 'opening' | 'receiving' | 'committing';

/** See the module's head. */
export interface Incoming {
  /** A hard link that brings its content becomes a file. */
  entry: ManifestEntry;
  phase: IncomingPhase;
  /** A file frame that came before its turn, or in it. */
  file?: FileFrame;
  content?: IncomingContent;
  digest?: Buffer;
}
