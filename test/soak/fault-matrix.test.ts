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
import { it, type TestContext } from 'node:test';
import { chance } from '../e2e/interrupting.js';
import { ACTIONS } from '../e2e/moving.js';
import { ROOT } from '../support/cli.js';
import { startRelay } from '../support/relay.js';
import { drawMoment, isKill, PATIENTLY_SLOW_MS, SLOW_MS, type Fault, type Plan } from './plan.js';
import { runTransfer, type Surroundings } from './transfer.js';

const MIB = 1024 * 1024;
const number = (name: string, otherwise: number) => Number(process.env[`STREAMER_MATRIX_${name}`] ?? otherwise);
const ROUNDS_SHORT = 4;
/** Kills in each cell of a kill. `npm run soak -- matrix` sets it, and the size. */
const ROUNDS = number('ROUNDS', ROUNDS_SHORT);
/** Long enough for a journal to vouch for something before the end: it does so after a second. */
const SIZE = number('BYTES', 4 * MIB + 7);
const PACE = 3 * MIB;
/** A cell whose transfers end before a kill has come begins others, up to so many. */
const TRANSFERS_MOST = 10 * ROUNDS;

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

/** What the cells count, over all of them. */
interface Counted {
  /** Kill points drawn, and those that came while both ends were at work. */
  drawn: number;
  came: number;
  /** Cells of kills on the native wire, and those in which the last run went on from something of an earlier one. */
  cells: number;
  wentOn: number;
}

// Much of each cell is waiting.
it('fault matrix', { concurrency: 8 }, async (t) => {
  const relay = await startRelay(t);
  const surroundings = { relay, env: {}, compared: { bytes: 0, wrong: 0 } };
  const counted: Counted = { drawn: 0, came: 0, cells: 0, wentOn: 0 };
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
        const plan = { number: 0, action, ...how, size: SIZE, pace: PACE, paced: 'sender', slowMs: ROUNDS > ROUNDS_SHORT ? PATIENTLY_SLOW_MS : SLOW_MS, fault } as const;
        cells.push(t.test(`${title}: ${way}, the client ${action}s`, (cell) => (isKill(fault) ? killCell(cell, plan, surroundings, counted) : linkCell(cell, plan, surroundings))));
      }
    }
  }
  await Promise.all(cells);
  t.diagnostic(`${counted.came} kill points; ${counted.wentOn} of ${counted.cells} native cells went on from what was there; ${surroundings.compared.bytes} bytes looked at, ${surroundings.compared.wrong} wrong`);
  assert.equal(counted.came, counted.drawn, 'each kill came while both ends were at work');
  // Each shows for itself that nothing of it was moved again; all of them, that there was something: seven of ten with four kills, fewer with one.
  assert.ok(counted.wentOn * 6 > counted.cells, 'some of the cells had something to go on from');
});

type CellPlan = Omit<Plan, 'moments'>;

/** Killed again and again, at moments over all of the transfer; where it ends sooner, another is begun. */
async function killCell(t: TestContext, plan: CellPlan, surroundings: Surroundings, counted: Counted): Promise<void> {
  const random = chance(t);
  // Each costs seconds until the silence is noticed; and of a process that is dead nothing else can be heard.
  const rounds = plan.fault.startsWith('link') ? 1 : ROUNDS;
  counted.drawn += rounds;
  let wentOn = false;
  for (let [left, transfers] = [rounds, 0]; left > 0; transfers += 1) {
    assert.ok(transfers < TRANSFERS_MOST, `${left} kills have not come`);
    const moments = Array.from({ length: left }, () => drawMoment(random));
    const { hits, kept, resumed } = await runTransfer(t, { ...plan, moments }, random, surroundings);
    left -= hits;
    counted.came += hits;
    // With the relay no end goes, and they go on over another connection.
    wentOn ||= kept > 0 || (plan.fault.startsWith('relay') && resumed);
  }
  if (plan.wire === 'compat') return;
  counted.cells += 1;
  counted.wentOn += wentOn ? 1 : 0;
}

/** The link fails once, in the midst. */
async function linkCell(t: TestContext, plan: CellPlan, surroundings: Surroundings): Promise<void> {
  const random = chance(t);
  const moments = [{ bytes: Math.floor((0.2 + 0.5 * random()) * SIZE) }];
  const { hits, resumed } = await runTransfer(t, { ...plan, moments }, random, surroundings);
  assert.equal(hits, 1, 'it came while both ends were at work');
  if (plan.wire === 'native' && plan.fault !== 'link-slow') assert.ok(resumed, 'it went on over another connection');
}

function assertThere([file, title]: Citation): void {
  assert.ok(readFileSync(path.join(ROOT, 'test', file), 'utf8').includes(title), title);
}
