/**
 * Ctrl-C and the scheduler's SIGTERM: end the transfer so that it can be resumed. A second signal ends at once.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import { AbortError } from '../errors.js';

/** A signal that aborts when the process is told to stop. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  const stop = (signal: 'SIGINT' | 'SIGTERM') => () => {
    if (controller.signal.aborted) process.exit(signal === 'SIGTERM' ? 143 : 130);
    const what = signal === 'SIGINT' ? 'interrupted' : 'stopped by SIGTERM';
    controller.abort(new AbortError(what, { signal }));
  };
  const ignored = ignoredSignals();
  for (const [name, number] of SIGNALS) {
    if ((ignored & (1 << (number - 1))) === 0) process.on(name, stop(name === 'SIGINT' ? 'SIGINT' : 'SIGTERM'));
  }
  return controller.signal;
}

const SIGNALS = [
  ['SIGHUP', 1],
  ['SIGINT', 2],
  ['SIGTERM', 15],
] as const;

/** Signals that whoever started us wants ignored, as nohup does SIGHUP: a handler would undo that. A mask, bit 0 for signal 1. */
function ignoredSignals(): number {
  try {
    const mask = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
    return Number.parseInt(mask.slice(-7), 16);
  } catch {
    return 0;
  }
}
