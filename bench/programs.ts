/**
 * Looking for the other tools, and running one to its end.
 *
 * @module
 */
import { execFile, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Root of the checkout: the first folder above this file that holds a package.json. */
export const ROOT = rootAbove(path.dirname(fileURLToPath(import.meta.url)));

/** What outlives a bench: virtual environments and built helpers. Ignored by git, gone with node_modules. */
export const CACHE = path.join(ROOT, 'node_modules/.cache');

function rootAbove(folder: string): string {
  if (existsSync(path.join(folder, 'package.json'))) return folder;
  const above = path.dirname(folder);
  if (above === folder) throw new Error('the bench must run from inside the checkout');
  return rootAbove(above);
}

/** Path of an installed program, or undefined. Daemons live in sbin, which a user's PATH may lack. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(path.delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];
  return folders
    .filter((folder) => path.isAbsolute(folder))
    .map((folder) => path.join(folder, name))
    .find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** As {@link findProgram}, for a peer that has said it is available. */
export function needProgram(name: string): string {
  const file = findProgram(name);
  if (file === undefined) throw new Error(`${name} is not installed`);
  return file;
}

/** Says which of the programs is missing, in the form that `available()` answers; undefined when none is. */
export function missingProgram(...names: readonly string[]): string | undefined {
  const missing = names.filter((name) => findProgram(name) === undefined);
  return missing.length === 0 ? undefined : `${missing.join(', ')} not installed`;
}

/** How a helper command ended. `output` is standard output and standard error. */
export interface Finished {
  readonly ok: boolean;
  readonly output: string;
}

/** Runs a helper command (never a measured one) to its end, without blocking the event loop. */
export function run(argv: readonly [string, ...string[]], timeoutMs = 60_000): Promise<Finished> {
  const [file, ...args] = argv;
  return new Promise((resolve) => {
    execFile(file, args, { timeout: timeoutMs, maxBuffer: 2 ** 24 }, (error, stdout, stderr) => {
      resolve({ ok: error === null, output: `${stdout}${stderr}`.trim() });
    });
  });
}

/** As {@link run}, but synchronous: for clean-up while the process exits, and for what must be known to have ended before that. */
export function runNow(argv: readonly [string, ...string[]], timeoutMs = 10_000): Finished {
  const [file, ...args] = argv;
  const done = spawnSync(file, args, { encoding: 'utf8', timeout: timeoutMs });
  return { ok: done.status === 0, output: `${done.stdout}${done.stderr}`.trim() };
}

/** First line that a program prints for its version. */
export async function versionOf(argv: readonly [string, ...string[]]): Promise<string> {
  const { output } = await run(argv);
  return output.split('\n', 1)[0]?.trim() ?? 'unknown';
}

/** Version of this package. */
export function ownVersion(): string {
  const parsed: unknown = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
  const version = typeof parsed === 'object' && parsed !== null && 'version' in parsed ? parsed.version : undefined;
  return typeof version === 'string' ? version : 'unknown';
}
