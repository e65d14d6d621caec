/**
 * Memory has a bound that the file's size and the other end's speed do not move: a source of 1 GiB, a slow way, and a
 * receiver that does not run at all for a while. A bound only: nothing here is timed.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, truncate } from 'node:fs/promises';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Child } from '../support/cli.js';
import { skipUnless } from './abilities.js';
import { startSlowly } from './interrupting.js';
import { ACTIONS, KIB, MIB, placeFor, type Action } from './moving.js';

const BOUND_KIB = 250 * KIB;
const SIZE = 1024 * MIB;
const DATA = 300 * MIB;

/** The most memory that a process ever had resident, KiB. */
async function peakOf({ pid }: Child): Promise<number> {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

async function assertBounded(t: TestContext, ends: Readonly<Record<string, Child>>): Promise<void> {
  for (const [name, child] of Object.entries(ends)) {
    const peak = await peakOf(child);
    t.diagnostic(`${name}: ${Math.round(peak / KIB)} MiB`);
    assert.ok(peak > 0 && peak < BOUND_KIB, `${name}: ${peak} KiB`);
  }
}

async function movesSlowly(t: TestContext, action: Action): Promise<void> {
  // More than is waited for below; behind it a hole, which takes no room on the disk and is not sent.
  const place = await placeFor(t, DATA);
  await truncate(place.source, SIZE);
  const { client, server, proxy } = await startSlowly(t, action, place, { bytesPerSecond: 20 * MIB });
  await proxy.passed(40 * MIB);
  await assertBounded(t, { client, server: server.child });

  const receiver = action === 'send' ? server.child : client;
  receiver.kill('SIGSTOP');
  proxy.slowDown(Infinity);
  await sleep(1_500);
  receiver.kill('SIGCONT');
  await proxy.passed(200 * MIB);
  await assertBounded(t, { client, server: server.child });
}

const skip = skipUnless(existsSync('/proc/self/status'), 'there is no /proc here that tells the largest resident size');

describe('of each end under 250 MiB', { skip, concurrency: 2 }, () => {
  for (const action of ACTIONS) it(`while the client ${action}s 1 GiB`, (t) => movesSlowly(t, action));
});
