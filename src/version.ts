/**
 * Name and version of this implementation.
 *
 * @module
 */
import { createRequire } from 'node:module';

/** Put in by the bundler, so that the command line reads no file for it. */
declare const STREAMER_VERSION: string | undefined;

/** Version of the package. */
export const VERSION: string = typeof STREAMER_VERSION === 'string' ? STREAMER_VERSION : readVersion();

/** What the peer is told, for people. */
export const AGENT = `streamer/${VERSION}`;

function readVersion(): string {
  const require = createRequire(import.meta.url);
  for (const path of ['../package.json', '../../package.json']) {
    try {
      return (require(path) as { version: string }).version;
    } catch {
      // One level up from dist/, two from build/src/.
    }
  }
  return '0.0.0';
}
