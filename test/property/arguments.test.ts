/**
 * Whatever an option is given, the answer is an error of ours: never a TypeError from within.
 */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { formatCoordinates, isSealed, openCoordinates, parseCoordinates, publicKeyOf, sealCoordinates, serve, StreamerError, UsageError } from '../../src/index.js';
import { ARGUMENTS, checkArguments } from '../../src/transfer/argument-checks.js';

const options = fc.constantFrom(...Object.keys(ARGUMENTS));
/** Anything, and what is near to being right. */
const value = fc.oneof(
  fc.anything({ withDate: true, withBigInt: true, withTypedArray: true, withNullPrototype: true, withMap: true, withSparseArray: true }),
  fc.constantFrom('auto', 'send', 'relay', 'native', 'sha256', '-----BEGIN X-----', true, false),
  fc.record({ url: fc.anything(), token: fc.anything(), kind: fc.anything(), pattern: fc.string(), cert: fc.constant('-----BEGIN X'), key: fc.constant('-----BEGIN Y') }),
  fc.array(fc.oneof(fc.integer({ min: 0, max: 70_000 }), fc.string(), fc.record({ kind: fc.constantFrom('include', 'exclude'), pattern: fc.string() })), { maxLength: 3 }),
);

it('a check passes, or throws a UsageError that names the option', () => {
  fc.assert(
    fc.property(options, value, (option, given) => {
      try {
        checkArguments({ [option]: given }, ARGUMENTS);
      } catch (error) {
        assert.ok(error instanceof UsageError, String(error));
        assert.ok(error.message.startsWith(`\`${option}\` takes `), error.message);
      }
    }),
    { numRuns: 2_000 },
  );
});

it('serve fails with an error of ours, whatever one option is', async () => {
  await fc.assert(
    // The path leads nowhere, so that it fails in any case, and before it listens; with these it might not be looked at.
    fc.asyncProperty(options.filter((option) => !['action', 'memoryBytes', 'path'].includes(option)), value, async (option, given) => {
      const serving = serve({ action: 'send', path: '/nowhere/at all', [option]: given });
      await assert.rejects(serving, (error: unknown) => error instanceof StreamerError || assert.fail(String(error)));
    }),
    { numRuns: 500 },
  );
});

it('functions that take text fail with an error of ours, or not at all', () => {
  fc.assert(
    fc.property(value, value, (first, second) => {
      for (const run of [
        () => parseCoordinates(first as never),
        () => formatCoordinates(first as never),
        () => isSealed(first as never),
        () => openCoordinates(first as never, second as never),
        () => sealCoordinates(first as never, second as never),
        () => publicKeyOf(first as never),
      ]) {
        try {
          run();
        } catch (error) {
          assert.ok(error instanceof StreamerError, String(error));
        }
      }
    }),
    { numRuns: 500 },
  );
});
