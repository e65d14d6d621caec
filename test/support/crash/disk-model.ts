/**
 * What may be on a disk after a power cut: all that was synced before it, and of the rest any part, in any order.
 *
 * The model is harsher than most file systems. A change of a directory's names is there at once or not at all (a rename
 * is one change), whatever became of others before it; fsync(2) of a file does not sync its name. A write is cut into
 * sectors, of which each may be there, be missing, or have made the file longer without its bytes, which are zeros or
 * garbage then. What a sync covers had ended before the sync began; what it promises holds when it has ended.
 *
 * @module
 */
import type { DiskLog, Inode, LoggedChange } from './disk-log.js';

/** Bytes that a disk writes whole; of long writes larger pieces, or there would be too many to choose from. */
const SECTOR_BYTES = 512;
const PIECE_BYTES = 65_536;

/** What becomes of a piece that no sync covers. */
export type Fate = 'there' | 'missing' | 'zeros' | 'garbage';
/** Chooses a {@link Fate}. Of `names`, `mode` and `time` only the first two mean anything. */
export type Chooser = (kind: LoggedChange['kind']) => Fate;

/** A file, directory or symbolic link after the cut. */
export interface Remains {
  readonly inode: Inode;
  content: Buffer;
  readonly names: Map<string, Inode>;
  mode: number;
  seconds: number | undefined;
}

/** What is on the disk. */
export interface DiskState {
  readonly root: Inode;
  readonly remains: ReadonlyMap<number, Remains>;
}

/** The moments between which something changed, or was made durable: lines of the trace. */
export function momentsOf({ changes, syncs }: DiskLog): number[] {
  const all = [...changes, ...syncs].flatMap(({ began, ended }) => [began, ended]);
  return [...new Set([-1, ...all])].sort((one, other) => one - other);
}

/** The disk after a cut right after line `moment` of the trace. */
export function cutAt({ root, changes, syncs }: DiskLog, moment: number, choose: Chooser): DiskState {
  const remains = new Map<number, Remains>();
  for (const inode of reachable(root)) remains.set(inode.id, initial(inode));
  const isDurable = (change: LoggedChange): boolean =>
    syncs.some(
      (sync) =>
        sync.inode.id === change.inode.id && change.ended < sync.began && sync.ended <= moment && (!sync.data || change.kind === 'write' || change.kind === 'truncate' || change.kind === 'names'),
    );
  for (const change of changes) {
    if (change.began > moment) continue;
    const of = remainsOf(remains, change.inode);
    apply(of, change, isDurable(change) ? () => 'there' : choose);
  }
  return { root, remains };
}

function reachable(root: Inode): Set<Inode> {
  const found = new Set([root]);
  for (const inode of found) for (const one of inode.names.values()) found.add(one);
  return found;
}

function initial(inode: Inode): Remains {
  return { inode, content: inode.content, names: new Map(inode.names), mode: inode.mode, seconds: undefined };
}

function remainsOf(remains: Map<number, Remains>, inode: Inode): Remains {
  let found = remains.get(inode.id);
  // Made meanwhile: nothing of it was there before.
  if (found === undefined) remains.set(inode.id, (found = { ...initial(inode), content: Buffer.alloc(0), names: new Map() }));
  return found;
}

function apply(of: Remains, change: LoggedChange, choose: Chooser): void {
  switch (change.kind) {
    case 'write':
      for (const [offset, bytes] of pieces(change.offset, change.bytes)) write(of, offset, bytes, choose('write'));
      return;
    case 'truncate':
      if (choose('truncate') !== 'there') return;
      of.content = Buffer.concat([of.content.subarray(0, change.length), Buffer.alloc(Math.max(0, change.length - of.content.length))]);
      return;
    case 'mode':
      if (choose('mode') === 'there') of.mode = change.mode & 0o777;
      return;
    case 'time':
      if (choose('time') === 'there') of.seconds = change.seconds;
      return;
    case 'names':
      if (choose('names') !== 'there') return;
      for (const [name, inode] of change.names) {
        if (inode === undefined) of.names.delete(name);
        else of.names.set(name, inode);
      }
  }
}

function* pieces(start: number, bytes: Buffer): Generator<readonly [offset: number, bytes: Buffer]> {
  const size = bytes.length > PIECE_BYTES ? PIECE_BYTES : SECTOR_BYTES;
  for (let at = start; at < start + bytes.length; ) {
    const end = Math.min(start + bytes.length, at - (at % size) + size);
    yield [at, bytes.subarray(at - start, end - start)];
    at = end;
  }
}

function write(of: Remains, offset: number, bytes: Buffer, fate: Fate): void {
  if (fate === 'missing') return;
  const before = of.content;
  const content = Buffer.alloc(Math.max(before.length, offset + bytes.length));
  before.copy(content);
  if (fate === 'there') bytes.copy(content, offset);
  // Only what was not there before can be anything: elsewhere the old bytes are still in their place.
  else if (fate === 'garbage') content.fill(0xa5, Math.max(before.length, offset), Math.max(before.length, offset + bytes.length));
  of.content = content;
}
