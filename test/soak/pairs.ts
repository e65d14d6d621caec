/**
 * Pairs of bare connections at a real relay that talk for the whole length of a soak: each answer is checked.
 *
 * @module
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { roomOf } from '../../src/transport/rendezvous.js';
import type { WebSocketConnection } from '../../src/transport/websocket.js';
import { askToJoin, askToWait, granted } from '../support/relay-ends.js';

const AT_ONCE = 20;
const MESSAGE_MOST = 64 * 1024;
/** Between two messages of a pair, at most, milliseconds. */
const PAUSE_MS = 2_000;
/** An answer that takes this long is lost, milliseconds. */
const HUNG_MS = 60_000;

/** One pair: what the client says comes back from the server. */
class Talk {
  readonly #client: WebSocketConnection;
  readonly #server: WebSocketConnection;
  readonly #answered: Buffer[] = [];
  #told: (() => void) | undefined;
  closed: string | undefined;
  bytes = 0;

  constructor(client: WebSocketConnection, server: WebSocketConnection) {
    this.#client = client;
    this.#server = server;
    const closed = (who: string) => (info: { code: number; reason: string }) => {
      this.closed ??= `${who}: ${info.code} ${info.reason}`;
      this.#told?.();
    };
    const heard: Buffer[] = [];
    server.attach({
      piece: (bytes, last, kind) => {
        // What is text is the relay's own.
        if (kind === 'text') return;
        heard.push(Buffer.from(bytes));
        if (last) server.send(heard.splice(0), 'binary');
      },
      closed: closed('server'),
    });
    client.attach({
      piece: (bytes, last) => {
        this.#answered.push(Buffer.from(bytes));
        if (last) this.#told?.();
      },
      closed: closed('client'),
    });
  }

  /** @param size bytes */
  async ask(size: number): Promise<void> {
    const question = randomBytes(size);
    const answer = new Promise<void>((resolve) => (this.#told = resolve));
    this.#client.send([Buffer.from(question)], 'binary');
    await Promise.race([answer, sleep(HUNG_MS, undefined, { ref: false })]);
    assert.equal(this.closed, undefined);
    assert.ok(Buffer.concat(this.#answered.splice(0)).equals(question), 'the relay has passed on what was said, and nothing else');
    this.bytes += 2 * question.length;
  }

  destroy(): void {
    this.#client.destroy();
    this.#server.destroy();
  }
}

/** All pairs of a soak. */
export interface Pairs {
  /** Ends them. @returns how many there were, and the bytes that went either way; rejects when one was lost or an answer was wrong. */
  stop(): Promise<{ readonly pairs: number; readonly bytes: number }>;
}

/** Opens so many pairs, which talk until they are stopped: of lengths and with pauses by chance. */
export async function talkInPairs(t: TestContext, port: number, count: number, random: () => number): Promise<Pairs> {
  const talks: Talk[] = [];
  while (talks.length < count) talks.push(...(await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - talks.length) }, () => open(t, port)))));
  let going = true as boolean;
  const talking = talks.map(async (talk) => {
    while (going) {
      await talk.ask(1 + Math.floor(random() * MESSAGE_MOST));
      await sleep(random() * PAUSE_MS);
    }
  });
  // A failure is told when they are stopped.
  const all = Promise.allSettled(talking);
  return {
    stop: async () => {
      going = false;
      const outcomes = await all;
      for (const talk of talks) talk.destroy();
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
      return { pairs: talks.length, bytes: talks.reduce((sum, { bytes }) => sum + bytes, 0) };
    },
  };
}

async function open(t: TestContext, port: number): Promise<Talk> {
  const key = randomBytes(32);
  const server = await granted(askToWait(t, port, key));
  const client = await granted(askToJoin(t, port, roomOf(key)));
  return new Talk(client, server);
}
