/**
 * One of the gateway's systems: what a site has configured, and what is the matter with it at the moment.
 *
 * @module
 */

const MIB = 1024 * 1024;

/** Options of a system: FirecREST's settings of it. */
export interface SystemOptions {
  /** In lower case. @default 'cluster' */
  readonly name?: string;
  /**
   * What a transfer's job runs: the real Python package; this repository's command in its place; or there is no such method at the system,
   * but magic-wormhole, or none.
   * @default 'python'
   */
  readonly streamer?: 'python' | 'ours' | 'wormhole' | 'none';
  /** How many ports a job may listen at: free ones, in a row. @default 6, as FirecREST */
  readonly portCount?: number;
  /** @default free ones */
  readonly portRange?: readonly [first: number, last: number];
  /** @default ['127.0.0.1'] */
  readonly publicIps?: readonly string[];
  /** @default 60 */
  readonly waitTimeoutSeconds?: number;
  /** Bytes. @default 5 GiB */
  readonly inboundTransferLimit?: number;
  /** Bytes. @default 5 MiB */
  readonly maxOpsFileSize?: number;
  /** The time limit of a command over SSH, milliseconds. @default 5000 */
  readonly commandLimitMs?: number;
  /** Lines of a transfer's script; with `{account}` in one of them an account must be named. @default one node, one task, ten minutes */
  readonly directives?: readonly string[];
}

/** What becomes of the jobs that are submitted from now on. */
export interface JobCourse {
  /** Pending for that long, milliseconds; Infinity: for ever. @default as the script says, or a moment */
  pendingMs?: number | undefined;
  /** Why it is pending, such as `Resources` or `Priority`; with `BeginTime` the answer tells when it will begin. @default as Slurm says. Not with real Slurm. */
  pendingReason?: string | undefined;
  /** It begins, and does nothing but this: fails with this exit code. */
  failsWith?: number | undefined;
  /** Somebody cancels it so long after its submission, milliseconds. */
  cancelledAfterMs?: number | undefined;
  /** The time limit that is enforced, milliseconds. Not with real Slurm. */
  limitMs?: number | undefined;
  /** Nobody reaches the ports that its coordinates name: the job listens at others. */
  portsShut?: boolean | undefined;
}

/** A system that runs. What is changeable may be changed at any time. */
export interface System {
  readonly name: string;
  readonly streamer: 'python' | 'ours' | 'wormhole' | 'none';
  readonly portRange: readonly [first: number, last: number];
  /** Where jobs listen whose ports are shut. */
  readonly otherPorts: readonly [first: number, last: number];
  readonly publicIps: readonly string[];
  readonly waitTimeoutSeconds: number;
  readonly inboundTransferLimit: number;
  readonly maxOpsFileSize: number;
  readonly directives: readonly string[];
  commandLimitMs: number;
  /** What the last health check found; undefined: there was none yet. */
  health: { scheduler: boolean; ssh: boolean; filesystem: boolean } | undefined;
  /** No answer from the scheduler, although the last health check was good: a request takes the time limit, and what it submits is submitted all the same. */
  schedulerHangs: boolean;
  /** What becomes of the next jobs. */
  course: JobCourse;
}

/** As FirecREST's own. */
const DEFAULTS = {
  streamer: 'python',
  publicIps: ['127.0.0.1'],
  waitTimeoutSeconds: 60,
  inboundTransferLimit: 5120 * MIB,
  maxOpsFileSize: 5 * MIB,
  commandLimitMs: 5_000,
  directives: ['#SBATCH --nodes=1', '#SBATCH --ntasks=1', '#SBATCH --time=0-00:10:00'],
} as const;
const PORTS = 6;

/** @param freePorts finds that many free ports in a row, and tells the first */
export async function makeSystem({ name = 'cluster', portCount = PORTS, ...options }: SystemOptions, freePorts: (count: number) => Promise<number>): Promise<System> {
  const first = await freePorts(portCount);
  const other = await freePorts(portCount);
  return {
    ...DEFAULTS,
    portRange: [first, first + portCount - 1],
    otherPorts: [other, other + portCount - 1],
    health: { scheduler: true, ssh: true, filesystem: true },
    schedulerHangs: false,
    course: {},
    ...options,
    name: name.toLowerCase(),
  };
}
