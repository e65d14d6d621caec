import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readClaims } from '../../../../src/control/auth/claims.js';

const jwt = (payload: unknown) => `e30.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.c2ln`;

describe('claims', () => {
  it('of a token', () => {
    const claims = readClaims(jwt({ iss: 'https://a', sub: '1', preferred_username: 'alice', aud: 'x', azp: 'cli', scope: 'openid', iat: 1, exp: 2 }));
    assert.deepEqual(claims, { issuer: 'https://a', subject: '1', user: 'alice', audience: ['x'], authorizedParty: 'cli', scope: 'openid', issuedAt: 1, expiresAt: 2 });
    assert.deepEqual(readClaims(jwt({ sub: '1', client_id: 'robot', aud: ['x', 5, 'y'] })), { subject: '1', user: 'robot', audience: ['x', 'y'], authorizedParty: 'robot' });
  });

  it('of another type than they should be are left out', () => {
    assert.deepEqual(readClaims(jwt({ iss: 5, sub: {}, aud: null, exp: 'soon', iat: null })), { audience: [] });
  });

  it('there are none in what is no JWT; it never throws', () => {
    for (const token of ['', 'opaque', 'a.b.c', 'a.b', `${jwt({})}.x.y`, jwt([]), jwt(5), jwt(null)]) assert.equal(readClaims(token), undefined, token);
    fc.assert(fc.property(fc.string(), (token) => void readClaims(token)));
    fc.assert(fc.property(fc.jsonValue(), (payload) => void readClaims(jwt(payload))));
  });
});
