import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UsageError } from '../../../src/errors.js';
import type { JobScriptOptions } from '../../../src/server/job-options.js';
import { directives } from '../../../src/server/scheduler-directives.js';

type More = Partial<JobScriptOptions>;
const lines = (more: More): string[] => directives({ scheduler: 'slurm', action: 'send', paths: ['x'], ...more }).filter((line) => !line.startsWith('# '));
const MINUTE = 60_000;

describe('directives for Slurm', () => {
  it('ask for one task of one node, for 2 hours, and for word before they are over', () => {
    assert.deepEqual(lines({}), [
      '#SBATCH --job-name=streamer',
      '#SBATCH --nodes=1',
      '#SBATCH --ntasks-per-node=1',
      '#SBATCH --cpus-per-task=1',
      '#SBATCH --time=02:00:00',
      '#SBATCH --signal=B:TERM@30',
      '#SBATCH --no-requeue',
      '#SBATCH --export=NONE',
    ]);
  });

  it('hold what is given', () => {
    const given = lines({ jobName: 'a', account: 'b', partition: 'c', nodes: 2, cpus: 3, timeMs: 3 * 24 * 60 * MINUTE + 61_500, graceMs: 1500, workingDirectory: '/d', output: 'e-%j.log', directives: ['--constraint=gpu', '-Cx'] });
    for (const line of ['--job-name=a', '--account=b', '--partition=c', '--nodes=2', '--cpus-per-task=3', '--time=3-00:01:02', '--signal=B:TERM@2', '--chdir=/d', '--output=e-%j.log', '--constraint=gpu', '-Cx']) {
      assert.ok(given.includes(`#SBATCH ${line}`), line);
    }
  });

  it('are quoted for sbatch, whose backslash escapes within quotes, too', () => {
    assert.ok(lines({ jobName: 'a "b\' \\ $x' }).includes('#SBATCH "--job-name=a \\"b\' \\\\ $x"'));
  });

  it('are told of a backslash that sbatch would take out of the name of a log', () => {
    assert.throws(() => lines({ output: 'a\\b' }), /`output` has a backslash/u);
  });
});

describe('directives for PBS', () => {
  const pbs = (more: More): string[] => lines({ scheduler: 'pbs', ...more });

  it('ask for one chunk, for 2 hours, and for a log that is written while the job runs', () => {
    assert.deepEqual(pbs({}), ['#PBS -N streamer', '#PBS -l select=1:ncpus=1', '#PBS -l walltime=02:00:00', '#PBS -r n', '#PBS -S /bin/bash', '#PBS -j oe', '#PBS -k oed']);
  });

  it('hold what is given', () => {
    const given = pbs({ jobName: 'a', account: 'b', partition: 'c', nodes: 2, cpus: 3, timeMs: 30 * 60 * MINUTE + 1000, output: '/d/e-1.log', directives: ['-lplace=excl', '-Pproject'] });
    for (const line of ['-N a', '-A b', '-q c', '-l select=2:ncpus=3', '-l walltime=30:00:01', '-o /d/e-1.log', '-lplace=excl', '-Pproject']) assert.ok(given.includes(`#PBS ${line}`), line);
  });

  it('refuse what qsub may read in its own way', () => {
    for (const value of ['a b', "it's", 'a"b', 'a;b', '$HOME', 'ü', 'host:path', 'a,b', '-x', '*', '~']) {
      for (const option of ['account', 'partition', 'output'] as const) assert.throws(() => pbs({ [option]: value }), (error: unknown) => error instanceof UsageError && error.message.startsWith(`\`${option}\``), `${option} ${value}`);
      assert.throws(() => pbs({ jobName: value }), /`jobName`/u);
    }
    assert.throws(() => pbs({ jobName: '1st' }), /`jobName`: PBS takes a letter/u);
    assert.throws(() => pbs({ directives: ['-l place=excl'] }), /`directives`/u);
  });
});

describe('directives for either', () => {
  for (const scheduler of ['slurm', 'pbs'] as const) {
    it(`of ${scheduler} refuse what is no line, and name the option`, () => {
      for (const value of ['a\n#SBATCH --account=other', 'a\r', 'a\0b', 'a\u2028b', 'a\u001bb', '\ud800', '']) {
        for (const option of ['jobName', 'account', 'partition', 'output']) {
          assert.throws(() => lines({ scheduler, [option]: value }), (error: unknown) => error instanceof UsageError && error.message.startsWith(`\`${option}\``), `${option} ${JSON.stringify(value)}`);
        }
        assert.throws(() => lines({ scheduler, directives: [`--x=${value}`.replace(/^--x=$/u, '')] }), /^UsageError: `directives`/u);
      }
    });
  }

  it('refuse another option that is none', () => {
    for (const word of ['x', '', '-', '--', '#SBATCH', '; rm', '-1']) assert.throws(() => lines({ directives: [word] }), /`directives` takes one option/u, word);
  });
});
