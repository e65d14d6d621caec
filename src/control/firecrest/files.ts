/**
 * `/filesystem/…/ops`: small files, and what is known of large ones. Paths are absolute, on the cluster.
 *
 * @module
 */
import { ControlError, peerText } from '../../errors.js';
import { bytesOf, callInit, jsonOf, unlessMissing, type Api, type CallOptions } from './api.js';
import { field, fieldsOf, listOf, textIfAny, textOf, wholeOf } from './reading.js';

/** One line of ls. */
export interface RemoteEntry {
  readonly name: string;
  /** `-` a file, `d` a directory, `l` a symbolic link, … as ls(1) has it. */
  readonly type: string;
  readonly linkTarget?: string;
  readonly user: string;
  readonly group: string;
  /** Nine letters. */
  readonly permissions: string;
  /** As the cluster writes it, in its own time zone. */
  readonly lastModified: string;
  /** Bytes. */
  readonly size: number;
}

/** What stat(2) says. Times are seconds since 1970. */
export interface RemoteStat {
  /** Type and permissions: `st_mode`. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes. */
  readonly size: number;
  readonly mtime: number;
}

/** Options of {@link listDirectory}. */
export interface ListOptions extends CallOptions {
  readonly showHidden?: boolean;
  readonly recursive?: boolean;
  readonly dereference?: boolean;
}

/** Where on which system; the first of each call's arguments. */
interface Place {
  readonly api: Api;
  readonly system: string;
  readonly path: string;
}

const PATH = (system: string) => ({ system_name: system });
const isMissing = (error: unknown): boolean => error instanceof ControlError && error.status === 404 && !/system not found/iu.test(error.message);

/** @throws StreamerError */
export async function listDirectory({ api, system, path }: Place, options: ListOptions = {}): Promise<readonly RemoteEntry[]> {
  const query = { path, ...field('showHidden', options.showHidden), ...field('recursive', options.recursive), ...field('dereference', options.dereference) };
  const answer = fieldsOf(await jsonOf(peerText(path), api.GET('/filesystem/{system_name}/ops/ls', { ...callInit(options), params: { path: PATH(system), query } })), 'ls');
  return listOf(answer['output'] ?? [], 'ls', readEntry);
}

/** One of ls. */
export function readEntry(value: unknown, where: string): RemoteEntry {
  const { name, type, linkTarget, user, group, permissions, lastModified, size } = fieldsOf(value, where);
  return {
    name: textOf(name, `${where}.name`),
    type: textOf(type, `${where}.type`),
    ...field('linkTarget', textIfAny(linkTarget)),
    user: textOf(user, `${where}.user`),
    group: textOf(group, `${where}.group`),
    permissions: textOf(permissions, `${where}.permissions`),
    lastModified: textOf(lastModified, `${where}.lastModified`),
    size: wholeOf(size, `${where}.size`),
  };
}

/** Links are followed. Undefined where there is nothing. @throws StreamerError */
export async function statFile({ api, system, path }: Place, options: CallOptions = {}): Promise<RemoteStat | undefined> {
  const call = jsonOf(peerText(path), api.GET('/filesystem/{system_name}/ops/stat', { ...callInit(options), params: { path: PATH(system), query: { path, dereference: true } } }));
  const answer = await unlessMissing(call, isMissing);
  return answer === undefined ? undefined : readStat(fieldsOf(answer, 'stat')['output'], 'stat');
}

/** The answer of stat. */
export function readStat(value: unknown, where: string): RemoteStat {
  const { mode, uid, gid, size, mtime } = fieldsOf(value, where);
  return { mode: wholeOf(mode, `${where}.mode`), uid: wholeOf(uid, `${where}.uid`), gid: wholeOf(gid, `${where}.gid`), size: wholeOf(size, `${where}.size`), mtime: wholeOf(mtime, `${where}.mtime`) };
}

