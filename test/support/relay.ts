/**
 * A relay as a child process, and servers that wait at it.
 *
 * @module
 */
import type { TestContext } from 'node:test';
import { startProgram, streamerArgv, type Child, type ChildOptions, type RunningServer } from './cli.js';

/** A relay that listens on 127.0.0.1. */
export interface RunningRelay {
  readonly child: Child;
  readonly port: number;
  readonly url: string;
  /** A page of it: status and text. */
  get(path: string): Promise<{ readonly status: number; readonly text: string }>;
  /** A value of its metrics; 0 for one that is not told. */
  metric(name: string): Promise<number>;
  /** Its log. */
  events(): readonly Readonly<Record<string, unknown>>[];
}

/** How one of these is started. */
export interface RelayChildOptions extends ChildOptions {
  /** Makes another command line of it: one that runs in a network of its own, say, where `get` and `metric` do not reach it. */
  readonly wrap?: (argv: readonly string[]) => string[];
}

/** Starts `streamer relay`, open to all unless the words say otherwise. */
export async function startRelay(t: TestContext, words: readonly string[] = ['--open'], options: RelayChildOptions & { readonly port?: number } = {}): Promise<RunningRelay> {
  const child = start(t, ['relay', '--listen', `127.0.0.1:${options.port ?? 0}`, ...words], options);
  const [, scheme = 'ws', port = ''] = await child.waitForLine(/^Relay is listening on (wss?):\/\/127\.0\.0\.1:(\d+)$/u);
  const get = async (path: string) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`);
    return { status: answer.status, text: await answer.text() };
  };
  return {
    child,
    port: Number(port),
    url: `${scheme}://127.0.0.1:${port}`,
    get,
    metric: async (name) => {
      const line = (await get('/metrics')).text.split('\n').find((each) => each.startsWith(`${name} `));
      return Number(line?.slice(name.length + 1) ?? 0);
    },
    events: () => child.stderr.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>),
  };
}

/** Starts a server that waits at a relay, and reports by `--json`. It opens no port unless the words say so. */
export async function serveAt(t: TestContext, url: string, action: 'send' | 'receive', file: string, words: readonly string[] = [], options: RelayChildOptions = {}): Promise<RunningServer> {
  const child = start(t, ['server', '--json', '--relay', url, ...words, action, '--path', file], options);
  const [line] = await child.waitForLine(/^\{"event":"coordinates".*$/u);
  const port = /"event":"listening".*"port":(\d+)/u.exec(child.stdout)?.[1];
  return { child, coordinates: (JSON.parse(line) as { readonly coordinates: string }).coordinates, port: Number(port ?? 0) };
}

function start(t: TestContext, words: readonly string[], options: RelayChildOptions): Child {
  const argv = streamerArgv(words);
  return startProgram(t, options.wrap?.(argv) ?? argv, options);
}
