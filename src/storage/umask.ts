/**
 * The process's umask, read without setting it.
 *
 * @module
 */
import { readFileSync } from 'node:fs';

/** What is taken for granted where the system does not tell. */
const USUAL = 0o022;

let known: number | undefined;

/**
 * The umask, 0 to 0o777. From /proc (Linux 4.7 and later), since `process.umask()` has to set it in order to read it,
 * and a file that another thread makes meanwhile gets the wrong mode.
 */
export function umask(): number {
  known ??= readUmask();
  return known;
}

function readUmask(): number {
  try {
    const digits = /^Umask:\s*([0-7]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    return digits === undefined ? USUAL : Number.parseInt(digits, 8) & 0o777;
  } catch {
    return USUAL;
  }
}

/**
 * The mode that a file or directory of the sender's gets here. No setuid, setgid or sticky bit: they would speak for this
 * side's user. The umask is applied, as for every file that a user makes: a site's rule that others may not read stands
 * above what the peer asks for.
 */
export function modeHere(mode: number): number {
  return mode & 0o777 & ~umask();
}
