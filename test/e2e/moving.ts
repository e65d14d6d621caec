/**
 * What every end-to-end test of a transfer needs: a file and a place for it, both ends as child processes that report
 * by `--json`, and what must be true when a transfer is over.
 *
 * @module
 */
import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { TransferResult } from '../../src/transfer/progress.js';
import { processState } from '../support/process-state.js';
import { randomFile, sha256, startProgram, streamerArgv, tempDir, type Child, type ChildOptions, type Finished, type RunningServer } from '../support/cli.js';

export const KIB = 1024;
export const MIB = 1024 * KIB;
export type Action = 'send' | 'receive';
export const ACTIONS: readonly Action[] = ['send', 'receive'];
export const opposite = (action: Action): Action => (action === 'send' ? 'receive' : 'send');

/** No transfer of these tests takes this long: after it an end has hung, milliseconds. */
export const HUNG_MS = 60_000;
/** Both ends must be gone this soon after the transfer is over, milliseconds: no timer may hold them. */
const GONE_MS = 3_000;
/** Where all servers of these tests listen. */
const HERE = ['--host', '127.0.0.1', '--public-ips', '127.0.0.1'];
/** The source's mode and time, which the target is to get: nothing that a new file would have by itself. */
export const MODE = 0o640;
const MTIME_SECONDS = 1_234_567_890.123456;

/** A source, and an empty directory for its copy. */
export interface Place {
  readonly directory: string;
  readonly source: string;
  readonly sha256: string;
  readonly inbox: string;
  /** A name in the inbox that is free. */
  readonly target: string;
}

/** Makes a source of random bytes and an inbox, in a directory that goes with the test. */
export async function placeFor(t: TestContext, size: number, name = 'data.bin'): Promise<Place> {
  const directory = await tempDir(t);
  const [outbox, inbox] = [path.join(directory, 'outbox'), path.join(directory, 'inbox')];
  await mkdir(outbox);
  await mkdir(inbox);
  const source = path.join(outbox, name);
  const hash = await randomFile(source, size);
  await chmod(source, MODE);
  await utimes(source, MTIME_SECONDS, MTIME_SECONDS);
  return { directory, source, sha256: hash, inbox, target: path.join(inbox, 'copy.bin') };
}

/** Options of {@link serveJson}. */
export interface ServeOptions extends ChildOptions {
  readonly args?: readonly string[];
  /** @default any free one */
  readonly port?: number;
  /** Makes another command line of it: one that runs it as another user, say. */
  readonly wrap?: ((argv: readonly string[]) => string[]) | undefined;
}

