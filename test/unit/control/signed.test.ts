import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Authenticator } from '../../../src/control/auth/authenticator.js';
import { signed } from '../../../src/control/signed.js';
import { AuthError, UsageError } from '../../../src/errors.js';
import { BEARER, EMPTY_STORE, TOKEN } from '../../support/fake-control.js';

const URL_OF_IT = new URL('https://api.test/status/systems?name=a-job-of-mine');
const CONTEXT = { store: EMPTY_STORE, fetch: globalThis.fetch };
const by = (sign: Authenticator['sign']) => signed('GET', URL_OF_IT, new Headers({ accept: 'application/json' }), { sign }, CONTEXT);

describe('a signed request', () => {
  it('has what the authenticator added, and hides it in any text', async () => {
    const { headers, url, hide } = await signed('GET', URL_OF_IT, new Headers({ accept: 'application/json' }), BEARER, CONTEXT);
    assert.equal(headers.get('authorization'), `Bearer ${TOKEN}`);
    assert.equal(url.href, URL_OF_IT.href);
    assert.equal(hide(`you sent Bearer ${TOKEN}, ${TOKEN} and a-job-of-mine`), 'you sent <secret>, <secret> and a-job-of-mine');
  });

  it('may have a signature in its query', async () => {
    const { url, hide } = await by(({ url: asked }) => {
      asked.searchParams.set('signature', 'abc/def+ghi=');
      return Promise.resolve();
    });
    assert.equal(url.searchParams.get('signature'), 'abc/def+ghi=');
    assert.equal(hide(`no such page: ${url.href}`).includes('abc'), false);
  });

  it('goes where it was to go', async () => {
    for (const change of ['host', 'pathname'] as const) {
      await assert.rejects(by(({ url }) => Promise.resolve(void (url[change] = 'other.test'))), UsageError);
    }
  });

  it('that cannot be signed says why, without the token', async () => {
    // eslint-disable-next-line @typescript-eslint/require-await -- it rejects
    const withBreak = by(async ({ headers }) => headers.set('authorization', `Bearer ${TOKEN}\nx`));
    await assert.rejects(withBreak, (error) => error instanceof AuthError && error.code === 'auth-sign-in' && !error.message.includes(TOKEN) && error.cause === undefined && error.message.includes('line break'));
    await assert.rejects(by(() => Promise.reject(new Error(`"${TOKEN}" is no JSON`))), (error) => error instanceof AuthError && !error.message.includes(TOKEN));
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- a module of the user's may do so
    await assert.rejects(by(() => Promise.reject('oops')), AuthError);
    const own = new AuthError('auth-missing', 'sign in first');
    await assert.rejects(by(() => Promise.reject(own)), own);
  });
});
