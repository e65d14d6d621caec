/**
 * The lines that sbatch and qsub read at the head of a job script.
 *
 * @module
 */
import { UsageError } from '../errors.js';
import { JOB_DEFAULTS, type JobScriptOptions } from './job-options.js';
import { assertArgument } from './shell-quote.js';

/** A line of the script. */
type Line = string;

/** The scheduler's directives, with comments. @throws UsageError for a value that cannot stand in one. */
export function directives(options: JobScriptOptions): Line[] {
  return options.scheduler === 'slurm' ? slurmDirectives(options) : pbsDirectives(options);
}

function slurmDirectives(options: JobScriptOptions): Line[] {
  const { jobName = JOB_DEFAULTS.jobName, timeMs = JOB_DEFAULTS.timeMs, graceMs = JOB_DEFAULTS.graceMs, nodes = 1, cpus = 1, account, partition, workingDirectory, output } = options;
  // It takes a backslash away, and then fills in no pattern: such a name cannot be told.
  if (output?.includes('\\') === true) throw new UsageError('`output` has a backslash, which sbatch does not keep in the name of a log');
  return [
    slurm('jobName', '--job-name', jobName),
    ...(account === undefined ? [] : [slurm('account', '--account', account)]),
    ...(partition === undefined ? [] : [slurm('partition', '--partition', partition)]),
    `#SBATCH --nodes=${nodes}`,
    '#SBATCH --ntasks-per-node=1',
    `#SBATCH --cpus-per-task=${cpus}`,
    '# The most: the job ends with its transfer, or when nobody comes.',
    `#SBATCH --time=${slurmTime(timeMs)}`,
    '# Time to end a transfer that is still under way, so that the next job can go on from there.',
    `#SBATCH --signal=B:TERM@${Math.ceil(graceMs / 1000)}`,
    '# Begun anew by the scheduler it would wait, at its owner\'s cost, for a client that has other coordinates.',
    '#SBATCH --no-requeue',
    "# Nothing of the submitter's environment, which may hold secrets: the job has that of a login on the node.",
    '#SBATCH --export=NONE',
    ...(workingDirectory === undefined ? [] : [slurm('workingDirectory', '--chdir', workingDirectory)]),
    ...(output === undefined ? [] : [slurm('output', '--output', output)]),
    ...(options.directives ?? []).map((word) => `#SBATCH ${slurmWord(directive(word))}`),
  ];
}

/** @param ours the option's name, for messages. */
function slurm(ours: string, theirs: string, value: string): Line {
  assertInDirective(ours, value);
  return `#SBATCH ${slurmWord(`${theirs}=${value}`)}`;
}

/** sbatch knows both quotes, and a backslash before any character even within them (get_argument of its opt.c; tried with 22.05). */
function slurmWord(word: string): string {
  return /^[\w.,:/@%+=-]+$/u.test(word) ? word : `"${word.replace(/["\\]/gu, '\\$&')}"`;
}

/** days-hours:minutes:seconds */
function slurmTime(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000);
  const days = Math.floor(seconds / 86_400);
  return `${days === 0 ? '' : `${days}-`}${clock(seconds % 86_400)}`;
}

function clock(seconds: number): string {
  return [seconds / 3600, (seconds % 3600) / 60, seconds % 60].map((value) => String(Math.floor(value)).padStart(2, '0')).join(':');
}

function pbsDirectives(options: JobScriptOptions): Line[] {
  const { jobName = JOB_DEFAULTS.jobName, timeMs = JOB_DEFAULTS.timeMs, nodes = 1, cpus = 1, account, partition, output } = options;
  if (!/^[A-Za-z][\w.+-]{0,229}$/u.test(jobName)) throw new UsageError('`jobName`: PBS takes a letter, then letters, digits and . _ + - only');
  return [
    `#PBS -N ${jobName}`,
    ...(account === undefined ? [] : [pbs('account', '-A', account)]),
    ...(partition === undefined ? [] : [pbs('partition', '-q', partition)]),
    `#PBS -l select=${nodes}:ncpus=${cpus}`,
    '# The most: the job ends with its transfer, or when nobody comes.',
    `#PBS -l walltime=${clock(Math.ceil(timeMs / 1000))}`,
    '# Begun anew by the scheduler it would wait, at its owner\'s cost, for a client that has other coordinates.',
    '#PBS -r n',
    '# Else the login shell would be asked to read this, whichever that is.',
    '#PBS -S /bin/bash',
    '# One log, written where it belongs while the job runs: the coordinates in it are wanted before the job is over.',
    '#PBS -j oe',
    '#PBS -k oed',
    ...(output === undefined ? [] : [pbs('output', '-o', output)]),
    ...(options.directives ?? []).map((word) => `#PBS ${pbsWord('directives', directive(word), /^[\w.,:/@%+=-]+$/u)}`),
  ];
}

function pbs(ours: string, theirs: string, value: string): Line {
  // qsub reads a list of users and hosts in some values, and a host before a path's first colon.
  return `#PBS ${theirs} ${pbsWord(ours, value, /^[\w./%+=][\w./%+=-]*$/u)}`;
}

/** How qsub reads quotes has changed from release to release: what would need some is refused. */
function pbsWord(ours: string, value: string, allowed: RegExp): string {
  assertInDirective(ours, value);
  if (!allowed.test(value)) throw new UsageError(`\`${ours}\`: for PBS it takes letters, digits and . _ / % + = - only, for others cannot be relied on to reach it unchanged`);
  return value;
}

function directive(word: string): string {
  if (!/^--?[A-Za-z]/u.test(word)) throw new UsageError('`directives` takes one option of sbatch or qsub as one word, such as --constraint=gpu or -lplace=excl');
  assertInDirective('directives', word);
  return word;
}

/** A directive is a line: what would begin another one, or hide what this one says, is refused. */
function assertInDirective(option: string, value: string): void {
  if (value === '') throw new UsageError(`\`${option}\` is empty`);
  assertArgument(value, `\`${option}\``);
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(value)) throw new UsageError(`\`${option}\` holds a line break or another control character, which a line of the scheduler's cannot`);
}
