// Receives a file up to the stage named by its third argument: opened, written or checkpointed, of half of it, and then
// waits to be killed; or committed, of all that is missing.
import { readFile } from 'node:fs/promises';
import { openSink } from '../../../src/storage/sink.js';
import { fill, sinkOptions, upTo } from './fixture.js';

const [target = '', source = '', stage = ''] = process.argv.slice(2);
const bytes = await readFile(source);
const sink = await openSink(sinkOptions(target, bytes.length));
if (stage === 'committed') {
  const missing = [...sink.missing()].flatMap(({ first, count }) => upTo(count).map((index) => first + index));
  await fill(sink, bytes, missing);
  await sink.commit();
  process.stdout.write(sink.alreadyCommitted ? 'already committed\n' : 'committed\n');
} else {
  if (stage !== 'opened') await fill(sink, bytes, [0, 1, 2, 3]);
  if (stage === 'checkpointed') await sink.checkpoint();
  process.stdout.write('ready\n');
  setInterval(() => undefined, 1000);
}
