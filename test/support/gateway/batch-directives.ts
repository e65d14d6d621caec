/**
 * The `#SBATCH` lines of a script, as far as processes in Slurm's place follow them.
 *
 * @module
 */

/** What the lines ask for. */
export interface Directives {
  readonly name?: string | undefined;
  readonly account?: string | undefined;
  readonly partition?: string | undefined;
  readonly workingDirectory?: string | undefined;
  readonly standardOutput?: string | undefined;
  readonly standardError?: string | undefined;
  readonly limitSeconds?: number | undefined;
  readonly beginInSeconds?: number | undefined;
}

const SHORT: Readonly<Record<string, string>> = { J: 'job-name', A: 'account', p: 'partition', D: 'chdir', o: 'output', e: 'error', t: 'time', b: 'begin' };

/** Reads the lines above the first command. */
export function parseDirectives(script: string): Directives {
  const found = new Map<string, string>();
  for (const line of script.split('\n')) {
    if (!line.startsWith('#') && line.trim() !== '') break;
    const [, long, short = '', value = ''] = /^#SBATCH\s+(?:--([a-z-]+)|-([A-Za-z]))[=\s]?\s*(.*?)\s*$/u.exec(line) ?? [];
    const name = long ?? SHORT[short];
    // The first of two lines counts.
    if (name !== undefined && !found.has(name)) found.set(name, value.replace(/^(["'])(.*)\1$/u, '$2'));
  }
  const limit = found.get('time');
  const begin = found.get('begin');
  return {
    name: found.get('job-name'),
    account: found.get('account'),
    partition: found.get('partition'),
    workingDirectory: found.get('chdir'),
    standardOutput: found.get('output'),
    standardError: found.get('error'),
    limitSeconds: limit === undefined ? undefined : limitSeconds(limit),
    beginInSeconds: begin === undefined ? undefined : Number(/^now\+(\d+)/u.exec(begin)?.[1] ?? 0),
  };
}

/** sbatch(1), `--time`: minutes, m:s, h:m:s, d-h, d-h:m, d-h:m:s. Slurm counts in whole minutes and rounds up. */
function limitSeconds(text: string): number | undefined {
  const [, days, rest = ''] = /^(?:(\d+)-)?([\d:]+)$/u.exec(text) ?? [];
  const parts = rest.split(':').map(Number);
  const [first = 0, second = 0, third = 0] = parts;
  const seconds = days === undefined
    ? parts.length === 1 ? first * 60 : parts.length === 2 ? first * 60 + second : first * 3600 + second * 60 + third
    : Number(days) * 86_400 + first * 3600 + second * 60 + third;
  return seconds > 0 ? Math.ceil(seconds / 60) * 60 : undefined;
}
