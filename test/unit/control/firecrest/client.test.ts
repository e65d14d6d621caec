import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { inspect } from 'node:util';
import type { FirecrestClient } from '../../../../src/control/firecrest/client.js';
import { ControlError, StreamerError, UsageError } from '../../../../src/errors.js';
import { clientFor, TOKEN } from '../../../support/fake-control.js';
import { answerWith, exchange, startServer, type Received } from '../../../support/recorded.js';

const PAGE = '<html><body>Welcome</body></html>';

/** Whatever is asked, the answer is this. */
async function answering(t: TestContext, status: number, body: unknown, type = 'application/json'): Promise<{ readonly client: FirecrestClient; readonly received: readonly Received[] }> {
  const { url, received } = await startServer(t, (_request, response) => response.writeHead(status, { 'content-type': type }).end(typeof body === 'string' ? body : JSON.stringify(body)));
  return { client: clientFor(url), received };
}

const error = (message: string) => ({ errorType: 'error', message, causedBy: null, data: null, user: 'alice' });

describe('where FirecREST is', () => {
  it('is an address, to which a token may go', () => {
    for (const url of ['', 'api.test', 'ftp://api.test', 'https://me:word@api.test', 'https://api.test/?a=b', 'https://api.test/#x', 'http://api.test', 'http://192.0.2.1:8000']) assert.throws(() => clientFor(url), UsageError, url);
    for (const url of ['https://api.test', 'https://api.test/hpc/firecrest/v2/', 'http://127.0.0.1:8000', 'http://[::1]:8000', 'http://localhost']) clientFor(url);
    clientFor('http://api.test', { insecure: true });
  });

  it('may have a path', async (t) => {
    const { url, received } = await startServer(t, (request, response) => answerWith(exchange('status-systems'), request, response));
    const client = clientFor(`${url}/hpc/firecrest/v2/`);
    await client.systems();
    assert.deepEqual([received[0]?.path, client.url], ['/hpc/firecrest/v2/status/systems', `${url}/hpc/firecrest/v2`]);
  });

  it('is another thing, and that is said', async (t) => {
    const cases: readonly (readonly [status: number, body: unknown, code: string])[] = [
      [200, PAGE, 'control-not-firecrest'],
      [404, PAGE, 'control-not-firecrest'],
      [502, PAGE, 'control-unavailable'],
      [200, '', 'control-answer'],
      [200, [], 'control-answer'],
      [200, { systems: [{}] }, 'control-answer'],
      [200, '{"systems":', 'control-not-firecrest'],
      [404, error('Not Found'), 'control-not-firecrest'],
    ];
    for (const [status, body, code] of cases) {
      const { client } = await answering(t, status, body);
      await assert.rejects(client.systems(), (thrown) => thrown instanceof ControlError && thrown.code === code, JSON.stringify(body));
    }
  });
});

describe('an answer', () => {
  it('may have times that are none: of a job they are left out, of a file that is told', async (t) => {
    const job = { jobId: '7', name: 'x', status: { state: 'PENDING' }, time: { start: 1e15, end: -1e15 } };
    const seen = await (await answering(t, 200, { jobs: [job] })).client.job('daint', '7');
    assert.deepEqual([seen?.state, seen?.start, seen?.end], ['PENDING', undefined, undefined]);
    const output = { mode: 33_188, ino: 1, nlink: 1, uid: 1, gid: 1, size: 1, atime: 1e300, mtime: 1, ctime: 1 };
    await assert.rejects((await answering(t, 200, { output })).client.stat('daint', '/scratch/x'), /output\.atime is not a time/u);
  });

  it('to a question for a job has an id that can be asked for again', async (t) => {
    for (const jobId of ['7\u001b[31m', '', '1/../2', {}]) {
      const { client } = await answering(t, 201, { jobId, transferJob: { jobId, system: 'daint', logs: { outputLog: '/o', errorLog: '/e' } }, transferDirectives: { coordinates: 'x' } });
      await assert.rejects(client.startTransfer('daint', 'download', { path: '/scratch/x' }), (thrown) => thrown instanceof ControlError && /transferJob\.jobId is not/u.test(thrown.message));
      await assert.rejects(client.submit('daint', { name: 'x', workingDirectory: '/', script: '#!/bin/sh' }), (thrown) => thrown instanceof ControlError && /jobId is not/u.test(thrown.message));
    }
  });
});

