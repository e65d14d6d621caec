/**
 * Runs a sequence with the real commands, and holds each against the model, and the files that there are after it.
 *
 * @module
 */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { runStreamer, tempDir, type Child, type Finished, type RunningServer } from '../support/cli.js';
import { assertFailed } from './failure.js';
import { HUNG_MS, opposite, SECRET, startClientOf, startServerOf, type Action, type Make } from './pairing.js';
import { askServer, connectRaw, content, coordinatesFor, getPlain, say, send } from './raw-peer.js';
import { afterHangUp, afterLeaving, bothSend, session, type Outcome, type ReceivingEnd, type SendingEnd, type Target } from './sequence-model.js';
import { RAW_BYTES, type Knock, type Plan, type Round, type Step } from './sequence-plan.js';

type Place = 'client' | 'server';
type Name = 'a' | 'b';
type StepOf<K extends Step['kind']> = Extract<Step, { kind: K }>;

/** Exit status and code of ours. */
const OURS: Readonly<Record<Exclude<Outcome, 'failed'>, readonly [exit: number, code: string]>> = {
  done: [0, ''],
  auth: [4, 'auth-refused'],
  busy: [5, 'connect-busy'],
  unreachable: [5, 'connect-failed'],
  exists: [8, 'storage-exists'],
  missing: [8, 'storage-missing'],
  source: [7, 'integrity-source'],
  lost: [5, 'connect-lost'],
  limit: [9, 'limit-inbound'],
  digest: [7, 'integrity-digest'],
  violation: [6, 'protocol-violation'],
  direction: [3, 'coordinates-direction'],
  stopped: [143, 'aborted'],
  timeout: [10, 'timeout-wait'],
};

/** What the reference prints, whose exit status is always 0. Of a refusal it does not say why. */
const PYTHON: Readonly<Partial<Record<Outcome, RegExp>>> = {
  done: /successfully\.$/mu,
  auth: /^Unable to establish connection/mu,
  busy: /^Unable to establish connection/mu,
  unreachable: /^Unable to establish connection/mu,
  exists: /already exists\. Transfer aborted|received 3003/u,
  missing: /not found\. Aborting transfer/u,
  limit: /^Inbound transfer limit exceeded|received 1009/mu,
  failed: /^An error occurred|^Remote connection closed with error|^Hash mismatch/mu,
  // It says nothing at all.
  stopped: /^(?!.*Client connected)/su,
  timeout: /^(?!.*Client connected)/su,
};

/** A wait that nobody ends, in seconds. */
const WAIT_SECONDS = '1';
/** Where a client of ours finds nobody, or somebody who is busy, it looks no longer than this. */
const SHORT_SECONDS = '1';
/** Bytes that a raw client sends of what it has announced. */
const RAW_PART = RAW_BYTES / 2;

/** Runs it. Rejects with what differs from the model. */
export async function runSequence(t: TestContext, { sizes, rounds }: Plan): Promise<void> {
  const world = await World.make(t, sizes);
  for (const round of rounds) {
    await new Served(t, world, round, sizes).run();
    await world.check();
  }
}

/** The files at both places, as they should be. */
class World {
  readonly #root: string;
  readonly #files: Record<Place, Map<Name, Buffer>> = { client: new Map(), server: new Map() };
  #left: { readonly place: Place; readonly name: Name } | undefined;

  private constructor(root: string) {
    this.#root = root;
  }

