/**
 * Real Slurm: munged, slurmctld and slurmd of one node, on loopback, with a configuration and state of their own in a
 * temporary directory, and jobs of it. All of it is gone when the test is over.
 *
 * @module
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { accessSync, constants, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { isRoot } from '../e2e/abilities.js';
import { BIN, Child, freePort } from './cli.js';

const execute = promisify(execFile);

/** After this something has hung, milliseconds. */
const HUNG_MS = 60_000;
const POLL_MS = 50;
const PROGRAMS = ['munged', 'slurmctld', 'slurmd', 'sbatch', 'scancel', 'scontrol', 'squeue'];

/** Why there can be no cluster here, or nothing. */
export function slurmLacks(): string {
  if (!isRoot) return 'root, to start Slurm';
  const missing = PROGRAMS.filter((name) => !searchPath().some((directory) => isExecutable(path.join(directory, name))));
  return missing.length === 0 ? '' : `${missing.join(', ')} (packages slurm-wlm and munge)`;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Where Debian puts daemons is not in everybody's PATH. */
const searchPath = (): string[] => [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin'];

/** A running cluster. */
export interface Cluster {
  /** All of Slurm's own files: state, spool and logs. */
  readonly directory: string;
  /** A directory that every job has in PATH, as the site's logins have: node and `streamer` are there. */
  readonly programs: string;
  /** Submits a script, with more options of sbatch and into a directory that is there. */
  submit(script: string, options: { readonly cwd: string; readonly words?: readonly string[]; readonly env?: Readonly<Record<string, string>> }): Promise<Job>;
  /** Runs one of Slurm's commands, which must succeed. @returns its standard output */
  command(argv: readonly string[], options?: { readonly stdin?: string; readonly cwd?: string; readonly env?: Readonly<Record<string, string>> }): Promise<string>;
}

/** Starts a cluster. It ends with the test, and so do its jobs. */
export async function startCluster(t: TestContext): Promise<Cluster> {
  const lacks = slurmLacks();
  if (lacks !== '') throw new Error(`no Slurm without ${lacks}`);
  const directory = await mkdtemp(path.join(os.tmpdir(), 'streamer-slurm-'));
  const env = { PATH: searchPath().join(':'), SLURM_CONF: path.join(directory, 'slurm.conf') };
  const daemons: Child[] = [];
  const command: Cluster['command'] = async ([program = '', ...args], { stdin = '', cwd, env: extra } = {}) => {
    const running = execute(program, args, { cwd, env: { ...inherited(), ...env, ...extra }, timeout: HUNG_MS });
    // A program that reads nothing may be gone by now.
    running.child.stdin?.on('error', () => undefined).end(stdin);
    return (await running).stdout;
  };
  // In this order: jobs would go on without their daemons, and write into what is being removed.
  t.after(async () => {
    await command(['scancel', '--user=root']).catch(() => undefined);
    await until('the end of all jobs', async () => (await command(['squeue', '--noheader'])) === '').catch(() => undefined);
    await Promise.all(daemons.map((daemon) => daemon.stop()));
    killAll(`SLURM_CONF=${env.SLURM_CONF}`);
    await rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  });
  await configure(directory);
  const munge = { 'key-file': 'munge.key', socket: 'run/munge.socket', 'pid-file': 'run/munged.pid', 'log-file': 'munged.log', 'seed-file': 'munge.seed' };
  const words = Object.entries(munge).map(([option, name]) => `--${option}=${path.join(directory, name)}`);
  for (const argv of [['munged', '--foreground', '--force', ...words], ['slurmctld', '-D'], ['slurmd', '-D', '-N', NODE]]) daemons.push(new Child(argv, { env }));
  await until('an idle node', async () => (await command(['sinfo', '--noheader', '--format=%t']).catch(() => '')).trim() === 'idle').catch((error: unknown) => {
    throw new Error(`${String(error)}\n${daemons.map(({ stderr }) => stderr.slice(-2000)).join('\n')}`);
  });
  return {
    directory,
    programs: path.join(directory, 'bin'),
    command,
    submit: async (script, { cwd, words: more = [], env: extra = {} }) => {
      const id = (await command(['sbatch', '--parsable', ...more], { stdin: script, cwd, env: extra })).trim();
      return new Job(id, path.join(cwd, `slurm-${id}.out`), command);
    },
  };
}

/** Kills what has this in its environment: what Slurm could not end would go on without it. */
function killAll(variable: string): void {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/u.test(name) && Number(name) !== process.pid)) {
    try {
      if (readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(variable)) process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It has ended meanwhile.
    }
  }
}

