// A POST whose end nobody knows: its job is looked for, and taken over, or told of. Against a server that answers as FirecREST does.
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { FirecrestClient } from '../../../../src/control/firecrest/client.js';
import { parseCoordinates } from '../../../../src/coordinates/codec.js';
import { AbortError, ConnectError, ControlError, TimeoutError } from '../../../../src/errors.js';
import { clientFor } from '../../../support/fake-control.js';
import { startServer, type Received } from '../../../support/recorded.js';

const PATH = '/scratch/home/alice/a&b é.bin';
const SECRET = 'example-secret-0001xyz';
const OWN_SCRIPT = '#!/bin/bash\nexec node agent.cjs --job 1f2e\n';

/** As job_streamer.sh comes out of FirecREST's template. */
const scriptOf = (operation: 'send' | 'receive', path = PATH) =>
  `#!/bin/bash\n\n#SBATCH --nodes=1\n\necho $(date -u) "Starting firecrest streamer in ${operation} mode..."\n\n` +
  `streamer server --secret ${SECRET} --host 10.0.0.1  --public-ips 192.0.2.1  --public-ips 192.0.2.2  --port-range 5665 5668 --wait-timeout 90 --inbound-transfer-limit 20971520 ${operation} --path ${path.replaceAll('&', '&amp;')}\n`;

interface Job {
  readonly id: string;
  readonly name?: string;
  readonly state?: string;
  readonly start?: number | null;
  readonly script?: string;
}

interface Site {
  readonly client: FirecrestClient;
  readonly received: readonly Received[];
}

/** What a POST ends with, and what is in the queue afterwards. Of `looks` the first may fail. */
async function startSite(t: TestContext, jobs: readonly Job[], post: { readonly status: number; readonly message: string } | 'drop' | 'silence', unseenLooks = 0, date?: string, emptyLooks = 0): Promise<Site> {
  let looks = 0;
  const { url, received } = await startServer(t, (_request, response, { method, path }) => {
    const answer = (status: number, body: unknown) => void response.writeHead(status, { 'content-type': 'application/json', ...(date === undefined ? {} : { date }) }).end(status === 204 ? '' : JSON.stringify(body));
    const error = (status: number, message: string) => answer(status, { errorType: 'error', message, causedBy: null, data: null, user: 'alice' });
    const metadata = /\/jobs\/(\w+)\/metadata$/u.exec(path)?.[1];
    if (method === 'POST') {
      if (post === 'drop') response.socket?.destroy();
      else if (post !== 'silence') error(post.status, post.message);
    } else if (method === 'DELETE') {
      answer(204, undefined);
    } else if (metadata !== undefined) {
      const { script } = jobs.find(({ id }) => id === metadata) ?? {};
      answer(200, { jobs: [{ jobId: metadata, script, standardInput: '/dev/null', standardOutput: '/scratch/home/alice/.out.log', standardError: '/scratch/home/alice/.err.log' }] });
    } else {
      looks += 1;
      if (looks <= unseenLooks) error(503, 'The scheduler service for the requested system (alps) is unhealthy.');
      else answer(200, { jobs: (looks <= emptyLooks ? [] : jobs).map(({ id, name = 'OutgressFileTransfer', state = 'PENDING', start = null }) => ({ jobId: id, name, status: { state, stateReason: 'None', exitCode: null, interruptSignal: null }, tasks: [], time: { elapsed: 0, start, end: null, suspended: null, limit: 600 }, user: 'alice', workingDirectory: '/scratch/home/alice' })) });
    }
  });
  return { client: clientFor(url, { timeoutMs: post === 'silence' ? 1_000 : 20_000 }), received };
}

const HUNG = { status: 500, message: "('Channel not open for sending',)" };
const posts = ({ received }: Site) => received.filter(({ method }) => method === 'POST').length;
const cancels = ({ received }: Site) => received.filter(({ method }) => method === 'DELETE').map(({ path }) => path);
const now = () => Math.round(Date.now() / 1000);
const download = ({ client }: Site, signal?: AbortSignal) => client.startTransfer('alps', 'download', { path: PATH }, { signal });

