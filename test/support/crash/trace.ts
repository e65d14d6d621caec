/**
 * Runs a program under strace(1) and reads which calls it made that change a disk, each with when it began and ended.
 *
 * @module
 */
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';

/** All that Linux has for it and node or koffi could use, on x64; `close` tells when a descriptor means something else. */
const CALLS = [
  ...['open', 'openat', 'close', 'write', 'pwrite64', 'writev', 'pwritev', 'pwritev2', 'truncate', 'ftruncate', 'fallocate', 'copy_file_range', 'sendfile'],
  ...['fsync', 'fdatasync', 'sync', 'syncfs', 'sync_file_range', 'rename', 'renameat', 'renameat2', 'link', 'linkat', 'unlink', 'unlinkat', 'mkdir', 'mkdirat', 'rmdir'],
  ...['symlink', 'symlinkat', 'chmod', 'fchmod', 'fchmodat', 'utimensat', 'io_uring_setup'],
];
/** Bytes of each string that are written out: more than a small file or a batch of records has. */
const SHOWN_BYTES = 8192;

/** One call that succeeded. `began` and `ended` count lines of the trace. */
export interface Call {
  readonly name: string;
  /** As strace writes them, strings in hex. */
  readonly words: string;
  readonly result: number;
  readonly began: number;
  readonly ended: number;
}

/** Whether strace is there, and may trace. */
export function canTrace(): boolean {
  return process.platform === 'linux' && process.arch === 'x64' && spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0;
}

/** The command line that writes the trace of `argv` to a file. */
export function traced(argv: readonly string[], file: string): string[] {
  return ['strace', '-f', '-xx', '-s', String(SHOWN_BYTES), '-o', file, '-e', `trace=${CALLS.join(',')}`, ...argv];
}

/** Reads a trace: calls in the order in which they took effect on descriptors. Those that failed or never ended changed nothing. */
export async function readTrace(file: string): Promise<Call[]> {
  const lines = (await readFile(file, 'latin1')).split('\n');
  const begun = new Map<string, { readonly text: string; readonly began: number }>();
  const calls: Call[] = [];
  for (const [at, line] of lines.entries()) {
    const space = line.indexOf(' ');
    const [thread, rest] = [line.slice(0, space), line.slice(space).trimStart()];
    const resumed = /^<\.\.\. \w+ resumed>/u.exec(rest);
    if (rest.endsWith('<unfinished ...>')) {
      begun.set(thread, { text: rest.slice(0, -'<unfinished ...>'.length), began: at });
      continue;
    }
    const start = resumed === null ? { text: '', began: at } : begun.get(thread);
    begun.delete(thread);
    const call = start && parse(start.text + (resumed === null ? rest : rest.slice(resumed[0].length)), start.began, at);
    if (call !== undefined) calls.push(call);
  }
  return calls.sort((one, other) => orderOf(one) - orderOf(other));
}

/** A descriptor is what an open gives back at its end, and no more when a close begins. */
function orderOf({ name, began, ended }: Call): number {
  return name.startsWith('open') ? ended : began;
}

function parse(text: string, began: number, ended: number): Call | undefined {
  const match = /^(\w+)\((.*)\)\s+= (\d+)(?:<.*>)?$/su.exec(text);
  if (match === null) return undefined;
  const [, name = '', words = '', result = ''] = match;
  return { name, words, result: Number(result), began, ended };
}

/** The strings among a call's words, in order; undefined in place of one that was cut. */
export function stringsOf({ words }: Call): (Buffer | undefined)[] {
  return [...words.matchAll(/"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?/gu)].map(([, hex = '', cut]) =>
    cut === undefined ? Buffer.from(hex.replaceAll('\\x', ''), 'hex') : undefined,
  );
}

/** The numbers among a call's outermost words: descriptors, offsets, lengths, modes. */
export function numbersOf({ words }: Call): number[] {
  const plain = words.replace(/"(?:\\x[0-9a-f]{2})*"(?:\.\.\.)?/gu, '""').replace(/\[.*?\](?=,|$)/gsu, '[]').replace(/\/\*.*?\*\//gsu, '');
  return plain.split(',').map((word) => word.trim()).map((word) => (word.startsWith('AT_FDCWD') ? -100 : /^0[0-7]+$/u.test(word) ? Number.parseInt(word, 8) : Number(word)));
}
