/**
 * Opens what an earlier attempt left beside a target, or starts anew: the partial file, its journal, and what the
 * journal vouches for. The caller holds the lock.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { type BigIntStats, constants } from 'node:fs';
import { statfs } from 'node:fs/promises';
import path from 'node:path';
import { StorageError } from '../errors.js';
import { ChunkTable } from './chunk-table.js';
import { isErrno, storageError, visible } from './fs-error.js';
import type { AdaptiveIo } from './io-mode.js';
import { chunkCount, chunkLength, encodeHeader, HEADER_BYTES, NONCE_BYTES, parseHeader, type ParsedJournal, RECORD_BYTES, RecordCodec } from './journal.js';
import { OpenFile } from './open-file.js';
import type { PartialNames } from './partial-names.js';
import { existsError, isCommitted, isSameFile, remove, statOrNone, syncDirectory } from './publish.js';

/** What the partial file is to become. `size` and `chunkSize` in bytes. */
export interface PartialRequest {
  readonly target: string;
  /** The target for messages. */
  readonly shown: string;
  /** Something else under the target's name does not matter: it is to be replaced. */
  readonly replace: boolean;
  readonly names: PartialNames;
  /** undefined when it is not known yet. */
  readonly size: number | undefined;
  readonly sparse?: boolean | undefined;
  readonly chunkSize: number;
  readonly identity: Uint8Array;
  readonly mtimeNs: bigint | undefined;
  readonly resume: boolean;
  /** Who owns new files here. */
  readonly uid: bigint;
  readonly io: AdaptiveIo;
  readonly mode: number | undefined;
}

/** An open partial file. */
export interface OpenPartial {
  readonly kind: 'open';
  readonly data: OpenFile;
  /** Absent when the transfer cannot be resumed. */
  readonly journal?: { readonly file: OpenFile; readonly codec: RecordCodec; readonly length: number };
  readonly table: ChunkTable;
  /** Bytes that an earlier attempt may have left in it, whether vouched for or not. */
  readonly bytesBefore: number;
  /** Why an earlier attempt was discarded. */
  readonly restarted?: string;
}

/** The target is complete: an earlier commit was killed before it had cleaned up. */
export interface CommittedPartial {
  readonly kind: 'committed';
  readonly table: ChunkTable;
}

/** Blocks of the system's tables are read in this size, in bytes: a whole number of records. */
const READ_BYTES = 1024 * 1024;
const RDWR = constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const CREATE = RDWR | constants.O_CREAT | constants.O_EXCL;

/**
 * Opens or creates the partial file.
 * @throws StorageError `storage-exists` when the target is there and not by a commit of ours, `storage-full` when the
 * file system has less room than the file still needs, `storage-denied` when the partial file is another user's.
 */
export async function openPartial(request: PartialRequest): Promise<OpenPartial | CommittedPartial> {
  const { names, shown } = request;
  const [part, there] = [await statOrNone(names.part), await statOrNone(request.target)];
  const journal = await readJournal(request);
  try {
    if (there !== undefined) {
      const committed = committedJournal(request, there, part, journal);
      // A second name of the target is of no use to anyone, whichever source it came from.
      if (committed !== undefined || isSameFile(there, part)) await remove(names.part, shown);
      if (committed === undefined && !request.replace) throw existsError(shown);
      if (committed !== undefined) {
        await journal?.file.close();
        // As in a commit: the journal goes when the names are durable.
        await syncDirectory(names.directory, path.dirname(shown));
        await remove(names.journal, shown);
        return { kind: 'committed', table: committed.table };
      }
    }
    const left = isSameFile(there, part) ? undefined : part;
    const restarted = whyNot(request, left, journal);
    if (restarted === undefined && left !== undefined && journal?.parsed !== undefined) {
      await assertRoom(request, left, journal.parsed.table);
      return await resumed(request, journal.file, journal.parsed);
    }
    await journal?.file.close();
    // The journal first: killed in between, a partial file without a journal is discarded, never the reverse.
    await remove(names.journal, shown);
    await remove(names.part, shown);
    return await created(request, restarted);
  } catch (error) {
    await journal?.file.close();
    throw error;
  }
}

function committedJournal(request: PartialRequest, there: BigIntStats, part: BigIntStats | undefined, journal: ReadJournal | undefined): ParsedJournal | undefined {
  const parsed = journal?.parsed;
  if (parsed === undefined || request.mtimeNs === undefined || verdict(request, parsed, undefined) !== undefined) return undefined;
  return isCommitted(there, part, parsed, request.mtimeNs) ? parsed : undefined;
}

interface ReadJournal {
  readonly file: OpenFile;
  /** undefined when the header is damaged. */
  readonly parsed: (ParsedJournal & { readonly codec: RecordCodec }) | undefined;
}

