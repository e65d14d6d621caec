// Every recorded answer of a route that we use gives its value, or an error of its class in FirecREST's own words.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AuthError, ControlError, StreamerError, UsageError } from '../../../../src/errors.js';
import type { Authenticator } from '../../../../src/control/auth/authenticator.js';
import { MemoryStore } from '../../../../src/control/auth/memory-store.js';
import { FirecrestClient } from '../../../../src/control/firecrest/client.js';
import { EXCHANGES, startRecorded, type Exchange } from '../../../support/recorded-answer.js';

const TOKEN = 'a-token-that-nobody-may-see';
const authenticator: Authenticator = {
  sign({ headers }) {
    headers.set('authorization', `Bearer ${TOKEN}`);
    return Promise.resolve();
  },
};

type Call = (client: FirecrestClient) => Promise<unknown>;
type Parts = { readonly system: string; readonly id: string; readonly query: URLSearchParams; readonly body: Record<string, unknown> };

/** What of ours asks each route. */
const ROUTES: readonly (readonly [method: string, route: RegExp, call: (parts: Parts) => Call])[] = [
  ['GET', /^\/status\/systems\/?$/u, () => (client) => client.systems()],
  ['GET', /^\/status\/(?<system>[^/]+)\/userinfo$/u, ({ system }) => (client) => client.userInfo(system)],
  ['GET', /^\/compute\/(?<system>[^/]+)\/jobs$/u, ({ system, query }) => (client) => client.jobs(system, { timeWindow: (query.get('time_window') ?? '24h') as '1h' })],
  ['GET', /^\/compute\/(?<system>[^/]+)\/jobs\/(?<id>[^/]+)$/u, ({ system, id }) => (client) => client.job(system, id)],
  ['DELETE', /^\/compute\/(?<system>[^/]+)\/jobs\/(?<id>[^/]+)$/u, ({ system, id }) => (client) => client.cancel(system, id)],
  ['POST', /^\/compute\/(?<system>[^/]+)\/jobs$/u, ({ system, body }) => (client) => client.submit(system, { name: 'hello', workingDirectory: '/scratch/home/alice', script: '#!/bin/bash\n', ...(body['job'] as object) })],
  ['POST', /^\/filesystem\/(?<system>[^/]+)\/transfer\/(?<id>download|upload)$/u, ({ system, id, body }) => (client) => client.startTransfer(system, id as 'download', { path: pathOf(body) })],
  ['GET', /^\/filesystem\/(?<system>[^/]+)\/ops\/ls$/u, ({ system, query }) => (client) => client.ls(system, query.get('path') ?? '', { showHidden: query.get('showHidden') === 'true' })],
  ['GET', /^\/filesystem\/(?<system>[^/]+)\/ops\/stat$/iu, ({ system, query }) => (client) => client.stat(system, query.get('path') ?? '')],
  ['GET', /^\/filesystem\/(?<system>[^/]+)\/ops\/checksum$/u, ({ system, query }) => (client) => client.checksum(system, query.get('path') ?? '')],
  ['GET', /^\/filesystem\/(?<system>[^/]+)\/ops\/tail$/u, ({ system, query }) => (client) => client.tail(system, query.get('path') ?? '', { lines: 12 })],
  ['GET', /^\/filesystem\/(?<system>[^/]+)\/ops\/view$/u, ({ system, query }) => (client) => client.view(system, query.get('path') ?? '', { offset: 0, size: 100 })],
  ['GET', /^\/filesystem\/(?<system>[^/]+)\/ops\/download$/u, ({ system, query }) => (client) => client.readFile(system, query.get('path') ?? '')],
  ['POST', /^\/filesystem\/(?<system>[^/]+)\/ops\/upload$/u, ({ system, query }) => (client) => client.writeFile(system, query.get('path') ?? '', 'small.bin', Uint8Array.of(1, 2, 3))],
  ['POST', /^\/filesystem\/(?<system>[^/]+)\/ops\/mkdir$/u, ({ system, body }) => (client) => client.mkdir(system, String(body['sourcePath']), { parents: true })],
  ['DELETE', /^\/filesystem\/(?<system>[^/]+)\/ops\/rm$/u, ({ system, query }) => (client) => client.rm(system, query.get('path') ?? '')],
];

/** A transfer's path, by any of the names that FirecREST takes it by. */
function pathOf(body: Record<string, unknown>): string {
  const path = body['sourcePath'] ?? body['path'] ?? body['source_path'];
  return typeof path === 'string' ? path : 'None';
}

/** Recorded in part only: nothing to read there. */
const ABRIDGED = new Set(['cors-simple-get', 'status-systems-scheduler-hangs']);

/** Known before FirecREST is asked, or a matter of the token. */
const SAID_OTHERWISE = new Set(['err-missing-username-claim', 'err-job-bad-id', 'err-ops-ls-no-path']);

