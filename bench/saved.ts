/**
 * Results that are there already: two compared, two made one, or one's page made anew.
 *
 * `compare A.json B.json` ends with 1 when a row of ours got slower beyond the spread; `page A.json B.html` writes B;
 * `merge A.json B.json NAME` writes NAME.{json,md,html}: A, with what B has measured again.
 *
 * @module
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { compare, comparisonText } from './compare.js';
import { merge } from './merge.js';
import { toPage } from './page/page.js';
import { toMarkdown } from './report.js';
import { RESULTS_VERSION, type Results } from './results.js';
import { judge } from './targets/index.js';

/** Reads a results file. It is the bench's own: only its version is looked at. */
function read(file: string): Results {
  const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (typeof parsed !== 'object' || parsed === null || !('version' in parsed) || parsed.version !== RESULTS_VERSION) {
    throw new Error(`${file} does not hold results of version ${RESULTS_VERSION}`);
  }
  return parsed as Results;
}

async function main([what, first, second, third]: readonly string[]): Promise<number> {
  if (first === undefined || second === undefined) throw new Error('compare A.json B.json, page A.json B.html, or merge A.json B.json NAME');
  if (what === 'merge') {
    if (third === undefined) throw new Error('merge A.json B.json NAME');
    const merged = merge(read(first), read(second));
    writeFileSync(`${third}.json`, `${JSON.stringify(merged, undefined, 1)}\n`);
    writeFileSync(`${third}.md`, toMarkdown(merged));
    writeFileSync(`${third}.html`, await toPage(merged));
    return 0;
  }
  if (what === 'page') {
    const results = read(first);
    writeFileSync(second, await toPage({ ...results, targets: results.targets.length === 0 ? [] : judge(results.rows) }));
    return 0;
  }
  const comparison = compare(read(first), read(second));
  process.stdout.write(comparisonText(comparison));
  return comparison.changes.some(({ ours, verdict }) => ours && verdict === 'slower') ? 1 : 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
