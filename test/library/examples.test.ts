/**
 * Every example in the documentation comments of what the package exports: it compiles against the shipped types, runs
 * in a directory that has a `results.h5`, says nothing on standard error, and lets the process end.
 */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import * as library from '../../src/index.js';
import { randomFile, ROOT, startProgram, tempDir } from '../support/cli.js';

const PACKAGE = 'firecrest-streamer-ts';
const SOURCES = ['index', 'client/client', 'server/server', 'control/open-firecrest', 'control/authenticators', 'control/download', 'control/upload', 'control/firecrest/client', 'coordinates/codec', 'coordinates/keys', 'coordinates/sealed', 'coordinates/coordinates', 'transfer/rate-limit', 'util/spare-processors'];
const HUNG_MS = 30_000;

interface Example {
  /** What it belongs to: the exported function after its comment, or the package. */
  readonly of: string;
  readonly code: string;
}

async function examplesOf(source: string): Promise<Example[]> {
  const text = await readFile(path.join(ROOT, 'src', `${source}.ts`), 'utf8');
  return [...text.matchAll(/\/\*\*(?:(?!\*\/)[^])*\*\//g)].flatMap(({ 0: comment, index }) => {
    const after = text.slice(index + comment.length);
    const name = /^\s*export (?:(?:async )?function|class) (\w+)/.exec(after)?.[1] ?? 'the package';
    const body = comment.replace(/^ *\* ?/gm, '');
    return [...body.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code = '']) => ({ of: name, code }));
  });
}

const examples = (await Promise.all(SOURCES.map(examplesOf))).flat();

/** The errors of the examples as a user of the package would see them: strict, and with its declarations checked. */
function typeErrors(files: readonly string[]): string[] {
  const program = ts.createProgram(files, {
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2023.d.ts'],
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noEmit: true,
    typeRoots: [path.join(ROOT, 'node_modules/@types')],
    types: ['node'],
    paths: { [PACKAGE]: [path.join(ROOT, 'dist/index.d.ts')] },
  });
  return ts.getPreEmitDiagnostics(program).map(({ messageText, file, start }) => `${file?.fileName ?? ''}:${start ?? 0} ${ts.flattenDiagnosticMessageText(messageText, ' ')}`);
}

describe('the documentation', () => {
  it('has an example for the package and for each function', () => {
    const functions = Object.entries(library).flatMap(([name, value]) => (typeof value === 'function' && !(value.prototype instanceof Error) ? [name] : []));
    assert.ok(functions.length >= 6, functions.join());
    for (const name of ['the package', ...functions]) {
      const own = examples.filter((example) => example.of === name);
      assert.ok(own.length > 0, `an example for ${name}`);
      if (name !== 'the package') assert.ok(own.some(({ code }) => code.includes(`${name}(`)), `the example for ${name} calls it`);
    }
  });

  it('has examples that compile against the shipped types', async (t) => {
    const directory = await tempDir(t);
    const files = await Promise.all(
      examples.map(async ({ code }, index) => {
        const file = path.join(directory, `example-${index}.mts`);
        await writeFile(file, code);
        return file;
      }),
    );
    assert.deepEqual(typeErrors(files), []);
  });

  examples.forEach(({ of: name, code }, index) => {
    it(`has an example for ${name} that runs (${index + 1})`, async (t) => {
      const directory = await tempDir(t);
      await randomFile(path.join(directory, 'results.h5'), 3_000_000);
      const entry = new URL('../../src/index.js', import.meta.url).href;
      const { outputText } = ts.transpileModule(code.replaceAll(`'${PACKAGE}'`, `'${entry}'`), {
        compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
      });
      const file = path.join(directory, 'example.mjs');
      await writeFile(file, outputText);
      const end = await startProgram(t, [process.execPath, file], { cwd: directory }).exitWithin(HUNG_MS);
      assert.deepEqual([end.code, end.stderr], [0, ''], fileURLToPath(entry));
      assert.notEqual(end.stdout, '', 'it shows something');
    });
  });
});
