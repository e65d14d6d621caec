/**
 * `/status`: what systems there are and how they are.
 *
 * @module
 */
import { execFileSync } from 'node:child_process';
import os from 'node:os';
import { ApiError } from './errors.js';
import { NODE } from './local-job.js';
import type { System } from './system.js';
import { ok, requireCredentials, systemOf, type Asked, type Route, type World } from './world.js';

const handler = (name: string, line: number) => ({ file: 'status/router.py', line, name });

export const STATUS_ROUTES: readonly Route[] = [
  { method: 'GET', path: '/status/systems', handler: handler('get_systems', 50), run: ({ world }) => ok({ systems: world.systems.map((system) => description(world, system)) }) },
  { method: 'GET', path: '/status/{system_name}/nodes', handler: handler('get_nodes', 70), run: (asked) => ok({ nodes: nodes(asked) }) },
  { method: 'GET', path: '/status/{system_name}/reservations', handler: handler('get_reservations', 90), run: (asked) => ok({ reservations: [], ...reach(asked) }) },
  { method: 'GET', path: '/status/{system_name}/partitions', handler: handler('get_partitions', 110), run: (asked) => ok({ partitions: partitions(asked) }) },
  { method: 'GET', path: '/status/{system_name}/userinfo', handler: handler('get_userinfo', 130), run: (asked) => ok(userInfo(asked)) },
];

/** What needs no token. */
export function liveness({ systems }: World): unknown {
  return { healthcheckRuns: Object.fromEntries(systems.map(({ name }) => [name, pythonTime(new Date())])), lastUpdate: 3 };
}

/** Python has microseconds. */
const pythonTime = (date: Date): string => date.toISOString().replace('Z', '000Z');

function description({ fileSystems, scheduler }: World, system: System): unknown {
  const limitSeconds = system.commandLimitMs / 1000;
  const checked = system.health === undefined ? null : pythonTime(new Date());
  return {
    name: system.name,
    ssh: { host: '127.0.0.1', port: 22, proxyHost: null, proxyPort: null, maxClients: 50, timeout: { connection: 5, login: 5, commandExecution: limitSeconds, idleTimeout: 60, keepAlive: 5 } },
    scheduler: { type: 'slurm', connectionMode: 'ssh', version: scheduler.version, apiUrl: null, apiVersion: null, timeout: 10 },
    servicesHealth: health(system, fileSystems.map(({ path }) => path), checked),
    probing: { services: { ssh: { timeout: 5 }, scheduler: { timeout: 10 }, filesystem: { timeout: 10 } }, intervalCheck: 60 },
    lastHealthCheck: checked,
    fileSystems,
    // The names in here are of both kinds, as FirecREST's are.
    dataOperation: { datatransfer_jobs_directives: system.directives, max_ops_file_size: system.maxOpsFileSize, data_transfer: transfer(system) },
  };
}

function health({ health: found, commandLimitMs }: System, paths: readonly string[], lastChecked: string | null): unknown {
  if (found === undefined) return null;
  const service = (serviceType: 'scheduler' | 'ssh' | 'filesystem', good: string | null, more: object = {}) => {
    const healthy = found[serviceType];
    // When the whole system is away nothing is waited for.
    const bad = found.ssh ? 'TimeoutLimitExceeded: Command execution timeout limit exceeded.' : `${serviceType === 'scheduler' ? 'ConnectionRefusedError: ' : ''}[Errno 111] Connection refused`;
    return { serviceType, lastChecked, latency: healthy || !found.ssh ? 0.02 : commandLimitMs / 1000, healthy, message: healthy ? good : bad, ...more };
  };
  return [service('scheduler', `[{'mode': 'primary', 'hostname': 'vm', 'pinged': 'UP'}]`), service('ssh', null), ...paths.map((path) => service('filesystem', null, { path }))];
}

function transfer({ streamer, portRange, publicIps, waitTimeoutSeconds, inboundTransferLimit }: System): unknown {
  if (streamer === 'none') return null;
  if (streamer === 'wormhole') return { serviceType: 'wormhole', pypiIndexUrl: null };
  return { serviceType: 'streamer', pypiIndexUrl: null, host: '127.0.0.1', portRange, publicIps, waitTimeout: waitTimeoutSeconds, inboundTransferLimit };
}

/** These ask the system itself, whatever its last health check found. */
function reach(asked: Asked): object {
  const { health: found } = systemOf(asked, 'nothing');
  requireCredentials(asked);
  if (found !== undefined && !found.ssh) throw new ApiError(500, '[Errno 111] Connection refused');
  return {};
}

function nodes(asked: Asked): unknown {
  reach(asked);
  const cpus = os.cpus().length;
  return [{ sockets: cpus, cores: cpus, threads: cpus, cpus, cpuLoad: 0.84, freeMemory: 20951, features: 'mc', name: NODE, address: '127.0.0.1', hostname: NODE, state: ['IDLE'], partitions: asked.world.scheduler.partitions, weight: 1, allocMemory: 1000, allocCpus: 0, idleCpus: cpus }];
}

function partitions(asked: Asked): unknown {
  reach(asked);
  return asked.world.scheduler.partitions.map((name) => ({ name, cpus: os.cpus().length, totalNodes: 1, partition: 'UP' }));
}

function userInfo(asked: Asked): unknown {
  systemOf(asked, 'ssh');
  requireCredentials(asked);
  const [uid, gid] = ['-u', '-g'].map((option) => execFileSync('id', [option], { encoding: 'utf8' }).trim());
  const group = { id: gid, name: asked.user };
  return { user: { id: uid, name: asked.user }, group, groups: [group], accounts: asked.world.accounts.map((name, index) => ({ name, default: index === 0 })) };
}