describe('a system', () => {
  it('is found in any case, and those that there are are named', async (t) => {
    const { url } = await startServer(t, (request, response) => answerWith(exchange('status-systems'), request, response));
    assert.equal((await clientFor(url).system('ALPS-Busy')).name, 'alps-busy');
    await assert.rejects(clientFor(url).system('daint'), (thrown) => thrown instanceof ControlError && thrown.code === 'control-unsuitable' && thrown.message.endsWith('there are alps, alps-busy, wormy, noxfer, down'));
  });

  it('may have less than all that there is to tell', async (t) => {
    const { client } = await answering(t, 200, { systems: [{ name: 'x', servicesHealth: null, dataOperation: { dataTransfer: { serviceType: 's3' }, maxOpsFileSize: 7 } }] });
    assert.deepEqual(await client.systems(), [{ name: 'x', scheduler: { type: 'unknown' }, healthy: true, services: [], fileSystems: [], maxOpsFileSize: 7, transfer: { type: 's3' }, transferDirectives: [] }]);
  });

  it('has a name that leads to no other route', async (t) => {
    const { client, received } = await answering(t, 200, {});
    for (const name of ['..', '.', '', 'a/b', 'a?b', 'a b', 'a%2f']) await assert.rejects(client.jobs(name), UsageError, name);
    for (const id of ['..', '1/../2', '1_2', '']) await assert.rejects(client.cancel('alps', id), UsageError, id);
    assert.equal(received.length, 0);
  });

  it('that is not there is no missing file', async (t) => {
    const { client } = await answering(t, 404, error('System not found'));
    for (const call of [client.stat('x', '/a'), client.tail('x', '/a', { lines: 1 }), client.job('x', '1'), client.jobMetadata('x', '1')]) await assert.rejects(call, { status: 404 });
  });
});

describe('a job', () => {
  const status = (state: string, exitCode: number | null = null) => ({ jobs: [{ jobId: '7', name: 'x', status: { state, stateReason: null, exitCode, interruptSignal: null }, time: null }] });

  it("has Slurm's words, for PBS's letters, too", async (t) => {
    const cases: readonly (readonly [state: string, exitCode: number | null, word: string, over: boolean])[] = [
      ['CANCELLED by 1002', 0, 'CANCELLED', true],
      ['COMPLETING', 0, 'COMPLETING', false],
      ['OUT_OF_MEMORY', 1, 'OUT_OF_MEMORY', true],
      ['SOMETHING_NEW', null, 'SOMETHING_NEW', false],
      ['Q', 0, 'PENDING', false],
      ['R', 0, 'RUNNING', false],
      ['F', 0, 'COMPLETED', true],
      ['F', 271, 'FAILED', true],
    ];
    for (const [state, exitCode, word, over] of cases) {
      const job = await (await answering(t, 200, status(state, exitCode))).client.job('alps', '7');
      assert.deepEqual([job?.state, job?.over], [word, over], state);
    }
  });

  it('that scancel has forgotten was over, when the scheduler remembers its end', async (t) => {
    const forgotten = (after: unknown) =>
      startServer(t, (_request, response, { method }) => response.writeHead(method === 'DELETE' ? 500 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(method === 'DELETE' ? error('scancel: error: Kill job error on job id 7: Invalid job id specified') : after)));
    assert.equal(await clientFor((await forgotten(status('COMPLETED', 0))).url).cancel('alps', '7'), 'was-over');
    for (const after of [{ jobs: [] }, status('RUNNING')]) await assert.rejects(clientFor((await forgotten(after)).url).cancel('alps', '7'), { status: 500 });
  });

  it('whose answer was lost is cancelled again', async (t) => {
    let turn = 0;
    const { url } = await startServer(t, (_request, response) => {
      turn += 1;
      if (turn === 1) response.socket?.destroy();
      else response.writeHead(500, { 'content-type': 'application/json' }).end(JSON.stringify(error('scancel: error: Kill job error on job id 7: Job/step already completing or completed')));
    });
    assert.equal(await clientFor(url).cancel('alps', '7'), 'was-over');
  });

  it("of the site's without coordinates is of no use", async (t) => {
    const { client } = await answering(t, 201, { transferJob: { jobId: '7', system: 'alps', workingDirectory: '/', logs: { outputLog: '/o', errorLog: '/e' } }, transferDirectives: { transferMethod: 's3' } });
    await assert.rejects(client.startTransfer('alps', 'download', { path: '/a' }), /no coordinates of its job 7/u);
  });
});

