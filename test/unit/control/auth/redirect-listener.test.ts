import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { listenForRedirect, type RedirectListener, type RedirectOptions } from '../../../../src/control/auth/redirect-listener.js';
import { pageHtml } from '../../../../src/control/auth/redirect-page.js';
import { AbortError, ConnectError, TimeoutError, UsageError } from '../../../../src/errors.js';

async function listen(t: TestContext, more: Partial<RedirectOptions> = {}): Promise<RedirectListener> {
  const listener = await listenForRedirect({ redirectUrl: new URL('http://127.0.0.1:0/callback'), state: 'the-state', timeoutMs: 60_000, ...more });
  t.after(() => listener.close());
  return listener;
}

describe('the address that the browser comes back to', () => {
  it('takes one answer, shows how it went, and tells others that it has had it', async (t) => {
    const listener = await listen(t);
    const at = (query: string) => fetch(`${listener.redirectUrl.href}${query}`);
    const first = at('?code=one&state=the-state');
    const answer = await listener.answer;
    assert.equal(answer.url.searchParams.get('code'), 'one');
    assert.equal((await at('?code=two&state=the-state')).status, 410);
    await answer.show({ status: 200, title: 'Done', text: 'Well' });
    const page = await first;
    assert.deepEqual([page.status, page.headers.get('cache-control'), page.headers.get('referrer-policy')], [200, 'no-store', 'no-referrer']);
    assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'none'/);
  });

  it('leads on once, and only when it has been told where', async (t) => {
    const listener = await listen(t);
    const start = listener.leadTo('https://provider.test/auth?x=1');
    const first = await fetch(start, { redirect: 'manual' });
    assert.deepEqual([first.status, first.headers.get('location')], [302, 'https://provider.test/auth?x=1']);
    assert.equal((await fetch(start, { redirect: 'manual' })).status, 404);
  });

  it('ends by time, by signal, and when it is closed with a browser still connected', async (t) => {
    const late = await listen(t, { timeoutMs: 1 });
    await assert.rejects(late.answer, TimeoutError);
    const controller = new AbortController();
    const stopped = await listen(t, { signal: controller.signal });
    controller.abort(new AbortError('interrupted'));
    await assert.rejects(stopped.answer, AbortError);
    const closed = await listen(t);
    await fetch(closed.redirectUrl);
    await closed.close();
  });

  it('a port that is taken, and an address of another machine', async (t) => {
    const { redirectUrl } = await listen(t);
    await assert.rejects(listen(t, { redirectUrl }), (error) => error instanceof ConnectError && error.code === 'connect-listen' && !error.retryable);
    await assert.rejects(listen(t, { redirectUrl: new URL('http://192.0.2.1:8888/callback') }), UsageError);
  });

  it('a page says what it says as text', () => {
    const html = pageHtml({ status: 400, title: '<script>', text: `"&'<b>` });
    assert.equal(html.includes('<script>') || html.includes('<b>'), false);
  });
});
