/**
 * One transfer of a soak, by the real commands, with its fault; whoever was killed or has given up is started again, as a
 * user or a scheduler would, until all of it has arrived.
 *
 * @module
 */
import assert from 'node:assert/strict';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { leadTo, relayUrl } from '../e2e/relaying.js';
import { opposite } from '../e2e/moving.js';
import { freePort, startProgram, streamerArgv, tempDir, type Child, type Finished } from '../support/cli.js';
import { startRelay, type RunningRelay } from '../support/relay.js';
import { startProxy, type TcpProxy } from '../support/tcp-proxy.js';
import { assertNothingWrong, assertTidy, makeContent } from './content.js';
import type { Plan } from './plan.js';

/** After this a transfer has hung, milliseconds. Two silences of 50 s are within it. */
const HUNG_MS = 180_000;
/** Starts of either end, at most. */
const STARTS = 10;
const SECRET = 'the-same-secret-each-time';
/** Exit statuses of an end that a fault may rightly bring about: lost links, other ends that were stopped, their silence. */
const RIGHTFUL = new Set([4, 5, 8, 10, 130, 143]);

/** What became of it. */
export interface Result {
  readonly bytes: number;
  /** Whether the fault came before all was over. */
  readonly hit: boolean;
  /** How often either end had to be started again. */
  readonly restarts: number;
  readonly resumed: boolean;
}

/** Both ends, and what is between them. */
class Transfer {
  readonly #t: TestContext;
  readonly #plan: Plan;
  readonly #source: string;
  readonly #target: string;
  readonly #sharedRelay: RunningRelay;
  readonly #env: Readonly<Record<string, string>>;
  #relay: RunningRelay | undefined;
  #proxy: TcpProxy | undefined;
  #port = 0;
  #server: Child | undefined;
  #client: Child | undefined;
  #coordinates = '';
  readonly #starts = { client: 0, server: 0 };
  #hit = false;
  #resumed = false;

  constructor(t: TestContext, plan: Plan, place: { source: string; target: string }, relay: RunningRelay, env: Readonly<Record<string, string>>) {
    this.#t = t;
    this.#plan = plan;
    this.#source = place.source;
    this.#target = place.target;
    this.#sharedRelay = relay;
    this.#env = env;
  }

