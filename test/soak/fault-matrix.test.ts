/**
 * The fault matrix: what goes wrong × who sends × what × how, each cell a line of docs/reliability.md's table. A cell
 * ends with the same bytes at both ends, and at no moment was there anything wrong under a final name. Who was killed, or has
 * given up, is started again by the same command.
 *
 * Cells that another test covers more closely are cited: that test is there, by that name.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import { chance } from '../e2e/interrupting.js';
import { ACTIONS } from '../e2e/moving.js';
import { ROOT } from '../support/cli.js';
import { startRelay } from '../support/relay.js';
import type { Fault } from './plan.js';
import { runTransfer } from './transfer.js';

const MIB = 1024 * 1024;
const SIZE = 3 * MIB + 7;
const PACE = 3 * MIB;

/** How, and what. */
const WAYS = {
  'direct, file, native': { route: 'direct', kind: 'file', wire: 'native' },
  'direct, tree, native': { route: 'direct', kind: 'tree', wire: 'native' },
  'relay, file, native': { route: 'relay', kind: 'file', wire: 'native' },
  'relay, tree, native': { route: 'relay', kind: 'tree', wire: 'native' },
  'direct, file, compat': { route: 'direct', kind: 'file', wire: 'compat' },
} as const;
type Way = keyof typeof WAYS;

/** A test that covers a cell: its file, and words of its title. */
type Citation = readonly [file: string, title: string];

const KILL = (title: string): Citation => ['e2e/resume-kill.ts', title];
const TREE_KILL: Citation = ['e2e/tree-kill.test.ts', "kill -9 of ${victim === 'both' ? 'both' : `the ${victim}`} at any moment, and the same again"];

/** What goes wrong, and who shows it already. */
const FAULTS_HERE: readonly { readonly fault: Fault; readonly title: string; readonly cited?: Partial<Readonly<Record<Way, Citation>>> }[] = [
  { fault: 'client-kill', title: 'kill -9 of the client', cited: { 'direct, file, native': KILL('the client is killed and started again; the server has waited for it'), 'direct, tree, native': TREE_KILL } },
  { fault: 'server-kill', title: 'kill -9 of the server', cited: { 'direct, file, native': KILL('the server is killed and started again; the client has tried until it was back'), 'direct, tree, native': TREE_KILL } },
  { fault: 'both-kill', title: 'kill -9 of both', cited: { 'direct, file, native': KILL('both are killed and started again'), 'direct, tree, native': TREE_KILL } },
  { fault: 'client-term', title: 'SIGTERM of the client' },
  { fault: 'server-term', title: 'SIGTERM of the server', cited: { 'direct, file, native': ['e2e/signals.test.ts', 'exit 143, and the client ends with 5 and says what to do'] } },
  { fault: 'relay-kill', title: 'kill -9 of the relay', cited: { 'relay, file, native': ['e2e/relay.test.ts', 'a relay that is killed and started anew is found again by both ends, which resume'] } },
  { fault: 'relay-term', title: 'SIGTERM of the relay', cited: { 'relay, file, native': ['e2e/relay.test.ts', 'told to end, it cuts what takes too long, and that goes on through its successor'] } },
  { fault: 'link-reset-thrice', title: 'the link is reset three times', cited: { 'direct, file, native': ['e2e/resume-link.ts', 'times while the client ${action}s: both ends go on by themselves and finish'] } },
  { fault: 'link-half-open-client-kill', title: 'the link falls silent, and the client dies with it', cited: { 'direct, file, native': ['e2e/resume-link.ts', 'the same command again is served within seconds, though the server has heard of no end'] } },
  { fault: 'link-slow', title: 'the link falls to 50 kB/s, and recovers' },
];

it('fault matrix', { concurrency: 4 }, async (t) => {
  const relay = await startRelay(t);
  const cells: Promise<void>[] = [];
  for (const { fault, title, cited = {} } of FAULTS_HERE) {
    for (const [way, how] of Object.entries(WAYS) as [Way, (typeof WAYS)[Way]][]) {
      if (how.route !== 'relay' && fault.startsWith('relay')) continue;
      // A server whose client has gone without a word waits for it: 45 s, and nothing is resumed then.
      if (how.wire === 'compat' && fault === 'link-half-open-client-kill') continue;
      const citation = cited[way];
      if (citation !== undefined) {
        cells.push(t.test(`${title}: ${way}: see test/${citation[0]}`, () => assertThere(citation)));
        continue;
      }
      for (const action of ACTIONS) {
        cells.push(t.test(`${title}: ${way}, the client ${action}s`, async (cell) => {
          const random = chance(cell);
          const plan = { number: 0, action, ...how, size: SIZE, pace: PACE, at: { bytes: Math.floor((0.2 + 0.5 * random()) * SIZE) }, fault };
          const { hit } = await runTransfer(cell, plan, { relay, random, env: {} });
          assert.ok(hit, 'it came while both ends were at work');
        }));
      }
    }
  }
  await Promise.all(cells);
});

function assertThere([file, title]: Citation): void {
  assert.ok(readFileSync(path.join(ROOT, 'test', file), 'utf8').includes(title), title);
}
