/** The browser's part of a sign-in in a real browser: headless Chromium, without a sandbox, a network of its own or a profile. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { it } from 'node:test';
import { chromium } from 'playwright-core';
import { tempDir } from '../support/cli.js';
import { startProvider } from '../support/provider.js';
import { linkOf, loginWords, newDesk, whoami } from '../support/signing-in.js';
import { skipUnless } from './abilities.js';

const HUNG_MS = 60_000;
const EXECUTABLE = process.env['STREAMER_CHROMIUM'] ?? '/usr/bin/chromium';
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

it('a user signs in with Chromium', { skip: skipUnless(existsSync(EXECUTABLE), `there is no ${EXECUTABLE}`), timeout: 2 * HUNG_MS }, async (t) => {
  const [provider, desk] = [await startProvider(t), await newDesk(t)];
  const login = desk.start(loginWords(provider, '--flow', 'browser', '--no-check'));
  const link = await linkOf(login);
  const context = await chromium.launchPersistentContext(await tempDir(t), { executablePath: EXECUTABLE, args: FLAGS, timeout: HUNG_MS });
  t.after(() => context.close());
  const page = await context.newPage();
  await page.goto(link, { timeout: HUNG_MS });
  await page.fill('input[name=login]', 'grace');
  await page.fill('input[name=password]', 'any');
  await page.click('button[type=submit]');
  await page.click('button[type=submit]');
  await page.waitForSelector('text=Signed in', { timeout: HUNG_MS });
  assert.equal(await page.title(), 'streamer: Signed in');
  assert.match(await page.innerText('p'), /You can close this page/);
  // Its policy lets its own style through: a page that is not readable is none.
  assert.match(await page.evaluate('getComputedStyle(document.body).fontFamily'), /system-ui/);
  assert.equal((await login.exitWithin(HUNG_MS)).code, 0);
  assert.equal((await whoami(desk))['user'], 'grace');
});
