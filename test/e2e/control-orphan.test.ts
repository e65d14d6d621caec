// A transfer's job that FirecREST has queued and not told of is found, and is as good as one that it has told of: the file comes.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { receive } from '../../src/client/client.js';
import type { Authenticator } from '../../src/control/auth/authenticator.js';
import type { FirecrestClient } from '../../src/control/firecrest/client.js';
import { tempDir } from '../support/cli.js';
import { clientFor } from '../support/fake-control.js';
import type { Mishap } from '../support/gateway/faults.js';
import { startGateway, type Gateway } from '../support/gateway/gateway.js';

async function startSite(t: TestContext): Promise<{ readonly gateway: Gateway; readonly client: FirecrestClient }> {
  const gateway = await startGateway(t, { systems: [{ name: 'alps', streamer: 'ours', commandLimitMs: 500 }] });
  const sign: Authenticator['sign'] = ({ headers }) => {
    headers.set('authorization', `Bearer ${gateway.tokenFor('alice')}`);
    return Promise.resolve();
  };
  return { gateway, client: clientFor(gateway.url, { authenticator: { sign }, pause: undefined }) };
}

async function fetchesAllTheSame(t: TestContext, { gateway, client }: { readonly gateway: Gateway; readonly client: FirecrestClient }): Promise<void> {
  const file = path.join(gateway.home, 'results.bin');
  await writeFile(file, 'what was computed');
  const job = await client.startTransfer('alps', 'download', { path: file });
  assert.equal(job.found, true);
  const local = path.join(await tempDir(t), 'copy');
  await receive({ coordinates: job.coordinates, path: local });
  assert.equal(await readFile(local, 'utf8'), 'what was computed');
  assert.equal((await gateway.jobs()).length, 1);
}

describe('a job that was queued', () => {
  const mishaps: Readonly<Record<string, Mishap>> = { 'and the answer was 500': { kind: 'done-but' }, 'and the connection was lost': { kind: 'done-but-dropped' } };
  for (const [what, mishap] of Object.entries(mishaps)) {
    it(`${what} is found, once, and its file comes`, async (t) => {
      const site = await startSite(t);
      site.gateway.fault({ method: 'POST', path: /\/transfer\/download$/u, mishap });
      await fetchesAllTheSame(t, site);
    });
  }

  it('while the scheduler did not answer is found when it does', async (t) => {
    const site = await startSite(t);
    site.gateway.system().schedulerHangs = true;
    setTimeout(() => (site.gateway.system().schedulerHangs = false), 3_000);
    await fetchesAllTheSame(t, site);
  });

  it('by ourselves is found by its script', async (t) => {
    const { gateway, client } = await startSite(t);
    gateway.fault({ method: 'POST', path: /\/jobs$/u, mishap: { kind: 'done-but-dropped' } });
    const { jobId } = await client.submit('alps', { name: 'streamer-1f2e', workingDirectory: gateway.home, script: '#!/bin/bash\nsleep 60\n' });
    assert.deepEqual((await gateway.jobs()).map(({ id }) => id), [jobId]);
    assert.equal(await client.cancel('alps', jobId), 'cancelled');
  });
});
