/**
 * Standard input, or any other readable stream, as what is sent.
 *
 * @module
 */
import type { Readable } from 'node:stream';
import type { Outbound } from './outbound.js';

/** Permission bits of what a receiver makes of it, before its umask. */
const MODE = 0o666;

/** @param name base name for the receiver; '' for none. */
export function pipeOutbound(input: Readable, name = ''): Outbound {
  const reader = input[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>;
  let rest: Uint8Array = Buffer.alloc(0);
  let told = false;
  const mtimeNs = BigInt(Date.now()) * 1_000_000n;
  return {
    root: 'pipe',
    name,
    path: '-',
    size: 0,
    next: () => {
      const entries = told ? undefined : [{ id: 0, kind: 'file' as const, path: name, size: 0, mode: MODE, mtimeNs }];
      told = true;
      return Promise.resolve(entries === undefined ? undefined : { entries, special: [], troubles: [] });
    },
    readWhole: () => Promise.reject(new Error('a pipe is sent in chunks')),
    open: () => Promise.reject(new Error('a pipe is open')),
    readPipe: async (into) => {
      let filled = 0;
      while (filled < into.length) {
        if (rest.length === 0) {
          const step = await reader.next();
          if (step.done === true) break;
          rest = step.value;
        }
        const take = Math.min(rest.length, into.length - filled);
        into.set(rest.subarray(0, take), filled);
        rest = rest.subarray(take);
        filled += take;
      }
      return filled;
    },
    close: () => {
      input.destroy();
      return Promise.resolve();
    },
  };
}
