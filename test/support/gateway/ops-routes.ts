/**
 * `/filesystem/{system}/ops`: commands for small things, run at once.
 *
 * @module
 */
import path from 'node:path';
import { Check } from './bodies.js';
import { ApiError, misfit } from './errors.js';
import { LS, parseListing } from './listing.js';
import { formFile } from './multipart.js';
import { shell, type ShellOptions } from './shell.js';
import type { System } from './system.js';
import { homeOf, ok, requireCredentials, systemOf, type Answer, type Asked, type Route } from './world.js';

const route = (method: Route['method'], name: string, run: Route['run'], line = 1, takesJson = false): Route => ({
  method,
  path: `/filesystem/{system_name}/ops/${name}`,
  takesJson,
  handler: { file: 'filesystem/ops/router.py', line, name: `${method.toLowerCase()}_${name}` },
  run,
});

export const OPS_ROUTES: readonly Route[] = [
  route('GET', 'ls', list),
  route('GET', 'stat', stat),
  route('GET', 'checksum', checksum),
  route('GET', 'head', (asked) => piece(asked, 'head')),
  route('GET', 'tail', (asked) => piece(asked, 'tail')),
  route('GET', 'view', view),
  route('GET', 'file', async (asked) => ok({ output: (await textOf(asked, (name) => `file -b -- ${name}`)).trim() })),
  route('GET', 'download', download),
  route('POST', 'upload', upload, 637),
  route('POST', 'mkdir', makeDirectory, 550, true),
  route('PUT', 'chmod', changeMode, 80, true),
  route('DELETE', 'rm', async (asked) => {
    await run(asked, (name) => `rm -r --interactive=never -- ${name}`);
    return { status: 204 };
  }),
];

/** How commands run on a system for whoever asks. */
export const shellOptions = ({ world, user }: Asked, system: System): ShellOptions => ({
  home: homeOf(world, user),
  user,
  limitMs: system.commandLimitMs,
  outputLimit: system.maxOpsFileSize,
  prefix: world.prefix,
});

/** The system, and the path that the request is about, which must be in one of the file systems. */
function placeOf(asked: Asked): { readonly system: System; readonly place: string } {
  const system = systemOf(asked, 'ssh');
  const named = asked.query.get('path') ?? pathInBody(asked);
  if (named === undefined) throw new ApiError(400, 'Unable to decode request and retreive the required path or source_path parameter.', { drops: true });
  if (named === null) throw new ApiError(400, 'All filesystem requests require a path or source_path parameter.');
  if (!path.isAbsolute(named)) throw new ApiError(400, `The provided path (${named}) is not an absolute path.`);
  const place = path.posix.normalize(named).replace(/(?<=.)\/$/u, '');
  const isIn = asked.world.fileSystems.some((fileSystem) => place === fileSystem.path || place.startsWith(`${fileSystem.path}/`));
  if (!isIn) throw new ApiError(400, `The provided path (${place}) does not match any of the defined filesystem paths for the requested system (${system.name}).`);
  if (system.health?.filesystem === false) throw new ApiError(503, `The requested filesystem (${place} on ${system.name}) is unhealthy.`);
  return { system, place: named };
}

function pathInBody({ content }: Asked): string | null | undefined {
  const check = new Check();
  const body = check.object(content, ['body']);
  return body === undefined ? undefined : check.text(body, 'sourcePath', ['path', 'source_path'], ['body'], { nullable: true });
}

/** Runs a command about the path; FirecREST puts it between quotes, and looks for none in it. */
async function run(asked: Asked, command: (name: string) => string): Promise<Buffer> {
  const { system, place } = placeOf(asked);
  requireCredentials(asked);
  return shell(command(`'${place}'`), shellOptions(asked, system));
}

/** As Python decodes, with what is not UTF-8 replaced. */
const textOf = async (asked: Asked, command: (name: string) => string): Promise<string> => (await run(asked, command)).toString('utf8');

async function list(asked: Asked): Promise<Answer> {
  const flags: readonly [name: string, option: string][] = [['showHidden', '-A'], ['numericUid', '--numeric-uid-gid'], ['recursive', '-R'], ['dereference', '-L']];
  const options = flags.filter(([name]) => isTrue(asked, name)).map(([, option]) => `${option} `).join('');
  return ok({ output: parseListing(await textOf(asked, (name) => `${LS} ${options}-- ${name}`)) });
}

const isTrue = ({ query }: Asked, name: string): boolean => /^(?:true|1|on|yes|t|y)$/iu.test(query.get(name) ?? '');

async function stat(asked: Asked): Promise<Answer> {
  const text = await textOf(asked, (name) => `stat ${isTrue(asked, 'dereference') ? '--dereference ' : ''}-c '%f %i %d %h %u %g %s %X %Y %Z' -- ${name}`);
  const [mode = '', ...rest] = text.trim().split(' ');
  const [ino, dev, nlink, uid, gid, size, atime, mtime, ctime] = rest.map(Number);
  return ok({ output: { mode: Number.parseInt(mode, 16), ino, dev, nlink, uid, gid, size, atime, ctime, mtime } });
}

