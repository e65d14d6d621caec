import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FileStore } from '../../../../src/control/auth/file-store.js';
import { MemoryStore } from '../../../../src/control/auth/memory-store.js';
import { RenewedToken } from '../../../../src/control/auth/renewed-token.js';
import type { Tokens } from '../../../../src/control/auth/tokens.js';
import { AbortError, AuthError, ConnectError, StorageError } from '../../../../src/errors.js';
import { tempDir } from '../../../support/cli.js';

/** A provider whose refresh tokens are good once. */
class Provider {
  count = 0;
  lifeMs = 300_000;
  failure: Error | undefined;

  readonly renew = async (before: Tokens | undefined): Promise<Tokens> => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (this.failure !== undefined) throw this.failure;
    assert.equal(before?.refreshToken, this.count === 0 ? undefined : `refresh-${this.count}`, 'the newest one is used');
    this.count += 1;
    const now = Date.now();
    return { accessToken: `access-${this.count}`, refreshToken: `refresh-${this.count}`, obtainedAtMs: now, expiresAtMs: now + this.lifeMs };
  };
}

const contextOf = (store: MemoryStore | FileStore, signal?: AbortSignal) => ({ store, fetch, signal });
const source = (provider: Provider) => new RenewedToken({ again: 'streamer login', renew: provider.renew });

/** As if the tokens in the store were of some time ago. */
async function age(store: MemoryStore | FileStore, byMs: number): Promise<void> {
  const tokens = JSON.parse((await store.get('tokens')) ?? '') as Tokens;
  await store.set('tokens', JSON.stringify({ ...tokens, obtainedAtMs: tokens.obtainedAtMs - byMs, expiresAtMs: tokens.expiresAtMs - byMs }));
}

describe('a token that is renewed', () => {
  it('once for twenty callers, with one object or several in a process', async (t) => {
    const store = new FileStore(await tempDir(t));
    const provider = new Provider();
    const one = source(provider);
    assert.deepEqual(new Set(await Promise.all(Array.from({ length: 20 }, () => one.token(contextOf(store))))), new Set(['access-1']));
    await age(store, 290_000);
    assert.deepEqual(new Set(await Promise.all(Array.from({ length: 20 }, () => source(provider).token(contextOf(new FileStore(store.directory)))))), new Set(['access-2']));
    assert.equal(provider.count, 2);
  });

  it('again when FirecREST refuses it, once for all whom it has refused', async () => {
    const [store, provider] = [new MemoryStore(), new Provider()];
    const now = Date.now();
    await store.set('tokens', JSON.stringify({ accessToken: 'revoked', refreshToken: 'refresh-1', obtainedAtMs: now - 60_000, expiresAtMs: now + 240_000 }));
    provider.count = 1;
    const one = source(provider);
    const requests = Array.from({ length: 20 }, () => contextOf(store));
    for (const request of requests) assert.equal(await one.token(request), 'revoked');
    // The last one hears of it when all is over.
    const late = requests.pop() ?? contextOf(store);
    assert.deepEqual(new Set(await Promise.all(requests.map((request) => one.refused(request)))), new Set([true]));
    assert.deepEqual([await one.refused(late), await one.token(contextOf(store)), provider.count], [true, 'access-2', 2]);
    // That one may be refused at once, too.
    const again = contextOf(store);
    await one.token(again);
    assert.deepEqual([await one.refused(again), provider.count], [true, 3]);
  });

  it('is not worth another attempt when the provider gives the same', async () => {
    const store = new MemoryStore();
    const now = Date.now();
    const same = { accessToken: 'same', obtainedAtMs: now - 60_000, expiresAtMs: now + 240_000 };
    const one = new RenewedToken({ again: '', renew: () => Promise.resolve(same) });
    const request = contextOf(store);
    await one.token(request);
    assert.equal(await one.refused(request), false);
  });

  it('stays in use for what it has left when the provider cannot be reached, and not when it refuses', async () => {
    const [store, provider] = [new MemoryStore(), new Provider()];
    await source(provider).token(contextOf(store));
    await age(store, 250_000);
    provider.failure = new ConnectError('connect-failed', 'down');
    assert.equal(await source(provider).token(contextOf(store)), 'access-1');
    provider.failure = new AuthError('auth-sign-in', 'over');
    await assert.rejects(source(provider).token(contextOf(store)), AuthError);
    await age(store, 30_000);
    provider.failure = new ConnectError('connect-failed', 'down');
    await assert.rejects(source(provider).token(contextOf(store)), ConnectError);
    provider.failure = undefined;
    assert.equal(await source(provider).token(contextOf(store)), 'access-2', 'a failure is not remembered');
  });

  it('one who stops waiting does not stop the others', async () => {
    const [store, provider] = [new MemoryStore(), new Provider()];
    const [one, controller] = [source(provider), new AbortController()];
    const [stopped, other] = [one.token(contextOf(store, controller.signal)), one.token(contextOf(store))];
    controller.abort(new AbortError('interrupted'));
    await assert.rejects(stopped, AbortError);
    assert.equal(await other, 'access-1');
  });

  it('is still there for this process when it cannot be kept', async () => {
    const [store, provider] = [new MemoryStore(), new Provider()];
    store.set = () => Promise.reject(new StorageError('storage-full', 'full'));
    const one = source(provider);
    await assert.rejects(one.token(contextOf(store)), StorageError);
    assert.deepEqual([await one.token(contextOf(store)), provider.count], ['access-1', 1]);
  });

  it('what the store has is not trusted to be what it should be, nor quoted', async () => {
    const store = new MemoryStore();
    for (const text of ['', 'not JSON', '{}', '[]', '{"accessToken":"a-secret","obtainedAtMs":"x"}']) {
      await store.set('tokens', text);
      await assert.rejects(source(new Provider()).token(contextOf(store)), (error) => error instanceof AuthError && error.code === 'auth-sign-in' && !error.message.includes('a-secret'));
    }
  });
});
