/**
 * The gateway against what a real FirecREST answered to the same requests: statuses, texts, keys and types, surprises
 * included. Every recorded exchange is replayed, or named in {@link NOT_COMPARED} with the reason why not.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmod, chown, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { asOrdinaryUser, isRoot } from '../e2e/abilities.js';
import { startGateway, type Gateway } from '../support/gateway/gateway.js';
import { readLog } from '../support/gateway/likeness.js';
import { counting, listening, Replay, until, type Session } from '../support/gateway/replay.js';
import type { JobRecord } from '../support/gateway/scheduler.js';
import type { SystemOptions } from '../support/gateway/system.js';
import { pythonOrSkip } from '../support/python-peer.js';
import { EXCHANGES, exchange } from '../support/recorded.js';

const skip = await pythonOrSkip();
const MIB = 1024 * 1024;

const NOT_COMPARED: Readonly<Record<string, string>> = {
  'openapi-without-token': 'the gateway does not serve its document; gateway-schema.test.ts holds its answers against it',
  'docs-without-token': 'a page for people',
  'job-cancelled-while-running': "for a moment after the end Slurm's accounting had the task's signal as 0; the gateway says 15 at once, as job-cancelled-later",
  'job-list': 'the jobs before it were made by hand; job-list-default is compared',
};

const compared = new Set<string>();

/** The recorded site. */
const SYSTEMS: readonly SystemOptions[] = [
  { name: 'alps', maxOpsFileSize: MIB, waitTimeoutSeconds: 90, inboundTransferLimit: 20 * MIB, directives: ['#SBATCH --nodes=1', '#SBATCH --ntasks=1', '#SBATCH --partition=xfer', '#SBATCH --time=0-00:10:00'] },
  { name: 'alps-busy', maxOpsFileSize: MIB, waitTimeoutSeconds: 15, inboundTransferLimit: MIB, directives: ['#SBATCH --nodes=1', '#SBATCH --begin=now+20', '#SBATCH --account={account}', '#SBATCH --time=0-00:02:00'] },
  { name: 'wormy', streamer: 'wormhole', maxOpsFileSize: MIB, directives: ['#SBATCH --nodes=1'] },
  { name: 'noxfer', streamer: 'none', directives: [] },
  { name: 'down', streamer: 'none', directives: [] },
];

/** The files that the recorded requests are about. */
async function fill(gateway: Gateway): Promise<void> {
  const { home, root } = gateway;
  const parent = path.dirname(root);
  await mkdir(path.join(home, 'adir'));
  const files: Readonly<Record<string, Uint8Array | string>> = { 'present.txt': 'x'.repeat(60), 'src.bin': counting(11_000_000) };
  for (const [name, content] of Object.entries(files)) await writeFile(path.join(home, name), content);
  for (const name of ['plain', 'a b', 'a&b', "a'b", 'é', 'a$HOME', 'a;b']) await writeFile(path.join(home, `${name}.bin`), counting(150));
  await mkdir(path.join(parent, 'private'), { mode: 0 });
  await mkdir(path.join(parent, 'keys'));
  await writeFile(path.join(parent, 'keys/alice'), 'secret', { mode: 0o600 });
  await mkdir(path.join(root, 'f7tsvc'), { mode: 0o755 });
  await chmod(parent, 0o755);
  if (!isRoot) await chmod(path.join(root, 'f7tsvc'), 0o555);
  else await giveAway(home);
}

/** Where the tests run as root, commands run as nobody: root is refused nothing. */
async function giveAway(directory: string): Promise<void> {
  for (const place of [directory, ...(await readdir(directory)).map((name) => path.join(directory, name))]) await chown(place, 65_534, 65_534);
}

async function site(t: TestContext, options: { readonly halfFilledMs?: number; readonly startDelayMs?: number; readonly systems?: readonly SystemOptions[] } = {}): Promise<Replay> {
  const gateway = await startGateway(t, { systems: SYSTEMS, prefix: asOrdinaryUser([]), halfFilledMs: 0, ...options });
  gateway.system('down').health = { scheduler: false, ssh: false, filesystem: false };
  await fill(gateway);
  return new Replay(gateway, compared);
}

