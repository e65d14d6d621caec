/**
 * Ctrl-C and the scheduler's SIGTERM: end the transfer so that it can be resumed. A second signal ends at once.
 *
 * @module
 */
import { AbortError } from '../errors.js';

/** A signal that aborts when the process is told to stop. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  const stop = (signal: 'SIGINT' | 'SIGTERM') => () => {
    if (controller.signal.aborted) process.exit(signal === 'SIGTERM' ? 143 : 130);
    const what = signal === 'SIGINT' ? 'interrupted' : 'stopped by SIGTERM';
    controller.abort(new AbortError(`${what}; what has arrived is kept, run the same command again to resume`, { signal }));
  };
  process.on('SIGINT', stop('SIGINT'));
  process.on('SIGTERM', stop('SIGTERM'));
  process.on('SIGHUP', stop('SIGTERM'));
  return controller.signal;
}
