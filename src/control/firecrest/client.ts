/**
 * FirecREST v2, as far as transfers need it: one method for each thing to ask.
 *
 * @module
 */
import { UsageError } from '../../errors.js';
import type { Authenticator, AuthenticatorStore } from '../auth/authenticator.js';
import { isLoopback } from '../../transport/proxy.js';
import { createFetch } from '../fetch.js';
import { SignedHttp } from '../http.js';
import { createApi, type Api, type CallOptions } from './api.js';
import { checksumOf, listDirectory, makeDirectory, readSmallFile, removeFile, statFile, tailOf, viewOf, writeSmallFile, type ListOptions, type RemoteEntry, type RemoteStat } from './files.js';
import { cancelJob, findJob, listJobs, submitJob, type FirecrestJob, type JobToSubmit, type TimeWindow } from './jobs.js';
import { findSystem, listSystems, userInfo, type FirecrestSystem, type FirecrestUser } from './systems.js';
import { startTransfer, type TransferJob } from './transfers.js';

/** Options of {@link FirecrestClient}. */
export interface FirecrestClientOptions {
  /** FirecREST's address, such as `https://firecrest.example.org/v2`. */
  readonly url: string;
  readonly authenticator: Authenticator;
  readonly store: AuthenticatorStore;
  /** @default one that follows HTTPS_PROXY and NO_PROXY */
  readonly fetch?: typeof globalThis.fetch;
  /** For each answer, milliseconds. @default 60,000: FirecREST gives up on a cluster after seconds, on a scheduler that hangs after 10 or more */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 60_000;

/**
 * A site's FirecREST. All methods throw AuthError when it refuses who asks, ConnectError when it cannot be reached, TimeoutError when
 * it does not answer, and ControlError, with FirecREST's own words and HTTP status, for what it refuses; AbortError by `signal`.
 */
export class FirecrestClient {
  readonly url: string;
  readonly #api: Api;

  /** @throws UsageError for a bad address */
  constructor({ url, authenticator, store, fetch = createFetch({}), timeoutMs = TIMEOUT_MS }: FirecrestClientOptions) {
    checkUrl(url);
    this.url = url;
    this.#api = createApi(url, new SignedHttp({ url, authenticator, store, fetch, timeoutMs }));
  }

  systems(options?: CallOptions): Promise<readonly FirecrestSystem[]> {
    return listSystems(this.#api, options);
  }

  /** Upper and lower case are one. Unknown: ControlError that names those there are. */
  system(name: string, options?: CallOptions): Promise<FirecrestSystem> {
    return findSystem(this.#api, name, options);
  }

  userInfo(system: string, options?: CallOptions): Promise<FirecrestUser> {
    return userInfo(this.#api, system, options);
  }

  jobs(system: string, options?: CallOptions & { readonly name?: string; readonly timeWindow?: TimeWindow }): Promise<readonly FirecrestJob[]> {
    return listJobs(this.#api, system, options);
  }

  /** Undefined for one that is not known. */
  job(system: string, jobId: string, options?: CallOptions): Promise<FirecrestJob | undefined> {
    return findJob(this.#api, system, jobId, options);
  }

  /** Give it a name of its own: see {@link submitJob}. */
  submit(system: string, job: JobToSubmit, options?: CallOptions): Promise<{ readonly jobId: string }> {
    return submitJob(this.#api, system, job, options);
  }

  /** One that is over already is no error. */
  cancel(system: string, jobId: string, options?: CallOptions): Promise<'cancelled' | 'was-over'> {
    return cancelJob(this.#api, system, jobId, options);
  }

  startTransfer(system: string, direction: 'download' | 'upload', transfer: { readonly path: string; readonly account?: string | undefined }, options?: CallOptions): Promise<TransferJob> {
    return startTransfer(this.#api, system, direction, transfer, options);
  }

  ls(system: string, path: string, options?: ListOptions): Promise<readonly RemoteEntry[]> {
    return listDirectory({ api: this.#api, system, path }, options);
  }

  /** Undefined where there is nothing. */
  stat(system: string, path: string, options?: CallOptions): Promise<RemoteStat | undefined> {
    return statFile({ api: this.#api, system, path }, options);
  }

  /** SHA-256, hex. */
  checksum(system: string, path: string, options?: CallOptions): Promise<string> {
    return checksumOf({ api: this.#api, system, path }, options);
  }

  /** Undefined where there is no such file. */
  tail(system: string, path: string, range: { readonly lines: number } | { readonly bytes: number }, options?: CallOptions): Promise<string | undefined> {
    return tailOf({ api: this.#api, system, path }, range, options);
  }

  /** From `offset` on, which counts characters. */
  view(system: string, path: string, range: { readonly offset: number; readonly size: number }, options?: CallOptions): Promise<string> {
    return viewOf({ api: this.#api, system, path }, range, options);
  }

  /** A file of up to three quarters of `maxOpsFileSize`. */
  readFile(system: string, path: string, options?: CallOptions): Promise<Uint8Array> {
    return readSmallFile({ api: this.#api, system, path }, options);
  }

  /** A file of up to `maxOpsFileSize`; what has its name is replaced. */
  writeFile(system: string, directory: string, name: string, content: Uint8Array, options?: CallOptions): Promise<void> {
    return writeSmallFile({ api: this.#api, system, path: directory }, name, content, options);
  }

  mkdir(system: string, path: string, options?: CallOptions & { readonly parents?: boolean }): Promise<void> {
    return makeDirectory({ api: this.#api, system, path }, options);
  }

  rm(system: string, path: string, options?: CallOptions): Promise<void> {
    return removeFile({ api: this.#api, system, path }, options);
  }
}

/** Tokens go where this says: in the clear only to this machine itself. @throws UsageError */
function checkUrl(text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/u.test(url.protocol)) throw new UsageError("FirecREST's `url` is an address such as https://firecrest.example.org");
  if (url.protocol === 'http:' && !isLoopback(url.hostname.replace(/^\[|\]$/gu, ''))) throw new UsageError("FirecREST's `url` begins with https: a token would cross the network in the clear");
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') throw new UsageError("FirecREST's `url` has neither a password nor a query");
}