const sha256Of = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');

/** The script is not in the recording, which only says that it was there. */
const withoutScript = (body: unknown): unknown => ({ jobs: (body as { readonly jobs: readonly { readonly script: string }[] }).jobs.map(({ script, ...job }) => ({ ...job, script: typeof script })) });

const portsOf = (coordinates: string): [number, number] => (JSON.parse(Buffer.from(coordinates, 'base64url').toString()) as { readonly ports: [number, number] }).ports;

/** A session is held against how the recorded one was closed. */
function assertClosed(name: string, { close }: Session): void {
  assert.deepEqual(close, (exchange(name).response.body as { readonly close: unknown }).close, name);
  compared.add(name);
}

/** Waits for the end of the newest job. */
function lastIsOver({ gateway }: Replay): Promise<JobRecord> {
  return until('the end of the job', async () => {
    const job = (await gateway.jobs()).at(-1);
    return job?.overAtMs === undefined ? undefined : job;
  });
}

async function statusOf(replay: Replay, id: string): Promise<unknown> {
  const { gateway } = replay;
  const answer = await fetch(`${gateway.url}/compute/alps/jobs/${id}`, { headers: { authorization: `Bearer ${gateway.tokenFor('alice')}` } });
  return ((await answer.json()) as { readonly jobs: readonly { readonly status: unknown }[] }).jobs[0]?.status;
}

/** All names from one to the other, in the order of the recording. */
function between(first: string, last: string): string[] {
  const names = EXCHANGES.map(({ name }) => name);
  return names.slice(names.indexOf(first), names.indexOf(last) + 1);
}

