// Writes src/control/firecrest/openapi.ts, the types of FirecREST's API, from openapi.json beside it, as the server has served it.
// `--check` writes nothing, and fails when the file is not what would be written.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import openapiTS, { astToString } from 'openapi-typescript';

const directory = path.join(path.dirname(path.dirname(fileURLToPath(import.meta.url))), 'src/control/firecrest');
const target = path.join(directory, 'openapi.ts');

const HEAD = `/**
 * FirecREST's API as its own document has it (openapi.json): made by \`npm run generate\`, not by hand. What it answers is not taken from
 * here, but read at the border: the document and the server differ in places.
 *
 * @module
 */
/* eslint-disable */

`;

const text = HEAD + astToString(await openapiTS(JSON.parse(readFileSync(path.join(directory, 'openapi.json'), 'utf8')), { silent: true }));
if (!process.argv.includes('--check')) {
  writeFileSync(target, text);
} else if (readFileSync(target, 'utf8') !== text) {
  console.error('generate: src/control/firecrest/openapi.ts is not what openapi.json says: run "npm run generate"');
  process.exitCode = 1;
}
