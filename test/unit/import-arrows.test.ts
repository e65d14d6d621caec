// The arrows of docs/architecture.md are only as good as the lint rule that states them: a forbidden import in each room
// must be reported, and an allowed one must not.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';

// Rules that need types are off: the files are not there, and the arrows need none.
const eslint = new ESLint({ overrideConfig: [tseslint.configs.disableTypeChecked] });

/** The restrictions that a line breaks in a file of a room. */
async function broken(room: string, code: string, file = 'virtual.ts'): Promise<string[]> {
  const [result] = await eslint.lintText(`${code}\n`, { filePath: `src/${room}/${file}` });
  assert.ok(result !== undefined);
  assert.deepEqual(result.messages.filter(({ fatal }) => fatal === true), []);
  return result.messages.map(({ ruleId }) => ruleId ?? '').filter((rule) => rule.startsWith('no-restricted') || rule.endsWith('no-restricted-imports'));
}

const importing = (from: string) => `import { x } from '${from}';\nexport const y = x;`;

/** For each room: what it may not import, and what it may. */
const ROOMS: Readonly<Record<string, { readonly not: readonly string[]; readonly may: readonly string[] }>> = {
  util: { not: ['../crypto/x.js', '../wire/x.js', '../transfer/x.js', 'ws', 'node:fs', 'msgpackr'], may: ['../errors.js', 'node:buffer'] },
  crypto: { not: ['../wire/x.js', '../transport/x.js', '../coordinates/x.js', 'ws', 'node:fs'], may: ['../util/x.js', 'tweetnacl', 'xxhash-wasm', 'node:crypto'] },
  coordinates: { not: ['../wire/x.js', '../transport/x.js', '../cli/x.js', 'node:net', 'net', 'ws', 'node:os', 'node:fs/promises'], may: ['../util/x.js', '../crypto/x.js', 'msgpackr'] },
  wire: { not: ['../transport/x.js', '../storage/x.js', '../compat/x.js', 'node:fs', 'fs', 'node:timers', 'node:http', 'ws', 'tweetnacl'], may: ['../util/x.js', '../crypto/x.js', './frame.js', 'msgpackr'] },
  compat: { not: ['../wire/x.js', '../crypto/x.js', '../transport/x.js', 'node:net', 'msgpackr', 'node:child_process'], may: ['../util/x.js', '../errors.js'] },
  transport: { not: ['../wire/x.js', '../compat/x.js', '../crypto/x.js', '../transfer/x.js', '../coordinates/x.js', 'node:fs', 'msgpackr'], may: ['../util/x.js', 'ws', 'p-queue', 'node:net'] },
  storage: { not: ['../wire/x.js', '../transport/x.js', '../crypto/x.js', '../transfer/x.js', 'ws', 'xxhash-wasm'], may: ['../util/x.js', 'node:fs', 'node:fs/promises'] },
  transfer: { not: ['../client/x.js', '../server/x.js', '../cli/x.js', 'ws', 'node:fs', 'fs/promises', 'commander', 'p-queue'], may: ['../wire/x.js', '../compat/x.js', '../transport/x.js', '../storage/x.js', '../crypto/x.js'] },
  client: { not: ['../server/x.js', '../cli/x.js', 'ws', 'node:fs', 'commander'], may: ['../transfer/x.js', '../transport/x.js', '../coordinates/x.js', '../wire/x.js'] },
  server: { not: ['../client/x.js', '../cli/x.js', 'ws', 'node:fs/promises', 'progress'], may: ['../transfer/x.js', '../transport/x.js', '../coordinates/x.js', '../wire/x.js'] },
  relay: { not: ['../wire/x.js', '../crypto/x.js', '../coordinates/x.js', '../transfer/x.js', '../server/x.js', 'ws', 'node:fs', 'commander'], may: ['../util/x.js', '../transport/x.js', '@redis/client', 'prom-client'] },
  control: { not: ['../wire/x.js', '../compat/x.js', '../relay/x.js', '../cli/x.js', 'ws', 'commander'], may: ['../client/x.js', '../server/x.js', '../storage/x.js', '../transport/x.js', '../coordinates/x.js', 'openid-client', 'openapi-fetch', 'undici', 'node:fs/promises'] },
  cli: { not: ['../wire/x.js', '../compat/x.js', '../storage/x.js', '../crypto/x.js', 'ws', 'msgpackr'], may: ['../client/x.js', '../server/x.js', '../relay/x.js', '../transfer/x.js', '../transport/x.js', '../control/x.js', 'commander', 'progress', 'node:fs'] },
};

describe('lint reports an import against the arrows in', () => {
  for (const [room, { not, may }] of Object.entries(ROOMS)) {
    it(room, async () => {
      for (const from of not) assert.equal((await broken(room, importing(from))).length, 1, `${room} imports ${from}`);
      for (const from of may) assert.deepEqual(await broken(room, importing(from)), [], `${room} may import ${from}`);
      // From a folder below as well, and when only types are wanted.
      const [first = ''] = not.filter((from) => from.startsWith('../'));
      assert.equal((await broken(room, importing(`../${first}`), 'below/virtual.ts')).length, 1, `${room}/below imports ../${first}`);
      assert.equal((await broken(room, `import type { X } from '${first}';\nexport type Y = X;`)).length, 1, `${room} imports types of ${first}`);
      assert.equal((await broken(room, `export { x } from '${first}';`)).length, 1, `${room} re-exports ${first}`);
    });
  }

  it('every room of src there is', async () => {
    const { readdir } = await import('node:fs/promises');
    const rooms = (await readdir('src', { withFileTypes: true })).filter((entry) => entry.isDirectory()).map(({ name }) => name);
    assert.deepEqual(rooms.sort(), Object.keys(ROOMS).sort());
  });
});

describe('lint keeps the pure rooms pure', () => {
  for (const room of ['coordinates', 'wire', 'compat']) {
    it(`${room} uses no timer, clock, process or chance`, async () => {
      for (const code of [
        'setTimeout(() => undefined, 1);',
        'setInterval(() => undefined, 1);',
        'setImmediate(() => undefined);',
        'export const now = Date.now();',
        'export const now = performance.now();',
        'export const chance = Math.random();',
        'export const env = process.env;',
        "export const page = fetch('http://x');",
      ]) {
        assert.equal((await broken(room, code)).length, 1, code);
      }
      assert.deepEqual(await broken('transport', 'setTimeout(() => undefined, 1);\nexport const now = performance.now();'), []);
    });
  }
});
