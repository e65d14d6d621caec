/**
 * A target with all that it imports as one script, its blocks counted.
 *
 * @module
 */
import path from 'node:path';
import { ROOT } from '../support/cli.js';
import { instrument, type Instrumented } from './instrument.js';
import type { TargetName } from './targets/index.js';

/** Bundles and instruments. */
export async function buildTarget(name: TargetName): Promise<Instrumented> {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: [path.join(ROOT, `test/fuzz/targets/${name}.ts`)],
    bundle: true,
    write: false,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    // As the command is bundled: without the native addon, whose blocks nobody could count.
    alias: { msgpackr: './node_modules/msgpackr/index.js' },
    external: ['bufferutil', 'utf-8-validate'],
    logOverride: { 'empty-import-meta': 'silent' },
  });
  return instrument(outputFiles[0]?.text ?? '');
}
