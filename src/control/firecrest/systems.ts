/**
 * What `/status` says of systems and of the user on them.
 *
 * `dataOperation` has keys in snake_case, and camelCase inside `data_transfer` (recorded); either is read.
 *
 * @module
 */
import { countOf, type Fields, fieldsOf, listOf, optionalCount, optionalFields, optionalText, requiredList, textOf, unexpected } from './shape.js';

/** A system of the site. Sizes are bytes. */
export interface FirecrestSystem {
  readonly name: string;
  readonly scheduler: { readonly type: string; readonly version?: string | undefined };
  /** No service of it is down, as of FirecREST's last look: minutes ago, or never yet. */
  readonly healthy: boolean;
  readonly services: readonly FirecrestService[];
  readonly fileSystems: readonly FirecrestFileSystem[];
  /** Most bytes that ops/upload takes. ops/download gives three quarters of it: its base64 is measured. */
  readonly maxOpsFileSize: number;
  /** The site's own way of moving files; undefined where there is none. */
  readonly transfer: FirecrestTransfer | undefined;
  /** What the site's transfer jobs are submitted with, such as `#SBATCH --account={account}`. */
  readonly transferDirectives: readonly string[];
}

/** A service that FirecREST looks at. */
export interface FirecrestService {
  /** `scheduler`, `ssh`, `filesystem`, `s3`, `exception`. */
  readonly type: string;
  readonly healthy: boolean;
  readonly message?: string | undefined;
  /** Of a file system. */
  readonly path?: string | undefined;
}

/** A file system, of which alone the ops routes serve paths. */
export interface FirecrestFileSystem {
  readonly path: string;
  readonly dataType: string;
  readonly defaultWorkDir: boolean;
}

/** How the site moves files. */
export interface FirecrestTransfer {
  /** `streamer`, `s3`, `wormhole`, or one that is not known here. */
  readonly type: string;
  readonly host?: string | undefined;
  readonly portRange?: readonly [first: number, last: number] | undefined;
  readonly publicIps?: readonly string[] | undefined;
  readonly waitTimeoutSeconds?: number | undefined;
  /** Bytes. */
  readonly inboundTransferLimit?: number | undefined;
}

/** The user on a system. */
export interface FirecrestUser {
  readonly user: string;
  readonly group?: string | undefined;
  readonly groups: readonly string[];
  /** Whom jobs may be charged to. */
  readonly accounts: readonly string[];
}

/** `max_ops_file_size` where it is not told, bytes: the API's own default. */
const DEFAULT_OPS_BYTES = 5 * 2 ** 20;

/** Reads `GET /status/systems`. @throws ControlError */
export function parseSystems(answer: unknown): FirecrestSystem[] {
  return requiredList(fieldsOf(answer, 'it')['systems'], 'systems', parseSystem);
}

function parseSystem(value: unknown, where: string): FirecrestSystem {
  const system = fieldsOf(value, where);
  const scheduler = optionalFields(system['scheduler'], `${where}.scheduler`) ?? {};
  const services = listOf(system['servicesHealth'], `${where}.servicesHealth`, parseService);
  const data = optionalFields(system['dataOperation'], `${where}.dataOperation`) ?? {};
  const version = optionalText(scheduler['version'], `${where}.scheduler.version`);
  return {
    name: textOf(system['name'], `${where}.name`),
    scheduler: { type: optionalText(scheduler['type'], `${where}.scheduler.type`) ?? 'unknown', ...(version === undefined ? {} : { version }) },
    healthy: services.every(({ healthy }) => healthy),
    services,
    fileSystems: listOf(system['fileSystems'], `${where}.fileSystems`, parseFileSystem),
    maxOpsFileSize: optionalCount(either(data, 'max_ops_file_size', 'maxOpsFileSize'), `${where}.dataOperation.max_ops_file_size`) ?? DEFAULT_OPS_BYTES,
    transfer: parseTransfer(either(data, 'data_transfer', 'dataTransfer'), `${where}.dataOperation.data_transfer`),
    transferDirectives: listOf(either(data, 'datatransfer_jobs_directives', 'datatransferJobsDirectives'), `${where}.dataOperation.datatransfer_jobs_directives`, textOf),
  };
}

function either(fields: Fields, snake: string, camel: string): unknown {
  return fields[snake] ?? fields[camel];
}

function parseService(value: unknown, where: string): FirecrestService {
  const service = fieldsOf(value, where);
  const message = optionalText(service['message'], `${where}.message`);
  const path = optionalText(service['path'], `${where}.path`);
  return {
    type: optionalText(service['serviceType'], `${where}.serviceType`) ?? 'unknown',
    healthy: service['healthy'] === true,
    ...(message === undefined ? {} : { message }),
    ...(path === undefined ? {} : { path }),
  };
}

function parseFileSystem(value: unknown, where: string): FirecrestFileSystem {
  const { path, dataType, defaultWorkDir } = fieldsOf(value, where);
  return { path: textOf(path, `${where}.path`), dataType: optionalText(dataType, `${where}.dataType`) ?? 'unknown', defaultWorkDir: defaultWorkDir === true };
}

function parseTransfer(value: unknown, where: string): FirecrestTransfer | undefined {
  const transfer = optionalFields(value, where);
  if (transfer === undefined) return undefined;
  const host = optionalText(transfer['host'], `${where}.host`);
  const portRange = parsePorts(transfer['portRange'], `${where}.portRange`);
  const publicIps = transfer['publicIps'] === undefined || transfer['publicIps'] === null ? undefined : listOf(transfer['publicIps'], `${where}.publicIps`, textOf);
  const waitTimeoutSeconds = optionalCount(transfer['waitTimeout'], `${where}.waitTimeout`);
  const inboundTransferLimit = optionalCount(transfer['inboundTransferLimit'], `${where}.inboundTransferLimit`);
  return {
    type: textOf(transfer['serviceType'], `${where}.serviceType`),
    ...(host === undefined ? {} : { host }),
    ...(portRange === undefined ? {} : { portRange }),
    ...(publicIps === undefined ? {} : { publicIps }),
    ...(waitTimeoutSeconds === undefined ? {} : { waitTimeoutSeconds }),
    ...(inboundTransferLimit === undefined ? {} : { inboundTransferLimit }),
  };
}

function parsePorts(value: unknown, where: string): readonly [number, number] | undefined {
  if (value === undefined || value === null) return undefined;
  const [first, last, ...others] = listOf(value, where, countOf);
  if (first === undefined || last === undefined || others.length > 0) throw unexpected(where, 'two ports');
  return [first, last];
}

/** Reads `GET /status/{system}/userinfo`. @throws ControlError */
export function parseUserInfo(answer: unknown): FirecrestUser {
  const info = fieldsOf(answer, 'it');
  const group = optionalFields(info['group'], 'group');
  return {
    user: nameOf(info['user'], 'user'),
    ...(group === undefined ? {} : { group: nameOf(group, 'group') }),
    groups: listOf(info['groups'], 'groups', nameOf),
    accounts: listOf(info['accounts'], 'accounts', nameOf),
  };
}

function nameOf(value: unknown, where: string): string {
  return textOf(fieldsOf(value, where)['name'], `${where}.name`);
}
