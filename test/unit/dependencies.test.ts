// Each dependency is justified in docs/architecture.md with the licence that it really has, and none is there for nothing.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';

/** Licences that ask for nothing but their text. */
const PERMISSIVE = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT', 'Unlicense'];

interface Row {
  readonly name: string;
  readonly licence: string;
  readonly optional: boolean;
}

interface PackageJson {
  readonly license?: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
}

const own = readJson('package.json');

function readJson(file: string): PackageJson {
  return JSON.parse(readFileSync(file, 'utf8')) as PackageJson;
}

/** The rows of the tables in the section on dependencies: the shipped first, then those for development. */
function tables(): Row[][] {
  const text = readFileSync('docs/architecture.md', 'utf8');
  const section = text.slice(text.indexOf('\n## Dependencies\n')).split('\n');
  const found: Row[][] = [];
  for (const line of section) {
    const [, names, licences] = line.split('|').map((cell) => cell.trim());
    if (names === undefined || licences === undefined || names.startsWith('---')) continue;
    if (names === 'package') found.push([]);
    else found.at(-1)?.push(...rowsOf(names, licences));
  }
  return found;
}

/** `a, b (optional)` and `MIT, ISC`, or one licence for all. */
function rowsOf(names: string, licences: string): Row[] {
  const each = licences.split(', ');
  return names.split(', ').map((name, index) => ({
    name: name.replace(' (optional)', ''),
    optional: name.endsWith(' (optional)'),
    licence: each.length === 1 ? licences : (each[index] ?? ''),
  }));
}

const sorted = (names: Iterable<string>) => [...names].sort();

describe('docs/architecture.md and package.json', () => {
  const [shipped = [], development = []] = tables();

  it('name the same dependencies, and the same as optional', () => {
    const optional = Object.keys(own.optionalDependencies);
    assert.deepEqual(sorted(shipped.map(({ name }) => name)), sorted([...Object.keys(own.dependencies), ...optional]));
    assert.deepEqual(sorted(shipped.filter((row) => row.optional).map(({ name }) => name)), sorted(optional));
  });

  it('name the same development dependencies', () => {
    assert.deepEqual(sorted(development.map(({ name }) => name)), sorted(Object.keys(own.devDependencies)));
  });

  for (const { name, licence, optional } of [...shipped, ...development]) {
    it(`agree with the licence of ${name}`, (t) => {
      try {
        assert.equal(readJson(path.join('node_modules', name, 'package.json')).license, licence);
      } catch (error) {
        if (!optional || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        t.skip('it is optional, and not installed');
      }
    });
  }
});

it('every package that is shipped, however deep, has a permissive licence, a fixed version and a digest', () => {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
    packages: Record<string, { readonly dev?: boolean; readonly license?: string; readonly integrity?: string }>;
  };
  const production = Object.entries(packages).filter(([where, { dev }]) => where !== '' && dev !== true);
  assert.ok(production.length > Object.keys(own.dependencies).length);
  assert.deepEqual(production.filter(([, { license = '', integrity = '' }]) => !PERMISSIVE.includes(license) || !integrity.startsWith('sha512-')), []);
});
