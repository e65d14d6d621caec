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
import type { TransferResult } from '../../src/transfer/progress.js';
import { freePort, startProgram, streamerArgv, tempDir, type Child, type Finished } from '../support/cli.js';
import { startRelay, type RunningRelay } from '../support/relay.js';
import { startProxy, type TcpProxy } from '../support/tcp-proxy.js';
import { assertNothingWrong, assertTidy, keptOf, makeContent, type Compared } from './content.js';
import { isKill, type Moment, type Plan } from './plan.js';

/** After this, and as much again for every few faults, a transfer has hung, milliseconds. Two silences of 50 s are within it. */
const HUNG_MS = 180_000;
const FAULTS_IN_IT = 4;
/** Starts of either end, at most, for each time that the fault comes, and besides. */
const STARTS_EACH = 3;
const STARTS = 7;
const SECRET = 'the-same-secret-each-time';
/** Exit statuses of an end that a fault may rightly bring about: lost links, other ends that were stopped, their silence. */
const RIGHTFUL = new Set([4, 5, 8, 10, 130, 143]);
/** And on the compat wire, where what is cut off cannot be told from what is wrong. */
const RIGHTFUL_COMPAT = new Set([...RIGHTFUL, 6, 7]);
/** When one end is over, the other has so long, milliseconds. */
const OTHER_MS = 20_000;
/** A receiver that has everything waits 60 s for its sender to say that it knows. After this it is told not to, milliseconds. */
const TOLD_MS = 3_000;
/** Who is seen to wait for another client, or to look for a server that is gone, has so long to think better of it, milliseconds. */
const IDLE_MS = 1_000;
/** Between two looks. */
const LOOK_MS = 10;

/** What became of it. */
export interface Result {
  readonly bytes: number;
  /** How often the fault came before all was over. */
  readonly hits: number;
  /** How often either end had to be started again. */
  readonly restarts: number;
  /** It went on from what was there: on disk, or over another connection. */
  readonly resumed: boolean;
  /** Bytes on disk at the last start of an end that came to its end: these, it has shown, it did not move again. */
  readonly kept: number;
}

/** An end, and what was on disk when it was started. */
interface Started {
  readonly child: Child;
  readonly kept: number;
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
  #server: Started | undefined;
  #client: Started | undefined;
  #coordinates = '';
  readonly #compared: Compared;
  readonly #starts = { client: 0, server: 0 };
  #hits = 0;
  #resumed = false;
  #kept = 0;
  #over = false;

  constructor(t: TestContext, plan: Plan, place: { source: string; target: string }, { relay, env, compared }: Surroundings) {
    this.#t = t;
    this.#plan = plan;
    this.#source = place.source;
    this.#target = place.target;
    this.#sharedRelay = relay;
    this.#env = env;
    this.#compared = compared;
  }

