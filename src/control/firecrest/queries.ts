/**
 * What the client is asked: options of its calls.
 *
 * @module
 */
import type { CallOptions } from './client-options.js';

/** How far back to look for jobs: FirecREST has these and no others. */
export type TimeWindow = '1h' | '8h' | '24h' | '3d' | '7d';

/** Which jobs. */
export interface JobsQuery extends CallOptions {
  readonly name?: string | undefined;
  /** @default FirecREST's: 24h */
  readonly timeWindow?: TimeWindow | undefined;
  /** Others' jobs, too, where the scheduler shows them. @default false */
  readonly allUsers?: boolean | undefined;
  readonly account?: string | undefined;
}

/** A job to submit. */
export interface JobSubmission {
  readonly name: string;
  readonly workingDirectory: string;
  /** With its first line, such as `#!/bin/bash`; its directives are honoured. One that no other job has lets it be found again: see orphans.ts. */
  readonly script: string;
  readonly standardOutput?: string | undefined;
  readonly standardError?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly account?: string | undefined;
}

/** What is asked of `ls`. */
export interface ListQuery extends CallOptions {
  /** Names that begin with a dot, too. @default false */
  readonly showHidden?: boolean | undefined;
  /** What is in its directories, too. @default false */
  readonly recursive?: boolean | undefined;
  /** Users and groups as numbers. @default false */
  readonly numericUid?: boolean | undefined;
  /** What a link leads to in its place. @default false */
  readonly dereference?: boolean | undefined;
}
