/**
 * A cluster in a directory, for the agent: what FirecREST does there by commands, done by node, and jobs that are run by bash at
 * once. No HTTP, no scheduler: for what goes wrong in between, which a real one does only rarely.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { spawn, type ChildProcess } from 'node:child_process';
import type { TestContext } from 'node:test';
import type { AgentSite } from '../../src/control/agent/run.js';
import type { SiteEntry, SiteJob, SiteJobRequest } from '../../src/control/site.js';
import { ControlError } from '../../src/errors.js';

/** A job that was submitted. */
export interface LocalJob extends SiteJobRequest {
  readonly jobId: string;
  state: string;
  exitCode?: number;
  process?: ChildProcess;
}

/** See the module's head. */
export class LocalCluster implements AgentSite {
  /** What was asked, in order: `submit`, `writeFile streamer-agent-….cjs`. */
  readonly calls: string[] = [];
  readonly submitted: LocalJob[] = [];
  /** Submitted jobs stay in the queue until they are let go. */
  holding = false;
  /** Thrown by the next calls of that name. @default once */
  readonly failing = new Map<keyof AgentSite, { readonly error: Error; readonly after?: boolean; readonly times?: number }>();
  readonly env: Readonly<Record<string, string>>;

  constructor(t: TestContext, env: Readonly<Record<string, string>> = {}) {
    this.env = env;
    t.after(() => {
      for (const { process: child } of this.submitted) child?.kill('SIGKILL');
    });
  }

  userInfo(): Promise<{ readonly user: string }> {
    return this.#asked('userInfo', '', () => Promise.resolve({ user: 'alice' }));
  }

  jobs(_system: string, { name }: { readonly name?: string } = {}): Promise<readonly SiteJob[]> {
    return this.#asked('jobs', '', () => Promise.resolve(this.submitted.filter((job) => name === undefined || job.name === name).map(told)));
  }

  job(_system: string, jobId: string): Promise<SiteJob | undefined> {
    return this.#asked('job', '', () => {
      const job = this.submitted.find((one) => one.jobId === jobId);
      return Promise.resolve(job === undefined ? undefined : told(job));
    });
  }

  submit(_system: string, job: SiteJobRequest): Promise<{ readonly jobId: string }> {
    return this.#asked('submit', '', async () => {
      const queued: LocalJob = { ...job, jobId: String(this.submitted.length + 1), state: 'PENDING' };
      this.submitted.push(queued);
      if (!this.holding) await this.start(queued);
      return { jobId: queued.jobId };
    });
  }

  /** Lets a job out of the queue. */
  async start(job: LocalJob): Promise<void> {
    const log = await open(job.standardOutput, 'w');
    const child = spawn('bash', ['-s'], { cwd: job.workingDirectory, env: { PATH: process.env['PATH'], HOME: job.workingDirectory, ...this.env }, stdio: ['pipe', log.fd, log.fd] });
    await log.close();
    child.stdin?.end(job.script);
    job.process = child;
    job.state = 'RUNNING';
    child.once('exit', (code) => {
      if (job.state === 'RUNNING') job.state = code === 0 ? 'COMPLETED' : 'FAILED';
      job.exitCode = code ?? 0;
    });
  }

  cancel(_system: string, jobId: string): Promise<unknown> {
    return this.#asked('cancel', jobId, () => {
      const job = this.submitted.find((one) => one.jobId === jobId);
      if (job !== undefined && !told(job).over) {
        job.state = 'CANCELLED';
        job.process?.kill('SIGTERM');
      }
      return Promise.resolve();
    });
  }

  ls(_system: string, directory: string): Promise<readonly SiteEntry[]> {
    return this.#asked('ls', '', async () => {
      const names = await readdir(directory);
      return Promise.all(names.map(async (name) => ({ name, lastModified: (await stat(path.join(directory, name))).mtime.toISOString().slice(0, 19) })));
    });
  }

  checksum(_system: string, file: string): Promise<string> {
    return this.#asked('checksum', '', async () => createHash('sha256').update(await orNotFound(file)).digest('hex'));
  }

  tail(_system: string, file: string, { lines }: { readonly lines: number }): Promise<string | undefined> {
    return this.#asked('tail', '', async () => {
      const text = await readFile(file, 'utf8').catch(() => undefined);
      return text?.split('\n').slice(-lines - 1).join('\n');
    });
  }

  view(_system: string, file: string, { offset, size }: { readonly offset: number; readonly size: number }): Promise<string> {
    return this.#asked('view', '', async () => (await orNotFound(file)).toString('utf8').slice(offset, offset + size));
  }

  writeFile(_system: string, directory: string, name: string, content: Uint8Array): Promise<void> {
    return this.#asked('writeFile', name, () => writeFile(path.join(directory, name), content));
  }

  mkdir(_system: string, directory: string, { parents }: { readonly parents?: boolean } = {}): Promise<unknown> {
    return this.#asked('mkdir', '', () => mkdir(directory, { recursive: parents === true }));
  }

  rm(_system: string, directory: string): Promise<unknown> {
    return this.#asked('rm', path.basename(directory), () => rm(directory, { recursive: true }));
  }

  async #asked<T>(call: keyof AgentSite, what: string, answer: () => Promise<T>): Promise<T> {
    this.calls.push(`${call} ${what}`.trim());
    const failing = this.failing.get(call);
    const { times = 1 } = failing ?? {};
    if (failing !== undefined && times > 1) this.failing.set(call, { ...failing, times: times - 1 });
    else this.failing.delete(call);
    if (failing !== undefined && failing.after !== true) throw failing.error;
    const answered = await answer();
    if (failing !== undefined) throw failing.error;
    return answered;
  }
}

function told({ jobId, name, state, exitCode, workingDirectory }: LocalJob): SiteJob {
  return { jobId, name, state, reason: 'None', over: state !== 'PENDING' && state !== 'RUNNING', nodes: state === 'PENDING' ? '' : 'node1', workingDirectory, ...(exitCode === undefined ? {} : { exitCode }) };
}

async function orNotFound(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch {
    throw new ControlError('control-answer', 'No such file or directory', { status: 404 });
  }
}
