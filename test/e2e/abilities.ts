/**
 * What this machine can do, and what is skipped, with its reason, where it cannot.
 *
 * @module
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { truncate, writeFile } from 'node:fs/promises';

/** For `node:test`'s `skip`. With STREAMER_REQUIRE_ALL=1, which CI sets, nothing is skipped: it fails instead. */
export function skipUnless(able: boolean, reason: string): string | false {
  return able || process.env['STREAMER_REQUIRE_ALL'] === '1' ? false : reason;
}

export const isRoot = process.getuid?.() === 0;
const IMAGE_BYTES = 64 * 1024 * 1024;
/** An ordinary user and group: nobody's, on every system that matters. */
const NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];

/** A command line that runs as an ordinary user, who may not do everything. */
export const asOrdinaryUser = (argv: readonly string[]): string[] => (isRoot ? [...NOBODY, ...argv] : [...argv]);

/** Whether {@link asOrdinaryUser} works: the checkout and node must be there for that user, too. */
export function canBeOrdinaryUser(argv: readonly string[]): boolean {
  const [program = '', ...args] = asOrdinaryUser(argv);
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0;
}

/** Runs `body` with a small file system mounted there. */
export async function withSmallDisk(directory: string, size: string, body: () => Promise<void>): Promise<void> {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'none', directory], { stdio: 'ignore' });
  try {
    await body();
  } finally {
    // Lazily: a failed test may have left a file open.
    execFileSync('umount', ['-l', directory]);
  }
}

/** Whether {@link withFoldingDisk} works. */
export function canFoldNames(): boolean {
  return isRoot && ['lowntfs-3g', 'mkfs.ntfs'].every((program) => spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined);
}

/** Runs `body` with a file system mounted there that takes `A` and `a` for the same: NTFS, by FUSE. @param image a file's name that is free */
export async function withFoldingDisk(directory: string, image: string, body: () => Promise<void>): Promise<void> {
  await writeFile(image, '');
  await truncate(image, IMAGE_BYTES);
  execFileSync('mkfs.ntfs', ['--force', '--quick', image], { stdio: 'ignore' });
  execFileSync('lowntfs-3g', ['-o', 'ignore_case', image, directory], { stdio: 'ignore' });
  try {
    await body();
  } finally {
    execFileSync('umount', ['-l', directory]);
  }
}
