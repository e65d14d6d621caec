/**
 * FirecREST, as far as transfers need it: its systems, jobs, files and transfer jobs. Each answer is checked where it comes in.
 *
 * Errors: ControlError with FirecREST's own words and its status; AuthError for a token that it refuses and for a certificate that
 * is not trusted; ConnectError and TimeoutError where there is no answer; AbortError by the caller's signal; UsageError for what
 * FirecREST cannot carry. None of them holds a token.
 *
 * @module
 */
import { ControlError } from '../../errors.js';
import { defined } from '../../util/defined.js';
import { FirecrestApi } from './api.js';
import type { CallOptions, FirecrestClientOptions } from './client-options.js';
import { checksumInError, parseChecksum, parseEntries, parseStat, parseTail, parseView, type RemoteEntry, type RemoteStat } from './files.js';
import { type FirecrestJob, type FirecrestJobMetadata, parseJobs, parseMetadata, parseSubmitted } from './jobs.js';
import { adoptOrphan, type JobDesk } from './orphans.js';
import { assertCarried, assertFileName, jobOf, on, orUndefined } from './parameters.js';
import type { JobsQuery, JobSubmission, ListQuery } from './queries.js';
import { type FirecrestSystem, type FirecrestUser, parseSystems, parseUserInfo } from './systems.js';
import { isScriptOf, parseTransferJob, TRANSFER_JOB_NAMES, type TransferDirection, type TransferJob, transferJobOf } from './transfers.js';

export type { CallOptions, FirecrestClientOptions } from './client-options.js';
export type { RemoteEntry, RemoteStat, RemoteType } from './files.js';
export type { FirecrestJob, FirecrestJobMetadata } from './jobs.js';
export type { JobsQuery, JobSubmission, ListQuery, TimeWindow } from './queries.js';
export type { FirecrestFileSystem, FirecrestService, FirecrestSystem, FirecrestTransfer, FirecrestUser } from './systems.js';
export type { TransferDirection, TransferJob } from './transfers.js';

/** Most bytes that are read of a file at once: FirecREST's own limit is less on every site we know. */
const FILE_MOST_BYTES = 256 * 2 ** 20;

/**
 * A connection to one FirecREST. It holds nothing open: drop it when done.
 *
 * ```ts
 * import { FirecrestClient, type Authenticator } from 'firecrest-streamer-ts';
 *
 * const authenticator: Authenticator = {
 *   sign: ({ headers, url }) => {
 *     headers.set('x-api-key', 'the key of the site');
 *     url.searchParams.set('tenant', 'physics');
 *     return Promise.resolve();
 *   },
 * };
 * const kept = new Map<string, string>();
 * const client = new FirecrestClient({
 *   url: 'https://firecrest.example.org/v2',
 *   authenticator,
 *   store: {
 *     get: (key) => Promise.resolve(kept.get(key)),
 *     set: (key, value) => Promise.resolve(void (value === undefined ? kept.delete(key) : kept.set(key, value))),
 *     exclusively: (run) => run(),
 *   },
 * });
 * console.log(client.url);
 * // for (const { name, healthy } of await client.systems()) console.log(name, healthy);
 * ```
 */
export class FirecrestClient {
  readonly #api: FirecrestApi;
  readonly #pause: FirecrestClientOptions['pause'];

  /** @throws UsageError for a URL that is none */
  constructor(options: FirecrestClientOptions) {
    this.#api = new FirecrestApi(options);
    this.#pause = options.pause;
  }

  get url(): string {
    return this.#api.url;
  }