describe("a transfer's job that was queued and not told of", () => {
  for (const post of [HUNG, { status: 502, message: 'bad gateway' }, { status: 408, message: 'timeout' }, { status: 500, message: 'Unexpected Slurm command response. exit_status:1 std_err:sbatch: error: Batch job submission failed: Socket timed out on send/recv operation' }, 'drop', 'silence'] as const) {
    it(`after ${typeof post === 'string' ? post : `${post.status} ${post.message.slice(-40)}`} is taken over, with all that the answer would have held`, async (t) => {
      const site = await startSite(t, [{ id: '41', script: scriptOf('receive') }, { id: '42', script: scriptOf('send') }, { id: '43', script: scriptOf('send', '/scratch/other') }], post);
      const { coordinates, ...job } = await download(site);
      assert.deepEqual(job, { jobId: '42', system: 'alps', workingDirectory: '/scratch/home/alice', outputLog: '/scratch/home/alice/.out.log', errorLog: '/scratch/home/alice/.err.log', found: true });
      assert.deepEqual({ ...parseCoordinates(coordinates) }, { version: 1, ips: ['192.0.2.1', '192.0.2.2'], ports: [5665, 5668], secret: SECRET });
      assert.equal(posts(site), 1);
      assert.deepEqual(cancels(site), []);
    });
  }

  it('is not taken for another: one that is over, that has begun before, of another name', async (t) => {
    const script = scriptOf('send');
    const site = await startSite(t, [{ id: '1', state: 'COMPLETED', start: now(), script }, { id: '2', state: 'RUNNING', start: now() - 60, script }, { id: '3', name: 'IngressFileTransfer', script }], HUNG);
    await assert.rejects(download(site), (error) => error instanceof ControlError && error.status === 500 && error.retryable && /Channel not open.*; no job of it is in the queue yet: see "streamer jobs --system alps" later/u.test(error.message));
    assert.deepEqual([posts(site), cancels(site)], [1, []]);
  });

  it('is found though it comes late, where something hung; where nothing did, two looks are enough', async (t) => {
    const job = { id: '42', script: scriptOf('send') };
    for (const post of [HUNG, { status: 504, message: 'gateway timeout' }, 'silence'] as const) assert.equal((await download(await startSite(t, [job], post, 0, undefined, 3))).jobId, '42');
    const odd = await startSite(t, [job], { status: 500, message: 'Internal Server Error' }, 0, undefined, 2);
    await assert.rejects(download(odd), /no job of it is in the queue$/u);
    assert.equal(odd.received.length, 3);
  });

  it("is known by FirecREST's clock", async (t) => {
    const theirs = now() + 3_600;
    const site = await startSite(t, [{ id: '1', state: 'RUNNING', start: theirs - 60, script: scriptOf('send') }, { id: '2', state: 'RUNNING', start: theirs + 1, script: scriptOf('send') }], HUNG, 0, new Date(theirs * 1000).toUTCString());
    assert.equal((await download(site)).jobId, '2');
  });

  it('is waited for while the scheduler cannot be asked', async (t) => {
    const site = await startSite(t, [{ id: '42', script: scriptOf('send') }], HUNG, 3);
    assert.equal((await download(site)).jobId, '42');
  });

  it('of which nothing can be seen is told of', async (t) => {
    const site = await startSite(t, [{ id: '42', script: scriptOf('send') }], HUNG, 99);
    await assert.rejects(download(site), /cannot be seen now: see "streamer jobs --system alps" later/u);
    assert.equal(posts(site), 1);
  });

  it('that may be one of two is left alone, and both are told', async (t) => {
    const site = await startSite(t, [{ id: '42', script: scriptOf('send') }, { id: '44', script: scriptOf('send') }], HUNG);
    await assert.rejects(download(site), /its job may be one of 42, 44:/u);
    assert.deepEqual(cancels(site), []);
  });

  it('is cancelled when the caller has stopped meanwhile', async (t) => {
    const site = await startSite(t, [{ id: '42', script: scriptOf('send') }], 'silence');
    const stopping = new AbortController();
    const asked = download({ ...site, client: site.client }, stopping.signal);
    setTimeout(() => stopping.abort(), 30);
    await assert.rejects(asked, AbortError);
    assert.deepEqual(cancels(site), ['/compute/alps/jobs/42']);
  });

  it('is not looked for when FirecREST has refused for certain', async (t) => {
    for (const post of [
      { status: 404, message: 'No such file' },
      { status: 503, message: 'The scheduler service for the requested system (alps) is unhealthy.' },
      { status: 500, message: '("\'NoneType\' object has no attribute \'service_type\'",)' },
      { status: 500, message: "('No SSH credentials found for user:ghost',)" },
      { status: 500, message: 'Unexpected Slurm command response. exit_status:1 std_err:sbatch: error: Batch job submission failed: Invalid account' },
    ]) {
      const site = await startSite(t, [{ id: '42', script: scriptOf('send') }], post);
      await assert.rejects(download(site), ControlError);
      assert.equal(site.received.length, 1, post.message);
    }
  });
});

describe('a job of our own that was queued and not told of', () => {
  const submit = ({ client }: Site) => client.submit('alps', { name: 'streamer-1f2e', workingDirectory: '/scratch/home/alice', script: OWN_SCRIPT });

  it('is taken over by its script', async (t) => {
    const site = await startSite(t, [{ id: '7', name: 'streamer-1f2e', script: OWN_SCRIPT }, { id: '8', name: 'streamer-1f2e', script: '#!/bin/bash\n' }], HUNG);
    assert.deepEqual(await submit(site), { jobId: '7' });
    assert.equal(posts(site), 1);
  });

  it('keeps the class of what it ended with, when there is none', async (t) => {
    await assert.rejects(submit(await startSite(t, [], 'drop')), (error) => error instanceof ConnectError && error.code === 'connect-lost' && error.message.includes('no job of it is in the queue yet'));
    await assert.rejects(submit(await startSite(t, [], 'silence')), TimeoutError);
  });
});
