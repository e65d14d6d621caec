/**
 * Real Slurm as the gateway's scheduler, by the commands that FirecREST gives it over SSH. The tests' cluster has no
 * accounting, so what sacct would tell comes from scontrol, which knows a job for some minutes after its end.
 *
 * @module
 */
import type { Cluster } from '../slurm.js';
import { parseDirectives } from './batch-directives.js';
import { SchedulerError, type JobDescription, type JobRecord, type JobState, type Scheduler } from './scheduler.js';

/** What {@link SlurmScheduler} is told besides the cluster. */
export interface SlurmSchedulerOptions {
  readonly home: (user: string) => string;
  /** Slurm without accounting takes every account; these are the ones that there are. */
  readonly accounts: readonly string[];
}

/** Jobs of a cluster. */
export class SlurmScheduler implements Scheduler {
  readonly kind = 'slurm';
  readonly version: string;
  readonly partitions: readonly string[];
  readonly #cluster: Cluster;
  readonly #options: SlurmSchedulerOptions;
  /** By id: what was submitted, and under which account. */
  readonly #submitted = new Map<string, { readonly description: JobDescription; readonly account: string }>();
  readonly #last = new Map<string, JobRecord>();

  private constructor(cluster: Cluster, options: SlurmSchedulerOptions, version: string, partitions: readonly string[]) {
    this.#cluster = cluster;
    this.#options = options;
    this.version = version;
    this.partitions = partitions;
  }

  static async open(cluster: Cluster, options: SlurmSchedulerOptions): Promise<SlurmScheduler> {
    const [, version = ''] = /(\d[\d.]*)/u.exec(await cluster.command(['sbatch', '--version'])) ?? [];
    const partitions = (await cluster.command(['sinfo', '--noheader', '--format=%R'])).trim().split('\n');
    return new SlurmScheduler(cluster, options, version, partitions);
  }

  async submit(description: JobDescription): Promise<string> {
    const { owner, workingDirectory, script, environment, pendingMs } = description;
    const account = description.account ?? parseDirectives(script).account ?? this.#options.accounts[0] ?? '';
    if (!this.#options.accounts.includes(account)) throw new SchedulerError(1, 'sbatch: error: Batch job submission failed: Invalid account or account/partition combination specified\n');
    const values = {
      export: ['ALL', ...Object.entries(environment).map((entry) => entry.join('='))].join(','),
      chdir: workingDirectory,
      partition: description.partition,
      account: description.account,
      'job-name': description.name,
      error: description.standardError,
      output: description.standardOutput,
      input: description.standardInput,
    };
    const words = Object.entries(values).filter(([, value]) => value !== undefined).map(([name, value]) => `--${name}=${value ?? ''}`);
    if (pendingMs !== undefined) words.push(Number.isFinite(pendingMs) ? `--begin=now+${Math.ceil(pendingMs / 1000)}` : '--hold');
    const home = this.#options.home(owner);
    const text = await this.#command(['sbatch', ...words], { stdin: script, cwd: home, env: { HOME: home, USER: owner, LOGNAME: owner } });
    const [, id = ''] = /Submitted batch job (\d+)/u.exec(text) ?? [];
    this.#submitted.set(id, { description, account });
    return id;
  }

  async jobs(): Promise<readonly JobRecord[]> {
    const text = await this.#command(['scontrol', 'show', 'job', '--oneliner'], { env: { SLURM_TIME_FORMAT: '%s' } });
    for (const line of text.split('\n')) {
      const [, id = ''] = /^JobId=(\d+)/u.exec(line) ?? [];
      const submitted = this.#submitted.get(id);
      if (submitted !== undefined) this.#last.set(id, recordOf(id, line, submitted.description, submitted.account));
    }
    return [...this.#last.values()].sort((one, other) => Number(one.id) - Number(other.id));
  }

  async cancel(id: string): Promise<void> {
    // It reports errors with exit status 0, and on standard error.
    const text = await this.#command(['bash', '-c', 'exec scancel --verbose "$1" 2>&1', 'scancel', id]);
    if (/error:/u.test(text)) throw new SchedulerError(0, text);
  }

  async release(id: string): Promise<void> {
    await this.#command(['scontrol', 'release', id]);
  }

  /** The cluster ends its jobs when it ends itself, which may be before: then scancel would wait for it for a minute. */
  stop(): Promise<void> {
    return Promise.resolve();
  }

  async #command(argv: readonly string[], options: Parameters<Cluster['command']>[1] = {}): Promise<string> {
    try {
      return await this.#cluster.command(argv, options);
    } catch (error) {
      const { code, stderr } = error as { readonly code?: unknown; readonly stderr?: unknown };
      if (typeof code !== 'number' || typeof stderr !== 'string') throw error;
      throw new SchedulerError(code, stderr);
    }
  }
}

const STATES: Readonly<Record<string, JobState>> = { PENDING: 'PENDING', CONFIGURING: 'PENDING', RUNNING: 'RUNNING', COMPLETING: 'RUNNING', SUSPENDED: 'RUNNING', COMPLETED: 'COMPLETED', TIMEOUT: 'TIMEOUT', CANCELLED: 'CANCELLED' };

function recordOf(id: string, line: string, { owner, script }: JobDescription, account: string): JobRecord {
  // A value ends before the next name; some have spaces in them.
  const field = (name: string) => new RegExp(`(?:^| )${name}=(.*?)(?= [A-Z][\\w/:]*=|$)`, 'u').exec(line)?.[1]?.trim() ?? '';
  const time = (name: string) => (/^\d+$/u.test(field(name)) ? Number(field(name)) : null);
  const state = STATES[field('JobState')] ?? 'FAILED';
  const isOver = state !== 'PENDING' && state !== 'RUNNING';
  const [exitCode = 0, signal = 0] = field('ExitCode').split(':').map(Number);
  const end = state === 'RUNNING' ? null : time('EndTime');
  return {
    id,
    owner,
    name: field('JobName'),
    state,
    // Afterwards scontrol says how it ended; sacct does not.
    reason: isOver ? 'None' : field('Reason'),
    exitCode,
    signal,
    submitted: time('SubmitTime') ?? 0,
    start: time('StartTime'),
    end,
    overAtMs: isOver ? (end ?? 0) * 1000 : undefined,
    limitSeconds: secondsOf(field('TimeLimit')),
    account,
    partition: field('Partition'),
    nodes: field('NodeList') === '(null)' || (isOver && field('NodeList') === '') ? 'None assigned' : field('NodeList'),
    workingDirectory: field('WorkDir'),
    standardInput: field('StdIn'),
    standardOutput: field('StdOut'),
    standardError: field('StdErr'),
    script,
  };
}

/** `[days-]hours:minutes:seconds`; what is no time is no limit. */
function secondsOf(text: string): number | null {
  const [, days = '0', hours, minutes, seconds] = /^(?:(\d+)-)?(\d+):(\d+):(\d+)$/u.exec(text) ?? [];
  return hours === undefined ? null : Number(days) * 86_400 + Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
}
