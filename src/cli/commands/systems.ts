/**
 * `streamer systems`: what a site has, in a table.
 *
 * @module
 */
import type { FirecrestSystem } from '../../control/firecrest/client.js';
import { openControl } from '../../control/open.js';
import { peerText } from '../../errors.js';
import { formatDuration, formatSize } from '../../util/units.js';
import type { Context } from '../action.js';
import { controlChoice, type ControlOptions } from '../control-options.js';
import { tableOf } from '../table.js';

const HEAD = ['SYSTEM', 'HEALTH', 'TRANSFER', 'PORTS', 'WAITS', 'UPLOADS UP TO', 'OPS UP TO', 'FILE SYSTEMS'];

/** A line for each system, and one for each service that is down. @throws StreamerError */
export async function runSystems(options: ControlOptions, { renderer, stopSignal }: Context): Promise<void> {
  const { client } = await openControl(controlChoice(options));
  const systems = await client.systems({ signal: stopSignal() });
  if (systems.length === 0) renderer.onProgress({ type: 'notice', message: `${client.url} shows no systems` });
  const [head = '', ...lines] = tableOf([HEAD, ...systems.map(rowOf)], ['left', 'left', 'left', 'left', 'right', 'right', 'right']);
  if (systems.length > 0) renderer.print(head);
  for (const [index, system] of systems.entries()) renderer.print(lines[index] ?? '', { event: 'system', ...system });
  for (const line of systems.flatMap(troublesOf)) renderer.print(line);
}

/** What {@link runSystems} says of one. */
export function rowOf({ name, healthy, transfer, maxOpsFileSize, fileSystems }: FirecrestSystem): readonly string[] {
  const { type = 'none', portRange, waitTimeoutSeconds, inboundTransferLimit } = transfer ?? {};
  return [
    name,
    healthy ? 'healthy' : 'DOWN',
    type,
    portRange === undefined ? '-' : portRange.join('-'),
    waitTimeoutSeconds === undefined ? '-' : formatDuration(waitTimeoutSeconds * 1000),
    inboundTransferLimit === undefined ? '-' : formatSize(inboundTransferLimit),
    formatSize(maxOpsFileSize),
    fileSystems.map(({ path, dataType, defaultWorkDir }) => `${path} (${dataType}${defaultWorkDir ? ', default' : ''})`).join(', '),
  ];
}

function troublesOf({ name, services }: FirecrestSystem): string[] {
  return services.filter(({ healthy }) => !healthy).map(({ type, path, message }) => `${peerText(name)}: ${peerText(type)}${path === undefined ? '' : ` ${peerText(path)}`} is down${message === undefined ? '' : `: ${peerText(message)}`}`);
}
