/**
 * Transfers of random sizes and trees with random faults, by the real commands and by the library, beside a relay that is
 * busy all the time: no byte is wrong, and in the end nothing is held that was not held before.
 *
 * Here a short one; `npm run soak` sets STREAMER_SOAK_TRANSFERS=1000, STREAMER_SOAK_BYTES (200 MiB) and STREAMER_SOAK_PAIRS=200.
 * STREAMER_TEST_SEED gives the same plans again.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { receive, send, serve } from '../../src/index.js';
import { chance } from '../e2e/interrupting.js';
import { opposite, type Action } from '../e2e/moving.js';
import { tempDir, type Cleaning } from '../support/cli.js';
import { mulberry32 } from '../support/mulberry32.js';
import { startRelay } from '../support/relay.js';
import { startProxy } from '../support/tcp-proxy.js';
import { assertNothingWrong, makeContent, type Compared } from './content.js';
import { talkInPairs } from './pairs.js';
import { describePlan, draw, isKill, type Plan } from './plan.js';
import { busyWith, descriptorsOf, liveBytes, residentBytesOf, settled } from './resources.js';
import { runTransfer, type Result } from './transfer.js';

const MIB = 1024 * 1024;
const number = (name: string, otherwise: number) => Number(process.env[`STREAMER_SOAK_${name}`] ?? otherwise);
const TRANSFERS = number('TRANSFERS', 24);
const MOST_BYTES = number('BYTES', 8 * MIB);
const PAIRS = number('PAIRS', 20);
const LIBRARY = number('LIBRARY', Math.max(30, Math.floor(TRANSFERS / 2)));
const AT_ONCE = number('AT_ONCE', 3);
const PATIENT = TRANSFERS > 100;
/** What a relay may keep: blocks that are used again, and what V8 has not collected. */
const RELAY_GROWTH = 48 * MIB;
/** Code that was compiled meanwhile, and caches that are full once. */
const LIBRARY_GROWTH = 8 * MIB;
const PATIENCE_MS = 20_000;

const skip = process.platform === 'linux' ? false : 'descriptors and memory are read from /proc';

describe('soak', { skip }, () => {
  it(`${TRANSFERS} transfers with faults, beside ${PAIRS} pairs at one relay`, { concurrency: AT_ONCE }, async (t) => {
    const random = chance(t);
    const directory = await tempDir(t);
    const temporary = path.join(directory, 'tmp');
    mkdirSync(temporary);
    const relay = await startRelay(t, ['--open', '--max-address-connections', '4096']);
    const before = { descriptors: descriptorsOf(relay.child.pid) };
    const pairs = await talkInPairs(t, relay.port, PAIRS, mulberry32(Math.floor(random() * 2 ** 32)));
    const warm = residentBytesOf(relay.child.pid);
    const plans = Array.from({ length: TRANSFERS }, (_, at) => draw(at, { random, mostBytes: MOST_BYTES, patient: PATIENT }));
    // Each has chance of its own, so that their order does not matter.
    const results: (Result | undefined)[] = plans.map(() => undefined);
    const compared: Compared = { bytes: 0, wrong: 0 };
    const surroundings = { relay, env: { TMPDIR: temporary }, compared };
    await Promise.all(plans.map((plan) => t.test(describePlan(plan), async (each) => void (results[plan.number] = await runTransfer(each, plan, chanceOf(plan), surroundings)))));
    const talked = await pairs.stop();
    tellTransfers(t, plans, results, compared);
    t.diagnostic(`${talked.pairs} pairs talked all the time: ${talked.bytes} bytes, each as it was said`);
    assert.equal(compared.wrong, 0);
    assert.ok(results.every((one) => one !== undefined), 'each was over');
    const descriptors = await settled(() => descriptorsOf(relay.child.pid), before.descriptors, PATIENCE_MS);
    assert.ok(descriptors <= before.descriptors, `the relay holds ${descriptors} descriptors, and held ${before.descriptors}`);
    assert.equal(await relay.metric('streamer_relay_pairs'), 0);
    const resident = residentBytesOf(relay.child.pid);
    t.diagnostic(`the relay: ${descriptors} descriptors as before; ${Math.round(warm / MIB)} MiB resident with its pairs, ${Math.round(resident / MIB)} MiB after it all`);
    assert.ok(resident <= warm + RELAY_GROWTH, `the relay has grown from ${warm} to ${resident} bytes`);
    assert.deepEqual(readdirSync(temporary), [], 'no temporary file is left');
  });

  it(`${LIBRARY} transfers by the library in one process, their links cut: it holds no more than before`, async (t) => {
    const random = chance(t);
    // No tests of their own, of which the runner keeps what they had to clean up: with node 22 a quarter of a megabyte each.
    const one = async (index: number) => cleanly((each) => libraryTransfer(each, index % 2 === 0 ? 'send' : 'receive', random));
    // What is loaded and compiled once is no leak.
    for (let index = 0; index < 6; index += 1) await one(index);
    const before = { descriptors: descriptorsOf('self'), busy: busyWith(), live: await liveBytes() };
    for (let index = 0; index < LIBRARY; index += 1) await one(index);
    const descriptors = await settled(() => descriptorsOf('self'), before.descriptors, PATIENCE_MS);
    const live = await liveBytes();
    t.diagnostic(`${descriptors} descriptors, ${before.descriptors} before; ${live} live bytes, ${before.live} before; busy with ${JSON.stringify(busyWith())}, before with ${JSON.stringify(before.busy)}`);
    assert.ok(descriptors <= before.descriptors);
    for (const [kind, count] of Object.entries(busyWith())) assert.ok(count <= (before.busy[kind] ?? 0), `${count} of ${kind} are left`);
    assert.ok(live <= before.live + LIBRARY_GROWTH, `${live} bytes are live, and ${before.live} were`);
  });
});