  static async make(t: TestContext, sizes: Plan['sizes']): Promise<World> {
    const world = new World(await tempDir(t));
    for (const place of ['client', 'server'] as const) await mkdir(path.join(world.#root, place));
    await world.put('client', 'a', randomBytes(sizes.a));
    await world.put('server', 'b', randomBytes(sizes.b));
    return world;
  }

  path(place: Place, name: Name): string {
    return path.join(this.#root, place, name);
  }

  get(place: Place, name: Name): Buffer | undefined {
    return this.#files[place].get(name);
  }

  async put(place: Place, name: Name, bytes: Buffer): Promise<void> {
    await writeFile(this.path(place, name), bytes);
    this.#files[place].set(name, bytes);
  }

  async remove(place: Place, name: Name): Promise<void> {
    await rm(this.path(place, name));
    this.#files[place].delete(name);
  }

  /** What a session has made of its target. */
  arrived(place: Place, name: Name, target: Target): void {
    if (target === 'left') this.#left = { place, name };
    else if (typeof target !== 'string') this.#files[place].set(name, target);
  }

  /** Asserts that the files are what they should be, and that there is nothing beside them. */
  async check(): Promise<void> {
    const { place, name } = this.#left ?? {};
    if (place !== undefined && name !== undefined) {
      const bytes = await readFile(this.path(place, name)).catch(() => undefined);
      if (bytes === undefined) this.#files[place].delete(name);
      else this.#files[place].set(name, bytes);
      this.#left = undefined;
    }
    for (const where of ['client', 'server'] as const) {
      const expected = this.#files[where];
      assert.deepEqual((await readdir(path.join(this.#root, where))).sort(), [...expected.keys()].sort(), `what there is at the ${where}`);
      for (const [file, bytes] of expected) {
        const found = await readFile(this.path(where, file));
        assert.ok(found.equals(bytes), `${file} at the ${where} has ${found.length} bytes, and should have ${bytes.length}, or has others`);
      }
    }
  }
}

/** One round. */
class Served {
  readonly #t: TestContext;
  readonly #world: World;
  readonly #round: Round;
  readonly #limit: number | undefined;
  readonly #name: Name;
  #server: RunningServer | undefined;
  #vanished = false;

  constructor(t: TestContext, world: World, round: Round, sizes: Plan['sizes']) {
    this.#t = t;
    this.#world = world;
    this.#round = round;
    this.#name = nameOf(opposite(round.action), round.odd);
    const { limit, action } = round;
    this.#limit = limit === undefined || action === 'send' ? undefined : Math.max(0, sizes[limit.of] + limit.plus);
  }

  async run(): Promise<void> {
    const { server, action, unattended, steps } = this.#round;
    const file = this.#world.path('server', this.#name);
    const args = [...(this.#limit === undefined ? [] : ['--inbound-transfer-limit', String(this.#limit)]), ...(unattended ? ['--wait-timeout', WAIT_SECONDS] : [])];
    const hopeless = this.#hopeless();
    if (server === 'ours' && hopeless !== undefined) {
      const words = ['server', '--secret', SECRET, '--host', '127.0.0.1', '--port-range', '0', '0', ...args, action, '--path', file];
      const ended = await runStreamer(this.#t, words);
      assertOutcome('ours', ended, [hopeless], 'a server that cannot do what it is for');
      assert.equal(ended.stdout, '', 'it has published no coordinates');
      return;
    }
    this.#server = await startServerOf(this.#t, server, action, file, { args });
    for (const step of steps) if (this.#waits) await this.#take(step);
    await this.#leave();
  }

  get #waits(): boolean {
    return this.#server !== undefined;
  }

  get #running(): RunningServer {
    if (this.#server === undefined) throw new Error('there is no server any more');
    return this.#server;
  }

  /** Why a server of ours does not even start. */
  #hopeless(): Outcome | undefined {
    const there = this.#world.get('server', this.#name) !== undefined;
    if (this.#round.action === 'send') return there ? undefined : 'missing';
    return there ? 'exists' : undefined;
  }

  get #sending(): SendingEnd {
    return { make: this.#round.server, bytes: this.#vanished ? Buffer.alloc(0) : this.#world.get('server', this.#name), vanished: this.#vanished };
  }

  get #receiving(): ReceivingEnd {
    return { make: this.#round.server, taken: this.#world.get('server', this.#name) !== undefined, limit: this.#limit };
  }

  /** Nobody has come who counts: it waits on, until it is told to stop or has waited long enough. */
  async #leave(): Promise<void> {
    if (this.#server === undefined) return;
    const { server, unattended, steps } = this.#round;
    // Quirk: a plain GET with the secret ends the reference's wait, and it waits for ever.
    const forever = server === 'python' && steps.some((step) => step.kind === 'knock' && step.how === 'plain-with-secret');
    const ended = unattended && !forever ? 'timeout' : 'stopped';
    if (ended === 'stopped') this.#server.child.kill('SIGTERM');
    await this.#over([ended], 'the server that nobody came to');
  }

  /** The server ends, in one of these ways. */
  async #over(outcomes: readonly Outcome[], who: string): Promise<void> {
    const { child } = this.#running;
    this.#server = undefined;
    assertOutcome(this.#round.server, await child.exitWithin(HUNG_MS), outcomes, who);
  }

  async #take(step: Step): Promise<void> {
    switch (step.kind) {
      case 'client':
        return this.#client(step);
      case 'knock':
        return this.#knock(step.how);
      case 'hang-up':
        return this.#hangUp(step);
      case 'second':
        return this.#second(step);
      case 'meddle':
        return this.#meddle();
    }
  }

  async #meddle(): Promise<void> {
    const there = this.#world.get('server', this.#name) !== undefined;
    if (this.#round.action === 'send' && there) {
      await this.#world.remove('server', this.#name);
      this.#vanished = true;
    }
    if (this.#round.action === 'receive' && !there) await this.#world.put('server', this.#name, Buffer.from('it was there first'));
  }

  async #knock(how: Knock): Promise<void> {
    const { port } = this.#running;
    // Who came too late for a short wait finds nobody.
    const gone = (error: unknown) => {
      if (!this.#round.unattended) throw error;
    };
    if (how === 'scan') await new Promise((resolve) => connect(port, '127.0.0.1', function (this: ReturnType<typeof connect>) { this.destroy(); }).on('error', resolve).on('close', resolve));
    else if (how === 'plain') assert.equal(await getPlain(port).catch(gone) ?? 401, 401);
    else if (how === 'plain-with-secret') assert.equal(await getPlain(port, `Bearer ${SECRET}`).catch(gone) ?? 426, 426);
    else {
      const answer = await askServer(this.#t, port, { authorization: how === 'no-secret' ? null : 'Bearer wrong' }).catch(gone);
      assert.equal(answer?.upgraded ?? false, false);
    }
  }

  async #client({ make, odd, secret, way, wire }: StepOf<'client'>): Promise<void> {
    const { action, server } = this.#round;
    const does: Action = way === 'same' && action === 'send' ? 'send' : opposite(action);
    const name = nameOf(does, odd);
    const bytes = this.#world.get('client', name);
    // Ours looks at its own file first, and tells a server of ours what it is.
    const hopeless = make === 'ours' && (does === 'send' ? bytes === undefined : bytes !== undefined);
    const misled = make === 'ours' && server === 'ours' && does === action;
    if (hopeless || misled || secret === 'wrong') {
      const outcomes: Outcome[] = [...(hopeless ? [does === 'send' ? ('missing' as const) : ('exists' as const)] : []), ...(misled ? ['direction' as const] : []), ...(hopeless || misled ? [] : ['auth' as const])];
      // Only the server's own coordinates tell what it does; the others have another secret.
      if (misled && secret === 'wrong') outcomes.push('auth');
      assertOutcome(make, await this.#run(make, does, name, wire, secret), outcomes, 'the client that should not get in');
      assert.equal(this.#running.child.ended, false, 'the server still waits');
      return;
    }
    const child = this.#start(make, does, name, wire, secret);
    if (does === action) {
      const ends = bothSend({ make, bytes, vanished: false }, this.#sending);
      assertOutcome(make, await child.exitWithin(HUNG_MS), ends.client, 'the client that sends to a sender');
      await this.#over(ends.server, 'the server that sends to a sender');
      return;
    }
    await this.#transferred(make, child, name);
  }

  /** A session with a client that does what the server does not. */
  async #transferred(make: Make, child: Child, name: Name): Promise<void> {
    const bytes = this.#world.get('client', name);
    const sends = this.#round.action === 'receive';
    const ends = sends ? session({ make, bytes, vanished: false }, this.#receiving) : session(this.#sending, { make, taken: bytes !== undefined, limit: undefined });
    assertOutcome(make, await child.exitWithin(HUNG_MS), sends ? ends.sender : ends.receiver, 'the client');
    await this.#over(sends ? ends.receiver : ends.sender, 'the server');
    this.#world.arrived(sends ? 'server' : 'client', sends ? this.#name : name, ends.target);
  }

  async #hangUp(step: StepOf<'hang-up'>): Promise<void> {
    const { action, server } = this.#round;
    const { at } = step;
    const { socket } = await connectRaw(this.#t, this.#running.port);
    socket.on('error', () => undefined);
    const { bytes } = content(RAW_BYTES);
    if (action === 'receive') {
      const messages = at === 'opened' ? [] : at === 'init' ? [say.init(RAW_BYTES)] : at === 'within' ? [say.init(RAW_BYTES), bytes.subarray(0, RAW_PART)] : [say.init(RAW_BYTES), bytes, say.eof('0'.repeat(64))];
      // The other end may close meanwhile.
      for (const message of messages) await send(socket, message).catch(() => undefined);
    } else if (at !== 'opened') await new Promise((resolve) => socket.once('message', resolve).once('close', resolve));
    // To a sender a clean close after its eof is a good end, and it may have sent that.
    if (step.how === 'cut' || action === 'send') socket.terminate();
    else socket.close(step.how);
    const who = `the ${server} server whose client has left`;
    if (action === 'send') return this.#over(afterLeaving(this.#sending), who);
    const { server: outcomes, target } = afterHangUp(this.#receiving, step);
    await this.#over(outcomes, who);
    this.#world.arrived('server', this.#name, target);
  }

  /** Only where both clients could do what they came for. */
  async #second({ make }: StepOf<'second'>): Promise<void> {
    const { action, server } = this.#round;
    const does = opposite(action);
    const name = nameOf(does, false);
    const able = this.#hopeless() === undefined && !this.#vanished && this.#limit === undefined && (this.#world.get('client', name) !== undefined) === (does === 'send');
    // The reference is done with a client that it sends to when all is on its way: there is no moment for a second one.
    if (!able || (server === 'python' && action === 'send')) return;
    const first = await connectRaw(this.#t, this.#running.port);
    first.socket.on('error', () => undefined);
    const { bytes, hash } = content(RAW_BYTES);
    const taken = action === 'send' ? takeAll(first.socket) : undefined;
    if (action === 'receive') {
      await send(first.socket, say.init(RAW_BYTES));
      await send(first.socket, bytes.subarray(0, RAW_PART));
      if (server === 'python') await this.#running.child.waitForLine(/^Transfering/u);
    }
    if (server === 'python') {
      // Quirk: it lets the second in, who finds the first one's part there, and with whom both sessions end.
      assertOutcome(make, await this.#run(make, does, name, 'auto', 'right'), session({ make, bytes: this.#world.get('client', name), vanished: false }, { make: server, taken: true, limit: undefined }).sender, 'the second client');
      assert.equal((await first.closed).code, 1001);
      await this.#over(['done', 'exists', 'failed'], 'the server of two clients');
      this.#world.arrived('server', this.#name, 'left');
      return;
    }
    assertOutcome(make, await this.#run(make, does, name, 'compat', 'right', ['--connect-timeout', SHORT_SECONDS]), ['busy'], 'the second client');
    if (action === 'receive') {
      await send(first.socket, bytes.subarray(RAW_PART));
      await send(first.socket, say.eof(hash));
      assert.equal((await first.closed).code, 1000);
    } else {
      const source = this.#world.get('server', this.#name) ?? Buffer.alloc(0);
      const sha256 = createHash('sha256').update(source).digest('hex');
      assert.deepEqual(await taken, { size: source.length, sha256, announced: sha256 });
      first.socket.close(1000);
    }
    await this.#over(['done'], 'the server that was busy');
    if (action === 'receive') this.#world.arrived('server', this.#name, bytes);
  }

  #run(make: Make, action: Action, name: Name, wire: 'auto' | 'compat', secret: 'right' | 'wrong', args: readonly string[] = []): Promise<Finished> {
    return this.#start(make, action, name, wire, secret, args).exitWithin(HUNG_MS);
  }

  #start(make: Make, action: Action, name: Name, wire: 'auto' | 'compat', secret: 'right' | 'wrong', args: readonly string[] = []): Child {
    const { coordinates, port } = this.#running;
    // Between two of ours the native wire would be spoken.
    const chosen = this.#round.server === 'ours' ? 'compat' : wire;
    return startClientOf(this.#t, make, action, secret === 'wrong' ? coordinatesFor(port, 'not-the-secret') : coordinates, this.#world.path('client', name), ['--wire', chosen, ...args]);
  }
}

/** As a raw receiver: what comes up to the eof, and the hash that this announces. */
function takeAll(socket: Awaited<ReturnType<typeof connectRaw>>['socket']): Promise<{ readonly size: number; readonly sha256: string; readonly announced: string }> {
  const hash = createHash('sha256');
  let size = 0;
  let begun = false;
  return new Promise((resolve) => {
    socket.on('message', (data: Buffer, binary: boolean) => {
      if (!binary) {
        const { sha256_hash: announced } = JSON.parse(data.toString()) as { readonly sha256_hash: string };
        resolve({ size, sha256: hash.digest('hex'), announced });
      } else if (begun) {
        hash.update(data);
        size += data.length;
      }
      begun = true;
    });
  });
}

/** A client that sends has `a`, and a server `b`; where both have them already, or neither has, it is the odd one. */
function nameOf(clientDoes: Action, odd: boolean): Name {
  return (clientDoes === 'send') === odd ? 'b' : 'a';
}

function assertOutcome(make: Make, ended: Finished, outcomes: readonly Outcome[], who: string): void {
  const said = `${who}, ${make}, should have ended with ${outcomes.join(' or ')}:\n${ended.stdout}${ended.stderr}`;
  if (make === 'python') {
    // It says that it listens a moment before it takes the signal.
    const killed = outcomes.includes('stopped') && ended.signal === 'SIGTERM';
    if (!killed) assert.deepEqual({ code: ended.code, signal: ended.signal }, { code: 0, signal: null }, said);
    assert.ok(outcomes.some((outcome) => PYTHON[outcome]?.test(ended.stdout) === true), said);
    return;
  }
  const match = outcomes.filter((outcome) => outcome !== 'failed').map((outcome) => OURS[outcome]).find(([exit, code]) => ended.code === exit && (exit === 0 || ended.stderr.includes(`[${code}]`)));
  assert.ok(match !== undefined, said);
  const [exit, code] = match;
  if (exit !== 0 && code !== 'aborted') assertFailed(ended, { exit, code });
}
