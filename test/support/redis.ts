/**
 * A Redis of a test's own: on a free port of 127.0.0.1, in memory only.
 *
 * @module
 */
import { spawnSync } from 'node:child_process';
import type { TestContext } from 'node:test';
import { freePort, startProgram, tempDir, type Child } from './cli.js';

/** Debian's name, and Valkey's. */
const PROGRAM = ['redis-server', 'valkey-server'].find((name) => spawnSync(name, ['--version']).status === 0);

/** Whether there is one. */
export const hasRedis = PROGRAM !== undefined;

export interface RunningRedis {
  readonly child: Child;
  readonly url: string;
  /** All that it holds, as its own client prints it. */
  dump(): string;
}

/** Starts one; it ends with the test. */
export async function startRedis(t: TestContext, port?: number): Promise<RunningRedis> {
  const at = port ?? (await freePort());
  const child = startProgram(t, [PROGRAM ?? 'redis-server', '--port', String(at), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', await tempDir(t)]);
  await child.waitForLine(/Ready to accept connections/u);
  const ask = (...words: string[]) => spawnSync((PROGRAM ?? 'redis-server').replace('-server', '-cli'), ['-h', '127.0.0.1', '-p', String(at), ...words], { encoding: 'utf8' }).stdout;
  return {
    child,
    url: `redis://127.0.0.1:${at}`,
    dump: () => {
      const keys = ask('KEYS', '*').split('\n').filter((key) => key !== '');
      return keys.map((key) => `${key} ${ask('GET', key)} ${ask('SMEMBERS', key)}`).join('\n');
    },
  };
}