  async run(): Promise<Omit<Result, 'bytes'>> {
    await this.#prepare();
    await this.#startBoth();
    const fault = this.#fault();
    // Whoever waits below gets its failure first.
    fault.catch(() => undefined);
    const hungMs = HUNG_MS * Math.ceil(this.#plan.moments.length / FAULTS_IN_IT + 1);
    const endMs = performance.now() + hungMs;
    while (!(await this.#isOver())) {
      if (performance.now() > endMs) throw new Error(`not over after ${hungMs} ms: ${this.#said()}`);
      await this.#nothingWrong();
      await this.#startBoth();
    }
    this.#over = true;
    await fault;
    await Promise.all([this.#client?.child.stop(), this.#server?.child.stop()]);
    const { client, server } = this.#starts;
    return { hits: this.#hits, restarts: client + server - 2, resumed: this.#resumed, kept: this.#kept };
  }

  #nothingWrong(): Promise<boolean> {
    return assertNothingWrong(this.#source, this.#target, this.#compared);
  }

  /** Whether something went wrong, and an end may say so. */
  get #hit(): boolean {
    return this.#hits > 0;
  }

  async #prepare(): Promise<void> {
    const { route, fault, pace } = this.#plan;
    this.#port = await freePort();
    if (route === 'relay') {
      // Whoever kills a relay has one of its own.
      this.#relay = fault.startsWith('relay') ? await startRelay(this.#t, ['--open', '--drain-timeout', '1s'], { port: this.#port }) : this.#sharedRelay;
    }
    this.#proxy = await startProxy(this.#t, this.#relay?.port ?? this.#port);
    // The link of a slow sender takes half the time, so that a chunk does not pass at once.
    this.#proxy.slowDown(this.#plan.paced === 'link' ? pace : 2 * pace);
  }

  /** Starts who does not run. The client of a server at a relay that was started anew has other coordinates then. */
  async #startBoth(): Promise<void> {
    const { wire, action, route } = this.#plan;
    if (this.#server === undefined) {
      if (route === 'relay') await this.#client?.child.stop();
      await this.#startServer();
    }
    if (this.#client === undefined || this.#client.child.ended) {
      this.#count('client');
      const kept = await keptOf(this.#target);
      const words = ['--json', '--wire', wire, '--streams', wire === 'compat' || this.#plan.number % 2 === 0 ? '1' : 'auto', ...this.#rate(action), '--coordinates', this.#coordinates];
      this.#client = { child: this.#start([action, ...words, '--path', action === 'send' ? this.#source : this.#target]), kept };
    }
  }

  async #startServer(): Promise<void> {
    const { action, wire, route } = this.#plan;
    this.#count('server');
    const kept = await keptOf(this.#target);
    const file = action === 'send' ? this.#target : this.#source;
    const direct = ['--host', '127.0.0.1', '--public-ips', '127.0.0.1', '--port-range', String(this.#port), String(this.#port), '--secret', SECRET];
    const where = this.#relay === undefined ? direct : ['--relay', this.#relay.url];
    const child = this.#start(['server', '--json', ...where, '--wire', wire, ...this.#rate(opposite(action)), opposite(action), '--path', file]);
    try {
      const [line] = await child.waitForLine(/^\{"event":"coordinates".*$/u);
      const { coordinates } = JSON.parse(line) as { readonly coordinates: string };
      this.#coordinates = route === 'relay' ? leadTo(coordinates, relayUrl(this.#proxy?.port ?? 0)) : (this.#proxy?.lead(coordinates) ?? '');
      this.#server = { child, kept };
    } catch (error) {
      await child.stop();
      // A target that is there, whole: a kill came after the commit and before anybody was told.
      if (child.stdout.includes('"code":"storage-exists"') && (await this.#nothingWrong())) return;
      // It may have been killed just then.
      if (!this.#hit) throw error;
    }
  }

  #rate(action: Plan['action']): string[] {
    return action === 'send' && this.#plan.paced === 'sender' ? ['--rate', String(this.#plan.pace)] : [];
  }

  #count(end: 'client' | 'server'): void {
    this.#starts[end] += 1;
    const most = STARTS + STARTS_EACH * this.#plan.moments.length;
    if (this.#starts[end] > most) throw new Error(`the ${end} was started ${most} times: ${this.#said()}`);
  }

  #start(words: readonly string[]): Child {
    return startProgram(this.#t, streamerArgv(words), { env: this.#env });
  }

  /** Waits until an end has ended. @returns whether all is over. */
  async #isOver(): Promise<boolean> {
    const { client, server } = this;
    if (client !== undefined && server !== undefined) await Promise.race([client.exit, server.exit, sleep(HUNG_MS, undefined, { ref: false })]);
    for (const [name, end] of [['client', client], ['server', server]] as const) {
      const finished = end?.ended === true ? await end.exit : undefined;
      if (finished === undefined) continue;
      if (/"(?:resumedBytes|reconnects)":[1-9]/u.test(finished.stdout)) this.#resumed = true;
      if (finished.code === 0) {
        assert.ok(await this.#nothingWrong(), 'an end has said that all is there');
        this.#assertFrugal(name, finished);
        await this.#assertOther(name === 'client' ? 'server' : 'client');
        return true;
      }
      this.#assertRightful(name, finished);
      if (name === 'server') this.#server = undefined;
    }
    // Both may know less than is true: all is there, and nobody was told.
    const exists = [client, server].some((one) => one?.stdout.includes('"code":"storage-exists"') === true);
    return (exists || server === undefined) && (await this.#nothingWrong()) && this.#plan.kind === 'file';
  }

  get client(): Child | undefined {
    return this.#client?.child;
  }

  get server(): Child | undefined {
    return this.#server?.child;
  }

  /** An end that was started when something was there has not moved that again. */
  #assertFrugal(name: 'client' | 'server', { stdout }: Finished): void {
    const line = stdout.split('\n').find((one) => one.startsWith('{"event":"done"'));
    if (line === undefined || this.#plan.wire === 'compat') return;
    const { result } = JSON.parse(line) as { readonly result: TransferResult };
    const kept = (name === 'client' ? this.#client : this.#server)?.kept ?? 0;
    this.#kept = Math.max(this.#kept, kept);
    assert.ok(result.movedBytes <= this.#plan.size - kept, `the ${name} moved ${result.movedBytes} bytes of ${this.#plan.size}, of which ${kept} were there`);
    if (this.#plan.kind === 'file') assert.equal(result.movedBytes, this.#plan.size - result.resumedBytes, 'only the rest was moved');
  }

  /**
   * One end says that all is well: the other says so, too, or has what a fault may bring about. Where it was told of nothing, since the fault
   * came just before or it was started after, it waits for a client or looks for a server that is not to come again; or it is a receiver whose
   * sender knows, and could not say so: that is told to end, and ends with 0.
   */
  async #assertOther(name: 'client' | 'server'): Promise<void> {
    const other = this[name];
    if (other === undefined) return;
    const startMs = performance.now();
    const receives = (name === 'client') === (this.#plan.action === 'receive');
    let [idleMs, told] = [0, false];
    while (!other.ended && idleMs < IDLE_MS) {
      const tookMs = performance.now() - startMs;
      if (tookMs > OTHER_MS) throw new Error(`the ${name} goes on, and the other end is over: ${this.#said()}`);
      if (this.#hit && receives && !told && tookMs > TOLD_MS && other.stdout.includes('{"event":"connected"') && !isIdle(other)) {
        told = true;
        other.kill('SIGTERM');
      }
      await sleep(LOOK_MS, undefined, { ref: false });
      idleMs = this.#hit && isIdle(other) ? idleMs + LOOK_MS : 0;
    }
    if (!other.ended) return;
    const finished = await other.exit;
    if (told) assert.equal(finished.code, 0, `the ${name} has everything, and ended with ${finished.code ?? finished.signal ?? ''}: ${finished.stdout.slice(-800)}`);
    if (finished.code === 0) this.#assertFrugal(name, finished);
    else this.#assertRightful(name, finished);
  }

  #assertRightful(name: string, { code, signal, stdout, stderr }: Finished): void {
    assert.doesNotMatch(stderr, /^ {4}at /mu, `the ${name} ended with a stack: ${stderr}`);
    if (signal !== null && this.#hit && isKill(this.#plan.fault)) return;
    const rightful = this.#plan.wire === 'compat' ? RIGHTFUL_COMPAT : RIGHTFUL;
    const tolerated = this.#hit && code !== null && rightful.has(code);
    assert.ok(tolerated, `the ${name} ended with ${code ?? signal ?? ''}: ${stdout.slice(-800)}${stderr}`);
  }

  #said(): string {
    return [this.client, this.server].map((one) => `${one?.stdout.slice(-400) ?? ''}${one?.stderr.slice(-400) ?? ''}`).join('\n--\n');
  }

  /** The fault, each time that it is to come and both ends run. */
  async #fault(): Promise<void> {
    const { fault, moments } = this.#plan;
    if (fault === 'none') return;
    for (const moment of moments) {
      await this.#until(() => this.#bothRun);
      await this.#come(moment);
      if (this.#over || !this.#bothRun) continue;
      // What an end says from now on is put down to it.
      this.#hits += 1;
      const victims = this.#victims();
      await this.#strike();
      // Who is killed runs for a moment more.
      await this.#until(() => victims.every((end) => end?.ended === true));
    }
  }

  #victims(): readonly (Child | undefined)[] {
    const { fault } = this.#plan;
    if (fault.startsWith('both')) return [this.client, this.server];
    if (/client-(?:kill|term)$/u.test(fault)) return [this.client];
    return fault.startsWith('server') ? [this.server] : [];
  }

  get #bothRun(): boolean {
    return this.client?.ended === false && this.server?.ended === false;
  }

  async #come(moment: Moment): Promise<void> {
    if ('seconds' in moment) return sleep(moment.seconds * 1000);
    let come = false;
    const left = this.#plan.size - Math.max(this.#client?.kept ?? 0, this.#server?.kept ?? 0);
    const bytes = 'bytes' in moment ? moment.bytes : 'share' in moment ? Math.floor(moment.share * left) : undefined;
    if (bytes !== undefined) void this.#proxy?.passed(bytes).then(() => (come = true));
    await this.#until(() => come || ('finishingMs' in moment && [this.client, this.server].some((end) => end?.stdout.includes('{"event":"finishing"'))));
    if ('finishingMs' in moment) await sleep(moment.finishingMs);
  }

  /** Waits for that, or until all is over. */
  async #until(holds: () => boolean): Promise<void> {
    while (!this.#over && !holds()) await sleep(LOOK_MS, undefined, { ref: false });
  }

  async #strike(): Promise<void> {
    const { fault } = this.#plan;
    switch (fault) {
      case 'client-kill':
        this.client?.kill('SIGKILL');
        return;
      case 'client-term':
        this.client?.kill('SIGTERM');
        return;
      case 'server-kill':
        this.server?.kill('SIGKILL');
        return;
      case 'server-term':
        this.server?.kill('SIGTERM');
        return;
      case 'both-kill':
        this.client?.kill('SIGKILL');
        this.server?.kill('SIGKILL');
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
        this.client?.kill('SIGKILL');
        this.#proxy?.heal();
        return;
      case 'link-slow':
        this.#proxy?.slowDown(50_000);
        await this.#sleepUnlessOver(this.#plan.slowMs);
        this.#proxy?.slowDown(Infinity);
        return;
      case 'none':
    }
  }

  async #sleepUnlessOver(forMs: number): Promise<void> {
    const endMs = performance.now() + forMs;
    await this.#until(() => performance.now() > endMs);
  }

  async #relayGoes(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const old = this.#relay;
    old?.child.kill(signal);
    await old?.child.exitWithin(HUNG_MS);
    this.#relay = await startRelay(this.#t, ['--open', '--drain-timeout', '1s'], { port: this.#port });
  }
}

/** Whether an end waits for another end that is not there: a server for a client, a client for a server. */
function isIdle({ stdout }: Child): boolean {
  const last = (events: readonly string[]) => Math.max(...events.map((event) => stdout.lastIndexOf(`{"event":"${event}"`)));
  return last(['waiting', 'connecting', 'reconnecting']) > last(['connected', 'done']);
}

/** What a transfer shares with others. */
export interface Surroundings {
  readonly relay: RunningRelay;
  /** Environment of both ends. */
  readonly env: Readonly<Record<string, string>>;
  /** Where it is counted what was looked at. */
  readonly compared: Compared;
}

/** Runs a plan. */
export async function runTransfer(t: TestContext, plan: Plan, random: () => number, surroundings: Surroundings): Promise<Result> {
  const directory = await tempDir(t);
  const inbox = path.join(directory, 'inbox');
  await mkdir(inbox);
  const place = { source: path.join(directory, 'source'), target: path.join(inbox, 'copy') };
  await makeContent(place.source, plan.kind, plan.size, random);
  const result = await new Transfer(t, plan, place, surroundings).run();
  assert.ok(await assertNothingWrong(place.source, place.target, surroundings.compared));
  await assertTidy(inbox);
  await rm(directory, { recursive: true, force: true });
  return { ...result, bytes: plan.size };
}
