/**
 * A sender and a receiver, joined by connections that come and go. What happens next is chosen by chance, from a seed: a
 * frame arrives, a disk is done with something, a link is cut or had again.
 *
 * @module
 */
import assert from 'node:assert/strict';
import { ConnectError, ProtocolError } from '../../src/errors.js';
import type { Frame } from '../../src/wire/frame.js';
import { fakeConnection, LOST, plainCodec, type Codec, type FakeChannel, type FakeConnection } from './machine-network.js';
import { chances, quickHash, type Hash, type Plan, type Stage } from './machine-plan.js';
import { ReceivingEnd } from './machine-receiving.js';
import { SendingEnd } from './machine-sending.js';

/** More than any transfer of a plan takes: 832 of 12,000 random ones at most. */
const STEPS_MAX = 10_000;
/** One step of so many cuts a link, while there are cuts left. */
const CUT_ONE_IN = 30;

export interface WorldOptions {
  readonly hash?: Hash;
  readonly codec?: (chance: (most: number) => number) => Codec;
}

/** See the module's head. */
export class World implements Stage {
  readonly plan: Plan;
  readonly hash: Hash;
  readonly sender: SendingEnd;
  readonly receiver: ReceivingEnd;
  /** Work of these kinds waits; `arrival`: frames at the receiver. */
  readonly held = new Set<string>();
  /** No link is cut. */
  calm = false;
  synchronous: boolean;
  /** Streams that the client wants. */
  streams: number;
  steps = 0;
  readonly connections: FakeConnection[] = [];
  /** Everything that was ever put into a connection by either end, by stream. */
  readonly history: FakeConnection[] = [];
  readonly #chance: (most: number) => number;
  readonly #codec: () => Codec;
  readonly #tasks: { readonly what: string; readonly work: () => void }[] = [];
  #losses: number;
  #welcomed = false;
  #error: Error | undefined;

  constructor(plan: Plan, { hash = quickHash, codec = plainCodec }: WorldOptions = {}) {
    this.plan = plan;
    this.hash = hash;
    this.#chance = chances(plan.seed);
    this.#codec = () => codec(this.#chance);
    this.#losses = plan.losses;
    this.streams = plan.streams;
    this.synchronous = plan.synchronous;
    this.receiver = new ReceivingEnd(this);
    this.sender = new SendingEnd(this);
  }

  later(what: string, work: () => void): void {
    this.#tasks.push({ what, work });
  }

  /** How much work of a kind waits. */
  waiting(what: string): number {
    return this.#tasks.filter((task) => task.what === what).length;
  }

  broken(error: unknown): void {
    this.#error ??= error instanceof Error ? error : new Error(String(error));
  }

  get client(): SendingEnd | ReceivingEnd {
    return this.plan.clientSends ? this.sender : this.receiver;
  }

  get server(): SendingEnd | ReceivingEnd {
    return this.plan.clientSends ? this.receiver : this.sender;
  }

  /** Content and control frames of one end, in the order in which they were put into connections. */
  framesOf(end: 'sender' | 'receiver'): readonly Frame[] {
    const client = (end === 'sender') === this.plan.clientSends;
    return this.history.flatMap((connection) => (client ? connection.client : connection.server).sent);
  }

