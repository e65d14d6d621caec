/**
 * Which process this is, in words that another one can check: for the lock beside an unfinished target.
 *
 * @module
 */
import { readFile, readlink } from 'node:fs/promises';
import os from 'node:os';
import { isErrno } from './fs-error.js';

/** A process. Two are comparable by pid only when `place` is equal. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Host name, for messages. */
  readonly host: string;
  /** Host, boot and pid namespace: containers may share a host name, and a reboot hands out the same pids again. */
  readonly place: string;
  /** Start time in clock ticks since boot, which tells a process from a later one with its pid; empty if unknown. */
  readonly start: string;
}

let own: Promise<ProcessIdentity> | undefined;

/** This process. Read once: none of it changes. */
export function ownIdentity(): Promise<ProcessIdentity> {
  return (own ??= readOwn());
}

async function readOwn(): Promise<ProcessIdentity> {
  const host = os.hostname();
  const [boot, namespace, stat] = await Promise.all([
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => ''),
    readlink('/proc/self/ns/pid').catch(() => ''),
    readStat(process.pid),
  ]);
  return { pid: process.pid, host, place: [host, boot.trim(), namespace].join(' '), start: stat?.start ?? '' };
}

/** Whether a process of this place still runs. A zombie does not: its files are closed. */
export async function isRunning({ pid, start }: ProcessIdentity): Promise<boolean> {
  const stat = await readStat(pid);
  if (stat !== undefined) return !'ZX'.includes(stat.state) && (start === '' || stat.start === start);
  // No /proc, or one mounted with hidepid, as login nodes have it: then only a signal tells.
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !isErrno(error, 'ESRCH');
  }
}

/** Fields 3 and 22 of /proc/pid/stat. Field 2, the command's name, may hold spaces and parentheses of its own. */
async function readStat(pid: number): Promise<{ readonly state: string; readonly start: string } | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, start] = [fields[0], fields[19]];
  return state === undefined || state === '' || start === undefined ? undefined : { state, start };
}
