// What cannot run here is never said to be fine: scripts/soak-parts.mjs, and the part that most machines cannot run.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ROOT } from '../support/cli.js';

interface SoakParts {
  readonly SKIPPED: number;
  readonly runParts: (parts: readonly string[], run: (part: string) => number, options: { readonly optional: boolean; readonly say: (line: string) => void }) => number;
}
const { runParts, SKIPPED } = (await import(pathToFileURL(path.join(ROOT, 'scripts/soak-parts.mjs')).href)) as SoakParts;

describe('the parts of a soak', () => {
  const CASES: readonly (readonly [statuses: readonly number[], optional: boolean, status: number, said: RegExp])[] = [
    [[0, 0], true, 0, /nothing was lost$/u],
    [[0, 1], true, 1, /FAILED: part 1$/u],
    [[SKIPPED, 0], true, 0, /nothing was lost\nsoak: SKIPPED, each has said why: part 0$/u],
    [[SKIPPED, 1], true, 1, /FAILED: part 1\nsoak: SKIPPED, each has said why: part 0$/u],
    [[0, SKIPPED], false, 1, /FAILED: part 1$/u],
  ];
  for (const [statuses, optional, status, said] of CASES) {
    it(`that end with ${statuses.join(' and ')}${optional ? '' : ', and must run,'} end with ${status}`, () => {
      const lines: string[] = [];
      const names = statuses.map((_, index) => `part ${index}`);
      assert.equal(runParts(names, (part) => statuses[names.indexOf(part)] ?? -1, { optional, say: (line) => void lines.push(line) }), status);
      assert.match(lines.join('\n'), said);
    });
  }
});

it('Autobahn without a Python 2.7 is skipped, with the reason', () => {
  const main = fileURLToPath(new URL('../autobahn/main.js', import.meta.url));
  const { status, stdout } = spawnSync(process.execPath, [main, '--python', '/no/such/python'], { encoding: 'utf8', timeout: 60_000 });
  assert.equal(status, SKIPPED);
  assert.match(stdout, /^autobahn: SKIPPED, nothing was tested: no Python 2\.7 \(\/no\/such\/python\)/u);
});