/** From the plan's own numbers. */
const chanceOf = ({ number: at, size }: Plan): (() => number) => mulberry32(at * 2_654_435_761 + size);

function tellTransfers(t: TestContext, plans: readonly Plan[], results: readonly (Result | undefined)[], compared: Compared): void {
  const over = results.filter((one) => one !== undefined);
  const sum = (what: 'bytes' | 'hits' | 'restarts') => over.reduce((total, one) => total + one[what], 0);
  const kills = plans.reduce((total, { fault, number: at }) => total + (isKill(fault) ? (results[at]?.hits ?? 0) : 0), 0);
  const resumed = over.filter((one) => one.resumed).length;
  t.diagnostic(`${over.length} of ${plans.length} transfers, ${sum('bytes')} bytes; ${sum('hits')} faults survived, ${kills} of them kill points, after which ends were started again ${sum('restarts')} times and ${resumed} transfers went on from what was there; ${compared.bytes} bytes looked at under final names, ${compared.wrong} of them wrong`);
}

/** Runs something, and then what it wants done after it, the last first. */
async function cleanly(run: (each: Cleaning) => Promise<void>): Promise<void> {
  const acts: (() => unknown)[] = [];
  try {
    await run({ after: (act) => acts.unshift(act) });
  } finally {
    for (const act of acts) await act();
  }
}

/** Both ends here, and the link between them cut once. */
async function libraryTransfer(t: Cleaning, action: Action, random: () => number): Promise<void> {
  const directory = await tempDir(t);
  const [source, target] = [path.join(directory, 'source'), path.join(directory, 'target')];
  const size = Math.floor((2 * MIB) ** random());
  await makeContent(source, random() < 0.3 ? 'tree' : 'file', size, random);
  const [own, other] = action === 'send' ? [source, target] : [target, source];
  const server = await serve({ action: opposite(action), path: other, host: '127.0.0.1', publicIps: ['127.0.0.1'], portRange: [0, 0] });
  const proxy = await startProxy(t, server.port ?? 0);
  void proxy.passed(1 + Math.floor(random() * size)).then(() => proxy.cut());
  await (action === 'send' ? send : receive)({ coordinates: proxy.lead(server.coordinates), path: own });
  await server.done;
  assert.ok(await assertNothingWrong(source, target));
}
