import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { RelayRoom, type RelayRoomOptions } from '../../../src/server/relay-room.js';
import { frameHeader, OPCODE } from '../../../src/transport/frame-header.js';
import { writePairedNotice } from '../../../src/transport/rendezvous.js';

/** RFC 6455 section 1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** A relay's end of one request. */
interface Request {
  readonly headers: string;
  readonly socket: Socket;
  /** Answers 101, with more bytes in the same write. */
  readonly upgrade: (more?: Buffer) => void;
}

/** A relay of which the test is the brain. */
class FakeRelay {
  readonly requests: Request[] = [];
  readonly #server = createServer((socket) => this.#take(socket));
  #wake: () => void = () => undefined;

  static async start(t: TestContext): Promise<FakeRelay> {
    const relay = new FakeRelay();
    await once(relay.#server.listen(0, '127.0.0.1'), 'listening');
    t.after(() => {
      relay.#server.close();
      for (const { socket } of relay.requests) socket.destroy();
    });
    return relay;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}/below`;
  }

  /** The so-and-so-manieth request. */
  async request(index: number): Promise<Request> {
    while (this.requests.length <= index) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.requests[index] as Request;
  }

  #take(socket: Socket): void {
    let headers = '';
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => {
      if (headers.includes('\r\n\r\n')) return;
      headers += bytes.toString('latin1');
      if (!headers.includes('\r\n\r\n')) return;
      const key = /sec-websocket-key: (\S+)/iu.exec(headers)?.[1] ?? '';
      const accept = createHash('sha1').update(key + GUID).digest('base64');
      const answer = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
      this.requests.push({ headers, socket, upgrade: (more = Buffer.alloc(0)) => void socket.write(Buffer.concat([Buffer.from(answer), more])) });
      this.#wake();
    });
  }
}

function roomAt(t: TestContext, url: string, more: Partial<RelayRoomOptions> = {}): RelayRoom {
  const room = new RelayRoom({ url, token: undefined, hostKey: Buffer.alloc(32, 1), ca: undefined, joined: () => undefined, notice: () => undefined, refused: () => undefined, ...more });
  t.after(() => room.close());
  return room;
}

function text(payload: Buffer): Buffer {
  return Buffer.concat([frameHeader(OPCODE.text, payload.length), payload]);
}

const paired = (waiting: number) => text(writePairedNotice({ remote: '192.0.2.7:1', waiting }));

describe("a server's room at a relay", () => {
  it('asks at the path below its URL, with its key and token', async (t) => {
    const relay = await FakeRelay.start(t);
    const opened = roomAt(t, relay.url, { token: 'the-token' }).open(undefined);
    const { headers, upgrade } = await relay.request(0);
    assert.match(headers, /^GET \/below\/wait HTTP\/1\.1\r\n/u);
    assert.match(headers, /^Streamer-Host: AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE\r$/imu);
    assert.match(headers, /^Authorization: Bearer the-token\r$/imu);
    upgrade();
    await opened;
  });

  it('has another connection wait when a client has come, even when it comes with the answer', async (t) => {
    const relay = await FakeRelay.start(t);
    const joined: string[] = [];
    const opened = roomAt(t, relay.url, { joined: (_connection, remote) => joined.push(remote) }).open(undefined);
    (await relay.request(0)).upgrade(paired(0));
    await opened;
    // The second, dialled because of it, is joined as soon; and so is the third.
    (await relay.request(1)).upgrade(paired(0));
    (await relay.request(2)).upgrade(paired(0));
    await relay.request(3);
    assert.deepEqual(joined, ['192.0.2.7:1', '192.0.2.7:1', '192.0.2.7:1']);
  });

  it('has as many wait as the relay has clients for, and never more than 64', async (t) => {
    const relay = await FakeRelay.start(t);
    const opened = roomAt(t, relay.url).open(undefined);
    (await relay.request(0)).upgrade(paired(3));
    await opened;
    for (let i = 1; i <= 4; i += 1) (await relay.request(i)).upgrade();
    const last = await relay.request(4);
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(relay.requests.length, 5);
    last.socket.write(paired(1e9));
    await relay.request(4 + 61);
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(relay.requests.length, 5 + 61);
  });

  it('comes back when its connection is lost, or says something that no relay says', async (t) => {
    const relay = await FakeRelay.start(t);
    const joined: string[] = [];
    const opened = roomAt(t, relay.url, { joined: (_connection, remote) => joined.push(remote) }).open(undefined);
    (await relay.request(0)).upgrade();
    await opened;
    relay.requests[0]?.socket.resetAndDestroy();
    (await relay.request(1)).upgrade(text(Buffer.from('{"paired":{}}')));
    (await relay.request(2)).upgrade(Buffer.concat([frameHeader(OPCODE.binary, 1), Buffer.of(7)]));
    (await relay.request(3)).upgrade(text(Buffer.alloc(70_000, 0x61)));
    await relay.request(4);
    assert.deepEqual(joined, []);
  });

  it('once closed, it asks no more', async (t) => {
    const relay = await FakeRelay.start(t);
    const room = roomAt(t, relay.url);
    const opened = room.open(undefined);
    (await relay.request(0)).upgrade();
    await opened;
    room.close();
    relay.requests[0]?.socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 400));
    assert.equal(relay.requests.length, 1);
  });
});
