// `npm run sbom`: what the package depends on, as a bill of materials (CycloneDX JSON) on standard output. It is read from
// package-lock.json, so it is the same on every machine and names the optional packages of every platform. What the
// bundled command contains is marked, and the bundle is listed with its digest: npm run build comes first.
// The same input makes the same bytes: the serial number is made of the content, and the time is SOURCE_DATE_EPOCH's or none.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import path from 'node:path';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const bundle = path.join(root, 'dist/bundle');
const fail = (message) => {
  console.error(`sbom: ${message}`);
  process.exit(1);
};

/**
 * What npm says of the lock file, asking no registry. Not by its own `--omit dev`, which also leaves out what a development
 * dependency happens to want as well (npm 11.19: picomatch).
 */
function fromNpm() {
  const npm = process.env.npm_execpath;
  const [command, words] = npm === undefined ? ['npm', []] : [process.execPath, [npm]];
  const options = ['sbom', '--sbom-format', 'cyclonedx', '--sbom-type', 'application', '--package-lock-only', '--offline'];
  const run = spawnSync(command, [...words, ...options], { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (run.status !== 0) fail(`npm sbom ended with ${run.status ?? run.error?.message}; it needs npm 10 or newer\n${run.stderr ?? ''}`);
  return JSON.parse(run.stdout);
}

/** `name@version` of each package in the lock file that is not for development alone. */
function ofProduction() {
  const { packages } = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8'));
  const kept = Object.entries(packages).filter(([where, entry]) => where !== '' && entry.dev !== true);
  return new Set(kept.map(([where, entry]) => `${entry.name ?? where.slice(where.lastIndexOf('node_modules/') + 13)}@${entry.version}`));
}

/** `name@version` of each package that the build put into the bundle: the first lines of its licences. */
function bundled() {
  try {
    const texts = readFileSync(path.join(bundle, 'LICENSES.txt'), 'utf8').split(`\n${'-'.repeat(80)}\n\n`);
    return new Set(texts.map((text) => /^(\S+) (\S+) \(/.exec(text)).filter(Boolean).map(([, name, version]) => `${name}@${version}`));
  } catch {
    return fail('dist/bundle is not there: run npm run build first');
  }
}

/** The scripts of the bundle: not the compiled code beside them, which is the machine's own. */
function scripts(version) {
  return readdirSync(bundle).filter((name) => name.endsWith('.cjs')).sort().map((name) => ({
    'bom-ref': `dist/bundle/${name}`,
    type: 'file',
    name: `dist/bundle/${name}`,
    version,
    hashes: [{ alg: 'SHA-256', content: createHash('sha256').update(readFileSync(path.join(bundle, name))).digest('hex') }],
  }));
}

const all = fromNpm();
const { name, version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
const wanted = ofProduction();
const inBundle = bundled();
const packages = all.components.filter((component) => wanted.has(idOf(component))).map((component) => ({
  ...component,
  properties: [...(component.properties ?? []), { name: 'streamer:bundled', value: String(inBundle.has(idOf(component))) }],
}));
check(packages);

const files = scripts(version);
const own = all.metadata.component['bom-ref'];
const refs = new Set([own, ...packages.map((component) => component['bom-ref'])]);
const epoch = process.env.SOURCE_DATE_EPOCH;
const bill = {
  version: 1,
  metadata: {
    ...(epoch === undefined ? {} : { timestamp: new Date(Number(epoch) * 1000).toISOString() }),
    tools: all.metadata.tools,
    // npm names it for the directory that it is in.
    component: { ...all.metadata.component, name },
  },
  components: [...packages, ...files],
  dependencies: [
    ...all.dependencies.filter(({ ref }) => refs.has(ref)).map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((on) => refs.has(on)) })),
    // LICENSES.txt is the command's.
    { ref: 'dist/bundle/streamer.cjs', dependsOn: packages.filter((component) => inBundle.has(idOf(component))).map((component) => component['bom-ref']) },
  ],
};
const { $schema, bomFormat, specVersion } = all;
process.stdout.write(`${JSON.stringify({ $schema, bomFormat, specVersion, serialNumber: serialOf(bill), ...bill }, null, 2)}\n`);

function idOf(component) {
  return `${component.name}@${component.version}`;
}

/** A bill that misses something is worse than none. */
function check(found) {
  const ids = new Set(found.map(idOf));
  const missing = [...wanted, ...inBundle].filter((id) => !ids.has(id));
  if (missing.length > 0) fail(`missing from what npm says: ${missing.join(', ')}`);
}

/** A UUID of version 8 (RFC 9562 section 5.8), which is made of whatever one likes: here, of the content. */
function serialOf(content) {
  const digest = createHash('sha256').update(JSON.stringify(content)).digest('hex');
  return `urn:uuid:${digest.slice(0, 8)}-${digest.slice(8, 12)}-8${digest.slice(13, 16)}-8${digest.slice(17, 20)}-${digest.slice(20, 32)}`;
}
