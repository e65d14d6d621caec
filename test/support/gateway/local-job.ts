/**
 * One job as a group of processes of this machine: what Slurm's slurmstepd does for it, in small.
 *
 * @module
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { appendFileSync, closeSync, openSync } from 'node:fs';
import type { JobRecord, JobState } from './scheduler.js';

/** The only node there is. */
export const NODE = 'node1';
/** Between SIGTERM and SIGKILL, milliseconds: Slurm's KillWait. */
const KILL_WAIT_MS = 5_000;

/** What does not change in a job's life. */
export type JobFacts = Omit<JobRecord, 'state' | 'exitCode' | 'signal' | 'start' | 'end' | 'overAtMs' | 'reason' | 'nodes'>;

/** How a job is run. */
export interface JobRun {
  /** The script, where it lies as a file. */
  readonly file: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Milliseconds; undefined: none. */
  readonly limitMs: number | undefined;
  /** Until it begins, milliseconds; Infinity: never. */
  readonly pendingMs: number;
  readonly reason: string;
}

/** A job, from its submission to its end. */
export class LocalJob {
  readonly facts: JobFacts;
  readonly #run: JobRun;
  #state: JobState = 'PENDING';
  #exitCode = 0;
  #signal = 0;
  #start: number | null;
  #end: number | null = null;
  #overAtMs: number | undefined;
  #process: ChildProcess | undefined;
  #errorFile: number | undefined;
  /** What it will be when its processes have ended, when somebody ended it. */
  #ending: 'CANCELLED' | 'TIMEOUT' | undefined;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #ended: Promise<void>;
  #resolve: () => void = () => undefined;

  constructor(facts: JobFacts, run: JobRun) {
    this.facts = facts;
    this.#run = run;
    this.#ended = new Promise((resolve) => (this.#resolve = resolve));
    const isPlanned = run.reason === 'BeginTime' && Number.isFinite(run.pendingMs);
    this.#start = isPlanned ? facts.submitted + Math.ceil(run.pendingMs / 1000) : null;
    if (Number.isFinite(run.pendingMs)) this.#after(run.pendingMs, () => this.#begin());
  }

  get record(): JobRecord {
    const nodes = this.#process !== undefined ? NODE : this.#state === 'PENDING' ? '' : 'None assigned';
    return { ...this.facts, state: this.#state, reason: this.#run.reason, exitCode: this.#exitCode, signal: this.#signal, start: this.#start, end: this.#plannedEnd(), overAtMs: this.#overAtMs, nodes };
  }

  /** Whether it can no longer be cancelled. */
  get isEnding(): boolean {
    return this.#ending !== undefined || this.#overAtMs !== undefined;
  }

  /** It begins, if it was pending. */
  release(): void {
    this.#begin();
  }

  /** As scancel does. */
  cancel(): void {
    if (this.#state === 'PENDING') {
      this.#start = now();
      this.#over('CANCELLED');
    } else this.#terminate('CANCELLED', '');
  }

  /** Ends it at once, and waits for that. */
  async kill(): Promise<void> {
    if (this.#overAtMs !== undefined) return;
    if (this.#process === undefined) this.#over('CANCELLED');
    this.#ending ??= 'CANCELLED';
    this.#signalAll('SIGKILL');
    await this.#ended;
  }

  /** A pending job with a planned beginning has a planned end, too. */
  #plannedEnd(): number | null {
    if (this.#state !== 'PENDING' || this.#start === null || this.facts.limitSeconds === null) return this.#end;
    return this.#start + this.facts.limitSeconds;
  }

  #begin(): void {
    if (this.#state !== 'PENDING') return;
    const { facts } = this;
    this.#state = 'RUNNING';
    this.#start = now();
    const files: number[] = [];
    try {
      const input = openSync(facts.standardInput, 'r');
      files.push(input);
      const output = openSync(facts.standardOutput, 'w');
      files.push(output);
      const error = facts.standardError === facts.standardOutput ? output : openSync(facts.standardError, 'w');
      if (error !== output) files.push(error);
      this.#errorFile = openSync(facts.standardError, 'a');
      const [program = '', ...words] = interpreter(facts.script);
      // A group of its own: it is signalled as a whole, and the terminal's signals are not for it.
      this.#process = spawn(program, [...words, this.#run.file], { cwd: facts.workingDirectory, env: this.#run.environment, stdio: [input, output, error], detached: true });
    } catch {
      // Slurm cannot open the job's files, for example: it fails without a word anywhere.
      this.#exitCode = 1;
      this.#over('FAILED');
      return;
    } finally {
      for (const file of new Set(files)) closeSync(file);
    }
    this.#process.once('error', () => this.#exited(1, 0));
    this.#process.once('exit', (code, signal) => this.#exited(code ?? 0, signal === null ? 0 : 9));
    if (this.#run.limitMs !== undefined) this.#after(this.#run.limitMs, () => this.#terminate('TIMEOUT', ' DUE TO TIME LIMIT'));
  }

  #terminate(state: 'CANCELLED' | 'TIMEOUT', why: string): void {
    if (this.isEnding) return;
    this.#ending = state;
    const at = new Date().toISOString().slice(0, 19);
    if (this.#errorFile !== undefined) appendFileSync(this.#errorFile, `slurmstepd-${NODE}: error: *** JOB ${this.facts.id} ON ${NODE} CANCELLED AT ${at}${why} ***\n`);
    this.#signalAll('SIGTERM');
    this.#after(KILL_WAIT_MS, () => this.#signalAll('SIGKILL'));
  }

  #exited(code: number, signal: number): void {
    if (this.#overAtMs !== undefined) return;
    // Whatever it left in its group goes with it, as out of a control group.
    this.#signalAll('SIGKILL');
    if (this.#ending === undefined) {
      this.#exitCode = code;
      this.#signal = signal;
    } else this.#signal = 15;
    this.#over(this.#ending ?? (code === 0 && signal === 0 ? 'COMPLETED' : 'FAILED'));
  }

  #over(state: JobState): void {
    for (const timer of this.#timers) clearTimeout(timer);
    if (this.#errorFile !== undefined) closeSync(this.#errorFile);
    this.#errorFile = undefined;
    this.#state = state;
    this.#start ??= now();
    this.#end = now();
    this.#overAtMs = Date.now();
    this.#resolve();
  }

  #signalAll(signal: NodeJS.Signals): void {
    const pid = this.#process?.pid;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // None of them is left.
    }
  }

  #after(ms: number, run: () => void): void {
    this.#timers.push(setTimeout(run, ms));
  }
}

const now = (): number => Math.floor(Date.now() / 1000);

/** Not the file itself is run: it could still be open for writing in a process that is about to become another (ETXTBSY). */
function interpreter(script: string): string[] {
  const [, program = '/bin/sh', word] = /^#![ \t]*(\S+)(?:[ \t]+(.*\S))?/u.exec(script) ?? [];
  return [program, ...(word === undefined ? [] : [word])];
}
