/**
 * A link that does not come back while anybody waits for it: each end gives up, says what to do, and leaves what has arrived
 * on disk, from where the same command goes on.
 *
 * @module
 */
import assert from 'node:assert/strict';
import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { assertNothingWrong, assertTidy, makeContent } from '../soak/content.js';
import { tempDir, type Child, type Finished, type RunningServer } from '../support/cli.js';
import { startProxy, type TcpProxy } from '../support/tcp-proxy.js';
import { chance, SLOW } from './interrupting.js';
import { ACTIONS, bothDone, clientFile, clientJson, eventOf, HUNG_MS, MIB, opposite, resultOf, serveJson, serverFile, type Action, type Place } from './moving.js';

const SIZE = 24 * MIB + 3;
/** So much has passed when the link goes: more than a window, so that some of it is on disk. */
const PASSED = 8 * MIB;
/** An end that hears nothing for 45 s takes the link for dead, and looks every 5 s. */
const NOTICED_MS = 45_000 + 5_000;

/** Registers the cases. */
export function describeGone(): void {
  describe('a link that is gone for longer than', { concurrency: 8 }, () => {
    for (const action of ACTIONS) {
      for (const kind of ['file', 'tree'] as const) {
        it(`--retry-timeout: the client that ${action}s a ${kind} ends with 5, the server waits, and the same command goes on`, async (t) => {
          const { place, server, client, proxy, again } = await start(t, action, kind, ['--wait-timeout', '1h'], ['--retry-timeout', '5s']);
          // Those that dial meanwhile meet silence.
          proxy.stall();
          proxy.cut();
          assertSaysWhatToDo(await client.exitWithin(HUNG_MS));
          await assertKept(place);
          assert.ok(!server.child.ended, 'the server waits');
          proxy.heal();
          await assertGoesOn(place, again(), server.child);
        });

        it(`every timeout, and stands still: both ends of a ${kind} that the client ${action}s give up, and the same commands go on`, async (t) => {
          // Long enough for a client to come at all, on a busy machine.
          const { place, server, client, proxy } = await start(t, action, kind, ['--wait-timeout', '15s'], ['--retry-timeout', '2s']);
          proxy.stall();
          const [end, served] = await Promise.all([client.exitWithin(NOTICED_MS + HUNG_MS), server.child.exitWithin(NOTICED_MS + HUNG_MS)]);
          assertSaysWhatToDo(end);
          assert.equal(served.code, 10, served.stdout);
          assert.match(String(eventOf(served, 'error')['message']), /did not come back within 15\.0 s; what has arrived is kept; start the server again/u);
          await assertKept(place);
          const anew = await serveJson(t, opposite(action), serverFile(action, place));
          await assertGoesOn(place, clientJson(t, action, anew.coordinates, clientFile(action, place)), anew.child);
        });
      }
    }
  });
}

interface UnderWay {
  readonly place: Place;
  readonly server: RunningServer;
  readonly client: Child;
  readonly proxy: TcpProxy;
  /** The client's command again. */
  readonly again: () => Child;
}

async function start(t: TestContext, action: Action, kind: 'file' | 'tree', serverArgs: readonly string[], clientArgs: readonly string[]): Promise<UnderWay> {
  const directory = await tempDir(t);
  const inbox = path.join(directory, 'inbox');
  await mkdir(inbox);
  const place = { directory, source: path.join(directory, 'source'), inbox, target: path.join(inbox, 'copy'), sha256: '' };
  await makeContent(place.source, kind, SIZE, chance(t));
  const server = await serveJson(t, opposite(action), serverFile(action, place), { args: serverArgs });
  const proxy = await startProxy(t, server.port);
  proxy.slowDown(SLOW);
  const again = () => clientJson(t, action, proxy.lead(server.coordinates), clientFile(action, place), ['--streams', '1', ...clientArgs]);
  const client = again();
  // Nothing would pass of one that has ended.
  await Promise.race([proxy.passed(PASSED), client.exit.then((end) => assert.fail(`it ended too soon: ${end.stdout}`))]);
  return { place, server, client, proxy, again };
}

function assertSaysWhatToDo(end: Finished): void {
  assert.equal(end.code, 5, end.stdout);
  const { code, message } = eventOf(end, 'error');
  assert.equal(code, 'connect-lost');
  assert.match(String(message), /^the link was lost and could not be had again; what has arrived is kept, run the same command again to resume \(.+\)$/u);
}

/** What has arrived is there, and nothing of it has a name that it should not have. */
async function assertKept({ source, target, inbox }: Place): Promise<void> {
  assert.equal(await assertNothingWrong(source, target), false, 'not all is there');
  assert.ok((await readdir(inbox, { recursive: true })).length > 0, 'some of it is');
}

async function assertGoesOn(place: Place, client: Child, server: Child): Promise<void> {
  const ended = await bothDone(client, server);
  assert.deepEqual([ended.client.code, ended.server.code], [0, 0]);
  assert.ok(await assertNothingWrong(place.source, place.target));
  await assertTidy(place.inbox);
  for (const end of [ended.client, ended.server]) {
    const { movedBytes, size } = resultOf(end);
    assert.equal(size, SIZE);
    assert.ok(movedBytes < SIZE - MIB, `what was there is not moved again: ${movedBytes} of ${SIZE} bytes`);
  }
}
