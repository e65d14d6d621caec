/**
 * What the client asks for, in the options of `streamer server`, as far as the server has to be told before a client comes.
 *
 * @module
 */
import type { ExistingPolicy, Route } from '../../options.js';
import type { FilterRule } from '../../transfer/settings.js';

/** What the server must know of what the client asks for: the rest the client tells it. */
export interface ServedSettings {
  readonly existing?: ExistingPolicy | undefined;
  readonly delete?: boolean | undefined;
  readonly dryRun?: boolean | undefined;
  readonly checksum?: boolean | undefined;
  readonly rules?: readonly FilterRule[] | undefined;
  readonly digest?: 'sha256' | undefined;
  readonly route?: Route | undefined;
}

/** The receiver, here the client, decides on all else. */
export function senderWords({ rules = [], digest }: ServedSettings): string[] {
  return [...rules.map(({ kind, pattern }) => `--${kind}=${pattern}`), ...(digest === undefined ? [] : [`--digest=${digest}`])];
}

/** The client tells it all of this, too; but the server looks at its target before a client comes. */
export function receiverWords({ existing, delete: remove, dryRun, checksum }: ServedSettings): string[] {
  const policy = existing === undefined || existing === 'refuse' ? [] : [EXISTING_WORDS[existing]];
  return [...policy, ...(remove === true ? ['--delete'] : []), ...(dryRun === true ? ['--dry-run'] : []), ...(checksum === true ? ['--checksum'] : [])];
}

const EXISTING_WORDS = { overwrite: '--overwrite', skip: '--skip-existing', update: '--update' } as const;
