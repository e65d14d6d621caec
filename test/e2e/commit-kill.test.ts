/**
 * kill -9 of the receiver around the instant in which the file gets its name: at moments by chance after the last byte,
 * and as soon as the name is there. The file is there whole or not at all, and the same command ends with it whole.
 */
import assert from 'node:assert/strict';
import { watch } from 'node:fs';
import { access } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { sha256, type Child, type RunningServer } from '../support/cli.js';
import { chance } from './interrupting.js';
import { killPoint, tellKillPoints } from './kill-points.js';
import { ACTIONS, assertArrived, clientFile, clientJson, eventOf, HUNG_MS, MIB, opposite, placeFor, serveJson, serverFile, type Action, type Place } from './moving.js';

const SIZE = 3 * MIB + 3;
const SECRET = ['--secret', 'the-same-secret-each-time'];
/** A commit takes a few syncs: some milliseconds, or some tens. */
const COMMIT_MS = 30;
const ATTEMPTS = 5;

const isThere = ({ target }: Place): Promise<boolean> => access(target).then(() => true, () => false);

/** Kills the receiver when `moment` has come. */
async function killAt(t: TestContext, action: Action, moment: (receiver: Child, place: Place) => Promise<void>): Promise<void> {
  const place = await placeFor(t, SIZE);
  const server = await serveJson(t, opposite(action), serverFile(action, place), { args: SECRET });
  const client = clientJson(t, action, server.coordinates, clientFile(action, place));
  const receiver = action === 'send' ? server.child : client;
  await moment(receiver, place);
  await receiver.stop();
  const named = await isThere(place);
  t.diagnostic(named ? 'the name was there' : 'the name was not there yet');
  if (named) assert.equal(await sha256(place.target), place.sha256, 'what has the name is whole');
  if (action === 'send') await serverAgain(t, place, server, client);
  else await clientAgain(t, place, server);
  await assertArrived(place);
}

/** The one refusal that is right: of a file that is there, whole. */
async function assertRefusedRightly(place: Place, said: string): Promise<void> {
  assert.match(said, /"code":"storage-exists","exitCode":8/);
  assert.equal(await sha256(place.target), place.sha256, 'a refused file is the whole file');
}

async function serverAgain(t: TestContext, place: Place, { port, coordinates }: RunningServer, client: Child): Promise<void> {
  await client.stop();
  let again: RunningServer;
  try {
    again = await serveJson(t, 'receive', place.target, { args: SECRET, port });
  } catch (error) {
    await assertRefusedRightly(place, String(error));
    return;
  }
  const [sender, receiver] = await Promise.all([clientJson(t, 'send', coordinates, place.source).exitWithin(HUNG_MS), again.child.exitWithin(HUNG_MS)]);
  assert.equal(sender.code, receiver.code, 'both ends say the same');
  if (receiver.code !== 0) await assertRefusedRightly(place, receiver.stdout);
}

async function clientAgain(t: TestContext, place: Place, server: RunningServer): Promise<void> {
  const end = await clientJson(t, 'receive', server.coordinates, place.target).exitWithin(HUNG_MS);
  if (end.code === 0) {
    eventOf(await server.child.exitWithin(HUNG_MS), 'done');
    return;
  }
  await assertRefusedRightly(place, end.stdout);
  await server.child.stop();
}

/** A receiver that is told to stop: a commit that has begun decides what it says, and what it says is so. */
async function interruptAt(t: TestContext, action: Action, waitMs: number): Promise<void> {
  const place = await placeFor(t, SIZE);
  const server = await serveJson(t, opposite(action), serverFile(action, place), { args: SECRET });
  const client = clientJson(t, action, server.coordinates, clientFile(action, place));
  const receiver = action === 'send' ? server.child : client;
  await receiver.waitForLine(/^\{"event":"finishing"/);
  await sleep(waitMs);
  receiver.kill('SIGINT');
  const end = await receiver.exitWithin(HUNG_MS);
  t.diagnostic(`exit ${String(end.code ?? end.signal)}`);
  // In its very last millisecond, when all is said, node takes no signals any more: the system's default ends it.
  if (end.code === 0 || (end.signal === 'SIGINT' && end.stdout.includes('{"event":"done"'))) {
    await assertArrived(place);
    return;
  }
  assert.equal(end.code, 130);
  assert.ok(!(await isThere(place)), 'what was not received does not have the name');
}

/** Kills as soon as the target has its name. */
function killWhenNamed(receiver: Child, { inbox, target }: Place): Promise<void> {
  return new Promise((resolve) => {
    const watcher = watch(inbox, (_event, name) => {
      if (name !== path.basename(target)) return;
      receiver.kill('SIGKILL');
      watcher.close();
      resolve();
    });
  });
}

for (const action of ACTIONS) {
  describe(`kill -9, or less, of the ${action === 'send' ? 'server' : 'client'}, which receives,`, { concurrency: 2 }, () => {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      it(`up to ${COMMIT_MS} ms after the last byte (${attempt})`, async (t) => {
        const random = chance(t);
        await killAt(t, action, async (receiver) => {
          await receiver.waitForLine(/^\{"event":"finishing"/);
          await sleep(random() * COMMIT_MS);
          killPoint();
        });
      });
    }
    for (const attempt of [1, 2]) {
      it(`SIGINT up to ${COMMIT_MS} ms after the last byte (${attempt}): exit 0 with the file, or 130 without`, async (t) => {
        const random = chance(t);
        await interruptAt(t, action, random() * COMMIT_MS);
      });
    }
    for (const attempt of [1, 2]) it(`as soon as the name is there (${attempt})`, (t) => killAt(t, action, killWhenNamed));
  });
}

// Those that come as soon as the name is there are not drawn.
tellKillPoints(ATTEMPTS * ACTIONS.length);
