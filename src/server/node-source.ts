/**
 * Where a job finds Node, as users write it.
 *
 * @module
 */
import { UsageError } from '../errors.js';
import type { NodeSource } from './job-options.js';

/**
 * Reads `path`, `module:NAME` (several between spaces), `file:PATH`, `venv` or `venv:DIRECTORY`.
 * @throws UsageError for anything else.
 */
export function parseNodeSource(text: string): NodeSource {
  const [, from, , value = ''] = /^(path|module|file|venv)(:(.*))?$/su.exec(text) ?? [];
  if (from === 'path' && text === 'path') return { from };
  if (from === 'module' && value.trim() !== '') return { from: 'modules', names: value.trim().split(/\s+/u) };
  if (from === 'file' && value !== '') return { from, file: value };
  if (from === 'venv' && text === 'venv') return { from };
  if (from === 'venv' && value !== '') return { from, directory: value };
  throw new UsageError('`node` takes path, module:<name>, file:<path of node>, venv or venv:<directory>');
}
