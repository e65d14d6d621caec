/**
 * Python virtual environments of the bench's own, under node_modules/.cache: packages that no distribution has, or not
 * of that version.
 *
 * @module
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { CACHE, findProgram, run } from './programs.js';

/** What pip may take: a slow registry, a large wheel. */
const INSTALL_MS = 300_000;

/** Where an environment is, or why it is not. */
export type Venv = { readonly bin: string; readonly folder: string } | { readonly reason: string };

/**
 * The environment `name` with exactly these requirements, as pip takes them. It is made when it is not there, unless
 * the bench is a small one.
 */
export async function venv(name: string, requirements: readonly string[], { smoke }: { readonly smoke: boolean }): Promise<Venv> {
  const folder = path.join(CACHE, name);
  const found = { bin: path.join(folder, 'bin'), folder };
  const stamp = path.join(folder, 'requirements.txt');
  const wanted = `${requirements.join('\n')}\n`;
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return found;
  if (smoke) return { reason: `${requirements.join(', ')} not in node_modules/.cache (a full bench puts it there)` };
  const python = findProgram('python3');
  if (python === undefined) return { reason: 'python3 not installed' };
  if (!(await run([python, '-m', 'venv', folder])).ok) return { reason: 'python3 -m venv failed' };
  const installed = await run([path.join(found.bin, 'python'), '-m', 'pip', 'install', '--quiet', ...requirements], INSTALL_MS);
  if (!installed.ok) return { reason: `pip install ${requirements.join(' ')} failed` };
  writeFileSync(stamp, wanted);
  return found;
}