  async run(): Promise<Omit<Result, 'bytes'>> {
    await this.#prepare();
    await this.#startBoth();
    const fault = this.#fault();
    // Whoever waits below gets its failure first.
    fault.catch(() => undefined);
    const endMs = performance.now() + HUNG_MS;
    while (!(await this.#isOver())) {
      if (performance.now() > endMs) throw new Error(`not over after ${HUNG_MS} ms: ${this.#said()}`);
      await assertNothingWrong(this.#source, this.#target);
      await this.#startBoth();
    }
    await fault;
    await Promise.all([this.#client?.stop(), this.#server?.stop()]);
    const { client, server } = this.#starts;
    return { hit: this.#hit, restarts: client + server - 2, resumed: this.#resumed };
  }

  async #prepare(): Promise<void> {
    const { route, fault, pace } = this.#plan;
    this.#port = await freePort();
    if (route === 'relay') {
      // Whoever kills a relay has one of its own.
      this.#relay = fault.startsWith('relay') ? await startRelay(this.#t, ['--open', '--drain-timeout', '1s'], { port: this.#port }) : this.#sharedRelay;
    }
    this.#proxy = await startProxy(this.#t, this.#relay?.port ?? this.#port);
    this.#proxy.slowDown(pace);
  }

  /** Starts who does not run. The client of a server at a relay that was started anew has other coordinates then. */
  async #startBoth(): Promise<void> {
    const { wire, action, route } = this.#plan;
    if (this.#server === undefined) {
      if (route === 'relay') await this.#client?.stop();
      await this.#startServer();
    }
    if (this.#client === undefined || this.#client.ended) {
      this.#count('client');
      const words = ['--json', '--wire', wire, '--streams', wire === 'compat' || this.#plan.number % 2 === 0 ? '1' : 'auto', '--coordinates', this.#coordinates];
      this.#client = this.#start([action, ...words, '--path', action === 'send' ? this.#source : this.#target]);
    }
  }

  async #startServer(): Promise<void> {
    const { action, wire, route } = this.#plan;
    this.#count('server');
    const file = action === 'send' ? this.#target : this.#source;
    const direct = ['--host', '127.0.0.1', '--public-ips', '127.0.0.1', '--port-range', String(this.#port), String(this.#port), '--secret', SECRET];
    const where = this.#relay === undefined ? direct : ['--relay', this.#relay.url];
    const server = this.#start(['server', '--json', ...where, '--wire', wire, opposite(action), '--path', file]);
    try {
      const [line] = await server.waitForLine(/^\{"event":"coordinates".*$/u);
      const { coordinates } = JSON.parse(line) as { readonly coordinates: string };
      this.#coordinates = route === 'relay' ? leadTo(coordinates, relayUrl(this.#proxy?.port ?? 0)) : (this.#proxy?.lead(coordinates) ?? '');
      this.#server = server;
    } catch (error) {
      await server.stop();
      // A target that is there, whole: a kill came after the commit and before anybody was told.
      if (server.stdout.includes('"code":"storage-exists"') && (await assertNothingWrong(this.#source, this.#target))) return;
      // It may have been killed just then.
      if (!this.#hit) throw error;
    }
  }

  #count(end: 'client' | 'server'): void {
    this.#starts[end] += 1;
    if (this.#starts[end] > STARTS) throw new Error(`the ${end} was started ${STARTS} times: ${this.#said()}`);
  }

  #start(words: readonly string[]): Child {
    return startProgram(this.#t, streamerArgv(words), { env: this.#env });
  }

  /** Waits until an end has ended. @returns whether all is over. */
  async #isOver(): Promise<boolean> {
    const [client, server] = [this.#client, this.#server];
    const ends = [client, server].filter((one) => one !== undefined);
    if (ends.length === 2) await Promise.race([...ends.map((one) => one.exit), sleep(HUNG_MS, undefined, { ref: false })]);
    for (const [name, end] of [['client', client], ['server', server]] as const) {
      const finished = end?.ended === true ? await end.exit : undefined;
      if (finished === undefined) continue;
      if (finished.stdout.includes('"resumedBytes":') && !/"resumedBytes":0[,}]/u.test(finished.stdout)) this.#resumed = true;
      if (finished.code === 0) {
        await this.#assertOver();
        return true;
      }
      this.#assertRightful(name, finished);
      if (name === 'server') this.#server = undefined;
    }
    // Both may know less than is true: all is there, and nobody was told.
    const exists = [client, server].some((one) => one?.stdout.includes('"code":"storage-exists"') === true);
    return (exists || server === undefined) && (await assertNothingWrong(this.#source, this.#target)) && this.#plan.kind === 'file';
  }

  /** One end says that all is well: the other does not contradict, once it has had the time. */
  async #assertOver(): Promise<void> {
    assert.ok(await assertNothingWrong(this.#source, this.#target), 'an end has said that all is there');
    const ends = [this.#client, this.#server].filter((one) => one !== undefined);
    await Promise.race([Promise.all(ends.map((one) => one.exit)), sleep(2_000, undefined, { ref: false })]);
  }

  #assertRightful(name: string, { code, signal, stdout, stderr }: Finished): void {
    if (signal !== null && this.#hit) return;
    const tolerated = this.#hit && code !== null && (RIGHTFUL.has(code) || (this.#plan.wire === 'compat' && code !== 70));
    assert.ok(tolerated, `the ${name} ended with ${code ?? signal ?? ''}: ${stdout.slice(-800)}${stderr}`);
  }

  #said(): string {
    return [this.#client, this.#server].map((one) => `${one?.stdout.slice(-400) ?? ''}${one?.stderr.slice(-400) ?? ''}`).join('\n--\n');
  }

  async #fault(): Promise<void> {
    const { fault, at } = this.#plan;
    if (fault === 'none') return;
    if ('seconds' in at) await sleep(at.seconds * 1000);
    else await this.#proxy?.passed(at.bytes);
    const running = this.#client?.ended === false && this.#server?.ended === false;
    // What an end says from now on is put down to it.
    this.#hit = running;
    if (!running) return;
    switch (fault) {
      case 'client-kill':
        this.#client?.kill('SIGKILL');
        return;
      case 'client-term':
        this.#client?.kill('SIGTERM');
        return;
      case 'server-kill':
        this.#server?.kill('SIGKILL');
        return;
      case 'server-term':
        this.#server?.kill('SIGTERM');
        return;
      case 'both-kill':
        this.#client?.kill('SIGKILL');
        this.#server?.kill('SIGKILL');
        return;
      case 'relay-kill':
      case 'relay-term':
        await this.#relayGoes(fault === 'relay-kill' ? 'SIGKILL' : 'SIGTERM');
        return;
      case 'link-reset':
        this.#proxy?.cut();
        return;
      case 'link-reset-thrice':
        for (let time = 0; time < 3; time += 1) {
          this.#proxy?.cut();
          await sleep(150);
        }
        return;
      case 'link-half-open':
        this.#proxy?.stall();
        await sleep(100);
        this.#proxy?.heal();
        return;
      case 'link-half-open-client-kill':
        this.#proxy?.stall();
        this.#client?.kill('SIGKILL');
        this.#proxy?.heal();
        return;
      case 'link-slow':
        this.#proxy?.slowDown(50_000);
        await sleep(800);
        this.#proxy?.slowDown(Infinity);
    }
  }

  async #relayGoes(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const old = this.#relay;
    old?.child.kill(signal);
    await old?.child.exitWithin(HUNG_MS);
    this.#relay = await startRelay(this.#t, ['--open', '--drain-timeout', '1s'], { port: this.#port });
  }
}

/** Runs a plan. */
export async function runTransfer(t: TestContext, plan: Plan, { relay, random, env }: { readonly relay: RunningRelay; readonly random: () => number; readonly env: Readonly<Record<string, string>> }): Promise<Result> {
  const directory = await tempDir(t);
  const inbox = path.join(directory, 'inbox');
  await mkdir(inbox);
  const place = { source: path.join(directory, 'source'), target: path.join(inbox, 'copy') };
  await makeContent(place.source, plan.kind, plan.size, random);
  const result = await new Transfer(t, plan, place, relay, env).run();
  assert.ok(await assertNothingWrong(place.source, place.target));
  await assertTidy(inbox);
  await rm(directory, { recursive: true, force: true });
  return { ...result, bytes: plan.size };
}
