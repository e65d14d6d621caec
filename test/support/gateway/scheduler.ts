/**
 * What runs the gateway's jobs: real Slurm, or processes of this machine in its place.
 *
 * @module
 */

/** A job to be. */
export interface JobDescription {
  readonly owner: string;
  readonly name?: string | undefined;
  readonly account?: string | undefined;
  readonly partition?: string | undefined;
  readonly workingDirectory: string;
  readonly standardInput?: string | undefined;
  readonly standardOutput?: string | undefined;
  readonly standardError?: string | undefined;
  /** Set in the job besides what its owner's shell has. */
  readonly environment: Readonly<Record<string, string>>;
  readonly script: string;
  /** It stays pending for that long, milliseconds; Infinity: for ever. */
  readonly pendingMs?: number | undefined;
  /** Why it is pending. @default what Slurm says. Only {@link Scheduler.kind} 'processes'. */
  readonly pendingReason?: string | undefined;
  /** The time limit that is enforced, whatever the script says, milliseconds. Only {@link Scheduler.kind} 'processes'. */
  readonly limitMs?: number | undefined;
}

/** A job's state, in Slurm's words. */
export type JobState = 'PENDING' | 'RUNNING' | 'COMPLETED' | 'FAILED' | 'TIMEOUT' | 'CANCELLED';

/** What the scheduler knows of a job. Times are seconds since 1970. */
export interface JobRecord {
  readonly id: string;
  readonly owner: string;
  readonly name: string;
  readonly state: JobState;
  /** Why it was, or is, pending; 'None' when there is no reason. */
  readonly reason: string;
  readonly exitCode: number;
  readonly signal: number;
  readonly submitted: number;
  /** When it began, or is expected to. */
  readonly start: number | null;
  readonly end: number | null;
  /** When it was over by the clock of this process, milliseconds; undefined as long as it is not. */
  readonly overAtMs: number | undefined;
  readonly limitSeconds: number | null;
  readonly account: string;
  readonly partition: string;
  readonly nodes: string;
  readonly workingDirectory: string;
  readonly standardInput: string;
  readonly standardOutput: string;
  readonly standardError: string;
  readonly script: string;
}

/** One of Slurm's commands failed. */
export class SchedulerError extends Error {
  readonly exitStatus: number;
  readonly stderr: string;

  constructor(exitStatus: number, stderr: string) {
    super(stderr);
    this.exitStatus = exitStatus;
    this.stderr = stderr;
  }
}

/** Runs jobs. */
export interface Scheduler {
  readonly kind: 'slurm' | 'processes';
  readonly version: string;
  readonly partitions: readonly string[];
  /** @throws SchedulerError what sbatch would say */
  submit(job: JobDescription): Promise<string>;
  /** All jobs, in the order in which they were submitted. */
  jobs(): Promise<readonly JobRecord[]>;
  /** @throws SchedulerError what scancel would say */
  cancel(id: string): Promise<void>;
  /** Lets a job begin that would be pending for ever. */
  release(id: string): Promise<void>;
  /** Ends all jobs, and whatever they started, unless the cluster itself does. */
  stop(): Promise<void>;
}
