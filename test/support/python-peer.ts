/**
 * The reference as a peer: the real `streamer` of the Python package, as client and as server, and small scripts that
 * call its library.
 *
 * @module
 */
import type { TestContext } from 'node:test';
import { freePort, readServerLines, startProgram, type Child, type RunningServer } from './cli.js';
import { preparePython, PYTHON } from './python-venv.js';

/** For `node:test`'s `skip`: false, or why the Python peer cannot be had. */
export type Skip = string | false;

/**
 * Makes the Python packages ready.
 * @returns whether tests that need them must be skipped, and why.
 * @throws instead of that where STREAMER_REQUIRE_ALL=1: there nothing may be skipped.
 */
export async function pythonOrSkip(): Promise<Skip> {
  try {
    await preparePython();
    return false;
  } catch (error) {
    if (process.env['STREAMER_REQUIRE_ALL'] === '1') throw error;
    return `no Python peer: ${(error as Error).message}`;
  }
}

// Python's output would else stay in a buffer until it ends, the line that says it listens included.
const ENVIRONMENT = { PYTHONUNBUFFERED: '1', PYTHONIOENCODING: 'utf-8' };

/** Starts the Python client. */
export function startPythonClient(t: TestContext, action: 'send' | 'receive', coordinates: string, file: string): Child {
  return startProgram(t, [PYTHON, '-m', 'streamer', action, '--coordinates', coordinates, '--path', file], { env: ENVIRONMENT });
}

/** Options of {@link startPythonServer}. */
export interface PythonServerOptions {
  /** @default 'python-secret' */
  readonly secret?: string;
  /** More words, before the action. */
  readonly args?: readonly string[];
  /** Port to listen on. @default a free one */
  readonly port?: number;
}

/** How often another port is tried, when one was taken since it was found to be free. */
const PORT_ATTEMPTS = 5;

/** Starts the Python server and waits until it listens. */
export async function startPythonServer(
  t: TestContext,
  action: 'send' | 'receive',
  file: string,
  options: PythonServerOptions = {},
): Promise<RunningServer> {
  const { secret = 'python-secret', args = [] } = options;
  for (let attempt = 1; ; attempt += 1) {
    const port = String(options.port ?? (await freePort()));
    const place = ['--host', '127.0.0.1', '--public-ips', '127.0.0.1', '--port-range', port, port];
    const child = startProgram(t, [PYTHON, '-m', 'streamer', 'server', '--secret', secret, ...place, ...args, action, '--path', file], { env: ENVIRONMENT });
    try {
      return await readServerLines(child);
    } catch (error) {
      if (attempt === PORT_ATTEMPTS || !child.stdout.includes('Server unable to bing on port')) throw error;
    }
  }
}

/** Starts a Python script; `args` are its `sys.argv[1:]`. */
export function startPythonScript(t: TestContext, script: string, args: readonly string[] = []): Child {
  return startProgram(t, [PYTHON, '-c', script, ...args], { env: ENVIRONMENT });
}
