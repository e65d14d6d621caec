// Receives endlessly many small files into the directory named, says so after the first hundred, and waits to be killed.
import { openTreeTarget } from '../../../src/storage/tree-target.js';
import { fileOf } from './tree-fixture.js';

const [root = '', ioMode = ''] = process.argv.slice(2);
const target = await openTreeTarget({ root, existing: 'refuse', checksum: false, dryRun: false, findExtras: false, ioMode: ioMode === 'async' ? 'async' : 'sync' });
for (let batch = 0; ; batch += 1) {
  const files = Array.from({ length: 100 }, (_, index) => fileOf(`d/${batch}-${index}`, `${batch}-${index} `.repeat(500)));
  await target.place(files.map((file) => file.entry));
  await target.writeWhole(files).settled;
  if (batch === 0) process.stdout.write('ready\n');
}
