/**
 * What a process holds: descriptors, memory, timers.
 *
 * @module
 */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { collectGarbage } from '../support/garbage.js';

/** Open descriptors of a process. Linux only. */
export function descriptorsOf(pid: number | 'self'): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** Resident memory of a process, bytes. Linux only. */
export function residentBytesOf(pid: number | 'self'): number {
  const [, kib = '0'] = /^VmRSS:\s+(\d+) kB$/mu.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) * 1024;
}

/** Timers, sockets and other things that keep this process busy, by kind. */
export function busyWith(): Record<string, number> {
  const kinds: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) kinds[kind] = (kinds[kind] ?? 0) + 1;
  return kinds;
}

/** Bytes of live objects of this process, and of buffers outside of the heap, after a collection of garbage. */
export async function liveBytes(): Promise<number> {
  await collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Waits until a number is no more than it should be. @returns what it is then, or after `patienceMs`. */
export async function settled(read: () => number, most: number, patienceMs: number): Promise<number> {
  const endMs = performance.now() + patienceMs;
  while (read() > most && performance.now() < endMs) await sleep(100);
  return read();
}