function callOf({ request }: Exchange): Call | undefined {
  const url = new URL(request.path ?? '', 'http://x');
  for (const [method, route, make] of ROUTES) {
    const match = route.exec(url.pathname);
    if (request.method !== method || match === null) continue;
    const groups = match.groups ?? {};
    const body = typeof request.body === 'object' && request.body !== null ? (request.body as Record<string, unknown>) : {};
    return make({ system: groups['system'] ?? '', id: groups['id'] ?? '', query: url.searchParams, body });
  }
  return undefined;
}

/** The outcome of asking for an exchange's answer. */
async function outcome(t: Parameters<typeof startRecorded>[0], exchange: Exchange, call: Call): Promise<unknown> {
  const { url } = await startRecorded(t, exchange, ({ path }) => ({ status: 200, body: path.includes('/jobs') ? { jobs: [] } : { systems: [] } }));
  const client = new FirecrestClient({ url, authenticator, store: new MemoryStore() });
  return call(client).catch((error: unknown) => error);
}

const named = (name: string): Exchange => {
  const found = EXCHANGES.find((exchange) => exchange.name === name);
  assert.ok(found !== undefined, name);
  return found;
};

async function answerTo(t: Parameters<typeof startRecorded>[0], name: string): Promise<unknown> {
  const exchange = named(name);
  const call = callOf(exchange);
  assert.ok(call !== undefined, name);
  return outcome(t, exchange, call);
}

describe('a recorded answer', () => {
  for (const exchange of EXCHANGES) {
    const call = callOf(exchange);
    if (call === undefined || ABRIDGED.has(exchange.name)) continue;
    const { status, body } = exchange.response;
    it(`${exchange.name} (${status})`, async (t) => {
      const result = await outcome(t, exchange, call);
      if (status < 400) {
        assert.ok(!(result instanceof Error), String(result));
        return;
      }
      if (!(result instanceof Error)) {
        assert.ok(result === undefined || result === 'was-over');
        return;
      }
      assert.ok(result instanceof StreamerError, String(result));
      assert.doesNotMatch(result.message, new RegExp(`${TOKEN}|/app/firecrest|\\n`, 'u'));
      if (status === 401) {
        assert.ok(result instanceof AuthError, String(result));
        return;
      }
      if (SAID_OTHERWISE.has(exchange.name)) {
        assert.ok(result instanceof AuthError || result instanceof UsageError, String(result));
        return;
      }
      assert.ok(result instanceof ControlError, String(result));
      assert.equal(result.status, status);
      const { message, causedBy } = body as { message: string; causedBy: string[] | null };
      const said = (causedBy?.at(-1) ?? message).trim().split(/[\n:]/u).at(-1)?.trim().replace(/\.$/u, '').slice(0, 40) ?? '';
      const isValidation = (body as { errorType?: unknown }).errorType === 'validation';
      assert.ok(isValidation || result.message.includes(said), `"${result.message}" holds "${said}"`);
    });
  }

  it('of a system has what is needed of it', async (t) => {
    const systems = (await answerTo(t, 'status-systems')) as Awaited<ReturnType<FirecrestClient['systems']>>;
    assert.deepEqual(systems.map(({ name }) => name), ['alps', 'alps-busy', 'wormy', 'noxfer', 'down']);
    const [alps, , wormy, noxfer, down] = systems;
    assert.ok(alps !== undefined);
    assert.deepEqual(alps.scheduler, { type: 'slurm', version: '22.05.8' });
    assert.equal(alps.maxOpsFileSize, 1_048_576);
    assert.deepEqual(alps.transfer, { type: 'streamer', host: '127.0.0.1', portRange: [5665, 5668], publicIps: ['127.0.0.1'], waitTimeoutSeconds: 90, inboundTransferLimit: alps.transfer?.inboundTransferLimit });
    assert.deepEqual(alps.fileSystems[0], { path: '/scratch/home', dataType: 'users', defaultWorkDir: true });
    assert.deepEqual([wormy?.transfer?.type, noxfer?.transfer, down?.healthy, alps.healthy], ['wormhole', undefined, false, true]);
  });

  it('of a job: pending with its reason, running, cancelled by whom it does not matter', async (t) => {
    const pending = (await answerTo(t, 'job-pending')) as { state: string };
    assert.deepEqual({ ...pending }, { ...pending, state: 'PENDING', reason: 'BeginTime', over: false, start: 1795349233, limitSeconds: 120 });
    const running = (await answerTo(t, 'job-running')) as { state: string };
    assert.deepEqual({ ...running }, { ...running, state: 'RUNNING', over: false, nodes: 'node1', limitSeconds: 600 });
    assert.equal('reason' in running, false);
    const cancelled = (await answerTo(t, 'job-cancelled-while-running')) as { state: string; over: boolean };
    assert.deepEqual([cancelled.state, cancelled.over], ['CANCELLED', true]);
    for (const name of ['job-completed', 'job-failed', 'job-timeout']) assert.equal(((await answerTo(t, name)) as { over: boolean }).over, true, name);
    assert.equal(await answerTo(t, 'err-job-unknown'), undefined);
  });

  it('to a second cancel is no error, and to one of a job that never was is', async (t) => {
    assert.equal(await answerTo(t, 'cancel-pending'), 'cancelled');
    assert.equal(await answerTo(t, 'cancel-again'), 'was-over');
    assert.equal(await answerTo(t, 'cancel-completed-job'), 'was-over');
    assert.ok((await answerTo(t, 'err-cancel-unknown-job')) instanceof ControlError);
  });

  it('of a log that is not there yet is none', async (t) => {
    assert.equal(await answerTo(t, 'right-after-submit-outputlog-tail'), undefined);
    assert.match(String(await answerTo(t, 'while-server-is-listening-outputlog-tail')), /Starting firecrest streamer/u);
  });

  it('of files: sizes are numbers, a checksum is hex, content is bytes', async (t) => {
    assert.deepEqual(((await answerTo(t, 'ops-ls')) as { name: string; size: number }[]).map(({ name, size }) => [name, size]), [['empty.bin', 0], ['small.bin', 1024]]);
    assert.equal(await answerTo(t, 'ops-checksum'), '785b0751fc2c53dc14a4ce3d800e69ef9ce1009eb327ccf458afe09c242c26c9');
    assert.equal(((await answerTo(t, 'ops-download-700k')) as Uint8Array).byteLength, 700_000);
    assert.equal(((await answerTo(t, 'ops-download-empty')) as Uint8Array).byteLength, 0);
  });

  it('to a transfer has the job and its coordinates', async (t) => {
    const { response } = named('download-streamer');
    const job = (await answerTo(t, 'download-streamer')) as { jobId: string; coordinates: string; outputLog: string };
    const recorded = response.body as { transferJob: { logs: { outputLog: string } }; transferDirectives: { coordinates: string } };
    assert.deepEqual([job.jobId, job.coordinates, job.outputLog], ['3', recorded.transferDirectives.coordinates, recorded.transferJob.logs.outputLog]);
  });
});

