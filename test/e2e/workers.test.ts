/**
 * Threads that encrypt, in the command as it is shipped: one script, and the agent's single file. They are there where they are asked
 * for, what they make is right, and they are gone with the command.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { ROOT, runStreamer, type Child } from '../support/cli.js';
import { turns } from '../support/fake-events.js';
import { ACTIONS, assertMoved, bothDone, clientFile, clientJson, MIB, opposite, placeFor, serveJson, serverFile } from './moving.js';

const SIZE = 48 * MIB + 5;
/** More threads than node has by itself: 4 of V8's, 4 of libuv's, and two or three others. */
const MANY = 12;
const AGENT = path.join(ROOT, 'dist/bundle/agent.cjs');
/** A second's worth comes at once, so that the rest takes another one: long enough to look. */
const SLOWLY = ['--rate', '30MB'];

/** The most threads that a process has had when it has ended. */
async function mostThreads(child: Child): Promise<number> {
  let most = 0;
  while (!child.ended) {
    try {
      most = Math.max(most, readdirSync(`/proc/${child.pid}/task`).length);
    } catch {
      break;
    }
    await turns(1);
  }
  return most;
}

describe('threads that encrypt', { skip: process.platform !== 'linux' && 'threads are counted by /proc' }, () => {
  for (const action of ACTIONS) {
    for (const server of ['streamer', 'agent'] as const) {
      it(`at both ends: the client ${action}s, the server is the ${server}`, async (t) => {
        const place = await placeFor(t, SIZE);
        const wrap = server === 'agent' ? ([node = '', , ...words]: readonly string[]) => [node, AGENT, ...words] : undefined;
        const serving = await serveJson(t, opposite(action), serverFile(action, place), { args: ['--workers', String(MANY), ...(action === 'receive' ? SLOWLY : [])], wrap });
        const client = clientJson(t, action, serving.coordinates, clientFile(action, place), action === 'send' ? SLOWLY : [], undefined, { STREAMER_WORKERS: String(MANY) });
        const [ended, ...threads] = await Promise.all([bothDone(client, serving.child), mostThreads(client), mostThreads(serving.child)]);
        await assertMoved(place, ended);
        for (const most of threads) assert.ok(most > MANY, `${most} threads`);
      });
    }

    it(`none where none are asked for: the client ${action}s`, async (t) => {
      const place = await placeFor(t, SIZE);
      const serving = await serveJson(t, opposite(action), serverFile(action, place), { args: ['--workers', '0'] });
      const client = clientJson(t, action, serving.coordinates, clientFile(action, place), [...SLOWLY, '--workers', '0'], undefined, { STREAMER_WORKERS: String(MANY) });
      const [ended, ...threads] = await Promise.all([bothDone(client, serving.child), mostThreads(client), mostThreads(serving.child)]);
      await assertMoved(place, ended);
      for (const most of threads) assert.ok(most <= MANY, `${most} threads`);
    });
  }

  it('are a number', async (t) => {
    const flag = await runStreamer(t, ['receive', '--workers', 'many', 'x']);
    assert.deepEqual([flag.code, /give a number from 0 to 16/u.test(flag.stderr)], [2, true]);
    for (const value of ['17', 'many', '-1', '1.5']) {
      const variable = await runStreamer(t, ['receive', 'x'], { env: { STREAMER_WORKERS: value } });
      assert.deepEqual([variable.code, variable.stderr], [2, 'streamer: --workers, or STREAMER_WORKERS, takes a number of threads from 0 to 16 [usage]\n']);
    }
  });
});
