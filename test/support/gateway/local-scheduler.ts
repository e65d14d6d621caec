/**
 * A scheduler for machines without Slurm: every job is a group of processes here, begins soon, and says what Slurm would.
 *
 * @module
 */
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseDirectives } from './batch-directives.js';
import { LocalJob, NODE, type JobFacts } from './local-job.js';
import { SchedulerError, type JobDescription, type JobRecord, type Scheduler } from './scheduler.js';

/** Options of {@link LocalScheduler}. */
export interface LocalSchedulerOptions {
  /** For the scripts; it must be there. */
  readonly spool: string;
  /** Where a user's home is. */
  readonly home: (user: string) => string;
  /** Until a job begins whose description does not say it, milliseconds. */
  readonly startDelayMs: number;
  readonly accounts: readonly string[];
}

/** What sbatch says to a script without `#!`. */
const NO_SCRIPT = `sbatch: error: This does not look like a batch script.  The first
sbatch: error: line must start with #! followed by the path to an interpreter.
sbatch: error: For instance: #!/bin/sh
`;
/** For a job whose script says nothing, seconds. */
const USUAL_LIMIT_SECONDS = 3600;

/** Jobs as processes. */
export class LocalScheduler implements Scheduler {
  readonly kind = 'processes';
  readonly version = '22.05.8';
  readonly partitions = ['normal', 'xfer'];
  readonly #options: LocalSchedulerOptions;
  #count = 0;
  readonly #jobs = new Map<string, LocalJob>();
  /** In the environment of every process that belongs to a job: some may leave its group. */
  readonly #marker = randomUUID();

  constructor(options: LocalSchedulerOptions) {
    this.#options = options;
  }

  async submit(description: JobDescription): Promise<string> {
    if (!description.script.startsWith('#!')) throw new SchedulerError(1, NO_SCRIPT);
    const directives = parseDirectives(description.script);
    const account = description.account ?? directives.account ?? this.#options.accounts[0] ?? '';
    const partition = description.partition ?? directives.partition ?? this.partitions[0] ?? '';
    if (!this.#options.accounts.includes(account)) throw refusal('Invalid account or account/partition combination specified');
    if (!this.partitions.includes(partition)) throw refusal('invalid partition specified: ' + partition);
    const id = String((this.#count += 1));
    const limitSeconds = directives.limitSeconds ?? USUAL_LIMIT_SECONDS;
    const facts: JobFacts = { ...placesOf(id, description), id, owner: description.owner, name: description.name ?? directives.name ?? 'sbatch', submitted: Math.floor(Date.now() / 1000), limitSeconds, account, partition, script: description.script };
    const beginMs = description.pendingMs ?? (directives.beginInSeconds === undefined ? undefined : directives.beginInSeconds * 1000);
    const file = path.join(this.#options.spool, `job${id}`);
    await writeFile(file, description.script, { mode: 0o700 });
    const run = {
      file,
      environment: this.#environment(facts, description),
      limitMs: description.limitMs ?? limitSeconds * 1000,
      pendingMs: beginMs ?? this.#options.startDelayMs,
      reason: description.pendingReason ?? (beginMs === undefined ? 'None' : Number.isFinite(beginMs) ? 'BeginTime' : 'JobHeldUser'),
    };
    this.#jobs.set(id, new LocalJob(facts, run));
    return id;
  }

  jobs(): Promise<readonly JobRecord[]> {
    return Promise.resolve([...this.#jobs.values()].map((job) => job.record).sort((one, other) => Number(one.id) - Number(other.id)));
  }

  cancel(id: string): Promise<void> {
    const job = this.#jobs.get(id);
    const why = job === undefined ? 'Invalid job id specified' : job.isEnding ? 'Job/step already completing or completed' : undefined;
    if (why !== undefined) return Promise.reject(new SchedulerError(0, `scancel: Terminating job ${id}\nscancel: error: Kill job error on job id ${id}: ${why}\n`));
    job?.cancel();
    return Promise.resolve();
  }

  release(id: string): Promise<void> {
    this.#jobs.get(id)?.release();
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#jobs.values()].map((job) => job.kill()));
    killMarked(`GATEWAY_JOBS_OF=${this.#marker}`);
  }

  /** As a login shell of the user, then sbatch's `--export`, which knows no value with a comma in it, then Slurm's own. */
  #environment(facts: JobFacts, { owner, environment }: JobDescription): NodeJS.ProcessEnv {
    const home = this.#options.home(owner);
    const exported = Object.fromEntries(Object.entries(environment).map(([name, value]): [string, string] => [name, value.split(',')[0] ?? '']));
    return {
      PATH: process.env['PATH'],
      LANG: 'C.UTF-8',
      HOME: home,
      USER: owner,
      LOGNAME: owner,
      SHELL: '/bin/bash',
      ...exported,
      SLURM_JOB_ID: facts.id,
      SLURM_JOBID: facts.id,
      SLURM_JOB_NAME: facts.name,
      SLURM_JOB_ACCOUNT: facts.account,
      SLURM_JOB_PARTITION: facts.partition,
      SLURM_JOB_NODELIST: NODE,
      SLURM_JOB_NUM_NODES: '1',
      SLURM_SUBMIT_DIR: home,
      SLURMD_NODENAME: NODE,
      SLURM_CLUSTER_NAME: 'local',
      GATEWAY_JOBS_OF: this.#marker,
    };
  }
}

const refusal = (why: string): SchedulerError => new SchedulerError(1, `sbatch: error: Batch job submission failed: ${why}\n`);

function placesOf(id: string, description: JobDescription): Pick<JobFacts, 'workingDirectory' | 'standardInput' | 'standardOutput' | 'standardError'> {
  const directives = parseDirectives(description.script);
  const { workingDirectory } = description;
  const place = (name: string) => path.resolve(workingDirectory, name.replaceAll('%j', id));
  const standardOutput = place(description.standardOutput ?? directives.standardOutput ?? 'slurm-%j.out');
  const error = description.standardError ?? directives.standardError;
  return { workingDirectory, standardInput: description.standardInput ?? '/dev/null', standardOutput, standardError: error === undefined ? standardOutput : place(error) };
}

/** Kills what has this in its environment. Where there is no /proc, what left its job's group stays. */
function killMarked(variable: string): void {
  for (const pid of processes()) {
    try {
      if (readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(variable)) process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It has ended meanwhile, or is not ours.
    }
  }
}

function processes(): string[] {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/u.test(name) && Number(name) !== process.pid);
  } catch {
    return [];
  }
}
