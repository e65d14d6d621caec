/** Where the agent's files are, and which of them are old. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { AGENT_NAME, agentNameOf } from '../../../../src/control/agent/agent-file.js';
import { agentDirectory, runDirectory, runDirectoryOf, staleNames } from '../../../../src/control/agent/place.js';
import { ControlError, UsageError } from '../../../../src/errors.js';
import { LocalCluster } from '../../../support/local-cluster.js';

const SYSTEM = { name: 'daint', fileSystems: [{ path: '/store', defaultWorkDir: false }, { path: '/scratch/', defaultWorkDir: true }] };
const directoryOf = (t: TestContext, given?: string, system = SYSTEM) => agentDirectory(new LocalCluster(t), system, given);

describe("the agent's directory", () => {
  it("is in the user's own of the default file system", async (t) => {
    assert.equal(await directoryOf(t), '/scratch/alice/.streamer');
    assert.equal(await directoryOf(t, undefined, { name: 'x', fileSystems: [{ path: '/home', defaultWorkDir: false }] }), '/home/alice/.streamer');
  });

  it('is another where one is named', async (t) => {
    assert.equal(await directoryOf(t, '/users/alice/agents//'), '/users/alice/agents');
  });

  it('is none that a command of FirecREST would read otherwise', async (t) => {
    for (const bad of ["/scratch/a'b", '/scratch/a b', '/scratch/$HOME', '/scratch/%j', 'relative', '', '/', '/scratch/../etc', '/scratch/a\nb', '/scratch/;x']) {
      await assert.rejects(directoryOf(t, bad), (error) => error instanceof UsageError && error.message.startsWith('`agent.directory`'), bad);
    }
  });

  it('has to be named where the system names no file system', async (t) => {
    await assert.rejects(directoryOf(t, undefined, { name: 'bare', fileSystems: [] }), (error) => error instanceof ControlError && /bare names no file system/u.test(error.message));
  });
});

describe("a run's directory", () => {
  it('is known again by what the scheduler says of it', () => {
    const run = runDirectory('/scratch/alice/.streamer', '0123456789abcdef');
    for (const told of [run, `${run}/`, '/lustre/scratch/alice/.streamer/run-0123456789abcdef']) assert.equal(runDirectoryOf('/scratch/alice/.streamer', told), run);
    for (const other of [undefined, '', '/', '/scratch/alice', '/scratch/alice/.streamer', `${run}/x`, `${run}0`]) assert.equal(runDirectoryOf('/scratch/alice/.streamer', other), undefined);
  });
});

describe('what is stale', () => {
  const now = Date.parse('2026-11-22T12:00:00');
  const [old, fresh] = ['2026-09-01T00:00:00', '2026-11-20T00:00:00'];
  const current = agentNameOf('a'.repeat(64));
  const entry = (name: string, lastModified = old) => ({ name, lastModified });

  it('is what has our exact names, and is older than a month', () => {
    const other = agentNameOf('b'.repeat(64));
    assert.match(other, AGENT_NAME);
    assert.deepEqual(staleNames([entry(other), entry('run-0123456789abcdef'), entry(agentNameOf('c'.repeat(64)), fresh), entry('run-fedcba9876543210', fresh)], current, now), [other, 'run-0123456789abcdef']);
  });

  it("is never the current one, anybody else's file, or one whose time cannot be read", () => {
    const names = [current, 'streamer-agent.cjs', 'streamer-agent-0123456789ab.cjs.bak', 'streamer-agent-0123456789AB.cjs', 'run-1', 'run-0123456789abcdef0', '..', 'my run-0123456789abcdef', 'results'];
    assert.deepEqual(staleNames([...names.map((name) => entry(name)), entry(agentNameOf('b'.repeat(64)), 'yesterday')], current, now), []);
  });
});
