/**
 * Mode and time of what has a name already, never through a symbolic link.
 *
 * @module
 */
import { type BigIntStats, constants } from 'node:fs';
import type { FileTimes } from './file-times.js';
import { isErrno } from './fs-error.js';
import { NOT_KEPT } from './publish.js';
import { DESCRIPTOR_ONLY, descriptorPath } from './root-directory.js';
import type { Step } from './steps.js';
import { sys } from './system-calls.js';
import { modeHere } from './umask.js';

/** What to set. `mode` as the sender has it, `mtimeNs` in nanoseconds since 1970. */
export interface Attributes {
  readonly mode: number;
  readonly mtimeNs: bigint;
}

/** Whether the mode is what the sender's becomes here. */
export function hasMode(stats: BigIntStats, mode: number): boolean {
  return Number(stats.mode & 0o7777n) === modeHere(mode);
}

/** Sets what differs on a regular file. Failures are the system's own, ELOOP for a link; what cannot be kept is passed over. */
export function* setAttributes(at: string, { mode, mtimeNs }: Attributes, times: FileTimes): Step<void> {
  const fd = yield* sys.open(at, DESCRIPTOR_ONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stats = yield* sys.fstat(fd);
    if (!stats.isFile()) throw Object.assign(new Error('ELOOP: not a regular file'), { code: 'ELOOP' });
    // Such a descriptor needs no right to read, but takes no fchmod(2); its path does.
    const path = descriptorPath(fd);
    if (!hasMode(stats, mode)) yield* unlessNotKept(path === undefined ? sys.fchmod(fd, modeHere(mode)) : sys.chmod(path, modeHere(mode)));
    if (stats.mtimeNs !== mtimeNs) yield* unlessNotKept(path === undefined ? times.setOpen(fd, mtimeNs) : times.setPath(path, mtimeNs, true));
  } finally {
    yield* sys.close(fd);
  }
}

/** File systems that cannot hold a mode or a time keep their own. */
export function* unlessNotKept(step: Step<void>): Step<void> {
  try {
    yield* step;
  } catch (cause) {
    if (!isErrno(cause, ...NOT_KEPT)) throw cause;
  }
}
