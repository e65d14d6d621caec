// Every recorded answer of a route that we use gives its value, or an error of its class in FirecREST's own words.
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { inspect } from 'node:util';
import type { FirecrestClient, TransferJob } from '../../../../src/control/firecrest/client.js';
import { AuthError, ControlError, UsageError } from '../../../../src/errors.js';
import { clientFor, TOKEN } from '../../../support/fake-control.js';
import { exchange as named, EXCHANGES, startRecorded, type Exchange } from '../../../support/recorded.js';

type Call = (client: FirecrestClient) => Promise<unknown>;
type Parts = { readonly system: string; readonly id: string; readonly query: URLSearchParams; readonly body: Record<string, unknown> };

/** What of ours asks each route. */
const ROUTES: readonly (readonly [method: string, route: RegExp, call: (parts: Parts) => Call])[] = [
  ['GET', /^\/status\/systems$/u, () => (client) => client.systems()],
  ['GET', /^\/status\/(?<system>[^/]+)\/userinfo$/u, ({ system }) => (client) => client.userInfo(system)],
  ['GET', /^\/compute\/(?<system>[^/]+)\/jobs$/u, ({ system, query }) => (client) => client.jobs(system, { timeWindow: (query.get('time_window') ?? '24h') as '1h' })],
  ['GET', /^\/compute\/(?<system>[^/]+)\/jobs\/(?<id>[^/]+)$/u, ({ system, id }) => (client) => client.job(system, id)],
  ['GET', /^\/compute\/(?<system>[^/]+)\/jobs\/(?<id>[^/]+)\/metadata$/u, ({ system, id }) => (client) => client.jobMetadata(system, id)],
  ['DELETE', /^\/compute\/(?<system>[^/]+)\/jobs\/(?<id>[^/]+)$/u, ({ system, id }) => (client) => client.cancel(system, id)],
  ['POST', /^\/compute\/(?<system>[^/]+)\/jobs$/u, ({ system, body }) => (client) => client.submit(system, { name: 'hello', workingDirectory: '/scratch/home/alice', script: '#!/bin/bash\n', ...(body['job'] as object) })],
  ['POST', /^\/filesystem\/(?<system>[^/]+)\/transfer\/(?<id>download|upload)$/u, ({ system, id, body }) => (client) => client.startTransfer(system, id as 'download', { path: pathOf(body), ...(typeof body['account'] === 'string' ? { account: body['account'] } : {}) })],
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

/** What we ask no server: it would refuse it. */
const KNOWN_BEFORE = new Set(['err-job-bad-id', 'err-ops-ls-no-path']);

/** Of those that are not `control-answer`. */
const CODES: Readonly<Record<string, ControlError['code']>> = {
  'err-method-s3-on-streamer-system': 'control-unsuitable',
  'err-method-s3-upload-on-streamer-system': 'control-unsuitable',
  'err-method-streamer-on-wormhole-system': 'control-unsuitable',
  'err-no-transfer-service-configured': 'control-unsuitable',
  'err-system-ssh-down-ls': 'control-unavailable',
  'err-system-down-transfer': 'control-unavailable',
  'err-scheduler-unhealthy-download': 'control-unavailable',
  'err-scheduler-unhealthy-get-job': 'control-unavailable',
  'err-scheduler-unhealthy-cancel': 'control-unavailable',
  'err-scheduler-hangs-get-job': 'control-unavailable',
  'err-scheduler-hangs-download': 'control-unavailable',
};

/** Errors that are as good as an answer. */
const VALUES: Readonly<Record<string, unknown>> = {
  'err-job-unknown': undefined,
  'job-metadata-unknown': undefined,
  'right-after-submit-outputlog-tail': undefined,
  'right-after-submit-errorlog-tail': undefined,
  'while-pending-outputlog-tail': undefined,
  'while-pending-errorlog-tail': undefined,
  'cancel-again': 'was-over',
  'cancel-completed-job': 'was-over',
};

/** Routes that nothing of ours asks, and what is not to be read. */
const NOT_ASKED = /^(?:status-liveness.*|status-nodes|status-partitions|status-reservations|system-name-is-case-insensitive|err-unknown-system-nodes|err-system-down-nodes|err-unknown-route|err-wrong-verb|cors-.*|openapi-.*|docs-.*|ops-head|trailing-slash)$/u;

function callOf({ request }: Exchange): Call | undefined {
  const url = new URL(request.path, 'http://x');
  for (const [method, route, make] of ROUTES) {
    const match = route.exec(url.pathname);
    if (request.method !== method || match === null) continue;
    const groups = match.groups ?? {};
    const body = typeof request.body === 'object' && request.body !== null ? (request.body as Record<string, unknown>) : {};
    return make({ system: groups['system'] ?? '', id: groups['id'] ?? '', query: url.searchParams, body });
  }
  return undefined;
}

/** The outcome of asking for an exchange's answer: its value, or its error. */
async function outcome(t: TestContext, one: Exchange, call: Call): Promise<unknown> {
  const { url } = await startRecorded(t, one, () => ({ status: 200, body: { jobs: [] } }));
  return call(clientFor(url)).catch((error: unknown) => error);
}

async function answerTo(t: TestContext, name: string): Promise<unknown> {
  const call = callOf(named(name));
  assert.ok(call !== undefined, name);
  return outcome(t, named(name), call);
}

/** What is left of FirecREST's words when they are in one line. */
const asLine = (text: string): string => text.replace(/\s+/gu, ' ').trim().replace(/\.$/u, '');

describe('a recorded answer', () => {
  it('is of a route that we use, or of one that we know not to', () => {
    const left = EXCHANGES.filter((one) => callOf(one) === undefined).map(({ name }) => name);
    assert.deepEqual(left.filter((name) => !NOT_ASKED.test(name)), []);
  });

  for (const one of EXCHANGES) {
    const call = callOf(one);
    if (call === undefined || ABRIDGED.has(one.name)) continue;
    const { name, response: { status, body } } = one;
    it(`${name} (${status})`, async (t) => {
      const result = await outcome(t, one, call);
      assert.equal(inspect(result, { depth: 10 }).includes(TOKEN), false);
      if (status < 400 || name in VALUES) {
        assert.ok(!(result instanceof Error), String(result));
        if (name in VALUES) assert.equal(result, VALUES[name]);
        return;
      }
      assert.ok(result instanceof Error);
      assert.doesNotMatch(result.message, /\/app\/firecrest|\n/u);
      const { message, causedBy, data } = body as { message: string; causedBy: string[] | null; data: { fields: { message: string }[] } | null };
      if (status === 401) {
        assert.ok(result instanceof AuthError && result.code === 'auth-sign-in', result.message);
        assert.ok(result.message.includes(asLine(message)), result.message);
      } else if (name === 'err-missing-username-claim') {
        assert.ok(result instanceof AuthError && result.code === 'auth-token' && result.message.includes(message), result.message);
      } else if (KNOWN_BEFORE.has(name)) {
        assert.ok(result instanceof UsageError, result.message);
      } else {
        assert.ok(result instanceof ControlError, inspect(result));
        assert.deepEqual([result.status, result.code], [status, CODES[name] ?? 'control-answer'], result.message);
        const said = data?.fields.map((field) => field.message) ?? [message, ...(causedBy ?? [])].map((words) => words.replace(/^.*(?:error message|std_err):/u, ''));
        for (const words of said) assert.ok(asLine(result.message).includes(asLine(words)), `"${result.message}" holds "${asLine(words)}"`);
      }
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
    const job = (await answerTo(t, 'download-streamer')) as TransferJob;
    const recorded = response.body as { transferJob: { logs: { outputLog: string } }; transferDirectives: { coordinates: string } };
    assert.deepEqual([job.jobId, job.coordinates, job.outputLog], ['3', recorded.transferDirectives.coordinates, recorded.transferJob.logs.outputLog]);
  });
});

describe('what is asked', () => {
  for (const name of ['download-streamer', 'download-streamer-deferred', 'upload-streamer-text-eof-framing', 'job-submit', 'ops-mkdir']) {
    it(`by ${name} is what was recorded`, async (t) => {
      const one = named(name);
      const { url, received } = await startRecorded(t, one, () => ({ status: 200, body: { jobs: [] } }));
      await callOf(one)?.(clientFor(url));
      const post = received.find(({ method }) => method === 'POST');
      assert.deepEqual(JSON.parse(String(post?.body)), one.request.body);
      assert.equal(post?.headers.authorization, `Bearer ${TOKEN}`);
    });
  }

  it('of an upload is a form with the file and its name', async (t) => {
    const { url, received } = await startRecorded(t, named('ops-upload-small'), () => ({ status: 404, body: {} }));
    await clientFor(url).writeFile('alps', '/scratch/home/alice/d', 'a b é.bin', Uint8Array.of(1, 2, 255));
    const [post] = received;
    assert.match(String(post?.headers['content-type']), /^multipart\/form-data; boundary=/u);
    assert.match(post?.body.toString('latin1') ?? '', /name="file"; filename="a b \u00c3\u00a9.bin"\r\n(?:.*\r\n)*\r\n\u0001\u0002\u00ff\r\n/u);
    assert.equal(post?.path, '/filesystem/alps/ops/upload?path=%2Fscratch%2Fhome%2Falice%2Fd');
  });

  it('of an empty file: the answer is 408, and the file is there, or it is not', async (t) => {
    const there = { status: 200, body: { output: { mode: 33188, ino: 1, dev: 1, nlink: 1, atime: 1, ctime: 1, uid: 1, gid: 1, size: 0, mtime: 1 } } };
    const { url } = await startRecorded(t, named('ops-upload-empty'), () => there);
    await clientFor(url).writeFile('alps', '/scratch/home/alice/d', 'empty.bin', new Uint8Array());
    await assert.rejects(clientFor(url).writeFile('alps', '/d', 'full.bin', Uint8Array.of(1)), { status: 408 });
    const missing = await startRecorded(t, named('ops-upload-empty'), () => ({ status: 404, body: { message: 'No such file', errorType: 'error' } }));
    await assert.rejects(clientFor(missing.url).writeFile('alps', '/d', 'empty.bin', new Uint8Array()), { status: 408 });
  });
});