describe('what is asked', () => {
  for (const name of ['download-streamer', 'upload-streamer-text-eof-framing', 'job-submit', 'ops-mkdir']) {
    it(`by ${name} is what was recorded`, async (t) => {
      const exchange = named(name);
      const { url, asked } = await startRecorded(t, exchange, () => ({ status: 200, body: { jobs: [] } }));
      await callOf(exchange)?.(new FirecrestClient({ url, authenticator, store: new MemoryStore() }));
      const post = asked.find(({ method }) => method === 'POST');
      assert.deepEqual(JSON.parse(post?.body ?? ''), exchange.request.body);
      assert.equal(post?.headers['authorization'], `Bearer ${TOKEN}`);
    });
  }

  it('of an upload is a form with the file and its name', async (t) => {
    const exchange = named('ops-upload-small');
    const { url, asked } = await startRecorded(t, exchange, () => ({ status: 404, body: {} }));
    await new FirecrestClient({ url, authenticator, store: new MemoryStore() }).writeFile('alps', '/scratch/home/alice/d', 'a b.bin', Uint8Array.of(1, 2, 255));
    assert.match(String(asked[0]?.headers['content-type']), /^multipart\/form-data; boundary=/u);
    assert.match(asked[0]?.body ?? '', /name="file"; filename="a b.bin"\r\n(?:.*\r\n)*\r\n\u0001\u0002\u00ff\r\n/u);
    assert.equal(asked[0]?.path, '/filesystem/alps/ops/upload?path=%2Fscratch%2Fhome%2Falice%2Fd');
  });

  it('of an empty file: the answer is 408, and the file is there', async (t) => {
    const exchange = named('ops-upload-empty');
    const there = { status: 200, body: { output: { mode: 33188, ino: 1, dev: 1, nlink: 1, atime: 1, ctime: 1, uid: 1, gid: 1, size: 0, mtime: 1 } } };
    const { url } = await startRecorded(t, exchange, () => there);
    await new FirecrestClient({ url, authenticator, store: new MemoryStore() }).writeFile('alps', '/scratch/home/alice/d', 'empty.bin', new Uint8Array());
    const missing = await startRecorded(t, exchange, () => ({ status: 404, body: { message: 'No such file', errorType: 'error' } }));
    await assert.rejects(new FirecrestClient({ url: missing.url, authenticator, store: new MemoryStore() }).writeFile('alps', '/d', 'empty.bin', new Uint8Array()), { status: 408 });
  });
});
