import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { redirectTarget } from '../../../src/control/redirect.js';
import { ControlError } from '../../../src/errors.js';

const ASKED = new URL('https://api.test/firecrest/status/systems/?a=b');

describe('a redirect', () => {
  it('to the other form of the path is taken at our own origin, whatever the Host header was', () => {
    for (const location of ['/firecrest/status/systems', 'https://api.test/firecrest/status/systems', 'http://127.0.0.1:8400/firecrest/status/systems', 'http://evil.test/firecrest/status/systems']) {
      assert.equal(redirectTarget(ASKED, 307, location, false).href, 'https://api.test/firecrest/status/systems?a=b', location);
    }
  });

  it('within the origin is followed where asking again is safe, or keeps what was asked', () => {
    assert.equal(redirectTarget(ASKED, 302, '/v2/status/systems', true).href, 'https://api.test/v2/status/systems');
    assert.equal(redirectTarget(ASKED, 308, '/v2/status/systems', false).href, 'https://api.test/v2/status/systems');
    assert.throws(() => redirectTarget(ASKED, 302, '/v2/status/systems', false), ControlError);
  });

  it('to elsewhere is not, and its query, which may hold secrets, is not told', () => {
    for (const location of ['https://other.test/login?state=s3cr3t-of-theirs', 'http://api.test/firecrest/x?s3cr3t-of-theirs', 'https://api.test:8443/x', '//other.test/', 'http://[', null, 'javascript:1']) {
      assert.throws(() => redirectTarget(ASKED, 307, location, true), (error) => error instanceof ControlError && error.code === 'control-not-firecrest' && error.status === 307 && !error.message.includes('s3cr3t'), String(location));
    }
    assert.throws(() => redirectTarget(ASKED, 302, 'https://other.test/auth/login', true), /sign-in; is `url` that of the API\?/u);
  });
});
