/**
 * Has garbage collected, in a process that was not started to allow that.
 *
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Collects all that there is. */
export async function collectGarbage(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  // Finalisers run in a later turn, and may free more.
  for (let round = 0; round < 3; round += 1) {
    collect();
    await sleep(20);
  }
}
