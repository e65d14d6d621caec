import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { answerFailure } from '../../../../src/control/firecrest/answer-failure.js';
import { AuthError, ControlError } from '../../../../src/errors.js';

const ORIGIN = 'https://api.test';
const failure = (status: number, text: string, clockAheadMs?: number) => answerFailure({ status, text, origin: ORIGIN, clockAheadMs });
const said = (message: string, more: Readonly<Record<string, unknown>> = {}) => JSON.stringify({ errorType: 'error', message, causedBy: null, data: null, user: null, ...more });
const HTML = '<!DOCTYPE html><html><body><h1>Sign in</h1></body></html>';

describe("an answer that is not FirecREST's", () => {
  const cases: readonly (readonly [status: number, text: string, code: string, retryable: boolean, words: RegExp])[] = [
    [404, HTML, 'control-not-firecrest', false, /^https:\/\/api\.test answers 404 with an HTML page, which is not FirecREST's: is `url` right, with its whole path\?$/u],
    [403, HTML, 'control-not-firecrest', false, /403 with an HTML page/u],
    [200 + 202, 'no', 'control-not-firecrest', false, /some other text/u],
    [404, '', 'control-not-firecrest', false, /404 with nothing/u],
    [404, '{"detail":"Not Found"}', 'control-not-firecrest', false, /404 with other JSON/u],
    [400, '{"message":7,"errorType":"error"}', 'control-not-firecrest', false, /other JSON/u],
    [500, HTML, 'control-not-firecrest', false, /500 with an HTML page/u],
    [502, HTML, 'control-unavailable', true, /try again later/u],
    [503, 'upstream', 'control-unavailable', true, /try again later/u],
    [504, '', 'control-unavailable', true, /try again later/u],
    [429, 'slow down', 'control-unavailable', true, /try again later/u],
    [413, HTML, 'control-answer', false, /does not take a request of that size/u],
    [401, HTML, 'auth-refused', false, /refuses the token with an HTML page/u],
  ];
  for (const [status, text, code, retryable, words] of cases) {
    it(`${status} ${JSON.stringify(text.slice(0, 30))} is ${code}`, () => {
      const error = failure(status, text);
      assert.deepEqual([error.code, error.retryable], [code, retryable]);
      assert.match(error.message, words);
      if (error instanceof ControlError) assert.equal(error.status, status);
    });
  }
});

describe("FirecREST's own", () => {
  it('is told in its words, in one line, and of bounded length', () => {
    const error = failure(500, said(`one\n\ttwo\u001b[31m${'x'.repeat(10_000)}`));
    assert.match(error.message, /^FirecREST answers 500: one two \[31mx+…$/u);
    assert.ok(error.message.length < 400);
  });

  it('has its causes, and of a validation error its fields', () => {
    assert.equal(failure(500, said('Error.', { causedBy: ['a', 7, 'b'] })).message, 'FirecREST answers 500: Error. a b');
    const fields = [{ location: 'body', name: 'sourcePath', message: 'Field required' }, { name: 1, message: 'JSON decode error' }, { name: null, message: 'odd' }, null, { name: 'x' }, 'y'];
    assert.equal(failure(400, said('a dump of /app', { errorType: 'validation', data: { fields } })).message, 'FirecREST answers 400: sourcePath: Field required; 1: JSON decode error; odd');
    assert.match(failure(400, said('a dump', { errorType: 'validation', data: { fields: [] } })).message, /a dump/u);
  });

  const cases: readonly (readonly [status: number, message: string, code: string, retryable: boolean, words: RegExp])[] = [
    [408, 'Command execution timeout limit exceeded.', 'control-answer', true, /exceeded; its command took longer than the site allows: try again$/u],
    [413, 'File to upload is too large.', 'control-answer', false, /too large; the file is too large for FirecREST's own routes$/u],
    [429, 'Too many.', 'control-unavailable', true, /try again later$/u],
    [503, 'The ssh service for the requested system (x) is unhealthy.', 'control-unavailable', true, /"streamer systems"/u],
    [404, 'Not Found', 'control-not-firecrest', false, /it has no such route/u],
    [500, '[Errno 111] Connection refused', 'control-unavailable', true, /may be down/u],
    [400, 'Account parameter is required on this system.', 'control-answer', false, /name one with `account`$/u],
  ];
  for (const [status, message, code, retryable, words] of cases) {
    it(`${status} ${message}`, () => {
      const error = failure(status, said(message));
      assert.deepEqual([error.code, error.retryable], [code, retryable]);
      assert.match(error.message, words);
    });
  }
});

describe('a token that is refused', () => {
  const EXPIRED = said('Access token expired');

  it("is by a clock that is off, and that is said", () => {
    const behind = failure(401, EXPIRED, 5 * 60_000);
    assert.ok(behind instanceof AuthError && behind.code === 'auth-token');
    assert.match(behind.message, /Access token expired; this machine's clock is 5 min 00 s behind FirecREST's: set one of them right$/u);
    assert.match(failure(401, said('Access token expires too soon (less than 30s remaining).'), -3_600_000).message, /clock is 1 h 00 min ahead of FirecREST's/u);
  });

  it('is not by one that is right, or that is not known', () => {
    for (const ahead of [undefined, 0, 20_000, -20_000]) assert.match(failure(401, EXPIRED, ahead).message, /sign in again with "streamer login"/u);
    assert.match(failure(401, said('Access token is invalid.'), 5 * 60_000).message, /sign in again/u);
  });
});
