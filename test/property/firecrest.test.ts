// Whatever JSON answers, each reader gives a value or a ControlError, and nothing else.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { answerFailure } from '../../src/control/firecrest/answer-failure.js';
import { parseChecksum, parseEntries, parseStat, parseTail, parseView } from '../../src/control/firecrest/files.js';
import { parseJobs, parseMetadata, parseSubmitted } from '../../src/control/firecrest/jobs.js';
import { parseSystems, parseUserInfo } from '../../src/control/firecrest/systems.js';
import { isScriptOf, parseTransferJob, transferJobOf } from '../../src/control/firecrest/transfers.js';
import { parseCoordinates } from '../../src/coordinates/codec.js';
import { ControlError, StreamerError } from '../../src/errors.js';
import { EXCHANGES } from '../support/recorded.js';

const READERS: Readonly<Record<string, (answer: unknown) => unknown>> = { parseSystems, parseUserInfo, parseJobs, parseSubmitted, parseMetadata, parseTransferJob, parseEntries, parseStat, parseChecksum, parseTail, parseView };

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Every place in a recorded answer. */
function* places(value: Json, before: readonly string[] = []): Generator<readonly string[]> {
  yield before;
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) yield* places(inner, [...before, key]);
}

/** The same answer with something else in one place. */
function altered(value: Json, [key, ...rest]: readonly string[], into: unknown): unknown {
  if (key === undefined) return into;
  if (Array.isArray(value)) return value.map((inner: Json, index) => (String(index) === key ? altered(inner, rest, into) : inner));
  return Object.fromEntries(Object.entries(value as object).map(([name, inner]) => [name, name === key ? altered(inner as Json, rest, into) : (inner as Json)]));
}

const recorded = EXCHANGES.map(({ response }) => response.body as Json).filter((body) => typeof body === 'object' && body !== null);
const nearly = fc
  .tuple(fc.constantFrom(...recorded), fc.nat(), fc.oneof(fc.jsonValue(), fc.constantFrom(undefined, null, '', -1, 1e300, [], {})))
  .map(([body, at, into]) => {
    const all = [...places(body)];
    return altered(body, all[at % all.length] ?? [], into);
  });

describe('an answer', () => {
  for (const [name, read] of Object.entries(READERS)) {
    it(`of any kind: ${name} gives a value or a ControlError`, () => {
      fc.assert(
        fc.property(fc.oneof(fc.jsonValue(), nearly), (answer) => {
          try {
            read(answer);
          } catch (error) {
            assert.ok(error instanceof ControlError && error.code === 'control-answer', String(error));
          }
        }),
        { numRuns: 2_000 },
      );
    });
  }

  it('that is an error is one, in one short line, whatever it says', () => {
    fc.assert(
      fc.property(fc.integer({ min: 300, max: 599 }), fc.oneof(fc.string(), fc.json(), nearly.map((value) => JSON.stringify(value) as string | undefined ?? '')), fc.option(fc.integer(), { nil: undefined }), (status, text, clockAheadMs) => {
        const error = answerFailure({ status, text, origin: 'https://api.test', clockAheadMs });
        assert.ok(error instanceof StreamerError);
        assert.ok(!/\p{Cc}/u.test(error.message) && error.message.length < 600, error.message);
      }),
    );
  });
});

describe("a transfer job's script", () => {
  const path = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => !/[\p{Cc}\p{Zl}\p{Zp}]|^\s|\s$/u.test(text)).map((text) => `/${text}`);
  const html = (text: string) => text.replace(/&/gu, '&amp;').replace(/</gu, '&lt;').replace(/>/gu, '&gt;').replace(/"/gu, '&#34;').replace(/'/gu, '&#39;');
  const secret = fc.stringMatching(/^[A-Za-z0-9_-]{22}$/u);

  it('is known by its direction and path, and gives the coordinates that FirecREST would have told', () => {
    fc.assert(
      fc.property(path, path, secret, fc.array(fc.ipV4(), { minLength: 1, maxLength: 3 }), fc.constantFrom('send' as const, 'receive' as const), (mine, other, word, ips, operation) => {
        const script = `#!/bin/bash\n\n#SBATCH --nodes=1\n\nstreamer server --secret ${word} --host h ${ips.map((ip) => ` --public-ips ${ip} `).join('')} --port-range 5665 5668 --wait-timeout 9 --inbound-transfer-limit 9 ${operation} --path ${html(mine)}`;
        const direction = operation === 'send' ? 'download' : 'upload';
        assert.equal(isScriptOf(script, direction, mine), true);
        assert.equal(isScriptOf(script, direction === 'download' ? 'upload' : 'download', mine), false);
        assert.equal(isScriptOf(script, direction, other), other === mine);
        const job = transferJobOf({ jobId: '7', name: 'x', state: 'PENDING', over: false }, { jobId: '7', script, standardOutput: '/o', standardError: '/e' }, 'alps');
        assert.deepEqual({ ...parseCoordinates(job?.coordinates ?? '') }, { version: 1, ips, ports: [5665, 5668], secret: word });
      }),
    );
  });

  it('is any text, and nothing comes of it', () => {
    fc.assert(fc.property(fc.string(), path, (script, mine) => assert.equal(isScriptOf(script, 'download', mine), false)));
  });
});