/** SHA-256, hex. FirecREST's own time limit for it is some seconds: of a large file the answer is 408. @throws StreamerError */
export async function checksumOf({ api, system, path }: Place, options: CallOptions = {}): Promise<string> {
  const answer = fieldsOf(await jsonOf(`the checksum of ${peerText(path)}`, api.GET('/filesystem/{system_name}/ops/checksum', { ...callInit(options), params: { path: PATH(system), query: { path } } })), 'checksum');
  const { algorithm, checksum } = fieldsOf(answer['output'], 'checksum.output');
  const hex = textOf(checksum, 'checksum.output.checksum').toLowerCase();
  if (algorithm !== 'SHA256' || !/^[0-9a-f]{64}$/u.test(hex)) throw new ControlError('control-not-firecrest', 'FirecREST gives a checksum that is no SHA-256');
  return hex;
}

/** The last lines or bytes of a text; undefined where there is no such file. @throws StreamerError */
export async function tailOf({ api, system, path }: Place, range: { readonly lines: number } | { readonly bytes: number }, options: CallOptions = {}): Promise<string | undefined> {
  const call = jsonOf(peerText(path), api.GET('/filesystem/{system_name}/ops/tail', { ...callInit(options), params: { path: PATH(system), query: { path, ...range } } }));
  const answer = await unlessMissing(call, isMissing);
  if (answer === undefined) return undefined;
  return textOf(fieldsOf(fieldsOf(answer, 'tail')['output'], 'tail.output')['content'], 'tail.output.content');
}

/** Text from an offset on, which counts characters. Sizes over half of the site's limit may be refused. @throws StreamerError */
export async function viewOf({ api, system, path }: Place, { offset, size }: { readonly offset: number; readonly size: number }, options: CallOptions = {}): Promise<string> {
  const answer = fieldsOf(await jsonOf(peerText(path), api.GET('/filesystem/{system_name}/ops/view', { ...callInit(options), params: { path: PATH(system), query: { path, offset, size } } })), 'view');
  return textOf(answer['output'], 'view.output');
}

/** A small file: up to three quarters of `maxOpsFileSize` (measured: it goes through base64). @throws StreamerError */
export function readSmallFile({ api, system, path }: Place, options: CallOptions = {}): Promise<Uint8Array> {
  return bytesOf(peerText(path), api.GET('/filesystem/{system_name}/ops/download', { ...callInit(options), params: { path: PATH(system), query: { path } } }));
}

/**
 * Writes a small file into a directory; what has its name is replaced.
 *
 * Of an empty file FirecREST answers 408, after its whole time limit, and has made it all the same (measured): so it is looked for.
 * @throws StreamerError
 */
export async function writeSmallFile(place: Place, name: string, content: Uint8Array, options: CallOptions = {}): Promise<void> {
  const { api, system, path } = place;
  const form = new FormData();
  form.append('file', new Blob([Uint8Array.from(content)]), name);
  try {
    await bytesOf(`${peerText(path)}/${peerText(name)}`, api.POST('/filesystem/{system_name}/ops/upload', { ...callInit(options), params: { path: PATH(system), query: { path } }, body: { file: '' }, bodySerializer: () => form }));
  } catch (error) {
    const isMade = content.byteLength === 0 && error instanceof ControlError && error.status === 408 && (await statFile({ ...place, path: `${path.replace(/\/+$/u, '')}/${name}` }, options))?.size === 0;
    if (!isMade) throw error;
  }
}

/** @throws StreamerError */
export async function makeDirectory({ api, system, path }: Place, { parents = false, ...options }: CallOptions & { readonly parents?: boolean } = {}): Promise<void> {
  await bytesOf(peerText(path), api.POST('/filesystem/{system_name}/ops/mkdir', { ...callInit(options), params: { path: PATH(system) }, body: { sourcePath: path, parent: parents } as never }));
}

/** Removes a file, or a directory with all that is in it. One that is not there is an error. @throws StreamerError */
export async function removeFile({ api, system, path }: Place, options: CallOptions = {}): Promise<void> {
  await bytesOf(peerText(path), api.DELETE('/filesystem/{system_name}/ops/rm', { ...callInit(options), params: { path: PATH(system), query: { path } } }));
}
