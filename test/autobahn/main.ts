/**
 * The Autobahn test suite, somebody else's, against our websockets at both ends: `npm run soak -- autobahn`.
 *
 * It is written for Python 2.7, which few systems still have: `--python FILE` names one. Without it nothing is tested, which is
 * said, and the exit status is 77: the soak says that it was skipped, or fails where it was asked for. Its cases that matter to us are, in our own words, in test/unit/transport/rfc6455.test.ts, which always runs.
 */
import assert from 'node:assert/strict';
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';
import { freePort, ROOT } from '../support/cli.js';
import { echoClient, echoServer } from './echo.js';

const SUITE = 'autobahntestsuite==0.8.2';
/** Under node_modules/.cache, as the other Python packages of the tests. */
const PACKAGES = path.join(ROOT, 'node_modules/.cache/autobahn');
const RUN = 'import site, sys\nsite.addsitedir(sys.argv.pop(1))\nfrom autobahntestsuite.wstest import run\nrun()';
/** Exit status of a test that cannot run, as automake has it. */
const SKIPPED = 77;
const INSTALL_TIMEOUT_MS = 600_000;
const POLL_MS = 100;
const POLLS = 300;

/** 6: whether text is UTF-8, which is for those who decode it. 12 and 13: compression, which we neither offer nor accept. */
const NOT_OURS = ['6.*', '12.*', '13.*'];
/** 4 MiB in fragments of 64 and of 256 bytes: more of them than a message may have, so it is refused, with 1009. */
const TOO_MANY_FRAGMENTS = ['9.3.1', '9.3.2', '9.4.1', '9.4.2'];

/** How Autobahn judges a case. */
interface Verdict {
  readonly behavior: string;
  readonly behaviorClose: string;
  readonly remoteCloseCode: number | null;
}

const execute = promisify(execFile);
const { values } = parseArgs({ options: { python: { type: 'string', default: 'python2.7' } } });

/** Makes the suite ready. @returns why it cannot be had. */
async function prepare(python: string): Promise<string | undefined> {
  try {
    await execute(python, ['-c', 'import sys; assert sys.version_info[:2] == (2, 7)']);
  } catch {
    return `no Python 2.7 (${python})`;
  }
  if (existsSync(path.join(PACKAGES, 'autobahntestsuite'))) return undefined;
  try {
    await execute(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--target', PACKAGES, SUITE], { timeout: INSTALL_TIMEOUT_MS });
    return undefined;
  } catch (error) {
    await rm(PACKAGES, { recursive: true, force: true });
    return `pip install ${SUITE}: ${String(error).split('\n')[0] ?? ''}`;
  }
}

function wstest(directory: string, mode: 'fuzzingclient' | 'fuzzingserver', spec: object): Promise<ChildProcess> {
  const file = path.join(directory, `${mode}.json`);
  return writeFile(file, JSON.stringify(spec)).then(() =>
    spawn(values.python, ['-W', 'ignore', '-c', RUN, PACKAGES, '--mode', mode, '--spec', file, '--webport', '0'], { cwd: directory, stdio: ['ignore', 'ignore', 'inherit'] }),
  );
}

const ended = (child: ChildProcess): Promise<void> => new Promise((resolve) => (child.exitCode === null && child.signalCode === null ? child.once('close', () => resolve()) : resolve()));

/** Autobahn dials ours. */
async function asServer(directory: string): Promise<void> {
  const server = await echoServer();
  const spec = { outdir: 'server', servers: [{ agent: 'server', url: `ws://127.0.0.1:${server.port}` }], cases: ['*'], 'exclude-cases': NOT_OURS, 'exclude-agent-cases': {} };
  await ended(await wstest(directory, 'fuzzingclient', spec));
  await server.close();
}

/** Ours dials Autobahn, with masks of each kind. */
async function asClient(directory: string): Promise<void> {
  const port = await freePort();
  const child = await wstest(directory, 'fuzzingserver', { url: `ws://127.0.0.1:${port}`, outdir: 'client', cases: ['*'], 'exclude-cases': NOT_OURS, 'exclude-agent-cases': {} });
  try {
    const count = Number(await whenUp(() => echoClient(port, '/getCaseCount', 'random', false)));
    assert.ok(count > 100, `${count} cases`);
    for (const masking of ['random', 'zero'] as const) {
      const agent = `client-${masking}`;
      for (let at = 1; at <= count; at += 1) await echoClient(port, `/runCase?case=${at}&agent=${agent}`, masking);
      await echoClient(port, `/updateReports?agent=${agent}`, masking, false);
    }
  } finally {
    child.kill();
    await ended(child);
  }
}

async function whenUp<T>(ask: () => Promise<T>): Promise<T> {
  for (let poll = 1; ; poll += 1) {
    try {
      return await ask();
    } catch (error) {
      if (poll === POLLS) throw error;
      await sleep(POLL_MS);
    }
  }
}

/** Prints what came of it. @returns how many cases did not end as they should. */
async function judge(file: string): Promise<number> {
  const agents = JSON.parse(await readFile(file, 'utf8')) as Readonly<Record<string, Readonly<Record<string, Verdict>>>>;
  let wrong = 0;
  for (const [agent, cases] of Object.entries(agents)) {
    const counts = new Map<string, number>();
    for (const [id, { behavior, behaviorClose, remoteCloseCode }] of Object.entries(cases)) {
      const verdict = TOO_MANY_FRAGMENTS.includes(id) && remoteCloseCode === 1009 ? 'refused with 1009' : behavior;
      counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
      const right = verdict === 'refused with 1009' || (['OK', 'NON-STRICT', 'INFORMATIONAL'].includes(behavior) && ['OK', 'INFORMATIONAL'].includes(behaviorClose));
      if (right) continue;
      wrong += 1;
      console.log(`autobahn: ${agent}: case ${id}: ${behavior}, close ${behaviorClose} (${remoteCloseCode ?? 'none'})`);
    }
    const most = [...counts].map(([verdict, count]) => `${count} ${verdict}`).join(', ');
    console.log(`autobahn: ${agent}: ${Object.keys(cases).length} cases: ${most}`);
  }
  return wrong;
}

const missing = await prepare(values.python);
if (missing !== undefined) {
  console.log(`autobahn: SKIPPED, nothing was tested: ${missing}; --python2 of the soak names another`);
  process.exit(SKIPPED);
}
const directory = await mkdtemp(path.join(os.tmpdir(), 'streamer-autobahn-'));
try {
  await asServer(directory);
  await asClient(directory);
  const wrong = (await judge(path.join(directory, 'server/index.json'))) + (await judge(path.join(directory, 'client/index.json')));
  process.exitCode = wrong === 0 ? 0 : 1;
} finally {
  await rm(directory, { recursive: true, force: true });
}
