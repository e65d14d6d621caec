/**
 * Job scripts without a scheduler: run by bash as PBS would, with its variables.
 *
 * @module
 */
import { chmod, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { startProgram, type Child } from './cli.js';

/** How a scheduler may hand a script to the shell: by name, or, as PBS can, as or through the shell's standard input. */
export const HANDED = ['by name', 'as standard input', 'through standard input'] as const;
export type Handed = (typeof HANDED)[number];

/** Options of a run. */
export interface RunOptions {
  /** Where the job was submitted. */
  readonly cwd: string;
  /** @default 'by name' */
  readonly handed?: Handed;
  /** The whole environment, besides PBS's own variables. @default PATH and HOME */
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a script as a job of PBS. Its name is in a spool directory of the test's, as it would be in PBS's own. */
export async function startPbsJob(t: TestContext, script: string, spool: string, { cwd, handed = 'by name', env = {} }: RunOptions): Promise<Child> {
  const file = path.join(spool, '123.server.SC');
  await writeFile(file, script);
  await chmod(file, 0o700);
  const variables = { HOME: spool, PATH: process.env['PATH'] ?? '', ...env, PBS_O_WORKDIR: cwd, PBS_JOBID: '123.server', PBS_JOBNAME: 'streamer', PBS_ENVIRONMENT: 'PBS_BATCH', PBS_NODEFILE: path.join(spool, 'nodes') };
  const words = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  const shell = handed === 'by name' ? ['bash', file] : ['bash', '-s'];
  const stdin = { 'by name': undefined, 'as standard input': script, 'through standard input': `${file}\n` }[handed];
  // PBS begins in the home directory, whatever the job's own is.
  return startProgram(t, ['env', '-i', ...words, ...shell], { cwd: spool, ...(stdin === undefined ? {} : { stdin }) });
}
