/**
 * A relay that speaks src/relay/PROTOCOL.md and meddles once: by the `ws` package, which is nobody's of ours, and message by
 * message.
 *
 * @module
 */
import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TestContext } from 'node:test';
import { WebSocketServer, type WebSocket } from 'ws';

/** Which way a message goes. */
export type Way = 'to-server' | 'to-client';

/** What a relay can do to messages. */
export const MEDDLINGS = [
  'flips a bit at the start of',
  'flips a bit in the middle of',
  'flips a bit at the end of',
  'drops',
  'repeats',
  'delays, until the next has gone,',
  'swaps with one of another pair',
  'cuts a byte off',
  'puts a byte before',
  'makes up one before',
  'sends back',
] as const;
/** What a relay can do to the connection instead, which is no more than to cut it. */
export const CUTS = ['says a text of its own before', 'closes with 1008 in place of', 'closes with 1000 in place of'] as const;
export type Meddling = (typeof MEDDLINGS)[number] | (typeof CUTS)[number];

/** What is meddled with, once: the message before which so many binary ones have gone that way, over all pairs. */
export interface Plan {
  readonly meddling: Meddling;
  readonly way: Way;
  readonly after: number;
  /** From when on they are counted, in each pair: its handshake, or the first message that can only be content. */
  readonly since: 'handshake' | 'content';
}

/** Longer than any message but those of content. */
const CONTENT_BYTES = 300 * 1024;

/** A relay that listens on 127.0.0.1. */
export interface EvilRelay {
  readonly url: string;
  /** Whether it has come to it. */
  readonly done: () => boolean;
  /** Pairs that were ever made. */
  readonly pairs: () => number;
}

interface Pair {
  readonly server: WebSocket;
  readonly client: WebSocket;
}

const header = (request: IncomingMessage, name: string): string => String(request.headers[name] ?? '');

/** Starts one; it ends with the test. */
export async function startEvilRelay(t: TestContext, plan?: Plan): Promise<EvilRelay> {
  const http = createServer();
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, autoPong: false, maxPayload: 8 * 1024 * 1024 });
  sockets.on('headers', (headers) => headers.push('Streamer-Protocol: 2'));
  const meddler = new Meddler(plan);
  const rooms = new Map<string, { readonly waiting: WebSocket[]; readonly line: ((server: WebSocket) => void)[] }>();
  const roomOf = (id: string) => {
    const room = rooms.get(id) ?? { waiting: [], line: [] };
    rooms.set(id, room);
    return room;
  };
  http.on('upgrade', (request, socket, head) => {
    socket.on('error', () => undefined);
    if (request.url === '/wait') {
      const room = roomOf(createHash('sha256').update(Buffer.from(header(request, 'streamer-host'), 'base64url')).digest('base64url'));
      sockets.handleUpgrade(request, socket, head, (server) => {
        server.on('error', () => undefined);
        server.on('close', () => room.waiting.splice(0, room.waiting.length, ...room.waiting.filter((one) => one !== server)));
        const next = room.line.shift();
        if (next === undefined) room.waiting.push(server);
        else next(server);
      });
      return;
    }
    const room = roomOf(header(request, 'streamer-room'));
    const join = (server: WebSocket) => {
      sockets.handleUpgrade(request, socket, head, (client) => {
        client.on('error', () => undefined);
        const { remoteAddress = '', remotePort = 0 } = request.socket;
        server.send(JSON.stringify({ paired: { remote: `${remoteAddress}:${remotePort}`, waiting: room.line.length } }));
        const pair = { server, client };
        meddler.join(pair);
        const first = header(request, 'streamer-handshake');
        if (first !== '') meddler.pass(pair, 'to-server', Buffer.from(first, 'base64url'));
      });
    };
    const server = room.waiting.shift();
    if (server === undefined) room.line.push(join);
    else join(server);
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of meddler.sockets) socket.terminate();
    for (const { waiting } of rooms.values()) for (const socket of waiting) socket.terminate();
    http.close();
    http.closeAllConnections();
  });
  return { url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}`, done: () => meddler.done, pairs: () => meddler.sockets.length / 2 };
}

/** What comes of a request for an upgrade. */
export type Answer = (upgrade: {
  readonly socket: Duplex;
  /** Lets it in. */
  readonly accept: () => WebSocket;
  /** Which one it is, from 0 on. */
  readonly index: number;
}) => void;

/** A relay that says what the test says. */
export interface NonsenseRelay {
  readonly port: number;
  readonly url: string;
  /** Requests, and connections that are open now. */
  readonly asked: () => number;
  readonly open: () => number;
}

/** Starts one; it ends with the test. */
export async function startNonsenseRelay(t: TestContext, answer: Answer, { headers = ['Streamer-Protocol: 2'] }: { readonly headers?: readonly string[] } = {}): Promise<NonsenseRelay> {
  const http = createServer();
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  sockets.on('headers', (own) => own.push(...headers));
  const open = new Set<Duplex>();
  let asked = 0;
  http.on('upgrade', (request, socket, head) => {
    open.add(socket);
    socket.on('error', () => undefined).on('close', () => open.delete(socket));
    const accept = () => {
      let accepted: WebSocket | undefined;
      // ws calls back in the same turn.
      sockets.handleUpgrade(request, socket, head, (connection) => (accepted = connection));
      if (accepted === undefined) throw new Error('no valid upgrade');
      return accepted.on('error', () => undefined);
    };
    answer({ socket, accept, index: (asked += 1) - 1 });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of open) socket.destroy();
    http.close();
    http.closeAllConnections();
  });
  const { port } = http.address() as AddressInfo;
  return { port, url: `ws://127.0.0.1:${port}`, asked: () => asked, open: () => open.size };
}

