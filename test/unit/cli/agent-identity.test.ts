/** The identity that the agent seals for. */
import assert from 'node:assert/strict';
import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import { agentIdentity } from '../../../src/cli/agent-identity.js';
import { publicKeyOf } from '../../../src/coordinates/keys.js';
import { StorageError, UsageError } from '../../../src/errors.js';
import { tempDir } from '../../support/cli.js';

describe("the agent's identity", () => {
  it('is made when there is none, once, for its owner alone', async (t) => {
    const env = { XDG_CONFIG_HOME: await tempDir(t) };
    const told: string[] = [];
    const all = await Promise.all(Array.from({ length: 5 }, () => agentIdentity(undefined, env, (message) => told.push(message))));
    assert.equal(new Set(all).size, 1, 'runs that begin at once have one');
    const file = path.join(env.XDG_CONFIG_HOME, 'streamer/identity');
    assert.equal(await readFile(file, 'utf8'), all[0]);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.match(publicKeyOf(all[0] ?? ''), /^streamer-key1\./u);
    assert.equal(told.length, 1);
    assert.ok(told[0]?.includes(file));
    assert.doesNotMatch(told[0] ?? '', /streamer-identity/u);
  });

  it('must be there where it is named', async (t) => {
    await assert.rejects(agentIdentity(path.join(await tempDir(t), 'none'), {}, () => undefined), (error) => error instanceof StorageError && error.code === 'storage-missing');
  });

  it('is none where none can be kept, which is told', async () => {
    const told: string[] = [];
    // Not /proc, where node's mkdir never ends.
    assert.equal(await agentIdentity(undefined, { XDG_CONFIG_HOME: '/sys' }, (message) => told.push(message)), undefined);
    assert.match(told.join(''), /^cannot write the identity .*; without it, the job/u);
  });

  it('is never made anew over something else', async (t) => {
    const file = path.join(await tempDir(t), 'identity');
    await writeFile(file, 'something else', { mode: 0o600 });
    await assert.rejects(agentIdentity(file, {}, () => undefined), UsageError);
    assert.equal(await readFile(file, 'utf8'), 'something else');
    await chmod(file, 0o644);
    await assert.rejects(agentIdentity(file, {}, () => undefined), StorageError);
  });
});