  /** What there is, and how it is. */
  async systems(options: CallOptions = {}): Promise<readonly FirecrestSystem[]> {
    return parseSystems(await this.#api.json((api, init) => api.GET('/status/systems', init), options));
  }

  /** One of them; case does not matter. @throws ControlError that names those that there are */
  async system(name: string, options: CallOptions = {}): Promise<FirecrestSystem> {
    const systems = await this.systems(options);
    const found = systems.find((system) => system.name.toLowerCase() === name.toLowerCase());
    if (found !== undefined) return found;
    const names = systems.map((system) => system.name).join(', ');
    throw new ControlError('control-unsuitable', `there is no system ${name} at ${this.url}: ${names === '' ? 'it shows none' : `there are ${names}`}`);
  }

  /** Who one is there. */
  async userInfo(system: string, options: CallOptions = {}): Promise<FirecrestUser> {
    return parseUserInfo(await this.#api.json((api, init) => api.GET('/status/{system_name}/userinfo', { ...init, params: { path: on(system) } }), options));
  }

  /** One's own jobs, or those that are asked for. */
  async jobs(system: string, { name, timeWindow, allUsers, account, ...options }: JobsQuery = {}): Promise<readonly FirecrestJob[]> {
    const query = defined({ name, account, time_window: timeWindow, allusers: allUsers });
    return parseJobs(await this.#api.json((api, init) => api.GET('/compute/{system_name}/jobs', { ...init, params: { path: on(system), query } }), options));
  }

  /** Undefined for one that is not known, or not yet. */
  async job(system: string, jobId: string, options: CallOptions = {}): Promise<FirecrestJob | undefined> {
    const answer = await orUndefined(this.#api.json((api, init) => api.GET('/compute/{system_name}/jobs/{job_id}', { ...init, params: { path: jobOf(system, jobId) } }), options));
    if (answer === undefined) return undefined;
    const jobs = parseJobs(answer);
    return jobs.find((one) => one.jobId === jobId) ?? jobs[0];
  }

  /** What a job was submitted as; undefined for one that is not known. */
  async jobMetadata(system: string, jobId: string, options: CallOptions = {}): Promise<FirecrestJobMetadata | undefined> {
    const answer = await orUndefined(this.#api.json((api, init) => api.GET('/compute/{system_name}/jobs/{job_id}/metadata', { ...init, params: { path: jobOf(system, jobId) } }), options));
    return answer === undefined ? undefined : parseMetadata(answer)[0];
  }

  /** Puts a job into the queue: once, whatever happens, and found again where FirecREST has not told of it. */
  async submit(system: string, { name, workingDirectory, script, env, ...also }: JobSubmission, options: CallOptions = {}): Promise<{ readonly jobId: string }> {
    const askedAtMs = Date.now();
    const body = { job: { name, workingDirectory, script, env: { ...env }, ...defined(also) } };
    const outcome = await this.#api.once((api, init) => api.POST('/compute/{system_name}/jobs', { ...init, params: { path: on(system) }, body }), options);
    if ('answer' in outcome) return parseSubmitted(outcome.answer);
    if (!outcome.mayBeDone) throw outcome.error;
    const isOurs = (theirs: string) => theirs.trim() === script.trim();
    return adoptOrphan(outcome.error, { system, name, askedAtMs: askedAtMs + (this.#api.clockAheadMs ?? 0), isOurs, adopt: ({ jobId }) => ({ jobId }), signal: options.signal }, this.#desk(system, name));
  }

  /** Ends a job; one that is over already is no error. @throws ControlError for one that there never was */
  async cancel(system: string, jobId: string, options: CallOptions = {}): Promise<'cancelled' | 'was-over'> {
    try {
      await this.#api.bytes((api, init) => api.DELETE('/compute/{system_name}/jobs/{job_id}', { ...init, params: { path: jobOf(system, jobId) } }), { ...options, repeatable: true });
      return 'cancelled';
    } catch (error) {
      if (!(error instanceof ControlError) || error.status !== 500) throw error;
      if (/already completing or completed/u.test(error.message)) return 'was-over';
      // scancel's words for one that it has forgotten, minutes after its end, and for one that there never was.
      if (/Invalid job id specified/u.test(error.message) && (await this.job(system, jobId, options))?.over === true) return 'was-over';
      throw error;
    }
  }

  /**
   * Asks the site for a job that sends a file, or receives one. Its path goes into a shell's script as it is: it is for the caller
   * to see that it can.
   */
  async startTransfer(system: string, direction: TransferDirection, { path, account }: { readonly path: string; readonly account?: string | undefined }, options: CallOptions = {}): Promise<TransferJob> {
    const askedAtMs = Date.now();
    const body = { sourcePath: path, transferDirectives: { transferMethod: 'streamer' as const }, ...defined({ account }) };
    const outcome = await this.#api.once(
      (api, init) => (direction === 'download' ? api.POST('/filesystem/{system_name}/transfer/download', { ...init, params: { path: on(system) }, body }) : api.POST('/filesystem/{system_name}/transfer/upload', { ...init, params: { path: on(system) }, body })),
      options,
    );
    if ('answer' in outcome) return parseTransferJob(outcome.answer);
    if (!outcome.mayBeDone) throw outcome.error;
    const name = TRANSFER_JOB_NAMES[direction];
    const isOurs = (script: string) => isScriptOf(script, direction, path);
    return adoptOrphan(outcome.error, { system, name, askedAtMs: askedAtMs + (this.#api.clockAheadMs ?? 0), isOurs, adopt: (job, metadata) => transferJobOf(job, metadata, system), signal: options.signal }, this.#desk(system, name));
  }

  /** What is in a directory, or a file's own line. */
  async ls(system: string, path: string, { showHidden, recursive, numericUid, dereference, ...options }: ListQuery = {}): Promise<readonly RemoteEntry[]> {
    assertCarried(path);
    const query = { path, ...defined({ showHidden, recursive, numericUid, dereference }) };
    return parseEntries(await this.#api.json((api, init) => api.GET('/filesystem/{system_name}/ops/ls', { ...init, params: { path: on(system), query } }), options));
  }

  /** Undefined where there is nothing. @param options.dereference what a link leads to in its place. @default true */
  async stat(system: string, path: string, { dereference = true, ...options }: CallOptions & { readonly dereference?: boolean | undefined } = {}): Promise<RemoteStat | undefined> {
    assertCarried(path);
    const query = { path, dereference };
    const answer = await orUndefined(this.#api.json((api, init) => api.GET('/filesystem/{system_name}/ops/stat', { ...init, params: { path: on(system), query } }), options));
    return answer === undefined ? undefined : parseStat(answer);
  }

  /** @returns SHA-256, hex */
  async checksum(system: string, path: string, options: CallOptions = {}): Promise<string> {
    assertCarried(path);
    try {
      return parseChecksum(await this.#api.json((api, init) => api.GET('/filesystem/{system_name}/ops/checksum', { ...init, params: { path: on(system), query: { path } } }), options));
    } catch (error) {
      const checksum = checksumInError(error);
      if (checksum === undefined) throw error;
      return checksum;
    }
  }

  /** The end of a text file; undefined where there is none: a job's log before the job begins. */
  async tail(system: string, path: string, range: { readonly lines: number } | { readonly bytes: number }, options: CallOptions = {}): Promise<string | undefined> {
    assertCarried(path);
    const answer = await orUndefined(this.#api.json((api, init) => api.GET('/filesystem/{system_name}/ops/tail', { ...init, params: { path: on(system), query: { path, ...range } } }), options));
    return answer === undefined ? undefined : parseTail(answer);
  }

  /** A piece of a text file. Of what is not UTF-8, FirecREST counts characters. @param range.size bytes; more than half the limit may be refused */
  async view(system: string, path: string, { offset, size }: { readonly offset: number; readonly size: number }, options: CallOptions = {}): Promise<string> {
    assertCarried(path);
    return parseView(await this.#api.json((api, init) => api.GET('/filesystem/{system_name}/ops/view', { ...init, params: { path: on(system), query: { path, offset, size } } }), options));
  }

  /** A small file, through FirecREST itself. */
  async readFile(system: string, path: string, options: CallOptions = {}): Promise<Uint8Array> {
    assertCarried(path);
    return this.#api.bytes((api, init) => api.GET('/filesystem/{system_name}/ops/download', { ...init, params: { path: on(system), query: { path } } }), { ...options, maxBytes: FILE_MOST_BYTES });
  }

  /** Writes a small file, through FirecREST itself. It replaces what is there. */
  async writeFile(system: string, directory: string, name: string, content: Uint8Array | Blob, options: CallOptions = {}): Promise<void> {
    assertCarried(directory);
    assertFileName(name);
    const form = new FormData();
    form.append('file', content instanceof Blob ? content : new Blob([new Uint8Array(content)]), name);
    const body = { file: name };
    try {
      await this.#api.bytes((api, init) => api.POST('/filesystem/{system_name}/ops/upload', { ...init, params: { path: on(system), query: { path: directory } }, body, bodySerializer: () => form }), options);
    } catch (error) {
      const size = content instanceof Blob ? content.size : content.byteLength;
      // FirecREST waits for bytes that do not come until its time is up; the file it has made (recorded).
      const made = size === 0 && error instanceof ControlError && error.status === 408;
      if (!made || (await this.stat(system, `${directory.replace(/\/$/u, '')}/${name}`, options))?.size !== 0) throw error;
    }
  }

  /** @param options.parents as of `mkdir -p`. @default false */
  async mkdir(system: string, path: string, { parents = false, ...options }: CallOptions & { readonly parents?: boolean | undefined } = {}): Promise<void> {
    assertCarried(path);
    await this.#api.bytes((api, init) => api.POST('/filesystem/{system_name}/ops/mkdir', { ...init, params: { path: on(system) }, body: { sourcePath: path, parent: parents } }), { ...options, repeatable: parents });
  }

  /** Removes a file, or a directory with all that is in it. */
  async rm(system: string, path: string, options: CallOptions = {}): Promise<void> {
    assertCarried(path);
    await this.#api.bytes((api, init) => api.DELETE('/filesystem/{system_name}/ops/rm', { ...init, params: { path: on(system), query: { path } } }), options);
  }

  /** Where jobs of a name are looked for, when FirecREST has not told of one. */
  #desk(system: string, name: string): JobDesk {
    const pause = this.#pause;
    return {
      jobs: () => this.jobs(system, { name, timeWindow: '1h' }),
      metadata: (jobId) => this.jobMetadata(system, jobId),
      cancel: (jobId) => this.cancel(system, jobId),
      ...(pause === undefined ? {} : { pause: (ms) => pause(ms, undefined) }),
    };
  }
}
