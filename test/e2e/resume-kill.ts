/**
 * kill -9 of either end, or of both, at a moment chosen by chance; then the same command again. The second run goes on
 * where the journal says, and moves only the rest.
 *
 * @module
 */
import assert from 'node:assert/strict';
import { access } from 'node:fs/promises';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Child, Finished, RunningServer } from '../support/cli.js';
import { chance, journalled, startSlowly, type Running } from './interrupting.js';
import { killPoint } from './kill-points.js';
import { ACTIONS, assertMoved, bothDone, clientFile, clientJson, MIB, opposite, placeFor, resultOf, serveJson, serverFile, type Action, type Place } from './moving.js';

const SIZE = 32 * MIB + 12_345;
const SECRET = ['--secret', 'the-same-secret-each-time'];
/** Moments tried for each case. */
const ATTEMPTS = 2;

/** A slow transfer that runs until its journal vouches for something, and then for up to a second more. */
async function runForAWhile(t: TestContext, action: Action, place: Place): Promise<Running> {
  const random = chance(t);
  const running = await startSlowly(t, action, place, { args: SECRET });
  await journalled(place);
  await sleep(random() * 1000);
  killPoint();
  return running;
}

async function assertNothingThere({ target }: Place): Promise<void> {
  await assert.rejects(access(target), { code: 'ENOENT' }, 'nothing under the final name');
}

function assertResumed(end: Finished): void {
  const { resumedBytes, movedBytes, size } = resultOf(end);
  assert.ok(resumedBytes > 0, 'something of the first run was of use');
  assert.equal(movedBytes, size - resumedBytes, 'only the rest was moved');
}

const again = (t: TestContext, action: Action, place: Place, coordinates: string): Child =>
  clientJson(t, action, coordinates, clientFile(action, place));
const serveAgain = (t: TestContext, action: Action, place: Place, port: number, args: readonly string[] = SECRET): Promise<RunningServer> =>
  serveJson(t, opposite(action), serverFile(action, place), { args, port });

async function clientKilled(t: TestContext, action: Action): Promise<void> {
  const place = await placeFor(t, SIZE);
  const { client, server, proxy, coordinates } = await runForAWhile(t, action, place);
  await client.stop();
  await assertNothingThere(place);
  proxy.slowDown(Infinity);
  const ended = await bothDone(again(t, action, place, coordinates), server.child);
  await assertMoved(place, ended);
  assertResumed(ended.client);
  assert.ok(resultOf(ended.server).reconnects > 0, 'the server lived on');
}

async function serverKilled(t: TestContext, action: Action): Promise<void> {
  const place = await placeFor(t, SIZE);
  const { client, server, proxy } = await runForAWhile(t, action, place);
  await server.child.stop();
  await assertNothingThere(place);
  proxy.slowDown(Infinity);
  const ended = await bothDone(client, (await serveAgain(t, action, place, server.port)).child);
  await assertMoved(place, ended);
  assertResumed(ended.server);
  assert.ok(resultOf(ended.client).reconnects > 0, 'the client lived on');
}

async function bothKilled(t: TestContext, action: Action): Promise<void> {
  const place = await placeFor(t, SIZE);
  const { client, server, proxy, coordinates } = await runForAWhile(t, action, place);
  await Promise.all([client.stop(), server.child.stop()]);
  await assertNothingThere(place);
  proxy.slowDown(Infinity);
  const { child } = await serveAgain(t, action, place, server.port);
  const ended = await bothDone(again(t, action, place, coordinates), child);
  await assertMoved(place, ended);
  assertResumed(ended.client);
  assertResumed(ended.server);
}

async function anotherJob(t: TestContext, action: Action): Promise<void> {
  const place = await placeFor(t, SIZE);
  const { client, server } = await runForAWhile(t, action, place);
  await Promise.all([client.stop(), server.child.stop()]);
  const fresh = await serveAgain(t, action, place, 0, []);
  assert.notEqual(fresh.coordinates, server.coordinates);
  const ended = await bothDone(again(t, action, place, fresh.coordinates), fresh.child);
  await assertMoved(place, ended);
  assertResumed(ended.client);
  assertResumed(ended.server);
}

/** Before anything is vouched for. */
async function killedAtOnce(t: TestContext, action: Action): Promise<void> {
  const random = chance(t);
  const place = await placeFor(t, SIZE);
  const { client, server, proxy, coordinates } = await startSlowly(t, action, place, { args: SECRET });
  await sleep(random() * 200);
  killPoint();
  await client.stop();
  await assertNothingThere(place);
  proxy.slowDown(Infinity);
  await assertMoved(place, await bothDone(again(t, action, place, coordinates), server.child));
}

const CASES: Readonly<Record<string, (t: TestContext, action: Action) => Promise<void>>> = {
  'the client is killed when it has hardly begun, and started again': killedAtOnce,
  'the client is killed and started again; the server has waited for it': clientKilled,
  'the server is killed and started again; the client has tried until it was back': serverKilled,
  'both are killed and started again': bothKilled,
  'both are killed; later another server, with another secret on another port, goes on': anotherJob,
};

/** Moments that all cases draw. */
export const KILL_POINTS = Object.keys(CASES).length * ATTEMPTS * ACTIONS.length;

/** Registers the cases. */
export function describeKills(): void {
  for (const action of ACTIONS) {
    describe(`kill -9 while the client ${action}s`, { concurrency: 2 }, () => {
      for (const [title, run] of Object.entries(CASES)) {
        for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) it(`${title} (${attempt})`, (t) => run(t, action));
      }
    });
  }
}
