/**
 * `/status`: the systems behind a FirecREST, and who one is there.
 *
 * Names inside `dataOperation` are of two kinds (measured): snake_case, and camelCase inside `data_transfer`.
 *
 * @module
 */
import { ControlError, peerText } from '../../errors.js';
import { callInit, jsonOf, type Api, type CallOptions } from './api.js';
import { field, fieldsOf, listOf, numberIfAny, textIfAny, textOf, textsIfAny, wholeOf, type Fields } from './reading.js';

/** A service of a system, as of FirecREST's last look at it: up to its interval (120 s, by default) ago. */
export interface FirecrestService {
  /** `scheduler`, `ssh`, `filesystem`, … */
  readonly type: string;
  readonly healthy: boolean;
  readonly message?: string;
  /** Of a file system. */
  readonly path?: string;
}

/** The site's own way of moving files. */
export interface FirecrestTransfer {
  /** `streamer`, `s3`, `wormhole`, or one that is not known here. */
  readonly type: string;
  readonly host?: string;
  readonly portRange?: readonly [first: number, last: number];
  readonly publicIps?: readonly string[];
  readonly waitTimeoutSeconds?: number;
  /** Bytes. */
  readonly inboundTransferLimit?: number;
}

/** A system. */
export interface FirecrestSystem {
  readonly name: string;
  readonly scheduler: { readonly type: string; readonly version?: string };
  /** All of its services are, or have not been looked at yet. */
  readonly healthy: boolean;
  readonly services: readonly FirecrestService[];
  readonly fileSystems: readonly { readonly path: string; readonly dataType: string; readonly defaultWorkDir: boolean }[];
  /** Most bytes of a file that goes through FirecREST itself. */
  readonly maxOpsFileSize: number;
  /** Undefined where the site offers none. */
  readonly transfer: FirecrestTransfer | undefined;
  /** What the site's transfer jobs are submitted with. */
  readonly transferDirectives: readonly string[];
}

/** Who one is on a system. */
export interface FirecrestUser {
  readonly user: string;
  readonly group?: string;
  readonly groups: readonly string[];
  /** Whom jobs can be charged to. */
  readonly accounts: readonly string[];
}

/** FirecREST's own default. */
const OPS_FILE_SIZE = 5 * 1024 ** 2;

/** @throws StreamerError */
export async function listSystems(api: Api, options: CallOptions = {}): Promise<readonly FirecrestSystem[]> {
  const answer = fieldsOf(await jsonOf('the systems', api.GET('/status/systems', callInit(options))), 'systems');
  return listOf(answer['systems'], 'systems', readSystem);
}

/** @throws ControlError that names those there are, for a name that none has */
export async function findSystem(api: Api, name: string, options: CallOptions = {}): Promise<FirecrestSystem> {
  const systems = await listSystems(api, options);
  const found = systems.find((system) => system.name.toLowerCase() === name.toLowerCase());
  if (found !== undefined) return found;
  const names = systems.map((system) => peerText(system.name)).join(', ');
  throw new ControlError('control-unsuitable', `there is no system ${peerText(name)} behind this FirecREST: ${names === '' ? 'it has none' : `it has ${names}`}`);
}

/** @throws StreamerError */
export async function userInfo(api: Api, system: string, options: CallOptions = {}): Promise<FirecrestUser> {
  const answer = fieldsOf(await jsonOf(`who you are on ${peerText(system)}`, api.GET('/status/{system_name}/userinfo', { ...callInit(options), params: { path: { system_name: system } } })), 'userinfo');
  const names = (list: unknown): string[] => (Array.isArray(list) ? list : []).map((item: unknown) => textIfAny((item as Fields | null)?.['name'])).filter((name) => name !== undefined);
  const group = answer['group'] === null || answer['group'] === undefined ? undefined : textIfAny(fieldsOf(answer['group'], 'userinfo.group')['name']);
  return { user: textOf(fieldsOf(answer['user'], 'userinfo.user')['name'], 'userinfo.user.name'), ...field('group', group), groups: names(answer['groups']), accounts: names(answer['accounts']) };
}

/** One of `/status/systems`. */
export function readSystem(value: unknown, where: string): FirecrestSystem {
  const system = fieldsOf(value, where);
  const scheduler = fieldsOf(system['scheduler'], `${where}.scheduler`);
  const operation = system['dataOperation'] === null || system['dataOperation'] === undefined ? {} : fieldsOf(system['dataOperation'], `${where}.dataOperation`);
  // Null before it has been looked at.
  const services = system['servicesHealth'] === null || system['servicesHealth'] === undefined ? [] : listOf(system['servicesHealth'], `${where}.servicesHealth`, readService);
  return {
    name: textOf(system['name'], `${where}.name`),
    scheduler: { type: textOf(scheduler['type'], `${where}.scheduler.type`), ...field('version', textIfAny(scheduler['version'])) },
    healthy: services.every(({ healthy }) => healthy),
    services,
    fileSystems: listOf(system['fileSystems'] ?? [], `${where}.fileSystems`, readFileSystem),
    maxOpsFileSize: numberIfAny(operation['max_ops_file_size']) ?? OPS_FILE_SIZE,
    transfer: readTransfer(operation['data_transfer'], `${where}.dataOperation.data_transfer`),
    transferDirectives: textsIfAny(operation['datatransfer_jobs_directives']),
  };
}

function readService(value: unknown, where: string): FirecrestService {
  const service = fieldsOf(value, where);
  return {
    type: textOf(service['serviceType'], `${where}.serviceType`),
    healthy: service['healthy'] !== false,
    ...field('message', textIfAny(service['message'])),
    ...field('path', textIfAny(service['path'])),
  };
}

function readFileSystem(value: unknown, where: string): FirecrestSystem['fileSystems'][number] {
  const { path, dataType, defaultWorkDir } = fieldsOf(value, where);
  return { path: textOf(path, `${where}.path`), dataType: textIfAny(dataType) ?? '', defaultWorkDir: defaultWorkDir === true };
}

function readTransfer(value: unknown, where: string): FirecrestTransfer | undefined {
  if (value === null || value === undefined) return undefined;
  const transfer = fieldsOf(value, where);
  const range = transfer['portRange'];
  const portRange = Array.isArray(range) && range.length === 2 ? ([wholeOf(range[0], where), wholeOf(range[1], where)] as const) : undefined;
  return {
    type: textOf(transfer['serviceType'], `${where}.serviceType`),
    ...field('host', textIfAny(transfer['host'])),
    ...field('portRange', portRange),
    ...field('publicIps', Array.isArray(transfer['publicIps']) ? textsIfAny(transfer['publicIps']) : undefined),
    ...field('waitTimeoutSeconds', numberIfAny(transfer['waitTimeout'])),
    ...field('inboundTransferLimit', numberIfAny(transfer['inboundTransferLimit'])),
  };
}
