/**
 * A small server that answers as FirecREST does on the routes that we use, and runs the jobs: real Slurm's or processes, with
 * the real Python streamer in them. For tests and the demo; conformance.test.ts holds its answers against the real one's.
 *
 * @module
 */
import { mkdir } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { randomInt } from 'node:crypto';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { tempDir } from '../cli.js';
import { preparePython } from '../python-venv.js';
import { Faults, type Fault } from './faults.js';
import { HttpFront, type SeenRequest } from './http-front.js';
import { LocalScheduler } from './local-scheduler.js';
import type { JobRecord, Scheduler } from './scheduler.js';
import { makeSystem, type System, type SystemOptions } from './system.js';
import { Tokens, type IssueOptions, type TokenOptions } from './tokens.js';
import { homeOf, type World } from './world.js';

/** Options of a gateway. */
export interface GatewayOptions extends TokenOptions {
  /** @default one, called `cluster`, whose jobs run the Python streamer */
  readonly systems?: readonly SystemOptions[];
  /** Who has an account. @default alice */
  readonly users?: readonly string[];
  /** @default proj01 */
  readonly accounts?: readonly string[];
  /** What runs jobs. @default processes of this machine */
  readonly scheduler?: (places: SchedulerPlaces) => Promise<Scheduler> | Scheduler;
  /** Until a process job begins, milliseconds. @default 200 */
  readonly startDelayMs?: number;
  /** How long the record of a job that ended at once lacks half of it, milliseconds. @default 1000 */
  readonly halfFilledMs?: number;
  /** @default a free one */
  readonly port?: number;
  readonly tls?: { readonly key: string | Buffer; readonly cert: string | Buffer };
  /** Words before every command over SSH, such as those of setpriv. @default none */
  readonly prefix?: readonly string[];
}

/** What a scheduler of the test's own is told. */
export interface SchedulerPlaces {
  readonly home: (user: string) => string;
  readonly accounts: readonly string[];
}

/** A running gateway. */
export interface Gateway {
  /** FirecREST's base URL, without a slash at its end. */
  readonly url: string;
  /** The first user's home: the working directory of transfers' jobs. */
  readonly home: string;
  /** The file system that the homes are in. */
  readonly root: string;
  /** Every request that came. */
  readonly requests: readonly SeenRequest[];
  /** A system, whose {@link System.health}, {@link System.course} and {@link System.schedulerHangs} can be changed. @default the only one */
  system(name?: string): System;
  /** A token of the gateway's own. @default for an hour */
  tokenFor(user: string, options?: IssueOptions): string;
  /** Every token up to now has expired. */
  expireTokens(): void;
  /** Makes something happen to requests. @returns what takes it back */
  fault(fault: Fault): () => void;
  /** All jobs, as the scheduler knows them. */
  jobs(): Promise<readonly JobRecord[]>;
  /** Lets a job begin whose {@link JobCourse.pendingMs} is Infinity. */
  release(id: string): Promise<void>;
  /** Ends the server and all jobs. */
  stop(): Promise<void>;
}

/** Starts a gateway that ends, with its jobs and files, when the test is over. */
export async function startGateway(t: TestContext, options: GatewayOptions = {}): Promise<Gateway> {
  const started: Gateway[] = [];
  // Before the directory goes in which its jobs are.
  t.after(() => Promise.all(started.map((gateway) => gateway.stop())));
  const gateway = await runGateway(await tempDir(t), options);
  started.push(gateway);
  return gateway;
}

/** Starts a gateway in a directory that is there and stays; {@link Gateway.stop} ends it. */
export async function runGateway(directory: string, options: GatewayOptions = {}): Promise<Gateway> {
  const { users = ['alice'], systems: wanted = [{}], accounts = ['proj01'], startDelayMs = 200 } = options;
  const systems: System[] = [];
  for (const one of wanted) systems.push(await makeSystem(one, freePorts));
  if (systems.some(({ streamer }) => streamer === 'python')) await preparePython();
  const root = path.join(directory, 'home');
  const store = path.join(directory, 'store');
  const spool = path.join(directory, 'spool');
  const home = (user: string) => path.join(root, user);
  for (const place of [store, spool, ...users.map(home)]) await mkdir(place, { recursive: true });
  const scheduler = (await options.scheduler?.({ home, accounts })) ?? new LocalScheduler({ spool, home, startDelayMs, accounts });
  const fileSystems = [{ path: root, dataType: 'users', defaultWorkDir: true }, { path: store, dataType: 'store', defaultWorkDir: false }];
  const world: World = { tokens: await Tokens.open(options), scheduler, systems, cluster: systems[0]?.name ?? '', users, accounts, fileSystems, prefix: options.prefix ?? [], halfFilledMs: options.halfFilledMs ?? 1_000 };
  const faults = new Faults();
  const front = new HttpFront(world, faults);
  const server = options.tls === undefined ? createHttpServer(front.handle) : createHttpsServer(options.tls, front.handle);
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(options.port ?? 0, '127.0.0.1', resolve));
  return {
    url: `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    home: homeOf(world, users[0] ?? ''),
    root,
    requests: front.seen,
    system: (name) => {
      const found = name === undefined ? systems[0] : systems.find((system) => system.name === name);
      if (found === undefined) throw new Error(`the gateway has no system ${name ?? ''}`);
      return found;
    },
    tokenFor: (user, issue) => world.tokens.issue(user, issue),
    expireTokens: () => world.tokens.expireAll(),
    fault: (fault) => faults.add(fault),
    jobs: () => scheduler.jobs(),
    release: (id) => scheduler.release(id),
    stop: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      await scheduler.stop();
    },
  };
}

/** Ports of 127.0.0.1 that are free now, one after the other, below those that the kernel gives to outgoing connections. */
async function freePorts(count: number): Promise<number> {
  for (;;) {
    const first = randomInt(10_000, 32_000 - count);
    const free = await Promise.all(Array.from({ length: count }, (_, index) => canListen(first + index)));
    if (free.every(Boolean)) return first;
  }
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createTcpServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
