/**
 * What the log of an agent's job says: the coordinates, or why there are none.
 *
 * @module
 */
import { isSealed } from '../../coordinates/codec.js';
import { openCoordinates } from '../../coordinates/sealed.js';
import { CoordinatesError, ControlError, ERROR_CODES, errorFromPeer, peerText, type StreamerError } from '../../errors.js';

const PUBLISHED = /^Use these coordinates to connect: (streamer2s\.\S+)$/u;

/**
 * The last sealed coordinates of a log, opened; undefined while there are none, or only a part of them.
 * @param identity the text of the key that they were sealed to.
 * @throws CoordinatesError `coordinates-sealed` for those of another reader.
 */
export function coordinatesIn(log: string, identity: string): string | undefined {
  const text = log.split('\n').map((line) => PUBLISHED.exec(line.trimEnd())?.[1]).findLast((found) => found !== undefined);
  if (text === undefined || !isSealed(text)) return undefined;
  try {
    return openCoordinates(text, [identity]);
  } catch (error) {
    // It was read while it was written.
    if (error instanceof CoordinatesError && error.code === 'coordinates-malformed') return undefined;
    throw error;
  }
}

/** A job that has ended, for a message. */
export interface EndedJob {
  readonly jobId: string;
  readonly state: string;
  readonly exitCode?: number | undefined;
}

const OUR_FAILURE = /^streamer: (.*) \[([a-z-]+)\]$/u;
const SCRIPT_FAILURE = /^streamer job: (.*)$/u;
const NODE_OPTION = /see --node|is --node right\?|which --node names/u;
/** Lines of a log that are quoted. */
const QUOTED = 3;

/**
 * Why a job has ended before its time, by its log: the server's own error, with its code; what the script found missing; or the
 * last lines.
 * @param reached whether its server was reached.
 * @param kept where the log can be read.
 */
export function failureIn(log: string | undefined, job: EndedJob, { reached, kept }: { readonly reached: boolean; readonly kept: string }): StreamerError {
  const lines = (log ?? '').split(/[\r\n]+/u).map((line) => line.trim()).filter((line) => line !== '');
  const ours = lines.map((line) => OUR_FAILURE.exec(line)).findLast((found) => found !== null);
  if (ours !== undefined && isKnown(ours[2])) return errorFromPeer(ours[2] ?? '', ours[1] ?? '');
  const script = lines.map((line) => SCRIPT_FAILURE.exec(line)?.[1]).findLast((found) => found !== undefined);
  if (script !== undefined) return new ControlError('control-job', `job ${job.jobId} could not begin: ${scriptFailure(script)}; its log: ${kept}`);
  const exit = job.exitCode === undefined ? '' : `, exit status ${job.exitCode}`;
  const said = lines.length === 0 ? 'its log is empty' : `its log ends with: ${lines.slice(-QUOTED).map(peerText).join(' | ')}`;
  return new ControlError('control-job', `job ${job.jobId} ended (${peerText(job.state)}${exit}) ${reached ? 'during the transfer, of which what has arrived is kept' : 'before it could be reached'}; ${said}; it is kept: ${kept}`);
}

/** What a server tells of something that it could not offer. Of what it could not read later its client was told. */
const TROUBLE = /^skipped: .+$/u;
/** Most of them that are passed on. */
const TROUBLES_MAX = 20;

/**
 * What a server could not read of a tree: the receiver knows that it was something, and not what.
 * @returns undefined where it sent everything; else what is to be told, line by line, and the error.
 */
export function unsentIn(log: string): { readonly told: readonly string[]; readonly error: StreamerError } | undefined {
  const lines = log.split(/[\r\n]+/u);
  const summary = lines.map((line) => OUR_FAILURE.exec(line)).findLast((found) => found?.[2] === 'storage-incomplete');
  if (summary === undefined || summary === null) return undefined;
  const told = lines.filter((line) => TROUBLE.test(line)).map(peerText);
  const more = told.length - TROUBLES_MAX;
  return { told: [...told.slice(0, TROUBLES_MAX), ...(more > 0 ? [`and ${more} more`] : [])], error: errorFromPeer('storage-incomplete', summary[1] ?? '') };
}

function isKnown(code: string | undefined): boolean {
  return Object.values(ERROR_CODES).some((codes) => (codes as readonly (string | undefined)[]).includes(code));
}

function scriptFailure(text: string): string {
  const said = peerText(text);
  return NODE_OPTION.test(said) ? `${said} (\`node\`: an environment module, a file, or venv, which gets it from PyPI)` : said;
}
