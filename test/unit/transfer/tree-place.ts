/**
 * A tree to send, in a directory of its own.
 *
 * @module
 */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { makeTree } from '../storage/tree-fixture.js';
import { tempDirectory } from './fixture.js';

/** A tree to send, and where it goes. */
export async function place(t: TestContext, spec: Readonly<Record<string, string | null>> = {}): Promise<{ source: string; target: string }> {
  const directory = await tempDirectory(t);
  const source = path.join(directory, 'run');
  await mkdir(source);
  await makeTree(source, spec);
  return { source, target: path.join(directory, 'copy') };
}
