/**
 * All that a process has in its memory, searched: Linux's /proc/PID/mem, as a debugger reads it (proc_pid_mem(5)).
 *
 * @module
 */
import { spawn } from 'node:child_process';
import { open, readFile, type FileHandle } from 'node:fs/promises';

const PIECE_BYTES = 4 * 1024 * 1024;

/** What was looked through, and what was found. */
export interface Searched {
  readonly bytes: number;
  readonly found: ReadonlySet<string>;
}

/** Searches bytes for each needle, by name. */
export function searchBytes(bytes: Buffer, needles: ReadonlyMap<string, Buffer>, found = new Set<string>()): Set<string> {
  for (const [name, needle] of needles) if (!found.has(name) && bytes.includes(needle)) found.add(name);
  return found;
}

/** Searches every map of a process that can be read, while it stands still. */
export async function searchMemory(pid: number, needles: ReadonlyMap<string, Buffer>): Promise<Searched> {
  process.kill(pid, 'SIGSTOP');
  try {
    const maps = readableMaps(await readFile(`/proc/${pid}/maps`, 'utf8'));
    const memory = await open(`/proc/${pid}/mem`, 'r');
    try {
      const found = new Set<string>();
      let bytes = 0;
      for (const [start, end] of maps) bytes += await searchMap(memory, start, end, needles, found);
      return { bytes, found };
    } finally {
      await memory.close();
    }
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

/** Start and end of each map that has the permission to read, without what the kernel itself put there. */
function readableMaps(text: string): (readonly [start: number, end: number])[] {
  return text.split('\n').flatMap((line) => {
    const [, start = '', end = ''] = /^([0-9a-f]+)-([0-9a-f]+) r(?!.*\[v(?:var|var_vclock|syscall|dso)\]$)/u.exec(line) ?? [];
    return start === '' ? [] : [[Number.parseInt(start, 16), Number.parseInt(end, 16)] as const];
  });
}

async function searchMap(memory: FileHandle, start: number, end: number, needles: ReadonlyMap<string, Buffer>, found: Set<string>): Promise<number> {
  const overlap = Math.max(...[...needles.values()].map(({ length }) => length)) - 1;
  const buffer = Buffer.allocUnsafe(PIECE_BYTES);
  let read = 0;
  for (let at = start; at < end; ) {
    const length = Math.min(PIECE_BYTES, end - at);
    // A file that was mapped and is shorter by now has pages that cannot be read.
    const { bytesRead } = await memory.read(buffer, 0, length, at).catch(() => ({ bytesRead: 0 }));
    if (bytesRead === 0) break;
    searchBytes(buffer.subarray(0, bytesRead), needles, found);
    read += bytesRead;
    if (at + bytesRead >= end) break;
    at += Math.max(1, bytesRead - overlap);
  }
  return read;
}

/** Whether the memory of a child can be read here at all. */
export async function canReadMemory(): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  const child = spawn('sleep', ['10'], { stdio: 'ignore' });
  child.on('error', () => undefined);
  try {
    return (await searchMemory(child.pid ?? 0, new Map([['x', Buffer.from('x')]]))).bytes > 0;
  } catch {
    return false;
  } finally {
    child.kill('SIGKILL');
  }
}
