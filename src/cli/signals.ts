/**
 * Ctrl-C, the scheduler's SIGTERM and a lost terminal's SIGHUP: end the transfer so that it can be resumed. A second signal ends at once.
 *
 * @module
 */
import { AbortError } from '../errors.js';

/** A signal that aborts when the process is told to stop. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  const stop = (name: SignalName) => () => {
    const interrupted = name === 'SIGINT';
    if (controller.signal.aborted) process.exit(interrupted ? 130 : 143);
    // A terminal that is gone is told as the scheduler's word is: by its name, but by the same status.
    controller.abort(new AbortError(interrupted ? 'interrupted' : `stopped by ${name}`, { signal: interrupted ? name : 'SIGTERM' }));
  };
  for (const name of SIGNALS) process.on(name, stop(name));
  return controller.signal;
}

/** What nohup does to SIGHUP, node undoes before any of this runs, and does not tell: `setsid` is the way. */
const SIGNALS = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const;
type SignalName = (typeof SIGNALS)[number];