async function checksum(asked: Asked): Promise<Answer> {
  const [sum] = (await textOf(asked, (name) => `sha256sum -- ${name}`)).split(/\s+/u);
  return ok({ output: { algorithm: 'SHA256', checksum: sum } });
}

/** A whole number in the query. @throws ApiError 400 when it is none */
function numberOf(asked: Asked, name: string): number | undefined {
  const text = asked.query.get(name);
  if (text === null) return undefined;
  if (/^[+-]?\d+$/u.test(text)) return Number(text);
  throw misfit([{ type: 'int_parsing', place: ['query', name], message: 'Input should be a valid integer, unable to parse string as an integer', input: text }], asked.handler);
}

async function piece(asked: Asked, command: 'head' | 'tail'): Promise<Answer> {
  placeOf(asked);
  const bytes = numberOf(asked, 'bytes');
  const lines = numberOf(asked, 'lines');
  if (bytes !== undefined && bytes !== 0 && lines !== undefined && lines !== 0) throw new ApiError(400, 'Only one of `bytes` or `lines` can be specified.');
  const skips = isTrue(asked, command === 'head' ? 'skipTrailing' : 'skipHeading');
  const sign = !skips ? '' : command === 'head' ? '-' : '+';
  const options = [['bytes', bytes], ['lines', lines]].filter(([, count]) => count !== undefined && count !== 0).map(([name, count]) => `--${String(name)}='${sign}${String(count)}' `).join('');
  const content = await textOf(asked, (name) => `${command} ${options}-- ${name}`);
  const count = lines ?? bytes;
  // Without a number it is ten lines, and tail's answer then says 10 and not -10.
  const positions = command === 'head'
    ? { startPosition: 0, endPosition: count === undefined ? 10 : skips ? -count : count }
    : { startPosition: count === undefined ? 10 : skips ? count : -count, endPosition: -1 };
  return ok({ output: { content, contentType: bytes === undefined ? 'lines' : 'bytes', ...positions } });
}

async function view(asked: Asked): Promise<Answer> {
  const { system } = placeOf(asked);
  const offset = numberOf(asked, 'offset') ?? 0;
  const size = numberOf(asked, 'size') ?? 5 * 1024 * 1024;
  if (offset < 0) throw new ApiError(400, '`offset` value must be an integer value equal or greater than 0');
  if (size <= 0) throw new ApiError(400, '`size` value must be an integer value greater than 0');
  if (size > system.maxOpsFileSize) throw new ApiError(400, `\`size\` value must be less than ${system.maxOpsFileSize} bytes`);
  // Two blocks, decoded, and cut by characters: Python counts code points.
  const text = Array.from(await textOf(asked, (name) => `dd if=${name} bs=${size} skip=${Math.floor(offset / size)} count=2`));
  return ok({ output: text.slice(offset % size, (offset % size) + size).join('') });
}

async function download(asked: Asked): Promise<Answer> {
  const text = await run(asked, (name) => `base64 --wrap=0 -- ${name}`);
  return { status: 200, bytes: Buffer.from(text.toString('latin1'), 'base64'), contentType: 'application/octet-stream' };
}

async function upload(asked: Asked): Promise<Answer> {
  const { system, place } = placeOf(asked);
  const file = formFile(asked.headers['content-type'], asked.body);
  if (file === undefined) throw misfit([{ type: 'missing', place: ['body', 'file'], message: 'Field required', input: null }], asked.handler);
  if (file.content.length > system.maxOpsFileSize) throw new ApiError(413, 'File to upload is too large.');
  requireCredentials(asked);
  // Of an empty file nothing is written, not even its end: the command waits for it until its time limit.
  await shell(`base64 -d > '${place}/${file.name}'`, shellOptions(asked, system), file.content.toString('base64'));
  return { status: 204 };
}

async function makeDirectory(asked: Asked): Promise<Answer> {
  const check = new Check();
  const body = check.object(asked.content, ['body']);
  const parent = body?.['parent'] === true;
  const text = await textOf(asked, (name) => `mkdir ${parent ? '-p ' : ''}-- ${name} && ${LS} -d -- ${name}`);
  return { status: 201, json: { output: parseListing(text)[0] ?? null } };
}

async function changeMode(asked: Asked): Promise<Answer> {
  const check = new Check();
  const body = check.object(asked.content, ['body']);
  const mode = body === undefined ? undefined : check.text(body, 'mode', [], ['body']);
  if (check.misfits.length > 0 || typeof mode !== 'string') throw misfit(check.misfits, asked.handler);
  const text = await textOf(asked, (name) => `chmod -v '${mode}' -- ${name} && ${LS} -d -- ${name}`);
  return ok({ output: parseListing(text)[0] ?? null });
}
