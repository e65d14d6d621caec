/**
 * What all routes of the gateway share, and what a request is to them.
 *
 * @module
 */
import type { IncomingHttpHeaders } from 'node:http';
import path from 'node:path';
import { ApiError, type Handler } from './errors.js';
import type { PythonValue } from './python-text.js';
import type { Scheduler } from './scheduler.js';
import type { System } from './system.js';
import type { Tokens } from './tokens.js';

/** The gateway's state. */
export interface World {
  readonly tokens: Tokens;
  readonly scheduler: Scheduler;
  readonly systems: readonly System[];
  /** What Slurm's cluster is called, whatever the systems that FirecREST makes of it are. */
  readonly cluster: string;
  /** Who has an account on the systems. */
  readonly users: readonly string[];
  /** The accounts that jobs are charged to, the default one first. */
  readonly accounts: readonly string[];
  /** The file systems: users' homes are in the first. */
  readonly fileSystems: readonly { readonly path: string; readonly dataType: string; readonly defaultWorkDir: boolean }[];
  /** What runs commands and jobs as somebody else. */
  readonly prefix: readonly string[];
  /** For how long the record of a job that ended at once lacks half of it, milliseconds. */
  readonly halfFilledMs: number;
}

/** A request whose token is good. */
export interface Asked {
  readonly world: World;
  readonly user: string;
  /** Of the path: `system_name` and `job_id`, in lower case. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The body as FastAPI sees it: parsed when it says that it is JSON, else its bytes; null when there is none. */
  readonly content: PythonValue;
  readonly handler: Handler;
}

/** An answer: JSON, or bytes. */
export interface Answer {
  readonly status: number;
  readonly json?: unknown;
  readonly bytes?: Uint8Array;
  readonly contentType?: string;
}

export const ok = (json: unknown): Answer => ({ status: 200, json });

/** A route's path as FastAPI writes it, and what it does. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  /** Whether it takes JSON. */
  readonly takesJson?: boolean;
  /** The function in FirecREST's source, and the line, which its messages tell. */
  readonly handler: Omit<Handler, 'route'>;
  readonly run: (asked: Asked) => Answer | Promise<Answer>;
}

/** Where a user's files are. */
export function homeOf(world: Pick<World, 'fileSystems'>, user: string): string {
  const place = world.fileSystems.find(({ defaultWorkDir }) => defaultWorkDir)?.path ?? '';
  return path.join(place, user);
}

/** What a route needs of a system. */
export type Need = 'scheduler' | 'ssh' | 'nothing';

/** The system that a request names. @throws ApiError 404, or 503 when it is known to be unhealthy */
export function systemOf({ world, parameters }: Asked, need: Need): System {
  const system = world.systems.find(({ name }) => name === parameters['system_name']);
  if (system === undefined) throw new ApiError(404, 'System not found');
  const { health } = system;
  if (need !== 'nothing' && health !== undefined && !health[need]) throw new ApiError(503, `The ${need} service for the requested system (${system.name}) is unhealthy.`);
  return system;
}

/** @throws ApiError as for somebody whom FirecREST has no SSH credentials for */
export function requireCredentials({ world, user }: Pick<Asked, 'world' | 'user'>): void {
  if (!world.users.includes(user)) throw new ApiError(500, `('No SSH credentials found for user:${user}',)`);
}
