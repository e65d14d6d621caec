/**
 * `streamer`: the site's own transfer endpoints. FirecREST submits a job that serves one file, and says where it will be.
 *
 * @module
 */
import { formatSize } from '../../util/units.js';
import { openNote, type JobNote } from '../job-record.js';
import type { Method, MoveItem, TransferRequest } from '../method.js';
import { canBeCarried } from '../remote-path.js';
import { settle } from '../settle.js';
import { takeUp, type TakenUp } from './earlier-job.js';
import { moveMany } from './many.js';
import { moveFile } from './streamer-file.js';
import type { SiteJobContext } from './site-job.js';

/** Most files of one transfer: each takes a job. */
const FILES_MAX = 20;
/** Bytes of a message of the reference's. */
const PIECE_BYTES = 5 * 1024 * 1024;
/** Jobs at once. */
const JOBS_AT_ONCE = 3;

/** See the module's head. @param pace how long between two looks at a job, milliseconds. @default fast at first */
export function streamerMethod(pace?: SiteJobContext['pace']): Method {
  return {
    name: 'streamer',
    unfit: unfitForStreamer,
    run: (request) => runStreamer(request, pace),
  };
}

function unfitForStreamer({ direction, system, items, settings }: TransferRequest): string | undefined {
  const { transfer, name } = system;
  if (transfer === undefined) return `${name} has no transfer service`;
  if (transfer.type !== 'streamer') return `the transfer service of ${name} is of another kind (${transfer.type})`;
  const other = items.find(({ kind }) => kind === 'directory');
  if (other !== undefined) return `it moves files, and ${direction === 'download' ? other.remote : other.local} is a directory`;
  if (items.length > FILES_MAX) return `each file takes a job of its own, and these are ${items.length}`;
  const odd = items.find(({ remote }) => !canBeCarried(remote));
  if (odd !== undefined) return `FirecREST's job script cannot carry the name ${odd.remote}`;
  if (settings.route === 'relay') return 'it knows no relay';
  return direction === 'upload' ? unfitForReceiver(items, transfer.inboundTransferLimit, settings.existing) : unfitForLocal(items, settings.existing);
}

/** The receiver counts 5 MiB for every message, and messages are of 5 MiB but for the last. */
function unfitForReceiver(items: readonly MoveItem[], limit: number | undefined, existing: TransferRequest['settings']['existing']): string | undefined {
  const large = limit === undefined ? undefined : items.find(({ size }) => Math.ceil(size / PIECE_BYTES) * PIECE_BYTES > limit);
  if (large !== undefined) return `${large.local} has ${formatSize(large.size)}, and the site accepts ${formatSize(limit ?? 0)} (inboundTransferLimit; in pieces of 5 MiB)`;
  return unfitForLocal(items, existing);
}

function unfitForLocal(items: readonly MoveItem[], existing: TransferRequest['settings']['existing']): string | undefined {
  const replaced = existing === 'overwrite' || existing === 'update' ? items.find((item) => item.existing !== undefined) : undefined;
  return replaced === undefined ? undefined : `it never replaces what is there, and ${replaced.remote} is at its target already`;
}

async function runStreamer(request: TransferRequest, pace: SiteJobContext['pace']): ReturnType<Method['run']> {
  const notes = new Map<MoveItem, JobNote>();
  try {
    const context = { ...request, pace };
    const taken = new Map<MoveItem, TakenUp>();
    for (const item of request.items) {
      const note = await openNote(request.stateDirectory, identityOf(item, request), (message) => request.onProgress({ type: 'notice', message }));
      notes.set(item, note);
      const up = await takeUp(item, note, context);
      taken.set(up.item, up);
      notes.set(up.item, note);
    }
    const decisions = await settle({ ...request, items: [...taken.keys()] });
    return await moveMany(decisions, request, JOBS_AT_ONCE, (item, part) => {
      const note = notes.get(item);
      if (note === undefined) throw new Error('a file without its note');
      return moveFile({ ...request, ...part, item, pace }, note, taken.get(item)?.found);
    });
  } finally {
    for (const note of notes.values()) await note.release();
  }
}

function identityOf({ remote, local }: MoveItem, { url, system, direction }: TransferRequest) {
  return { url, system: system.name, direction, remote, local };
}