describe('a recorded FirecREST and the gateway', { skip }, () => {
  describe('alike', { concurrency: 3 }, () => {
    it('refuse the same tokens in the same words', async (t) => {
      const replay = await site(t);
      const { gateway } = replay;
      const good = gateway.tokenFor('alice');
      const tokens: Readonly<Record<string, string>> = {
        'err-basic-scheme': 'Basic YTpi',
        'err-garbage-token': 'Bearer not.a.jwt',
        'err-expired-token': `Bearer ${gateway.tokenFor('alice', { expiresInSeconds: -10 })}`,
        'err-token-expires-within-30s': `Bearer ${gateway.tokenFor('alice', { expiresInSeconds: 25 })}`,
        'err-bad-signature': `Bearer ${good.slice(0, good.lastIndexOf('.'))}.${gateway.tokenFor('bob').split('.')[2] ?? ''}`,
        'err-unknown-kid': `Bearer ${gateway.tokenFor('alice', { kid: 'other' })}`,
        'err-missing-username-claim': `Bearer ${gateway.tokenFor('alice', { claims: { preferred_username: undefined } })}`,
        'err-user-without-ssh-credentials': `Bearer ${gateway.tokenFor('ghost')}`,
        'err-transfer-user-without-ssh-credentials': `Bearer ${gateway.tokenFor('ghost')}`,
      };
      for (const name of ['err-no-token', ...Object.keys(tokens)]) {
        const { status, headers } = await replay.check(name, tokens[name] === undefined ? {} : { authorization: tokens[name] });
        if (status === 401 && /^Bearer/u.test(tokens[name] ?? '')) assert.equal(headers.get('auth-token'), tokens[name]?.slice('Bearer '.length));
      }
    });

    it('tell the same of systems, and refuse the same routes and bodies', async (t) => {
      const replay = await site(t);
      const names = [...between('status-liveness-no-slash', 'system-name-is-case-insensitive'), ...between('err-unknown-system-nodes', 'err-cancel-unknown-job')];
      for (const name of [...names, 'err-job-submit-no-workdir', 'err-job-submit-no-shebang', 'err-job-list-bad-window', 'job-metadata-unknown', 'trailing-slash', 'status-system-path-is-lowercased-file-path-is-not', 'download-of-an-unreadable-file']) {
        const { headers } = await replay.check(name);
        assert.deepEqual([...headers.keys()].filter((header) => header.startsWith('access-control-')), [], name);
        for (const header of ['f7t-appversion', 'f7t-timestamp', 'x-request-id', 'x-correlation-id']) assert.ok(headers.has(header), `${name}: ${header}`);
      }
    });

    it('do the same with small files', async (t) => {
      const replay = await site(t);
      const directory = path.join(replay.gateway.home, 'd');
      for (const name of between('ops-mkdir', 'err-ops-rm-not-found')) {
        const hangs = name === 'ops-upload-empty';
        if (hangs) replay.gateway.system('alps').commandLimitMs = 500;
        if (name === 'ops-download-700k') {
          for (const [file, size] of [['f700k', 700_000], ['f786431', 786_431], ['f786432', 786_432], ['f1m', MIB], ['f2m', 2 * MIB]] as const) await writeFile(path.join(directory, file), new Uint8Array(size));
          await writeFile(path.join(directory, 't.txt'), Array.from({ length: 30 }, (_, index) => `line ${index} é\n`).join(''));
        }
        const { bytes } = await replay.check(name);
        if (hangs) replay.gateway.system('alps').commandLimitMs = 5_000;
        if (name.startsWith('ops-download-') && exchange(name).response.status === 200) assert.equal(bytes.length, (exchange(name).response.body as { bytes: number }).bytes, name);
      }
    });

    it('run a download', async (t) => {
      const replay = await site(t);
      replay.gateway.system('alps').course = { pendingMs: Infinity, pendingReason: 'None' };
      const { body } = await replay.check('download-streamer');
      const { coordinates } = (body as { transferDirectives: { coordinates: string } }).transferDirectives;
      const decoded: unknown = JSON.parse(Buffer.from(coordinates, 'base64url').toString());
      const { secret } = decoded as { secret: string };
      assert.deepEqual(decoded, { ports: [...replay.gateway.system('alps').portRange], ips: ['127.0.0.1'], secret });
      assert.equal(secret.length, 22);
      for (const name of ['job-right-after-submit', 'right-after-submit-outputlog-tail', 'right-after-submit-errorlog-tail']) await replay.check(name);
      await replay.gateway.release('1');
      await replay.checkJob('job-running');
      const { body: metadata } = await replay.checkPart('job-metadata-running', withoutScript);
      assert.ok(JSON.stringify(metadata).includes(`--secret ${secret} `), 'the secret is in the script');
      // Until the server is there; what it says is not, as long as it is.
      await listening(portsOf(coordinates));
      await replay.checkLog('while-server-is-listening-outputlog-tail');
      await replay.checkLog('while-server-is-listening-errorlog-tail');
      const session = await replay.session(coordinates);
      const recorded = exchange('download-streamer-websocket').response;
      const frames = (recorded.body as { frames: readonly { opcode: string; bytes: number }[] }).frames;
      assert.deepEqual(session.frames.map(({ opcode, bytes }) => ({ opcode, bytes })), frames.map(({ opcode, bytes }) => ({ opcode, bytes })));
      assertClosed('download-streamer-websocket', session);
      await replay.checkJob('job-completed');
      await replay.checkLog('after-completed-outputlog-tail');
      await replay.checkLog('after-completed-errorlog-tail');
      await replay.checkPart('job-metadata-completed', withoutScript);
      await replay.check('cancel-completed-job');
    });

    for (const framing of ['reference-client', 'text-eof'] as const) {
      it(`take an upload with the framing ${framing}`, async (t) => {
        const replay = await site(t);
        const name = `upload-streamer-${framing}-framing`;
        const { body } = await replay.check(name);
        const { coordinates } = (body as { transferDirectives: { coordinates: string } }).transferDirectives;
        const one = exchange(`${name}-websocket`);
        const content = counting(6_000_000);
        const frames = (one.request.body as { frames: readonly { opcode: string; bytes: number; text?: string }[] }).frames;
        let sent = 0;
        const send = frames.map(({ opcode, bytes, text }) => {
          if (text === undefined) sent += bytes;
          // The recorded digest is of other bytes.
          const digest = 'd9a7e6f5'.repeat(8);
          return { opcode, content: text === undefined ? Buffer.from(content.subarray(sent - bytes, sent)) : Buffer.from(framing === 'text-eof' && text.includes('eof') ? text.replace(/[0-9a-f]{64}/u, sha256Of(content)) : text.replace(/[0-9a-f]{64}/u, digest)) };
        });
        const session = await replay.session(coordinates, send);
        assertClosed(`${name}-websocket`, session);
        await lastIsOver(replay);
        await replay.checkLog(`${name}-outputlog-tail`);
        await replay.checkLog(`${name}-errorlog-tail`);
        const { bytes } = exchange(name).observed as { bytes: number };
        const target = await readFile(path.join(replay.gateway.home, framing === 'text-eof' ? 'up2.bin' : 'up1.bin'));
        assert.equal(target.length, bytes);
        assert.deepEqual(target.subarray(0, content.length), Buffer.from(content));
      });
    }

    it('cancel a job that is pending, and know half of it for a moment', async (t) => {
      const replay = await site(t, { halfFilledMs: 60_000 });
      for (const name of between('download-streamer-deferred', 'cancel-again')) await replay.check(name);
    });

    it('cancel a job that runs', async (t) => {
      const replay = await site(t);
      const [submit, cancel, , later, output, error] = between('download-streamer-to-cancel', 'cancelled-running-errorlog-tail') as [string, string, string, string, string, string];
      const { body } = await replay.check(submit);
      const { coordinates } = (body as { transferDirectives: { coordinates: string } }).transferDirectives;
      await listening(portsOf(coordinates));
      await replay.check(cancel);
      await replay.checkJob(later);
      // The script and the server are both told to end: who writes first is chance.
      await replay.checkLog(output, 'any');
      await replay.checkLog(error);
    });

    it('run jobs that cannot work, which say so or do not', async (t) => {
      const replay = await site(t, { halfFilledMs: 60_000 });
      await replay.check('download-streamer-of-a-directory');
      await replay.checkJob('job-failed');
      await replay.checkLog('failed-outputlog-tail');
      await replay.checkLog('failed-errorlog-tail');
      const later = await site(t);
      const { body } = await later.check('upload-streamer-into-missing-directory');
      const session = await later.session((body as { transferDirectives: { coordinates: string } }).transferDirectives.coordinates);
      assertClosed('upload-streamer-into-missing-directory-websocket', session);
      await later.checkJob('job-upload-into-missing-directory');
      await later.checkLog('upload-into-missing-directory-outputlog-tail');
      await later.checkLog('upload-into-missing-directory-errorlog-tail');
    });

    it('have two ports for three jobs, to which nobody comes', async (t) => {
      const replay = await site(t, { systems: SYSTEMS.map((system) => (system.name === 'alps-busy' ? { ...system, portCount: 2, waitTimeoutSeconds: 10, directives: ['#SBATCH --nodes=1', '#SBATCH --begin=now+1', '#SBATCH --account={account}', '#SBATCH --time=0-00:02:00'] } : system)) });
      const submits = between('busy-download-1-of-3-for-two-ports', 'busy-download-3-of-3-for-two-ports');
      const looks = between('busy-download-1-nobody-came', 'busy-download-3-nobody-came');
      for (const name of submits) await replay.check(name);
      for (const name of looks) await replay.checkJob(name);
      const logs = (await replay.gateway.jobs()).map(({ standardOutput }) => readFile(standardOutput, 'utf8'));
      const recorded = looks.map((name) => readLog((exchange(name).observed as { text: string }).text));
      // Which of them is the one without a port is chance.
      assert.deepEqual((await Promise.all(logs)).map(readLog).sort(), recorded.sort());
    });

    it('carry no name that a shell reads', async (t) => {
      const replay = await site(t);
      const names = between('download-name:plain.bin', 'download-name:a;b.bin');
      for (const name of names) {
        const { body } = await replay.check(name);
        const observed = exchange(name).observed as { 'sameBytes,closeCode,closeReason': [boolean, number, string] | null; jobStatus: unknown; outputLogTail: string };
        const wanted = observed['sameBytes,closeCode,closeReason'];
        if (wanted !== null) {
          const session = await replay.session((body as { transferDirectives: { coordinates: string } }).transferDirectives.coordinates);
          assert.deepEqual([session.close.code, session.close.reason], wanted.slice(1), name);
          assert.equal(session.frames.some(({ content }) => content.equals(counting(150))), wanted[0], name);
        }
        const job = await lastIsOver(replay);
        assert.deepEqual(await statusOf(replay, job.id), observed.jobStatus, name);
        const tail = (log: string) => readLog(log).split('\n').slice(-8).join('\n').replace(/\(id:\d+\)/u, '(id:0)');
        assert.ok(tail(replay.recorded(await readFile(job.standardOutput, 'utf8'))).endsWith(tail(observed.outputLogTail)), name);
      }
    });

    it('take paths that ops does not take', async (t) => {
      const replay = await site(t);
      for (const name of between('download-path:/etc/hostname', 'upload-relative-cancel')) await replay.check(name);
    });

    it('run jobs of the user', async (t) => {
      const replay = await site(t);
      await replay.check('job-submit');
      await replay.check('job-submit-snake');
      await replay.checkJob('job-submit-status');
      await replay.check('job-submit-output');
      replay.gateway.system('alps').course = { limitMs: 500 };
      await replay.check('job-submit-that-will-time-out');
      await replay.checkJob('job-timeout');
      assert.match(await readFile(path.join(replay.gateway.home, 'slurm-3.out'), 'utf8'), /CANCELLED AT \S+ DUE TO TIME LIMIT/u);
      // One that runs, then one that is pending, as when the list was recorded.
      const other = await site(t);
      await other.check('download-streamer');
      await other.checkJob('job-running');
      other.gateway.system('alps').course = { pendingMs: Infinity, pendingReason: 'None' };
      await other.check('job-submit-that-will-time-out');
      other.knows('27', '1');
      await other.checkPart('job-list-default', (body) => body);
    });

    it('run an agent at a system without any transfer', async (t) => {
      const replay = await site(t);
      const upload = exchange('agent-upload');
      replay.compare(upload, await replay.send({ ...upload, request: { ...upload.request, body: { multipart: { file: { filename: 'agent.mjs', bytes: 900_000 } } } } }));
      await replay.check('agent-submit');
      const content = (body: unknown) => (body as { output?: { content: string } }).output?.content ?? '';
      const output = await until('what the agent says', async () => {
        const answer = await replay.send(exchange('agent-output-after-1s'));
        return content(answer.body).includes('agent.mjs') ? answer : undefined;
      });
      await replay.checkPart('agent-output-after-1s', (body) => {
        const masked = content(body).replace(/^v\d+\.\d+\.\d+$/mu, 'VERSION').replace(/^[0-9a-f]{64}/mu, 'SUM');
        return { output: { ...(body as { readonly output: object }).output, content: masked } };
      });
      assert.ok(content(output.body).includes(sha256Of(counting(900_000))));
    });

    it('have a scheduler that hangs, and then is known to', async (t) => {
      const replay = await site(t, { startDelayMs: 1 });
      const system = replay.gateway.system('alps');
      Object.assign(system, { commandLimitMs: 3_000, schedulerHangs: true });
      await replay.check('err-scheduler-hangs-get-job');
      await replay.check('err-scheduler-hangs-download');
      Object.assign(system, { commandLimitMs: 5_000, schedulerHangs: false, health: { scheduler: false, ssh: true, filesystem: true } });
      await replay.checkPart('status-systems-scheduler-hangs', (body) => {
        const [{ name, servicesHealth, lastHealthCheck } = {}] = (body as { readonly systems: readonly Readonly<Record<string, unknown>>[] }).systems;
        return { name, servicesHealth, lastHealthCheck };
      });
      for (const name of between('err-scheduler-unhealthy-download', 'err-scheduler-unhealthy-cancel')) await replay.check(name);
      system.health = { scheduler: true, ssh: true, filesystem: true };
      replay.knows('27', '1');
      // The first of those that were recorded is the one that nobody was told of.
      await replay.checkPart('jobs-after-the-hang', (body) => (body as { readonly jobs: readonly unknown[] }).jobs[0]);
    });
  });

  it('have no exchange that the tests above did not compare', () => {
    assert.deepEqual(EXCHANGES.map(({ name }) => name).filter((name) => !compared.has(name) && !(name in NOT_COMPARED)), []);
  });
});
