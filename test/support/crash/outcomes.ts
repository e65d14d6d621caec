/**
 * What must be true after a power cut at any moment: nothing wrong has a final name, and the same command again ends
 * with all of it, verified.
 *
 * @module
 */
import assert from 'node:assert/strict';
import { lstatSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { receive, StreamerError, type TransferResult } from '../../../src/index.js';
import type { DiskLog } from './disk-log.js';
import { type Chooser, cutAt, type DiskState, type Fate, momentsOf } from './disk-model.js';
import { fingerprint, materialise } from './materialise.js';
import { type Receipt, sending } from './recording.js';

/** States that are received into at once: most of the time is waiting. */
const AT_ONCE = 4;
/** States in memory at once. */
const WAITING = 64;
const FATES: readonly Fate[] = ['there', 'missing', 'zeros', 'garbage'];

/** The cuts that have happened to real disks, by what becomes of what was not synced. */
const USUAL: Readonly<Record<string, Chooser>> = {
  'nothing of it': () => 'missing',
  'all of it': () => 'there',
  'names without bytes': (kind) => (kind === 'names' ? 'there' : kind === 'write' ? 'zeros' : 'missing'),
  'names and lengths, bytes of others': (kind) => (kind === 'write' ? 'garbage' : 'there'),
  'bytes without names': (kind) => (kind === 'names' ? 'missing' : 'there'),
};

/** What came of all the cuts of one recording. */
export interface Tally {
  readonly moments: number;
  states: number;
  /** The target was there, whole, before the command ran again. */
  complete: number;
  /** It went on from what was there. */
  resumed: number;
  /** Files of ours that are left beside a target that is refused because it is there. */
  litter: number;
}

/** Which cuts are tried. */
export interface Trying {
  /** A directory for the states. */
  readonly scratch: string;
  /** Random outcomes for each moment, besides all usual ones; undefined: two outcomes of any kind. */
  readonly samples: number | undefined;
  /** 0 to 1. */
  readonly random: () => number;
}

/** What is checked: what was received, its source, and what may be under the name instead: what was there before. */
export interface Expected {
  readonly receipt: Receipt;
  readonly before?: Buffer;
}

/** Cuts the power at every moment of a recording, in several ways each, and receives again. */
export async function cutEverywhere(t: TestContext, log: DiskLog, expected: Expected, trying: Trying): Promise<Tally> {
  const moments = momentsOf(log);
  const seen = new Set<string>();
  const tally: Tally = { moments: moments.length, states: 0, complete: 0, resumed: 0, litter: 0 };
  const waiting: (() => Promise<void>)[] = [];
  for (const moment of moments) {
    for (const [way, choose] of ways(trying)) {
      const state = cutAt(log, moment, choose);
      const print = fingerprint(state);
      if (seen.has(print)) continue;
      seen.add(print);
      tally.states += 1;
      const at = path.join(trying.scratch, `${tally.states}`);
      waiting.push(() => checked(t, state, at, expected, tally, `cut after line ${moment}, ${way}`));
      if (waiting.length >= WAITING) await all(waiting);
    }
  }
  await all(waiting);
  return tally;
}

/** What becomes of that which was not synced, in the ways that are tried at one moment. */
function ways({ samples, random }: Trying): (readonly [string, Chooser])[] {
  const any = (): Fate => FATES[Math.floor(random() * FATES.length)] ?? 'there';
  const half = (): Fate => (random() < 0.5 ? 'there' : 'missing');
  const usual = Object.entries(USUAL);
  if (samples !== undefined) return [...usual, ...Array.from({ length: samples }, (_, index) => [`by chance ${index}`, index % 2 === 0 ? any : half] as const)];
  const all: (readonly [string, Chooser])[] = [...usual, ['by chance', any], ['half by chance', half]];
  return Array.from({ length: 2 }, () => all.splice(Math.floor(random() * all.length), 1)).flat();
}

async function all(waiting: (() => Promise<void>)[]): Promise<void> {
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await next();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

async function checked(t: TestContext, state: DiskState, at: string, expected: Expected, tally: Tally, what: string): Promise<void> {
  materialise(state, at);
  const listing = names(at);
  try {
    await check(t, at, expected, tally);
  } catch (error) {
    throw new Error(`${what}: ${listing.join(', ')}: ${(error as Error).message}`, { cause: error });
  }
  rmSync(at, { recursive: true, force: true });
}

async function check(t: TestContext, at: string, { receipt, before }: Expected, tally: Tally): Promise<void> {
  const { source, name } = receipt;
  const target = path.join(at, name);
  const whole = assertNothingWrong(source, target, before);
  if (whole) tally.complete += 1;
  const result = await again(t, receipt, target);
  assertEqual(source, target);
  const left = names(at).filter((one) => path.basename(one).includes('.streamer-'));
  if (result === undefined) {
    assert.ok(whole, 'only what is there, whole, is refused');
    if (left.length > 0) tally.litter += 1;
    return;
  }
  if (result.resumedBytes > 0) tally.resumed += 1;
  assert.deepEqual(left, [], 'nothing of ours is left');
}

/** The same command again. undefined: it is refused, since the target is there. */
async function again(t: TestContext, { source, args = [], wire }: Receipt, target: string): Promise<TransferResult | undefined> {
  const stop = new AbortController();
  const server = await sending(t, source, { wire, signal: stop.signal });
  try {
    return await receive({ coordinates: server.coordinates, path: target, wire: wire ?? 'native', streams: 1, ...(args.includes('--overwrite') ? { existing: 'overwrite' } : {}) });
  } catch (error) {
    if (error instanceof StreamerError && error.code === 'storage-exists') return undefined;
    throw error;
  } finally {
    stop.abort();
    await server.done.catch(() => undefined);
  }
}

/** Whatever has a name that is not of ours is what the sender has, or what was there before. @returns whether all is there. */
function assertNothingWrong(source: string, target: string, before: Buffer | undefined): boolean {
  const is = lstatSync(target, { throwIfNoEntry: false });
  if (is === undefined) return false;
  if (!is.isDirectory()) {
    const bytes = readFileSync(target);
    if (before !== undefined && bytes.equals(before)) return false;
    assert.ok(bytes.equals(readFileSync(source)), `what has the name is whole: ${bytes.length} bytes`);
    return true;
  }
  const there = names(target).filter((one) => !path.basename(one).includes('.streamer-'));
  for (const one of there) assertSame(path.join(source, one), path.join(target, one));
  return there.length === names(source).length;
}

/** Two files, or two trees, are the same but for modes and times. */
export function assertEqual(source: string, target: string): void {
  if (!lstatSync(source).isDirectory()) {
    assertSame(source, target);
    return;
  }
  assert.deepEqual(names(target), names(source));
  for (const one of names(source)) assertSame(path.join(source, one), path.join(target, one));
}

function assertSame(source: string, target: string): void {
  const [was, is] = [lstatSync(source), lstatSync(target)];
  assert.deepEqual([is.isFile(), is.isDirectory()], [was.isFile(), was.isDirectory()], target);
  if (was.isFile()) assert.ok(readFileSync(target).equals(readFileSync(source)), `${target} has the sender's bytes`);
  if (was.isSymbolicLink()) assert.equal(readlinkSync(target), readlinkSync(source));
}

function names(directory: string): string[] {
  return readdirSync(directory, { recursive: true }).map(String).sort();
}
