/**
 * How much memory a process has, and has had, as Linux counts it (proc_pid_status(5)).
 *
 * @module
 */
import { readFile } from 'node:fs/promises';

/** The most memory that a process has had, in bytes. Rejects when it is gone. */
export const peakMemory = (pid: number): Promise<number> => statusOf(pid, 'VmHWM');

/** What a process has in memory now, in bytes. Rejects when it is gone. */
export const memoryNow = (pid: number): Promise<number> => statusOf(pid, 'VmRSS');

async function statusOf(pid: number, field: string): Promise<number> {
  const [, kib] = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'mu').exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? [];
  if (kib === undefined) throw new Error(`no ${field} of process ${pid}`);
  return Number(kib) * 1024;
}