async function readJournal(request: PartialRequest): Promise<ReadJournal | undefined> {
  if (!request.resume) return undefined;
  const stats = await statOrNone(request.names.journal);
  if (stats === undefined) return undefined;
  assertOurs(request, stats);
  const file = await openOwn(request.names.journal, request.io, request.shown);
  try {
    const head = Buffer.alloc(HEADER_BYTES);
    const header = (await file.read(0, head)) === HEADER_BYTES ? parseHeader(head) : undefined;
    if (header === undefined) return { file, parsed: undefined };
    const table = new ChunkTable(chunkCount(header.size, header.chunkSize));
    const codec = new RecordCodec(head);
    const block = Buffer.alloc(READ_BYTES);
    let length = HEADER_BYTES;
    // No chunk is recorded twice but by rare accident, so a journal far longer than its file could fill is damaged.
    const most = HEADER_BYTES + (2 * table.total + 1024) * RECORD_BYTES;
    while (length < most) {
      const got = await file.read(length, block);
      const used = codec.parse(block.subarray(0, got), table);
      length += used;
      if (used < READ_BYTES) break;
    }
    return { file, parsed: { header, table, length, codec } };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Why an earlier attempt cannot go on; undefined when it can, or when there was none. */
function whyNot(request: PartialRequest, part: BigIntStats | undefined, journal: ReadJournal | undefined): string | undefined {
  if (part !== undefined && part.isFile()) assertOurs(request, part);
  // Killed as soon as it began: nothing is lost, so there is nothing to tell.
  if (journal?.parsed === undefined && part?.size === 0n) return undefined;
  if (journal === undefined) {
    if (part === undefined) return undefined;
    return request.resume ? 'the earlier attempt left no journal' : 'this transfer cannot be resumed';
  }
  if (journal.parsed === undefined) return 'the journal is damaged';
  return verdict(request, journal.parsed, part) ?? partVerdict(journal.parsed, part);
}

function verdict({ identity, size, chunkSize }: PartialRequest, { header }: ParsedJournal, part: BigIntStats | undefined): string | undefined {
  if (Buffer.compare(header.identity, identity) !== 0 || header.size !== size) return 'the source changed since the last attempt';
  if (header.chunkSize !== chunkSize) return 'the size of chunks changed since the last attempt';
  if (part !== undefined && !part.isFile()) return 'the partial file is not a regular file';
  // To write to it would be to write to the other name's file as well: the target of a killed commit, moved since.
  if (part !== undefined && part.nlink !== 1n) return 'the partial file has another name';
  return undefined;
}

function partVerdict({ header, table }: ParsedJournal, part: BigIntStats | undefined): string | undefined {
  if (part === undefined) return 'the partial file is gone';
  const last = table.end - 1;
  const end = last < 0 ? 0 : last * header.chunkSize + chunkLength(last, header.size, header.chunkSize);
  return part.size < BigInt(end) ? 'the partial file is shorter than its journal says' : undefined;
}

async function resumed(request: PartialRequest, file: OpenFile, { table, length, codec }: ParsedJournal & { codec: RecordCodec }): Promise<OpenPartial> {
  const data = await openOwn(request.names.part, request.io, request.shown);
  try {
    // Whatever follows the last record that counts must not come back to life behind the next one.
    await file.truncate(length);
    const bytesBefore = Number((await data.stat()).size);
    return { kind: 'open', data, journal: { file, codec, length }, table, bytesBefore };
  } catch (error) {
    await data.close();
    throw error;
  }
}

async function created(request: PartialRequest, restarted: string | undefined): Promise<OpenPartial> {
  const { names, io, size = 0, chunkSize, identity, shown } = request;
  const total = chunkSize > 0 ? chunkCount(size, chunkSize) : 0;
  const table = new ChunkTable(total);
  await assertRoom(request, undefined, table);
  // Nobody else's to read until the sender's mode is known to be the file's; where there is none, what the umask allows.
  const data = await OpenFile.open(names.part, CREATE, request.mode === undefined ? 0o666 : 0o600, io, false, shown);
  const common = { kind: 'open', data, table, bytesBefore: 0, ...(restarted === undefined ? {} : { restarted }) } as const;
  if (!request.resume) return common;
  let file: OpenFile | undefined;
  try {
    file = await OpenFile.open(names.journal, CREATE, 0o600, io, false, shown);
    const { ino } = await data.stat();
    const header = encodeHeader({ identity, size, chunkSize, inode: ino, nonce: randomBytes(NONCE_BYTES) });
    await file.write([header], 0);
    return { ...common, journal: { file, codec: new RecordCodec(header), length: HEADER_BYTES } };
  } catch (error) {
    await Promise.all([data.close(), file?.close()]);
    await remove(names.journal).catch(() => undefined);
    await remove(names.part).catch(() => undefined);
    throw error;
  }
}

/** A killed commit may have left the sender's mode, which need not let even the owner write. */
async function openOwn(path: string, io: AdaptiveIo, shown: string): Promise<OpenFile> {
  try {
    return await OpenFile.open(path, RDWR, 0, io, true, shown);
  } catch (cause) {
    if (!isErrno(cause, 'EACCES')) throw storageError(cause, 'open', shown);
  }
  // By descriptor: chmod(2) by path would follow a symbolic link put there meanwhile.
  const readable = await OpenFile.open(path, (RDWR & ~constants.O_RDWR) | constants.O_RDONLY, 0, io, false, shown);
  try {
    await readable.chmodRaw(0o600);
  } catch (cause) {
    throw storageError(cause, 'open', shown);
  } finally {
    await readable.close();
  }
  return OpenFile.open(path, RDWR, 0, io, false, shown);
}

function assertOurs({ uid, shown }: PartialRequest, stats: BigIntStats): void {
  if (stats.uid === uid) return;
  throw new StorageError('storage-denied', `another user has begun to receive ${visible(shown)}; choose another name or another directory`);
}

/** Better to fail now than after hours. Only where the file system counts its blocks: some report 0 of everything. */
async function assertRoom({ names, shown, size, chunkSize, sparse }: PartialRequest, part: BigIntStats | undefined, table: ChunkTable): Promise<void> {
  if (size === undefined || sparse === true) return;
  const stats = await statfs(names.directory, { bigint: true }).catch(() => undefined);
  if (stats === undefined || stats.blocks <= 0n) return;
  const vouched = Math.min(size, table.count * chunkSize);
  const there = Math.max(vouched, Math.min(size, Number((part?.blocks ?? 0n) * 512n)));
  const free = stats.bavail * stats.bsize;
  if (BigInt(size - there) <= free) return;
  throw new StorageError('storage-full', `${visible(shown)} needs ${size - there} bytes more and its file system has ${free} bytes free; free some space and run the same command again`);
}
