/**
 * Names of files that live for an instant: written or linked under such a name, then renamed. They say whose they are,
 * so that those of a killed process can be told from those of one that is at work.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { NEW } from './partial-names.js';
import { ownIdentity, type ProcessIdentity } from './process-identity.js';

/** `.<place>-<pid>-<start>-<count>.streamer-new`. The place is hashed: it is long, and nobody's business. */
const NAME = /^\.([0-9a-f]{12})-(\d+)-(\d*)-[0-9a-z]+\.streamer-new$/u;

/** For the whole process: two targets may share a directory. */
let count = 0;

/** Makes names that no other process makes. */
export class TemporaryNames {
  readonly #prefix: string;
  readonly #place: string;

  private constructor({ place, pid, start }: ProcessIdentity) {
    this.#place = hashed(place);
    this.#prefix = `.${this.#place}-${pid}-${start}-`;
  }

  static async create(): Promise<TemporaryNames> {
    return new TemporaryNames(await ownIdentity());
  }

  next(): string {
    count += 1;
    return `${this.#prefix}${count.toString(36)}${NEW}`;
  }

  /** The process whose name this is. `here`: its number means something on this machine. */
  owner(name: string): { readonly here: boolean; readonly process: ProcessIdentity } | undefined {
    const [, place, pid, start] = NAME.exec(name) ?? [];
    if (place === undefined || pid === undefined || start === undefined) return undefined;
    return { here: place === this.#place, process: { pid: Number(pid), start, host: '', place } };
  }
}

function hashed(place: string): string {
  return createHash('sha256').update(place).digest('hex').slice(0, 12);
}
