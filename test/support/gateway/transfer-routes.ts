/**
 * `/filesystem/{system}/transfer`: downloads and uploads by the streamer method, each one a job.
 *
 * @module
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { Check, missing, type Fields } from './bodies.js';
import { submit } from './compute-routes.js';
import { ApiError, misfit, unhandled, type Misfit } from './errors.js';
import { shell } from './shell.js';
import { shellOptions } from './ops-routes.js';
import type { System } from './system.js';
import { transferScript } from './transfer-script.js';
import { homeOf, requireCredentials, systemOf, type Answer, type Asked, type Route } from './world.js';

const FILE = 'filesystem/transfer/router.py';

export const TRANSFER_ROUTES: readonly Route[] = [
  { method: 'POST', path: '/filesystem/{system_name}/transfer/upload', takesJson: true, handler: { file: FILE, line: 104, name: 'post_upload' }, run: (asked) => transfer(asked, 'receive') },
  { method: 'POST', path: '/filesystem/{system_name}/transfer/download', takesJson: true, handler: { file: FILE, line: 161, name: 'post_download' }, run: (asked) => transfer(asked, 'send') },
];

type Operation = 'send' | 'receive';

const JOB_NAMES = { send: 'OutgressFileTransfer', receive: 'IngressFileTransfer' } as const;

async function transfer(asked: Asked, operation: Operation): Promise<Answer> {
  const system = systemOf(asked, 'scheduler');
  const { path, account, method } = parse(asked);
  const { streamer } = system;
  if (streamer === 'none') throw unhandled("'NoneType' object has no attribute 'service_type'");
  if (streamer === 'wormhole' || method !== 'streamer') throw new ApiError(400, 'Requested transfer method is not available.');
  const directives = withAccount(system.directives, account);
  requireCredentials(asked);
  // Null gets this far, and is then the name of a file.
  const target = path ?? 'None';
  await look(asked, system, operation, target);
  const secret = randomBytes(16).toString('base64url');
  const { publicIps, portRange, waitTimeoutSeconds, inboundTransferLimit } = system;
  const script = transferScript({ streamer, directives, operation, target, secret, host: '127.0.0.1', publicIps, portRange: system.course.portsShut === true ? system.otherPorts : portRange, waitTimeoutSeconds, inboundTransferLimit });
  const workingDirectory = homeOf(asked.world, asked.user);
  const uuid = randomUUID();
  const outputLog = `${workingDirectory}/.f7t_file_handling_job_${uuid}.log`;
  const errorLog = `${workingDirectory}/.f7t_file_handling_job_error_${uuid}.log`;
  const jobId = await submit(asked, system, { owner: asked.user, name: JOB_NAMES[operation], workingDirectory, standardInput: '/dev/null', standardOutput: outputLog, standardError: errorLog, environment: { PATH: '/bin:/usr/bin/:/usr/local/bin/' }, script });
  // As Python's json.dumps and urlsafe_b64encode write it, padding included.
  const text = `{"ports": [${portRange.join(', ')}], "ips": [${publicIps.map((ip) => JSON.stringify(ip)).join(', ')}], "secret": "${secret}"}`;
  const coordinates = Buffer.from(text).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
  return { status: 201, json: { transferJob: { jobId, system: system.name, workingDirectory, logs: { outputLog, errorLog } }, transferDirectives: { transferMethod: 'streamer', coordinates } } };
}

/** What must be there for a download, and must not for an upload. */
async function look(asked: Asked, system: System, operation: Operation, target: string): Promise<void> {
  const command = `stat --dereference -c '%f %i %d %h %u %g %s %X %Y %Z' -- '${target}'`;
  const exists = await shell(command, shellOptions(asked, system)).then(
    () => true,
    (error: unknown) => {
      const isMissing = error instanceof ApiError && error.status === 404;
      // A download goes on when the command fails in another way: a name with a quote in it gets as far as the job.
      const goesOn = operation === 'receive' ? isMissing : error instanceof ApiError && !isMissing && error.status !== 408;
      if (!goesOn) throw error;
      return false;
    },
  );
  if (operation === 'send') return;
  if (exists) throw new ApiError(403, `Target file '${target}' already exists.`);
}

function withAccount(directives: readonly string[], account: string | undefined): string[] {
  const needed = directives.some((line) => line.includes('{account}'));
  if (needed && account === undefined) throw new ApiError(400, 'Account parameter is required on this system.');
  return directives.map((line) => line.replaceAll('{account}', account ?? ''));
}

interface TransferBody {
  readonly path: string | null;
  readonly account: string | undefined;
  readonly method: string;
}

function parse(asked: Asked): TransferBody {
  const check = new Check();
  const body = check.object(asked.content, ['body']);
  const path = body === undefined ? undefined : check.text(body, 'sourcePath', ['path', 'source_path'], ['body'], { nullable: true });
  const directives = body === undefined ? undefined : check.part(body, 'transferDirectives', ['transfer_directives'], ['body']);
  const account = body === undefined ? undefined : check.text(body, 'account', [], ['body'], { nullable: true, optional: true });
  const method = directives?.['transferMethod'] ?? directives?.['transfer_method'];
  if (directives !== undefined && !METHODS.some((name) => name === method)) check.misfits.push(...METHODS.map((name) => notThat(name, directives)));
  if (check.misfits.length > 0 || path === undefined || typeof method !== 'string') throw misfit(check.misfits, asked.handler);
  return { path, account: account ?? undefined, method };
}

const METHODS = ['wormhole', 's3', 'streamer'] as const;
const MODELS = { wormhole: 'WormholeTransferRequest', s3: 'S3TransferRequest', streamer: 'StreamerTransferRequest' } as const;

/** One of the three complaints about a method: it is none of the three. */
function notThat(name: (typeof METHODS)[number], directives: Fields): Misfit {
  const place = ['body', 'transferDirectives', MODELS[name], 'transferMethod'];
  const input = directives['transferMethod'] ?? directives['transfer_method'];
  if (input === undefined) return missing(place, directives);
  const expected = `<DataTransferType.${name}: '${name}'>`;
  return { type: 'literal_error', place, message: `Input should be ${expected}`, input, context: { expected } };
}
