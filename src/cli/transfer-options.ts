/**
 * Options that both ends of a transfer take, and what they mean to the library.
 *
 * @module
 */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { UsageError } from '../errors.js';
import type { ExistingPolicy, FilterRule } from '../transfer/settings.js';
import { workersOption } from './wire-options.js';

/** As commander gives them. */
export interface TransferCommandOptions {
  readonly overwrite?: boolean;
  readonly skipExisting?: boolean;
  readonly update?: boolean;
  readonly checksum?: boolean;
  readonly dryRun?: boolean;
  readonly delete?: boolean;
  readonly include?: readonly FilterRule[];
  readonly exclude?: readonly FilterRule[];
  readonly digest?: 'sha256';
  readonly rate?: string;
  readonly receipt?: string;
}

/** As the library takes them. */
export interface TransferChoices {
  readonly existing?: ExistingPolicy;
  readonly checksum?: boolean;
  readonly dryRun?: boolean;
  readonly delete?: boolean;
  readonly rules?: readonly FilterRule[];
  readonly digest?: 'sha256';
}

/** Adds the options to a command. */
export function addTransferOptions(command: Command): void {
  // One list for both, since the order between them counts.
  const rules: FilterRule[] = [];
  const rule = (kind: FilterRule['kind']) => (pattern: string) => {
    rules.push({ kind, pattern });
    return rules;
  };
  command
    .option('--overwrite', 'replace files that are there and differ (in a directory: the default)')
    .option('--skip-existing', 'leave alone what is there')
    .option('--update', "replace what is there only where the sender's is newer")
    .option('--checksum', 'compare content, not times, where sizes are equal')
    .option('--delete', 'remove what is at the target and not in the sent directory; lists it first')
    .option('-n, --dry-run', 'change nothing, only say what would be done')
    .addOption(new Option('--exclude <pattern>', 'in a directory: leave out what matches (default: nothing); may be repeated, the last pattern that matches decides').argParser(rule('exclude')))
    .addOption(new Option('--include <pattern>', 'in a directory: take what matches; without --exclude: nothing else').argParser(rule('include')))
    .addOption(new Option('--digest <algorithm>', "check each file's SHA-256 as well; the sender's to say").choices(['sha256']))
    .addOption(new Option('--rate <size>', 'most bytes per second, such as 50MB (default: no limit); + and - change it at a terminal; @file: from a file, again on SIGUSR2').argParser(rateArgument))
    .addOption(workersOption())
    .option('--receipt <file>', 'write what was moved, every file with size, digest and times, as JSON');
}

function rateArgument(text: string): string {
  if (text === '') throw new InvalidArgumentError('give bytes per second, such as 50MB, or @file.');
  return text;
}

/** @throws UsageError for two that exclude each other. */
export function transferChoices(options: TransferCommandOptions): TransferChoices {
  const policies = (
    [
      ['overwrite', options.overwrite],
      ['skip', options.skipExisting],
      ['update', options.update],
    ] as const
  ).filter(([, given]) => given === true);
  if (policies.length > 1) throw new UsageError('--overwrite, --skip-existing and --update exclude each other: give one');
  const existing = policies[0]?.[0];
  const rules = options.include ?? options.exclude;
  return {
    ...(existing === undefined ? {} : { existing }),
    ...(options.checksum === undefined ? {} : { checksum: options.checksum }),
    ...(options.dryRun === undefined ? {} : { dryRun: options.dryRun }),
    ...(options.delete === undefined ? {} : { delete: options.delete }),
    ...(rules === undefined ? {} : { rules }),
    ...(options.digest === undefined ? {} : { digest: options.digest }),
  };
}
