/**
 * Many small files: 10,000 of 4 KiB in 100 folders. What arrives is compared with the source, names and content.
 *
 * @module
 */
import { hold } from '../contest.js';
import { makeTree, type TreeShape } from '../payloads/tree.js';
import { gridftp } from '../peers/gridftp.js';
import type { Peer } from '../peers/peer.js';
import { rsync } from '../peers/rsync.js';
import { scp } from '../peers/scp.js';
import { ours } from '../peers/streamer.js';
import { tarSsh } from '../peers/tar-ssh.js';
import type { Context, Scenario } from './scenario.js';

const FULL: TreeShape = { folders: 100, filesPerFolder: 100, fileSize: 4096 };
const SMOKE: TreeShape = { folders: 10, filesPerFolder: 50, fileSize: 4096 };

function peers({ nodes, options }: Context): readonly Peer[] {
  return [
    ...nodes.map((node) => ours({ wire: 'native', tree: true, node })),
    ...options.streams.map((streams) => ours({ wire: 'native', tree: true, streams })),
    ...[tarSsh, rsync, scp, gridftp(1)],
  ];
}

/** Small files, those peers that take trees. */
export const smallFiles: Scenario = {
  name: 'small-files',
  run(context) {
    const shape = context.options.smoke ? SMOKE : FULL;
    const payload = makeTree(context.folder, shape);
    const title = `${payload.files.toLocaleString('en')} files of ${shape.fileSize / 1024} KiB in ${shape.folders} folders`;
    const contenders = peers(context).map((peer) => ({ peer, payload }));
    return hold(context, { scenario: 'small-files', title, network: context.network, contenders });
  },
};
