/**
 * The real Python packages, in a virtual environment under node_modules/.cache that is made when it is first needed and
 * then kept. Several test files may ask at once, in processes of their own: one of them makes it, the others wait.
 *
 * @module
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ROOT } from './cli.js';

/** What is installed. pyfirecrest and PyNaCl are the newest that there was when the tests were written. */
export const PYTHON_PACKAGES = { 'firecrest-streamer': '0.0.21', pyfirecrest: '3.10.0', PyNaCl: '1.6.2' } as const;

const CACHE = path.join(ROOT, 'node_modules/.cache');
const VENV = path.join(CACHE, 'streamer-python');
/** Holds the versions that were found to be whole, so that a good environment costs no start of Python. */
const MARKER = path.join(VENV, 'streamer-tests-verified');
const WANTED = JSON.stringify(PYTHON_PACKAGES);
const REQUIREMENTS = Object.entries(PYTHON_PACKAGES).map(([name, version]) => `${name}==${version}`);
/** Imports what the tests use: a package that was cut short while it was installed fails here. */
const VERIFY = `import importlib.metadata as m, json, nacl.public, streamer.streamer_server, firecrest.v2
print(json.dumps({name: m.version(name) for name in ${JSON.stringify(Object.keys(PYTHON_PACKAGES))}}, separators=(",", ":")))`;
/** A slow registry is waited for this long, milliseconds. */
const INSTALL_TIMEOUT_MS = 300_000;
const POLL_MS = 200;
const ORPHAN_MS = 5_000;

/** The environment's interpreter. */
export const PYTHON = path.join(VENV, 'bin/python');

const execute = promisify(execFile);

/** Makes the environment when it is not there, or not whole. @throws Error that says why it cannot be had. */
export async function preparePython(): Promise<void> {
  if (await isMarked()) return;
  await mkdir(CACHE, { recursive: true });
  const unlock = await lock(path.join(CACHE, 'streamer-python.lock'));
  try {
    if (await isMarked()) return;
    // It may be good, only not looked at yet, or lack a package: the bench makes one, too.
    if (!(await isWhole()) && (await hasPip())) await install();
    if (!(await isWhole())) {
      await startOver();
      await install();
    }
    if (!(await isWhole())) throw new Error(`the environment in ${path.relative(ROOT, VENV)} does not work`);
    await writeFile(MARKER, WANTED);
  } finally {
    await unlock();
  }
}

async function isMarked(): Promise<boolean> {
  return existsSync(PYTHON) && (await readFile(MARKER, 'utf8').catch(() => '')) === WANTED;
}

async function isWhole(): Promise<boolean> {
  const answer = await execute(PYTHON, ['-c', VERIFY]).catch(() => undefined);
  return answer?.stdout.trim() === WANTED;
}

/** Not so when its making was cut short. */
async function hasPip(): Promise<boolean> {
  return execute(PYTHON, ['-m', 'pip', '--version']).then(() => true, () => false);
}

async function startOver(): Promise<void> {
  const words = ['-m', 'venv', '--clear', VENV];
  await command('python3', words).catch(async (error: unknown) => {
    if (!existsSync(PYTHON)) throw error;
    // The Python that a killed test run had started may still be writing there: a second try, when it is done.
    await delay(ORPHAN_MS);
    await command('python3', words);
  });
}

async function install(): Promise<void> {
  const options = ['--quiet', '--disable-pip-version-check', '--no-input', '--retries', '1', '--timeout', '15'];
  await command(PYTHON, ['-m', 'pip', 'install', ...options, ...REQUIREMENTS]);
}

async function command(program: string, args: readonly string[]): Promise<void> {
  try {
    await execute(program, [...args], { timeout: INSTALL_TIMEOUT_MS });
  } catch (error) {
    const { code, stderr = '' } = error as { code?: unknown; stderr?: string };
    const why = code === 'ENOENT' ? 'not installed' : (stderr.trim().split('\n').at(-1) ?? String(error));
    throw new Error(`${[path.basename(program), ...args.slice(0, 3)].join(' ')}: ${why}`, { cause: error });
  }
}

/**
 * Takes a lock among processes: a directory that holds its owner's process id and a name of its own, moved into place
 * whole, which works for one process only. The lock of a process that has died is moved away to a name made of that
 * lock's own, which also works once only: nobody can move away the lock of whoever came next.
 * @returns what gives it back.
 */
async function lock(place: string): Promise<() => Promise<void>> {
  const name = randomBytes(8).toString('hex');
  const draft = `${place}.${name}`;
  await mkdir(draft);
  await writeFile(path.join(draft, 'owner'), `${process.pid} ${name}`);
  for (;;) {
    // Onto a directory that holds something no directory can be moved.
    if (await rename(draft, place).then(() => true, () => false)) return () => rm(place, { recursive: true, force: true });
    const [pid = '', owner = ''] = (await readFile(path.join(place, 'owner'), 'utf8').catch(() => '')).split(' ');
    if (owner !== '' && !isAlive(Number(pid))) await rename(place, `${place}.dead.${owner}`).catch(() => undefined);
    else await delay(POLL_MS);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