/** Starts a server that reports by `--json`, and waits until it listens. */
export async function serveJson(t: TestContext, action: Action, file: string, options: ServeOptions = {}): Promise<RunningServer> {
  const port = String(options.port ?? 0);
  const words = ['server', ...HERE, '--port-range', port, port, '--json', ...(options.args ?? []), action, '--path', file];
  const child = startProgram(t, (options.wrap ?? same)(streamerArgv(words)), options);
  const [line] = await child.waitForLine(/^\{"event":"coordinates".*$/);
  const [, at = ''] = await child.waitForLine(/^\{"event":"listening".*"port":(\d+)/);
  return { child, coordinates: (JSON.parse(line) as { coordinates: string }).coordinates, port: Number(at) };
}

/** Starts a client that reports by `--json`. */
export function clientJson(t: TestContext, action: Action, coordinates: string, file: string, args: readonly string[] = [], wrap: ServeOptions['wrap'] = same, env: ChildOptions['env'] = {}): Child {
  return startProgram(t, wrap(streamerArgv([action, '--json', ...args, '--coordinates', coordinates, '--path', file])), { env });
}

function same(argv: readonly string[]): string[] {
  return [...argv];
}

/** The file that the client, or the server, is told, when the client does `action`. */
export const clientFile = (action: Action, { source, target }: Place): string => (action === 'send' ? source : target);
export const serverFile = (action: Action, { source, target }: Place): string => (action === 'send' ? target : source);

/** Something that `--json` printed. */
export type JsonEvent = Readonly<Record<string, unknown>> & { readonly event: string };

/** All that a program printed on standard output: every line must be JSON. */
export function eventsOf({ stdout }: Pick<Finished, 'stdout'>): JsonEvent[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as JsonEvent);
}

/** The first event of a kind. */
export function eventOf(finished: Pick<Finished, 'stdout' | 'stderr'>, name: string): JsonEvent {
  const event = eventsOf(finished).find((one) => one.event === name);
  assert.ok(event, `an event '${name}' in ${finished.stdout}${finished.stderr}`);
  return event;
}

/** The result that an end reports. */
export function resultOf(finished: Finished): TransferResult {
  return eventOf(finished, 'done')['result'] as TransferResult;
}

/** Both ends of a transfer that is over. */
export interface Ended {
  readonly client: Finished;
  readonly server: Finished;
}

/** Waits for a transfer's success at both ends, and for the ends to be gone soon after it. */
export async function bothDone(client: Child, server: Child): Promise<Ended> {
  return orBothStates({ client, server }, async () => {
    await Promise.all([client, server].map((child) => child.waitForLine(/^\{"event":"done"/, { timeoutMs: HUNG_MS })));
    const [one, other] = await Promise.all([client.exitWithin(GONE_MS), server.exitWithin(GONE_MS)]);
    return { client: one, server: other };
  });
}

/** What one end waits for in vain is often to be seen at the other only. */
async function orBothStates<T>(ends: Readonly<Record<string, Child>>, wait: () => Promise<T>): Promise<T> {
  try {
    return await wait();
  } catch (cause) {
    const told = await Promise.all(Object.entries(ends).map(async ([name, child]) => `--- the ${name}: ${await processState(child.pid)}\n${child.report(20_000)}`));
    throw new Error([cause instanceof Error ? cause.message : String(cause), ...told].join('\n'), { cause });
  }
}

/** Waits for both ends' exit, whatever it is. @param timeoutMs how long each may take */
export async function bothOver(client: Child, server: Child, timeoutMs = HUNG_MS): Promise<Ended> {
  return orBothStates({ client, server }, async () => {
    const [one, other] = await Promise.all([client.exitWithin(timeoutMs), server.exitWithin(timeoutMs)]);
    return { client: one, server: other };
  });
}

/** A whole transfer, from the server's start to both ends' success. */
export async function move(t: TestContext, action: Action, place: Place, options: ServeOptions & { readonly clientArgs?: readonly string[]; readonly clientWrap?: ServeOptions['wrap'] } = {}): Promise<Ended> {
  const server = await serveJson(t, opposite(action), serverFile(action, place), options);
  const client = clientJson(t, action, server.coordinates, clientFile(action, place), options.clientArgs ?? [], options.clientWrap);
  return bothDone(client, server.child);
}

/** Both ends exited with 0, say the same of the file, and the file is there, whole, with nothing left beside it. */
export async function assertMoved(place: Place, ended: Ended): Promise<void> {
  assert.deepEqual([ended.client.code, ended.server.code], [0, 0]);
  const [client, server] = [resultOf(ended.client), resultOf(ended.server)];
  for (const field of ['size', 'wire', 'encrypted', 'cipher', 'verified'] as const) assert.equal(client[field], server[field], field);
  assert.deepEqual(client.digest, server.digest);
  assert.match(client.digest?.hex ?? '', /^[0-9a-f]{64}$/);
  await assertArrived(place);
}

/** What is in the inbox, in order. */
export async function inboxNames({ inbox }: Place): Promise<string[]> {
  return (await readdir(inbox)).sort();
}

/** The target is the source: bytes, mode and time; and nothing else is in the inbox. */
export async function assertArrived(place: Place): Promise<void> {
  const { source, sha256: hash, target } = place;
  const [was, is] = [await stat(source, { bigint: true }), await stat(target, { bigint: true })];
  assert.equal(is.size, was.size);
  assert.equal(await sha256(target), hash, 'the same bytes');
  assert.equal(is.mode & 0o777n, was.mode & 0o777n, 'the same mode');
  assert.equal(is.mtimeNs / 1000n, was.mtimeNs / 1000n, 'the same time, to the microsecond');
  assert.deepEqual(await inboxNames(place), [path.basename(target)], 'no partial file, journal or lock is left');
}
