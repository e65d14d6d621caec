/**
 * FirecREST as a transfer asks it, from memory: files, and one job that goes from state to state as it is looked at.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { ControlError } from '../../src/errors.js';
import type { FirecrestJobMetadata } from '../../src/control/firecrest/jobs.js';
import type { Site, SiteEntry, SiteJob, SiteStat, SiteSystem, SiteTransferJob } from '../../src/control/site.js';

/** A system with a streamer. */
export const SYSTEM: SiteSystem = {
  name: 'daint',
  scheduler: { type: 'slurm' },
  healthy: true,
  services: [],
  fileSystems: [{ path: '/scratch', defaultWorkDir: true }, { path: '/store', defaultWorkDir: false }],
  maxOpsFileSize: 5 * 1024 * 1024,
  transfer: { type: 'streamer', waitTimeoutSeconds: 60, inboundTransferLimit: 100 * 1024 * 1024 },
  transferDirectives: [],
};

/** What the one job's next looks see; the last goes on. `undefined`: it is not known. */
export type Looks = readonly (Partial<SiteJob> | ControlError | undefined)[];

/** See the module's head. */
export class FakeSite implements Site {
  readonly url = 'https://firecrest.test';
  /** Content by path; a directory has none. */
  readonly files = new Map<string, Uint8Array | undefined>();
  /** Every call: `cancel 7`. */
  readonly calls: string[] = [];
  looks: Looks = [{ state: 'COMPLETED' }];
  logs: Readonly<Record<string, string>> = {};
  /** Of every job. */
  metadata: FirecrestJobMetadata | undefined;
  /** What happens to a call of this name. */
  readonly faults = new Map<string, Error>();
  mtime = Math.floor(Date.now() / 1000);
  #look = 0;

  constructor(files: Readonly<Record<string, string | undefined>> = {}) {
    const all: Readonly<Record<string, string | undefined>> = { '/scratch': undefined, '/scratch/alice': undefined, ...files };
    for (const [path, text] of Object.entries(all)) this.files.set(path, text === undefined ? undefined : Buffer.from(text));
  }

  system(): Promise<SiteSystem> {
    return this.#called('system', () => SYSTEM);
  }

  userInfo(): Promise<{ readonly user: string }> {
    return this.#called('userInfo', () => ({ user: 'alice' }));
  }

  jobs(): Promise<readonly SiteJob[]> {
    return this.#called('jobs', () => []);
  }

  async job(_system: string, jobId: string): Promise<SiteJob | undefined> {
    return this.#called(`job ${jobId}`, () => {
      const look = this.looks[Math.min(this.#look, this.looks.length - 1)];
      this.#look += 1;
      if (look instanceof ControlError) throw look;
      if (look === undefined) return undefined;
      const state = look.state ?? 'RUNNING';
      return { jobId, name: 'a job', over: !['PENDING', 'RUNNING', 'CONFIGURING', 'COMPLETING'].includes(state), ...look, state };
    });
  }

  jobMetadata(): Promise<FirecrestJobMetadata | undefined> {
    return this.#called('jobMetadata', () => this.metadata);
  }

  submit(_system: string, { name }: { readonly name: string }): Promise<{ readonly jobId: string }> {
    return this.#called(`submit ${name}`, () => ({ jobId: '7' }));
  }

  cancel(_system: string, jobId: string): Promise<unknown> {
    return this.#called(`cancel ${jobId}`, () => 'cancelled');
  }

  startTransfer(_system: string, direction: string, { path }: { readonly path: string }): Promise<SiteTransferJob> {
    return this.#called(`${direction} ${path}`, () => ({ jobId: '7', outputLog: '/scratch/alice/out', errorLog: '/scratch/alice/err', coordinates: 'none' }));
  }

  stat(_system: string, path: string): Promise<SiteStat | undefined> {
    return this.#called(`stat ${path}`, () => {
      if (!this.files.has(path)) return undefined;
      const content = this.files.get(path);
      return { type: content === undefined ? 'directory' : 'file', size: content?.length ?? 4096, mtime: this.mtime };
    });
  }

  ls(_system: string, path: string): Promise<readonly SiteEntry[]> {
    const lastModified = new Date(this.mtime * 1000).toISOString();
    return this.#called(`ls ${path}`, () => [...this.files.keys()].filter((file) => posix.dirname(file) === path).map((file) => ({ name: posix.basename(file), lastModified })));
  }

  checksum(_system: string, path: string): Promise<string> {
    return this.#called(`checksum ${path}`, () => createHash('sha256').update(this.#content(path)).digest('hex'));
  }

  tail(_system: string, path: string): Promise<string | undefined> {
    return this.#called(`tail ${path}`, () => this.logs[path]);
  }

  view(_system: string, path: string, { offset, size }: { readonly offset: number; readonly size: number }): Promise<string> {
    return this.#called(`view ${path}`, () => Buffer.from(this.#content(path)).toString().slice(offset, offset + size));
  }

  readFile(_system: string, path: string): Promise<Uint8Array> {
    return this.#called(`read ${path}`, () => this.#content(path));
  }

  writeFile(_system: string, directory: string, name: string, content: Uint8Array): Promise<unknown> {
    return this.#called(`write ${directory}/${name}`, () => this.files.set(`${directory}/${name}`, content));
  }

  mkdir(_system: string, path: string): Promise<unknown> {
    return this.#called(`mkdir ${path}`, () => this.files.set(path, undefined));
  }

  rm(_system: string, path: string): Promise<unknown> {
    return this.#called(`rm ${path}`, () => this.files.delete(path));
  }

  #content(path: string): Uint8Array {
    const content = this.files.get(path);
    if (content === undefined) throw new ControlError('control-answer', 'No such file', { status: 404 });
    return content;
  }

  async #called<T>(call: string, answer: () => T): Promise<T> {
    this.calls.push(call);
    await Promise.resolve();
    const fault = this.faults.get(call.split(' ')[0] ?? '');
    if (fault !== undefined) throw fault;
    return answer();
  }
}
