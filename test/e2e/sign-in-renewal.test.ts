/** What keeps a user signed in: renewed when needed, once, whoever asks, and never lost. */
import assert from 'node:assert/strict';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { tempDir } from '../support/cli.js';
import { atRest } from '../support/process-state.js';
import { startProvider, type TestProvider } from '../support/provider.js';
import { newDesk, signInByBrowser, whoami, type Desk } from '../support/signing-in.js';
import { isRoot, skipUnless, withSmallDisk } from './abilities.js';

const HUNG_MS = 30_000;

/** Variables for a command whose clock is that much ahead: what it has is about to end, or has. */
async function later(desk: Desk, seconds: number): Promise<Readonly<Record<string, string>>> {
  const file = path.join(desk.configuration, `later-${seconds}.cjs`);
  await writeFile(file, `const now = Date.now; Date.now = () => now() + ${seconds * 1000};`);
  return { NODE_OPTIONS: `--require ${file}` };
}

const tokensFile = (desk: Desk) => path.join(desk.configuration, 'streamer/tokens/default/tokens');
const refreshes = (provider: TestProvider) => provider.requestsOf('refresh_token').map(({ status }) => status);

describe('a sign-in', { concurrency: 2 }, () => {
  it('is renewed by one of four processes that want it at once, and can be renewed again', async (t) => {
    const [provider, desk] = [await startProvider(t), await newDesk(t)];
    await signInByBrowser(desk, provider, 'alice');
    provider.settings.intercept = async ({ path: asked }) => {
      if (asked === '/token') await sleep(500);
      return false;
    };
    const env = await later(desk, 280);
    const all = await Promise.all([1, 2, 3, 4].map(() => whoami(desk, [], env)));
    assert.deepEqual(all.map((who) => who['user']), ['alice', 'alice', 'alice', 'alice']);
    assert.deepEqual(refreshes(provider), [200]);
    assert.equal((await whoami(desk, [], await later(desk, 560)))['user'], 'alice');
    assert.deepEqual(refreshes(provider), [200, 200], 'the new refresh token was kept');
  });

  it('is not renewed before that is needed', async (t) => {
    const [provider, desk] = [await startProvider(t), await newDesk(t)];
    await signInByBrowser(desk, provider, 'alice');
    await whoami(desk, [], await later(desk, 200));
    assert.deepEqual(refreshes(provider), []);
    await whoami(desk, [], await later(desk, 245));
    assert.deepEqual(refreshes(provider), [200], 'with 55 s left it is');
  });

  it('has ended: the provider takes its refresh token for stolen; what to do', async (t) => {
    const [provider, desk] = [await startProvider(t), await newDesk(t)];
    await signInByBrowser(desk, provider, 'alice');
    const copy = path.join(desk.configuration, 'copy');
    await cp(tokensFile(desk), copy);
    const env = await later(desk, 280);
    await whoami(desk, [], env);
    await cp(copy, tokensFile(desk));
    const end = await desk.run(['whoami'], env);
    assert.equal(end.code, 4);
    assert.match(end.stderr, /refuses to renew the sign-in \(invalid_grant.*; sign in again: "streamer login --profile default" \[auth-sign-in\]\n$/);
    const { refreshToken } = JSON.parse(await readFile(copy, 'utf8')) as { refreshToken: string };
    assert.equal(end.stderr.includes(refreshToken), false);
    await signInByBrowser(desk, provider, 'alice');
    assert.equal((await whoami(desk))['user'], 'alice');
  });

  it('can be renewed after a run was killed while it did so', async (t) => {
    const [provider, desk] = [await startProvider(t), await newDesk(t)];
    await signInByBrowser(desk, provider, 'alice');
    let asked: () => void = () => undefined;
    const hangs = new Promise<void>((resolve) => (asked = resolve));
    provider.settings.intercept = ({ path: where }) => {
      if (where !== '/token') return false;
      asked();
      return new Promise<boolean>(() => undefined);
    };
    const env = await later(desk, 280);
    const killed = desk.start(['whoami'], env);
    await hangs;
    killed.kill('SIGKILL');
    await killed.exit;
    assert.match(await readFile(path.join(path.dirname(tokensFile(desk)), '.lock'), 'utf8'), new RegExp(`"pid":${killed.pid}`), 'its lock is still there');
    provider.settings.intercept = () => false;
    assert.equal((await whoami(desk, [], env))['user'], 'alice');
  });

  it('goes on with what is left of the token when the provider is down', async (t) => {
    const [provider, desk] = [await startProvider(t), await newDesk(t)];
    await signInByBrowser(desk, provider, 'alice');
    provider.settings.intercept = (context) => {
      context.status = 503;
      context.body = 'down';
      return true;
    };
    assert.equal((await whoami(desk, [], await later(desk, 250)))['user'], 'alice', '50 s are left');
    const end = await desk.run(['whoami'], await later(desk, 280));
    assert.deepEqual([end.code, /answers HTTP 503 when asked to renew the sign-in: try again later \[connect-failed\]/.test(end.stderr)], [5, true], end.stderr);
  });

  it('is not spent on a disk that is full, and stays as it was', { skip: skipUnless(isRoot, 'only root can mount a small disk') }, async (t) => {
    const [provider, desk] = [await startProvider(t), await newDesk(t)];
    await signInByBrowser(desk, provider, 'alice');
    const kept = await tempDir(t);
    await cp(path.join(desk.configuration, 'streamer'), path.join(kept, 'streamer'), { recursive: true });
    const disk = path.join(desk.configuration, 'streamer');
    const env = await later(desk, 280);
    await withSmallDisk(disk, '64k', async () => {
      await cp(path.join(kept, 'streamer'), disk, { recursive: true });
      const before = await readFile(tokensFile(desk), 'utf8');
      const filling = path.join(disk, 'filling');
      for (let size = 65_536; size > 0; size -= 4096) {
        if (await writeFile(filling, Buffer.alloc(size)).then(() => true, () => false)) break;
      }
      const end = await desk.run(['whoami'], env);
      assert.deepEqual([end.code, /no space is left/.test(end.stderr)], [8, true], end.stderr);
      assert.deepEqual([await readFile(tokensFile(desk), 'utf8'), refreshes(provider)], [before, []]);
      await rm(filling);
      assert.equal((await whoami(desk, [], env))['user'], 'alice');
    });
  });
});

it('a store that others can write to, or read, is refused', async (t) => {
  const [provider, desk] = [await startProvider(t), await newDesk(t)];
  await signInByBrowser(desk, provider, 'alice');
  const { chmod } = await import('node:fs/promises');
  await chmod(tokensFile(desk), 0o644);
  const readable = await desk.run(['whoami']);
  assert.deepEqual([readable.code, /not only yours to read: chmod 600 it \[storage-denied\]/.test(readable.stderr)], [8, true], readable.stderr);
  await chmod(tokensFile(desk), 0o600);
  await chmod(path.dirname(tokensFile(desk)), 0o777);
  const writable = await desk.run(['whoami']);
  assert.deepEqual([writable.code, /others can write to the directory .*: chmod 700 it \[storage-denied\]/.test(writable.stderr)], [8, true], writable.stderr);
});

it('a run that waits for another one, which renews, stops at Ctrl-C', async (t) => {
  const [provider, desk] = [await startProvider(t), await newDesk(t)];
  await signInByBrowser(desk, provider, 'alice');
  provider.settings.intercept = ({ path: where }) => (where === '/token' ? new Promise<boolean>(() => undefined) : false);
  const env = await later(desk, 280);
  const holder = desk.start(['whoami'], env);
  const lock = path.join(path.dirname(tokensFile(desk)), '.lock');
  while (!(await readFile(lock, 'utf8').catch(() => '')).includes(`"pid":${holder.pid}`)) await sleep(20);
  const waiting = desk.start(['whoami'], env);
  await atRest(waiting.pid);
  waiting.kill('SIGINT');
  assert.equal((await waiting.exitWithin(HUNG_MS)).code, 130);
});
