/**
 * Random sequences of commands, ours and the Python package's at either end: each ends as the model has it, whoever it is, but
 * for what the reference is known to do wrong (`sequence-model.ts`); and the files are what they should be, at both places.
 *
 * Here a few; `npm run soak -- interop` sets STREAMER_INTEROP_SEQUENCES=300. STREAMER_TEST_SEED gives the same again.
 */
import { randomInt } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { pythonOrSkip } from '../support/python-peer.js';
import { describePlan, planOf, type Plan } from './sequence-plan.js';
import { runSequence } from './sequence-run.js';

const SEQUENCES = Number(process.env['STREAMER_INTEROP_SEQUENCES'] ?? 8);

const skip = await pythonOrSkip();

describe('random sequences of commands', { skip, concurrency: 2 }, () => {
  for (const server of ['ours', 'python'] as const) {
    it(`${SEQUENCES} with servers that are ${server}`, async (t) => {
      const seed = Number(process.env['STREAMER_TEST_SEED'] ?? randomInt(2 ** 31));
      t.diagnostic(`STREAMER_TEST_SEED=${seed}`);
      const holds = async (plan: Plan): Promise<void> => {
        let failure: unknown;
        // A test of its own: what it has started ends with it.
        await t.test(describePlan(plan), async (one) => {
          await runSequence(one, plan).catch((error: unknown) => {
            failure = error;
            throw error;
          });
        });
        if (failure !== undefined) throw failure as Error;
      };
      await fc.assert(fc.asyncProperty(planOf(server), holds), { seed, numRuns: SEQUENCES });
    });
  }
});
