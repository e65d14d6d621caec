/** Every kind of job script, with values that are hostile and ones that are not, as shellcheck and bash read them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import type { JobScriptOptions, NodeSource } from '../../src/server/job-options.js';
import { jobScript } from '../../src/server/job-script.js';
import { skipUnless } from '../e2e/abilities.js';
import { tempDir } from '../support/cli.js';

const HOSTILE = ["-a'b\"c\nd;e;exit;'", '$(touch pwned)`touch pwned` ünï 日本\nEOF\n', '\r\n#SBATCH -A x\n#PBS -A x\n\u202e*?[a]{b,c}~!'];
const PLAIN = 'data/run-7.h5';
const KEY = 'streamer-key1.NK_3e2CC3aSubzgVZmDeJUDQNOwpP7SdPQNOXTR-PBE';

/** Where Node may come from, with a value in it. */
const nodes = (value: string): NodeSource[] => [
  { from: 'path' },
  { from: 'modules', names: ['gcc/13.2', 'nodejs'] },
  { from: 'file', file: value },
  { from: 'venv' },
  { from: 'venv', directory: value },
];

/** Every option with the value in it wherever it may be, and with as few of them as can be. */
function scripts(): string[] {
  const made: string[] = [];
  for (const value of [PLAIN, ...HOSTILE]) {
    for (const scheduler of ['slurm', 'pbs'] as const) {
      for (const [index, node] of nodes(value).entries()) {
        const action = index % 2 === 0 ? 'send' : 'receive';
        const few: JobScriptOptions = { scheduler, action, paths: [value], node };
        made.push(jobScript(few), jobScript({ ...few, ...all(value), paths: action === 'send' ? [value, value] : [value], ...(scheduler === 'slurm' ? ofSlurm(value) : { output: '/scratch/job.log' }) }));
      }
    }
  }
  return made;
}

function all(value: string): Partial<JobScriptOptions> {
  return {
    streamerCommand: `/opt/${value}/streamer.cjs`,
    sealTo: [KEY, KEY],
    relay: { url: 'wss://relay.example.org:443/x', tokenFile: value },
    publicIps: [value, '@node'],
    host: value,
    portRange: [5665, 5670],
    inboundTransferLimit: 2 ** 40,
    coordinatesFile: value,
    serverOptions: ['--overwrite', `--exclude=${value}`],
    nodeVersion: 24,
    nodes: 2,
    cpus: 4,
    account: 'project',
    partition: 'debug',
  };
}

/** What may be in a line of sbatch's is what is seen. */
function ofSlurm(value: string): Partial<JobScriptOptions> {
  const line = value.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, '_');
  return { jobName: line, account: line, partition: line, workingDirectory: `/${line}`, output: line, directives: [`--comment=${line}`] };
}

const found = spawnSync('shellcheck', ['--version']).status === 0;
test('a job script', { skip: skipUnless(found, 'lacks shellcheck') }, async (t) => {
  const directory = await tempDir(t);
  const files: string[] = [];
  for (const [index, script] of scripts().entries()) {
    files.push(path.join(directory, `${index}.sh`));
    await writeFile(files.at(-1) ?? '', script);
  }
  await t.test(`has nothing that shellcheck would not have, of ${files.length} of them`, () => {
// 1091: it cannot read the node's own /etc/profile. 2016: that nothing in a value is expanded is what the quotes are for.
    const checked = spawnSync('shellcheck', ['--exclude=SC1091,SC2016', '--format=gcc', ...files], { encoding: 'utf8' });
    assert.deepEqual([checked.status, checked.stdout.split('\n').slice(0, 20).join('\n'), checked.stderr], [0, '', '']);
  });
  await t.test('can be read by bash', () => {
    for (const file of files) assert.deepEqual([spawnSync('bash', ['-n', file], { encoding: 'utf8' }).stderr], ['']);
  });
  await t.test('tells its scheduler what was asked, and nothing that a value says', () => {
    for (const script of scripts()) {
      const head = script.split('\nset -eu\n')[0] ?? '';
      const body = script.slice(head.length);
      assert.doesNotMatch(body, /^\s*#(?:SBATCH|PBS)/mu, 'no directive but in the head');
      assert.doesNotMatch(script, /\r/u);
      assert.doesNotMatch(head, /^#(?:SBATCH|PBS) (?:-A x|"-A)/mu);
    }
  });
});