/** Passes messages on, but for one. */
class Meddler {
  done = false;
  readonly sockets: WebSocket[] = [];
  readonly #plan: Plan | undefined;
  #passed = 0;
  /** Servers' ends of the pairs in which content has gone. */
  readonly #flowing = new Set<WebSocket>();
  /** A message that waits for another to take its place. */
  #held: { readonly pair: Pair; readonly bytes: Buffer } | undefined;
  /** What may not overtake that one. */
  readonly #behind: { readonly pair: Pair; readonly bytes: Buffer }[] = [];

  constructor(plan: Plan | undefined) {
    this.#plan = plan;
  }

  join(pair: Pair): void {
    const { server, client } = pair;
    this.sockets.push(server, client);
    for (const [from, to, way] of [[server, client, 'to-client'], [client, server, 'to-server']] as const) {
      from.on('message', (data, isBinary) => {
        if (isBinary) this.pass(pair, way, data as Buffer);
        else from.close(1003);
      });
      from.on('ping', (payload) => {
        if (payload.length === 0) from.pong();
        else to.ping(payload);
      });
      from.on('pong', (payload) => {
        if (payload.length > 0) to.pong(payload);
      });
      from.on('close', (code, reason) => {
        if (code === 1005 || code === 1006) to.close(4005);
        else to.close(code, reason);
      });
    }
  }

  pass(pair: Pair, way: Way, bytes: Buffer): void {
    const plan = this.#plan;
    if (bytes.length > CONTENT_BYTES) this.#flowing.add(pair.server);
    const counted = plan?.since === 'handshake' || this.#flowing.has(pair.server);
    if (plan === undefined || !counted || this.done || way !== plan.way) this.#send(pair, way, bytes);
    else if (this.#held !== undefined) this.#swapOrSend(pair, way, bytes, plan.meddling);
    else if ((this.#passed += 1) <= plan.after) this.#send(pair, way, bytes);
    else this.#meddle(pair, way, bytes, plan.meddling);
  }

  #send({ server, client }: Pair, way: Way, bytes: Buffer): void {
    (way === 'to-server' ? server : client).send(bytes);
  }

  #meddle(pair: Pair, way: Way, bytes: Buffer, meddling: Meddling): void {
    const flipped = (place: number) => {
      const copy = Buffer.from(bytes);
      copy[place] = (copy[place] ?? 0) ^ 0x10;
      this.#send(pair, way, copy);
    };
    this.done = true;
    switch (meddling) {
      case 'flips a bit at the start of':
        flipped(0);
        break;
      case 'flips a bit in the middle of':
        flipped(bytes.length >> 1);
        break;
      case 'flips a bit at the end of':
        flipped(bytes.length - 1);
        break;
      case 'drops':
        break;
      case 'repeats':
        this.#send(pair, way, bytes);
        this.#send(pair, way, bytes);
        break;
      case 'delays, until the next has gone,':
      case 'swaps with one of another pair':
        this.done = false;
        this.#held = { pair, bytes };
        break;
      case 'cuts a byte off':
        this.#send(pair, way, bytes.subarray(0, -1));
        break;
      case 'puts a byte before':
        this.#send(pair, way, Buffer.concat([Buffer.of(0), bytes]));
        break;
      case 'makes up one before':
        this.#send(pair, way, randomBytes(1000));
        this.#send(pair, way, bytes);
        break;
      case 'says a text of its own before':
        (way === 'to-server' ? pair.server : pair.client).send(JSON.stringify({ paired: { remote: '192.0.2.7:1', waiting: 0 } }));
        this.#send(pair, way, bytes);
        break;
      case 'closes with 1008 in place of':
      case 'closes with 1000 in place of':
        for (const socket of [pair.server, pair.client]) socket.close(meddling === 'closes with 1008 in place of' ? 1008 : 1000);
        break;
      case 'sends back':
        this.#send(pair, way === 'to-server' ? 'to-client' : 'to-server', bytes);
        break;
    }
  }

  /** The one that takes the place of a held one: the next of the same pair, or the first of another. */
  #swapOrSend(pair: Pair, way: Way, bytes: Buffer, meddling: Meddling): void {
    const held = this.#held;
    const same = held?.pair.server === pair.server;
    if (held === undefined || same !== (meddling === 'delays, until the next has gone,')) {
      if (same) this.#behind.push({ pair, bytes });
      else this.#send(pair, way, bytes);
      return;
    }
    this.done = true;
    this.#held = undefined;
    if (same) {
      this.#send(pair, way, bytes);
      this.#send(pair, way, held.bytes);
      return;
    }
    this.#send(held.pair, way, bytes);
    this.#send(pair, way, held.bytes);
    for (const later of this.#behind) this.#send(later.pair, way, later.bytes);
  }
}