describe('a path', () => {
  it('with what would run in its shell is never sent', async (t) => {
    const { client, received } = await answering(t, 200, {});
    const path = "/scratch/x'; rm -r ~; '";
    const calls = [client.ls('alps', path), client.stat('alps', path), client.checksum('alps', path), client.tail('alps', path, { bytes: 1 }), client.view('alps', path, { offset: 0, size: 1 }), client.readFile('alps', path), client.writeFile('alps', path, 'a', new Uint8Array()), client.writeFile('alps', '/scratch', "a'b", new Uint8Array()), client.mkdir('alps', path), client.rm('alps', path), client.rm('alps', '')];
    for (const call of calls) await assert.rejects(call, UsageError);
    assert.equal(received.length, 0);
  });

  it('of an upload has a name that its form carries as it is', async (t) => {
    const { client, received } = await answering(t, 204, '');
    for (const name of ['a"b', 'a\\b', 'a\nb', 'a/b', '..', '.', '']) await assert.rejects(client.writeFile('alps', '/scratch', name, new Uint8Array()), UsageError, name);
    assert.equal(received.length, 0);
  });

  it('goes into the query whole', async (t) => {
    const { client, received } = await answering(t, 200, { output: [] });
    await client.ls('alps', '/scratch/a b&c=d+é#%?', { showHidden: true, numericUid: false });
    assert.equal(received[0]?.path, `/filesystem/alps/ops/ls?path=${encodeURIComponent('/scratch/a b&c=d+é#%?')}&showHidden=true&numericUid=false`);
  });

  it('with a space has its checksum in an error', async (t) => {
    const sum = '785b0751fc2c53dc14a4ce3d800e69ef9ce1009eb327ccf458afe09c242c26c9';
    const { client } = await answering(t, 500, error(`Invalid output: ${sum}  /scratch/a b.bin\n `));
    assert.equal(await client.checksum('alps', '/scratch/a b.bin'), sum);
    await assert.rejects((await answering(t, 500, error('Invalid output: oops'))).client.checksum('alps', '/a'), { status: 500 });
    await assert.rejects((await answering(t, 200, { output: { algorithm: 'SHA512', checksum: sum } })).client.checksum('alps', '/a'), ControlError);
  });
});

it('a token that the other end repeats is in no error', async (t) => {
  for (const [status, type, wrap] of [[401, 'application/json', (text: string) => JSON.stringify(error(text))], [500, 'application/json', (text: string) => JSON.stringify(error(text))], [400, 'application/json', (text: string) => JSON.stringify({ ...error('x'), errorType: 'validation', data: { fields: [{ name: text, message: text }] } })], [404, 'text/html', (text: string) => `<html>${text}`], [302, 'text/plain', (text: string) => text]] as const) {
    const { url } = await startServer(t, (request, response) => {
      const authorization = request.headers.authorization ?? '';
      response.writeHead(status, { 'content-type': type, 'auth-token': authorization, location: `https://other.test/login?token=${encodeURIComponent(authorization)}` }).end(wrap(`you sent ${authorization}`));
    });
    const thrown: unknown = await clientFor(url).systems().catch((failure: unknown) => failure);
    assert.ok(thrown instanceof StreamerError, inspect(thrown));
    assert.equal(inspect(thrown, { depth: 20, showHidden: true }).includes(TOKEN), false, inspect(thrown));
  }
});
