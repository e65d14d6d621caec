// What is shipped can be told from what it was made of: the same sources make the same bytes wherever they are, and the bill of
// materials misses nothing.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';

interface LockEntry {
  readonly version: string;
  readonly dev?: boolean;
}

interface Component {
  readonly name: string;
  readonly version: string;
  readonly type: string;
  readonly licenses?: readonly unknown[];
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
  readonly properties?: readonly { readonly name: string; readonly value: string }[];
}

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Record<string, LockEntry> };
/** Where each package that is not for development alone is. */
const production = Object.keys(lock.packages).filter((where) => where !== '' && lock.packages[where]?.dev !== true);
const digest = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');

/** A digest of each file beneath a directory, but for the code cache, which is the machine's own. */
function digests(root: string): Record<string, string> {
  const files = readdirSync(root, { recursive: true }).map(String).filter((name) => !name.endsWith('.cache') && statSync(path.join(root, name)).isFile());
  return Object.fromEntries(files.sort().map((name) => [name, digest(path.join(root, name))]));
}

it('a build elsewhere of the same sources, with only what it needs, makes the same bytes', { timeout: 180_000 }, (t) => {
  const elsewhere = mkdtempSync(path.join(tmpdir(), 'streamer-elsewhere-'));
  t.after(() => rmSync(elsewhere, { recursive: true, force: true }));
  const tools = ['typescript', 'esbuild', '@esbuild', '@types', 'undici-types'].map((name) => `node_modules/${name}`);
  for (const name of ['src', 'scripts', 'bin', 'package.json', 'tsconfig.json', ...production, ...tools]) {
    // A platform's own optional package is not everywhere.
    if (statSync(name, { throwIfNoEntry: false }) !== undefined) cpSync(name, path.join(elsewhere, name), { recursive: true });
  }
  execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: elsewhere, stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, TZ: 'Asia/Tokyo', LC_ALL: 'C' } });
  const made = digests(path.join(elsewhere, 'dist'));
  assert.ok('bundle/streamer.cjs' in made && 'index.d.ts' in made);
  assert.deepEqual(made, digests('dist'));
});

describe('the bill of materials', () => {
  const print = () => execFileSync(process.execPath, ['scripts/sbom.mjs'], { encoding: 'utf8', env: { ...process.env, npm_config_registry: 'http://127.0.0.1:9/' } });
  const text = print();
  const bill = JSON.parse(text) as { bomFormat: string; metadata: { component: { name: string } }; components: Component[] };
  const packages = bill.components.filter(({ type }) => type === 'library');

  it('is CycloneDX, of this package, and the same each time', () => {
    assert.equal(bill.bomFormat, 'CycloneDX');
    assert.equal(bill.metadata.component.name, 'firecrest-streamer-ts');
    assert.equal(print(), text);
  });

  it('lists each package of the lock file that is not for development, and no other, with licence and digest', () => {
    const wanted = production.map((where) => `${where.slice(where.lastIndexOf('node_modules/') + 13)}@${lock.packages[where]?.version ?? ''}`);
    assert.deepEqual(packages.map(({ name, version }) => `${name}@${version}`).sort(), wanted.sort());
    assert.deepEqual(packages.filter(({ licenses = [], hashes = [] }) => licenses.length === 0 || hashes.length === 0), []);
  });

  it('marks what is in the bundle, and gives its digest', () => {
    const marked = packages.filter(({ properties }) => properties?.some(({ name, value }) => name === 'streamer:bundled' && value === 'true') === true);
    const listed = readFileSync('dist/bundle/LICENSES.txt', 'utf8').match(/^\S+ \d\S* \(.*\)$/gm) ?? [];
    assert.deepEqual(marked.map(({ name, version }) => `${name} ${version}`), listed.map((line) => line.slice(0, line.indexOf(' ('))));
    const file = bill.components.find(({ name }) => name === 'dist/bundle/streamer.cjs');
    assert.equal(file?.hashes?.[0]?.content, digest('dist/bundle/streamer.cjs'));
  });
});
