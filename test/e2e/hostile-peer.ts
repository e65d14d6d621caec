/**
 * A peer that knows the secret and does not keep to the protocol: its handshake is the library's own, and after it any
 * bytes may go into a record.
 *
 * @module
 */
import type { TestContext } from 'node:test';
import { deriveKey } from '../../src/crypto/kdf.js';
import { NoiseHandshake } from '../../src/crypto/noise.js';
import { RecordOpener, RecordSealer } from '../../src/crypto/record.js';
import { errorOfClose } from '../../src/transfer/channel.js';
import type { CloseInfo } from '../../src/transport/connection.js';
import { connectTo } from '../../src/transport/dial.js';
import { listen } from '../../src/transport/listen.js';
import { openAsClient } from '../../src/transport/opening-handshake.js';
import type { WebSocketConnection } from '../../src/transport/websocket.js';
import { MESSAGE_MAX, NATIVE_PATH, PROLOGUE, PROTOCOL_HEADER } from '../../src/wire/constants.js';
import { decodeFrame } from '../../src/wire/decode.js';
import { encodeFrame } from '../../src/wire/encode.js';
import type { Answer, Frame } from '../../src/wire/frame.js';

const TIMEOUT_MS = 20_000;

/** See the module's head. */
export class HostilePeer {
  readonly connection: WebSocketConnection;
  readonly #noise: NoiseHandshake;
  readonly #role: 'client' | 'server';
  #sealer: RecordSealer | undefined;
  #opener: RecordOpener | undefined;
  #message: Buffer[] = [];
  readonly #frames: Frame[] = [];
  #close: CloseInfo | undefined;
  #wake: () => void = () => undefined;

  constructor(connection: WebSocketConnection, role: 'client' | 'server', secret: Uint8Array) {
    this.connection = connection;
    this.#role = role;
    this.#noise = new NoiseHandshake({
      role: role === 'client' ? 'initiator' : 'responder',
      prologue: Buffer.from(PROLOGUE),
      psk: deriveKey(secret, 'handshake psk'),
    });
    connection.attach({ piece: (bytes, last) => this.#piece(bytes, last), closed: (info) => this.#closed(info) });
    if (role === 'client') connection.send([this.#noise.writeMessage(Buffer.alloc(0))], 'binary');
  }

  /** Resolves when the handshake is done. Rejects when the other end closes instead. */
  async ready(): Promise<this> {
    await this.#until(() => this.#sealer);
    return this;
  }

  /** One record of these bytes: a frame's type and body, or anything. */
  sendBytes(...parts: readonly Uint8Array[]): void {
    if (this.#sealer === undefined) throw new Error('no handshake yet');
    this.connection.send(this.#sealer.seal(parts), 'binary');
  }

  send(frame: Frame): void {
    this.sendBytes(...encodeFrame(frame));
  }

  /** The next frame that came. Rejects when the other end closes first. */
  async receive(): Promise<Frame> {
    await this.#until(() => this.#frames[0]);
    return this.#frames.shift() as Frame;
  }

  /** The next frame of a type; others are passed over. */
  async until<T extends Frame['type']>(type: T): Promise<Extract<Frame, { type: T }>> {
    for (;;) {
      const frame = await this.receive();
      if (frame.type === type) return frame as Extract<Frame, { type: T }>;
    }
  }

  /** What the receiver makes of an entry. */
  async verdictOn(id: number): Promise<Answer | 'trouble'> {
    for (;;) {
      const frame = await this.receive();
      if (frame.type === 'trouble' && frame.id === id) return 'trouble';
      const answer = frame.type === 'answers' ? frame.answers[id - frame.first] : undefined;
      if (answer !== undefined) return answer;
    }
  }

  /** The close, with what had come before it. */
  async closed(): Promise<{ readonly info: CloseInfo; readonly frames: readonly Frame[] }> {
    await this.#until(() => this.#close, true);
    return { info: this.#close as CloseInfo, frames: this.#frames };
  }

  #piece(bytes: Buffer, last: boolean): void {
    this.#message.push(Buffer.from(bytes));
    if (!last) return;
    const message = Buffer.concat(this.#message);
    this.#message = [];
    if (this.#opener === undefined) {
      this.#noise.readMessage(message);
      if (this.#role === 'server') this.connection.send([this.#noise.writeMessage(Buffer.alloc(0))], 'binary');
      const { sendKey, receiveKey } = this.#noise.split();
      this.#sealer = new RecordSealer(sendKey);
      this.#opener = new RecordOpener(receiveKey);
    } else {
      this.#frames.push(decodeFrame([...this.#opener.update(message), ...this.#opener.finish()]));
    }
    this.#wake();
  }

  #closed(info: CloseInfo): void {
    this.#close = info;
    this.#wake();
  }

  async #until(look: () => unknown, closeIsFine = false): Promise<void> {
    const deadline = performance.now() + TIMEOUT_MS;
    while (look() === undefined) {
      if (this.#close !== undefined && !closeIsFine) throw errorOfClose(this.#close);
      if (performance.now() > deadline) throw new Error(`nothing came from the other end within ${TIMEOUT_MS} ms`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, TIMEOUT_MS);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}

/** Connects to a server as a client that knows `secret`, up to the end of the handshake. */
export async function dialServer(t: TestContext, port: number, secret: Uint8Array): Promise<HostilePeer> {
  const socket = await connectTo({ host: '127.0.0.1', port }, { timeoutMs: TIMEOUT_MS });
  t.after(() => socket.destroy());
  const opening = await openAsClient({
    url: `ws://127.0.0.1:${port}${NATIVE_PATH}`,
    headers: { [PROTOCOL_HEADER]: '2' },
    socket,
    timeoutMs: TIMEOUT_MS,
    connection: () => ({ masking: 'zero', maxMessageBytes: MESSAGE_MAX }),
  });
  if (!opening.upgraded) throw new Error(`HTTP ${opening.refusal.status}`);
  t.after(() => opening.connection.destroy());
  return new HostilePeer(opening.connection, 'client', secret).ready();
}

/** A server that knows `secret`. */
export interface HostileServer {
  readonly port: number;
  /** The next client, when its handshake is done. */
  readonly accept: () => Promise<HostilePeer>;
  /** It listens no more; connections live on. */
  readonly close: () => Promise<void>;
}

/** Listens as a server that knows `secret`. */
export async function startHostileServer(t: TestContext, secret: Uint8Array): Promise<HostileServer> {
  const waiting: HostilePeer[] = [];
  let arrived: () => void = () => undefined;
  const listener = await listen({
    host: '127.0.0.1',
    ports: [0, 0],
    admit: () => ({ admitted: true, tag: '', headers: [`${PROTOCOL_HEADER}: 2`], options: { masking: 'none', maxMessageBytes: MESSAGE_MAX } }),
    connected: (connection) => {
      t.after(() => connection.destroy());
      waiting.push(new HostilePeer(connection, 'server', secret));
      arrived();
    },
  });
  t.after(() => listener.close());
  return {
    port: listener.port,
    close: () => listener.close(),
    accept: async () => {
      while (waiting.length === 0) await new Promise<void>((resolve) => (arrived = resolve));
      return (waiting.shift() as HostilePeer).ready();
    },
  };
}
