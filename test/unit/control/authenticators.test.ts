import assert from 'node:assert/strict';
import { it } from 'node:test';
import { MemoryStore } from '../../../src/control/auth/memory-store.js';
import { createAuthenticator, UsageError } from '../../../src/index.js';
import { CLIENT_SECRET, startProvider } from '../../support/provider.js';

it('a program signs in without a profile', async (t) => {
  const provider = await startProvider(t);
  const authenticator = await createAuthenticator({ flow: 'client-credentials', issuer: provider.issuer, clientId: 'robot-basic', clientSecret: CLIENT_SECRET });
  const headers = new Headers();
  const context = { store: new MemoryStore(), fetch };
  await authenticator.sign({ method: 'GET', url: new URL('https://firecrest.test/status/systems'), headers }, context);
  const claims = provider.claimsOf((headers.get('authorization') ?? '').replace('Bearer ', ''));
  assert.equal(claims?.['preferred_username'], 'service-account-robot-basic');
});

it('what is wrong is said at once', async () => {
  await assert.rejects(createAuthenticator({ flow: 'token' }), (error) => error instanceof UsageError && error.message.includes('`tokenFile`'));
  await assert.rejects(createAuthenticator({ flow: 'api-key', redirectPort: 0 }), UsageError);
  await assert.rejects(createAuthenticator({ flow: 'magic' } as never), UsageError);
});
