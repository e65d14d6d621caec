/**
 * Resident memory of each side over time: one connection, sixteen, a sparse file of 20 GiB and a million empty files.
 * The last two only in a full bench: they take minutes, and gigabytes of the kernel's memory.
 *
 * @module
 */
import { formatSize } from '../../src/util/units.js';
import { hold, type Contest } from '../contest.js';
import { makeSparseFile } from '../payloads/sparse-file.js';
import { makeTree, type TreeShape } from '../payloads/tree.js';
import { ours } from '../peers/streamer.js';
import type { Skipped } from '../results.js';
import { makeDiskFolder } from '../workspace.js';
import type { Context, Outcome, Scenario } from './scenario.js';

const SPARSE_SIZE = 20 * 2 ** 30;
const MILLION: TreeShape = { folders: 1000, filesPerFolder: 1000, fileSize: 0 };
const STREAMS = ['1', '16'];

type Part = (context: Context) => Promise<Outcome>;

async function watch(context: Context, title: string, contenders: Contest['contenders']): Promise<Outcome> {
  // Memory is the largest of all runs, and one of these shows it: the others would only take time.
  const once = { ...context, options: { ...context.options, runs: 1 } };
  return hold(once, { scenario: 'memory', title, network: context.network, contenders, curves: { rss: true } });
}

const connections: Part = async (context) => {
  const payload = await context.file(context.options.sizes[0] ?? 0);
  return watch(context, `memory, ${formatSize(payload.size)}`, STREAMS.map((streams) => ({ peer: ours({ wire: 'native', streams }), payload })));
};

/** On disk: where holes come out filled, they would fill the machine's memory. */
const sparse: Part = async (context) => {
  const folder = makeDiskFolder(SPARSE_SIZE);
  if (folder === undefined) return skip('a sparse file of 20 GiB', 'less than 20 GiB free on disk');
  const payload = await makeSparseFile(folder, SPARSE_SIZE);
  const onDisk = { ...context, setting: (network: Context['network'], name: string) => ({ ...context.setting(network, name), folder }) };
  return watch(onDisk, 'memory, a sparse file of 20 GiB', [{ peer: ours({ wire: 'native', streams: '1' }), payload }]);
};

const million: Part = (context) => {
  const payload = makeTree(context.folder, MILLION);
  return watch(context, 'memory, a million files', [{ peer: ours({ wire: 'native', streams: '1', tree: true }), payload, directions: ['down'] }]);
};

function skip(peer: string, reason: string): Outcome {
  const skipped: Skipped[] = [{ peer: `memory: ${peer}`, reason }];
  return { rows: [], skipped };
}

/** Memory. */
export const memory: Scenario = {
  name: 'memory',
  async run(context) {
    const outcomes: Outcome[] = [];
    for (const part of context.options.full ? [connections, sparse, million] : [connections]) outcomes.push(await part(context));
    return { rows: outcomes.flatMap(({ rows }) => rows), skipped: outcomes.flatMap(({ skipped }) => skipped) };
  },
};
