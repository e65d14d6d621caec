/**
 * How many TCP segments this host has sent, and how many of them again: Linux's counters of the network namespace.
 *
 * @module
 */
import { readFile } from 'node:fs/promises';

/** Segments since the namespace was made. */
export interface TcpCounters {
  readonly sent: number;
  readonly again: number;
}

/** The counters now; undefined where the system does not tell. */
export async function readTcpCounters(): Promise<TcpCounters | undefined> {
  try {
    const [names, values] = (await readFile('/proc/net/snmp', 'latin1')).split('\n').filter((line) => line.startsWith('Tcp:')).map((line) => line.split(' '));
    const value = (name: string) => Number(values?.[names?.indexOf(name) ?? -1]);
    const [sent, again] = [value('OutSegs'), value('RetransSegs')];
    return Number.isFinite(sent) && Number.isFinite(again) ? { sent, again } : undefined;
  } catch {
    return undefined;
  }
}
