/**
 * What every failure of ours owes its user: the exit status of its class, one plain line, nothing under the final name,
 * nothing beside it.
 *
 * @module
 */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import type { Finished } from '../support/cli.js';
import { SECRET } from './pairing.js';

/** An error's class, by exit status, and its stable code. */
export interface Expected {
  readonly exit: number;
  readonly code: string;
  /** What the line says, where it matters. */
  readonly says?: RegExp;
}

/** Asserts that a command of ours failed as expected, in one line that holds no secret. */
export function assertFailed({ code, signal, stderr }: Finished, expected: Expected): void {
  assert.deepEqual({ code, signal }, { code: expected.exit, signal: null }, stderr);
  const lines = stderr.trimEnd().split('\n');
  const complaints = lines.filter((line) => line.startsWith('streamer: '));
  assert.equal(complaints.length, 1, `one line says what failed:\n${stderr}`);
  assert.equal(lines.at(-1), complaints[0], 'and it is the last');
  assert.ok(complaints[0]?.endsWith(` [${expected.code}]`), `[${expected.code}] in: ${complaints[0] ?? ''}`);
  if (expected.says !== undefined) assert.match(complaints[0] ?? '', expected.says);
  assert.doesNotMatch(stderr, /^\s+at .*[:(]/m, 'no stack');
  assert.ok(!stderr.includes(SECRET), 'no secret');
}

/** Asserts that a directory holds nothing, hidden files included, but what it held before. */
export async function assertNothingIn(directory: string, before: readonly string[] = []): Promise<void> {
  assert.deepEqual((await readdir(directory)).sort(), [...before].sort(), 'nothing under the final name, and no partial file');
}