  /** Goes on until nothing is left to do, or `until` holds. */
  run(until: () => boolean = () => false): void {
    for (;;) {
      if (this.#error !== undefined) throw this.#error;
      for (const { outcome } of [this.sender, this.receiver]) assert.ok(!(outcome instanceof ProtocolError), `a violation between honest machines: ${String(outcome)}`);
      if (until() || !this.#step()) return;
      this.steps += 1;
      assert.ok(this.steps < STEPS_MAX, `it does not end: ${this.describe()}`);
    }
  }

  /** Where it is stuck. */
  describe(): string {
    const { entries } = this.plan;
    const open = (settled: ReadonlyMap<number, unknown>) => entries.map((_, id) => id).filter((id) => !settled.has(id));
    const tasks = this.#tasks.map(({ what }) => what);
    return `sender ${String(this.sender.outcome)}, unsettled ${open(this.sender.settled).join()}; receiver ${String(this.receiver.outcome)}, unsettled ${open(this.receiver.settled).join()}; waiting ${tasks.join()}`;
  }

  #step(): boolean {
    this.#forget();
    if (!this.calm && this.#losses > 0 && this.connections.length > 0 && this.#chance(CUT_ONE_IN) === 0) this.cut();
    const lanes = this.connections.flatMap((connection) => [connection.client, connection.server].filter((end) => this.#moves(connection, end)).map((end) => ({ connection, end })));
    const tasks = this.#tasks.filter(({ what }) => !this.held.has(what));
    const dials = this.#missing();
    const network = Math.ceil(lanes.length * this.plan.haste);
    const all = network + tasks.length + dials.length;
    if (all === 0) return this.#leave();
    const choice = this.#chance(all);
    if (choice < network) {
      const lane = lanes[choice % lanes.length];
      if (lane !== undefined) this.#deliver(lane.connection, lane.end);
    } else if (choice < network + tasks.length) {
      const task = tasks[choice - network];
      if (task === undefined) return true;
      this.#tasks.splice(this.#tasks.indexOf(task), 1);
      task.work();
    } else this.#dial(dials[choice - network - tasks.length] ?? 0);
    return true;
  }

  #moves({ client }: FakeConnection, end: FakeChannel): boolean {
    const atSender = (end === client) === this.plan.clientSends;
    return end.queue.length > 0 && (atSender || !this.held.has('arrival') || end.queue[0]?.kind !== 'frame');
  }

  /** Cuts a link: some of what is under way still arrives. */
  cut(connection = this.connections[this.#chance(this.connections.length)]): void {
    if (connection === undefined) return;
    this.#losses -= 1;
    connection.cut([this.#chance(connection.client.queue.length + 1), this.#chance(connection.server.queue.length + 1)]);
  }

  #forget(): void {
    for (let index = this.connections.length - 1; index >= 0; index -= 1) {
      const { client, server, over } = this.connections[index] as FakeConnection;
      const idle = client.queue.length === 0 && server.queue.length === 0;
      if (idle && (over() || (this.client.over && this.server.over))) this.connections.splice(index, 1);
    }
  }

  /** Streams that the client is to dial: none but the first before it was welcomed. */
  #missing(): number[] {
    if (this.client.over) return [];
    const numbers = Array.from({ length: this.#welcomed ? this.streams : 1 }, (_, stream) => stream);
    return numbers.filter((stream) => !this.connections.some((one) => one.stream === stream && !this.#gone.has(one.client)));
  }

  /** Ends of connections that have come to the end of what arrived there. */
  readonly #gone = new Set<FakeChannel>();

  #dial(stream: number): void {
    const connection = fakeConnection(stream, this.#codec);
    this.connections.push(connection);
    this.history.push(connection);
    connection.client.put({ kind: 'hello', received: stream === 0 ? this.client.session.received : 0 });
  }

  #deliver(connection: FakeConnection, channel: FakeChannel): void {
    const end = channel === connection.client ? this.client : this.server;
    const item = channel.next();
    switch (item?.kind) {
      case 'frame':
        // A failure in place of the welcome.
        if (channel.handler === undefined) this.#giveUp(end);
        else channel.handler.frame(item.parcel as Frame);
        break;
      case 'hello':
        this.#hello(connection, item.received);
        break;
      case 'welcome':
        this.#welcomed = true;
        end.session.attach(connection.stream, channel.asLink(), item.received);
        break;
      case 'gone':
        this.#gone.add(channel);
        channel.handler?.closed(LOST, item.clean);
        // The connection of an end that is closed is closed by the other, too.
        connection.cut([connection.client.queue.length, connection.server.queue.length]);
        break;
      case undefined:
        break;
    }
  }

  #hello({ stream, server }: FakeConnection, received: number): void {
    if (this.server.over) {
      server.fail(new ConnectError('connect-lost', 'the session is over'));
      return;
    }
    server.put({ kind: 'welcome', received: this.server.session.received });
    this.server.session.attach(stream, server.asLink(), received);
  }

  /** Nothing is left to do. An end whose other end has left is told so by its patience. */
  #leave(): boolean {
    const [left, here] = this.sender.over ? [this.sender, this.receiver] : [this.receiver, this.sender];
    if (!left.over || here.over) return false;
    this.#giveUp(here);
    return true;
  }

  #giveUp(end: SendingEnd | ReceivingEnd): void {
    if (end === this.receiver) this.receiver.abandoned(LOST);
    else end.fail(LOST);
  }
}
