// The demo's HPC centre is the tests' (test/support/demo-site.ts), which node cannot read as it is.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));

/** Starts it in a directory. */
export async function startSite(directory) {
  const { build } = await import('esbuild');
  // Inside the repository, so that it finds its packages.
  const outfile = path.join(root, 'node_modules/.cache/streamer-demo', `site-${process.pid}.mjs`);
  mkdirSync(path.dirname(outfile), { recursive: true });
  await build({ absWorkingDir: root, entryPoints: ['test/support/demo-site.ts'], outfile, bundle: true, format: 'esm', platform: 'node', target: 'node20', packages: 'external', logLevel: 'error' });
  const site = await import(pathToFileURL(outfile).href);
  return site.startSite(directory);
}
