import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { browserCommand, hasBrowser, openBrowser } from '../../../../src/control/auth/browser.js';
import { chooseFlow } from '../../../../src/control/auth/choose-flow.js';

describe('a browser', () => {
  it('is where a user can see it', () => {
    assert.equal(hasBrowser({ DISPLAY: ':0' }, 'linux'), true);
    assert.equal(hasBrowser({ WAYLAND_DISPLAY: 'wayland-0' }, 'linux'), true);
    assert.equal(hasBrowser({}, 'linux'), false);
    assert.equal(hasBrowser({}, 'darwin'), true);
    assert.equal(hasBrowser({ BROWSER: 'firefox' }, 'linux'), true);
    for (const platform of ['linux', 'darwin'] as const) assert.equal(hasBrowser({ DISPLAY: ':10', SSH_CONNECTION: 'a b' }, platform), false, 'the other machine’s');
  });

  it('is opened by what the system has for it', () => {
    const address = 'http://127.0.0.1:8888/start-x?a=1&b=2';
    assert.deepEqual(browserCommand(address, {}, 'linux'), ['xdg-open', address]);
    assert.deepEqual(browserCommand(address, { BROWSER: 'firefox:w3m' }, 'linux'), ['firefox', address]);
    assert.deepEqual(browserCommand(address, {}, 'darwin'), ['open', address]);
    assert.deepEqual(browserCommand(address, { BROWSER: 'x' }, 'win32'), ['rundll32.exe', 'url.dll,FileProtocolHandler', address]);
  });

  it('one that is not there, or fails, is told', async () => {
    assert.equal(await openBrowser('x', { BROWSER: '/no/such/browser' }), false);
    assert.equal(await openBrowser('x', { ...process.env, BROWSER: 'false' }), false);
    assert.equal(await openBrowser('x', { ...process.env, BROWSER: 'true' }), true);
  });
});

it('how to sign in, when it is not said', () => {
  const facts = { env: { DISPLAY: ':0' }, secretGiven: false, apiKeyGiven: false };
  assert.equal(chooseFlow({}, facts), 'browser');
  assert.equal(chooseFlow({}, { ...facts, env: {} }), 'device');
  assert.equal(chooseFlow({ keyFile: '/k' }, facts), 'client-credentials');
  assert.equal(chooseFlow({}, { ...facts, secretGiven: true }), 'client-credentials');
  assert.equal(chooseFlow({ apiKeyFile: '/k' }, facts), 'api-key');
  assert.equal(chooseFlow({ tokenFile: '/t' }, facts), 'token');
  assert.equal(chooseFlow({ tokenCommand: 't' }, facts), 'token-command');
  assert.equal(chooseFlow({ authenticator: '/m.mjs' }, facts), 'custom');
  assert.equal(chooseFlow({ subjectFlow: 'device' }, facts), 'token-exchange');
});