async function configure(directory: string): Promise<void> {
  await Promise.all(['run', 'state', 'spool', 'bin'].map((name) => mkdir(path.join(directory, name))));
  await writeFile(path.join(directory, 'munge.key'), randomBytes(1024), { mode: 0o400 });
  await Promise.all([symlink(BIN, path.join(directory, 'bin/streamer')), symlink(process.execPath, path.join(directory, 'bin/node'))]);
  await writeFile(path.join(directory, 'task-prolog'), `#!/bin/sh\necho "export PATH=${path.join(directory, 'bin')}:$PATH"\n`, { mode: 0o755 });
  await writeFile(path.join(directory, 'slurm.conf'), configuration(directory, await freePort(), await freePort()));
}

/** What would make a server of ours another one than its job script says is not for the submitter's environment, unless the test says so. */
function inherited(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(?:STREAMER_|SLURM_|SBATCH_|NODE_TEST_CONTEXT)/u.test(name)));
}

const NODE = 'node1';

function configuration(directory: string, controllerPort: number, nodePort: number): string {
  const at = (name: string): string => path.join(directory, name);
  return `ClusterName=test
SlurmctldHost=localhost(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=${at('run/munge.socket')}
SlurmctldPort=${controllerPort}
SlurmdPort=${nodePort}
SlurmctldPidFile=${at('run/slurmctld.pid')}
SlurmdPidFile=${at('run/slurmd.pid')}
StateSaveLocation=${at('state')}
SlurmdSpoolDir=${at('spool')}
SlurmctldLogFile=${at('slurmctld.log')}
SlurmdLogFile=${at('slurmd.log')}
TaskProlog=${at('task-prolog')}
# A machine of the tests may have no control groups of its own to give.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
SchedulerType=sched/builtin
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,sched_interval=1
KillWait=5
ReturnToService=2
# More processors than there are, so that no job waits for another.
SlurmdParameters=config_overrides
NodeName=${NODE} NodeHostname=${os.hostname()} NodeAddr=127.0.0.1 Port=${nodePort} CPUs=32 State=UNKNOWN
PartitionName=main Nodes=${NODE} Default=YES MaxTime=INFINITE State=UP
`;
}

/** What scontrol tells of a job. */
export type JobFields = Readonly<Record<string, string>>;

/** A job of the cluster. */
export class Job {
  readonly id: string;
  readonly logFile: string;
  readonly #command: Cluster['command'];

  constructor(id: string, logFile: string, command: Cluster['command']) {
    this.id = id;
    this.logFile = logFile;
    this.#command = command;
  }

  /** Its log up to now. */
  get log(): string {
    try {
      return readFileSync(this.logFile, 'utf8');
    } catch {
      return '';
    }
  }

  /** The first match in a whole line of its log, written already or still to come. */
  async logLine(pattern: RegExp): Promise<RegExpExecArray> {
    const find = () => this.log.split('\n').slice(0, -1).map((line) => pattern.exec(line)).find((match) => match !== null);
    await until(`${String(pattern)} in the log of job ${this.id}`, async () => find() !== undefined || (await this.isOver())).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${this.log}`);
    });
    const found = find();
    if (found === undefined) throw new Error(`job ${this.id} ended without ${String(pattern)}: ${JSON.stringify(await this.fields())}\n${this.log}`);
    return found;
  }

  async fields(): Promise<JobFields> {
    const text = await this.#command(['scontrol', 'show', 'job', '--oneliner', this.id]);
    return Object.fromEntries([...text.matchAll(/(\S+?)=(\S*)/gu)].map(([, name = '', value = '']) => [name, value]));
  }

  /** Waits for its end. @returns what is told of it then */
  async over(): Promise<JobFields> {
    await until(`the end of job ${this.id}`, () => this.isOver());
    return this.fields();
  }

  async isOver(): Promise<boolean> {
    return !/^(?:PENDING|CONFIGURING|RUNNING|COMPLETING|SUSPENDED)$/u.test((await this.fields())['JobState'] ?? '');
  }

  cancel(): Promise<string> {
    return this.#command(['scancel', this.id]);
  }
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const startMs = performance.now();
  while (!(await isSo())) {
    if (performance.now() - startMs > HUNG_MS) throw new Error(`waited for ${what}, in vain`);
    await delay(POLL_MS);
  }
}

