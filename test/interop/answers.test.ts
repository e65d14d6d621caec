/**
 * The same question to the real Python server and to ours, side by side: our server answers as the reference would.
 * Where ours differs on purpose, the difference is in the table, and src/compat/PROTOCOL.md says why.
 */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { WebSocket } from 'ws';
import { tempDir, type RunningServer } from '../support/cli.js';
import { pythonOrSkip } from '../support/python-peer.js';
import { SECRET, startServerOf, targetIn, type Action, type Make } from './pairing.js';
import { askServer, connectRaw, content, say, send, type Ask, type Closed } from './raw-peer.js';

const skip = await pythonOrSkip();
const MAKES: readonly Make[] = ['python', 'ours'];
const MIB = 1024 * 1024;

/** One answer of each make. */
async function bothAnswer<T>(ask: (make: Make) => Promise<T>): Promise<{ python: T; ours: T }> {
  const [python, ours] = await Promise.all(MAKES.map(ask));
  return { python, ours } as { python: T; ours: T };
}

async function sendingServer(t: TestContext, make: Make, size = 7): Promise<RunningServer> {
  const source = path.join(await tempDir(t), 'source.bin');
  await writeFile(source, Buffer.alloc(size, 'x'));
  return startServerOf(t, make, 'send', source);
}

interface Request {
  readonly name: string;
  readonly ask: Ask;
  /** 101 when the client is let in. */
  readonly status: number;
  readonly body?: string;
}

const MISSING = 'Missing Authorization header\n';
const INVALID = 'Invalid secret\n';

const UPGRADES: readonly Request[] = [
  { name: 'no Authorization header', ask: { authorization: null }, status: 401, body: MISSING },
  { name: 'a wrong secret', ask: { authorization: 'Bearer wrong' }, status: 403, body: INVALID },
  { name: 'an empty secret', ask: { authorization: 'Bearer ' }, status: 403, body: INVALID },
  { name: 'an empty header', ask: { authorization: '' }, status: 403, body: INVALID },
  { name: 'the secret in another case', ask: { authorization: `Bearer ${SECRET.toUpperCase()}` }, status: 403, body: INVALID },
  { name: 'the secret and one character more', ask: { authorization: `Bearer ${SECRET}x` }, status: 403, body: INVALID },
  { name: 'the secret less one character', ask: { authorization: `Bearer ${SECRET.slice(0, -1)}` }, status: 403, body: INVALID },
  { name: 'another scheme', ask: { authorization: `Basic ${SECRET}` }, status: 403, body: INVALID },
  { name: 'a scheme in small letters', ask: { authorization: `bearer ${SECRET}` }, status: 403, body: INVALID },
  { name: 'the secret', ask: {}, status: 101 },
  { name: 'the secret without a scheme', ask: { authorization: SECRET }, status: 101 },
  { name: 'the secret after two schemes', ask: { authorization: `Bearer Bearer ${SECRET}` }, status: 101 },
  { name: 'the secret, another path and a query', ask: { path: '/some/where?x=1' }, status: 101 },
  { name: 'the secret, from a web page', ask: { headers: { Origin: 'https://example.org' } }, status: 101 },
  { name: 'the secret, with an offer of permessage-deflate', ask: { offerDeflate: true }, status: 101 },
];

describe('a websocket request with', { skip, concurrency: 2 }, () => {
  for (const { name, ask, status, body } of UPGRADES) {
    it(`${name}: ${status}`, async (t) => {
      const { python, ours } = await bothAnswer(async (make) => {
        const answer = await askServer(t, (await sendingServer(t, make)).port, ask);
        return answer.upgraded ? { status: 101 } : { status: answer.status, body: answer.body };
      });
      assert.deepEqual(ours, python);
      assert.deepEqual(ours, body === undefined ? { status } : { status, body });
    });
  }
});

/** A request that asks for no upgrade. */
function plainRequest(port: number, method: string, authorization?: string): Promise<{ status: number; body: string; upgrade: string | undefined }> {
  return new Promise((resolve, reject) => {
    const headers = authorization === undefined ? {} : { authorization };
    const asking = request({ host: '127.0.0.1', port, method, headers, path: '/' }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body, upgrade: response.headers.upgrade }));
    });
    asking.on('error', reject).end();
  });
}

describe('a plain GET with', { skip, concurrency: 2 }, () => {
  it('no secret: 401', async (t) => {
    const { python, ours } = await bothAnswer(async (make) => plainRequest((await sendingServer(t, make)).port, 'GET'));
    assert.deepEqual(ours, python);
    assert.deepEqual(ours, { status: 401, body: MISSING, upgrade: undefined });
  });

  it('a wrong secret: 403', async (t) => {
    const { python, ours } = await bothAnswer(async (make) => plainRequest((await sendingServer(t, make)).port, 'GET', 'Bearer wrong'));
    assert.deepEqual(ours, python);
    assert.deepEqual(ours, { status: 403, body: INVALID, upgrade: undefined });
  });

  it('the secret: 426, each in its own words', async (t) => {
    const { python, ours } = await bothAnswer(async (make) => plainRequest((await sendingServer(t, make)).port, 'GET', `Bearer ${SECRET}`));
    assert.deepEqual([ours.status, ours.upgrade], [python.status, python.upgrade]);
    assert.deepEqual([ours.status, ours.upgrade], [426, 'websocket']);
    assert.match(ours.body, /^This is a websocket server/);
  });
});

/** What a close's reason means: its `error`, or its text. Ours has a `code` besides, and says more of a limit. */
function meaning({ code, reason }: Closed): { code: number; says: string } {
  const says = reason.startsWith('{') ? (JSON.parse(reason) as { type: string; error: string }).error : reason;
  return { code, says };
}

interface Session {
  readonly name: string;
  /** What the server does. */
  readonly action: Action;
  readonly args?: readonly string[];
  /** Makes the target's place what it should be when the client comes. */
  readonly prepare?: (target: string) => Promise<void>;
  readonly tell: (socket: WebSocket) => Promise<unknown>;
  readonly code: number;
  /** What the reason says: by both, or by each. */
  readonly says: string | { readonly python: string; readonly ours: string };
}

const { bytes, hash } = content(1000);
const told =
  (...messages: readonly (string | Buffer)[]) =>
  async (socket: WebSocket): Promise<void> => {
    for (const message of messages) await send(socket, message);
  };
const LIMIT = 'Inbound transfer limit exceeded, max allowed transfer size: 999 bytes.';

const SESSIONS: readonly Session[] = [
  { name: 'a whole file, its eof in text', action: 'receive', tell: told(say.init(1000), bytes, say.eof(hash)), code: 1000, says: '' },
  { name: 'an empty file', action: 'receive', tell: told(say.init(0, 0), say.eof(content(0).hash)), code: 1000, says: '' },
  { name: 'a target that appeared meanwhile', action: 'receive', prepare: (target) => writeFile(target, 'x'), tell: told(say.init(1000)), code: 3003, says: 'FileNotFoundError' },
  { name: 'a file over the limit', action: 'receive', args: ['--inbound-transfer-limit', '999'], tell: told(say.init(1000), bytes), code: 1009, says: { python: LIMIT, ours: `${LIMIT} The file has 1000.` } },
  { name: 'a message over 6.25 MiB', action: 'receive', tell: told(say.init(7 * MIB), Buffer.alloc(6_553_601)), code: 1009, says: { python: 'frame with 6553601 bytes exceeds limit of 6553600 bytes', ours: 'the other end sent a message of over 6553600 bytes' } },
  { name: 'an init that is no JSON', action: 'receive', tell: told(Buffer.alloc(1000, 'a')), code: 1011, says: { python: 'JSONDecodeError', ours: 'ProtocolError' } },
  { name: 'an init in text', action: 'receive', tell: told(say.init(1000).toString()), code: 1011, says: { python: 'AttributeError', ours: 'ProtocolError' } },
  { name: 'an init without a size', action: 'receive', tell: told(Buffer.from('{"type": "init"}')), code: 1011, says: { python: 'KeyError', ours: 'ProtocolError' } },
  { name: 'text among the data', action: 'receive', tell: told(say.init(1000), 'text'), code: 1011, says: { python: 'TypeError', ours: 'IntegrityError' } },
  { name: 'an error text among the data', action: 'receive', tell: told(say.init(1000), '{"type":"error","error":"OSError"}'), code: 1011, says: { python: 'AttributeError', ours: 'IntegrityError' } },
  { name: 'a client that takes a file and leaves', action: 'send', tell: leaveAfterEof, code: 1000, says: '' },
];

function leaveAfterEof(socket: WebSocket): Promise<void> {
  socket.on('message', (data) => {
    if ((data as Buffer).toString().includes('"eof"')) socket.close(1000);
  });
  return Promise.resolve();
}

describe('a session with', { skip, concurrency: 2 }, () => {
  for (const { name, action, args = [], prepare, tell, code, says } of SESSIONS) {
    it(`${name}: closed with ${code}`, async (t) => {
      const { python, ours } = await bothAnswer(async (make) => {
        const { target } = await targetIn(t);
        if (action === 'send') await writeFile(target, 'content');
        const server = await startServerOf(t, make, action, target, { args });
        await prepare?.(target);
        const { socket, closed } = await connectRaw(t, server.port);
        socket.on('error', () => undefined);
        await tell(socket).catch(() => undefined);
        return meaning(await closed);
      });
      const expected = typeof says === 'string' ? { python: says, ours: says } : says;
      assert.deepEqual({ python, ours }, { python: { code, says: expected.python }, ours: { code, says: expected.ours } });
    });
  }

  it('messages to a server that sends: ours objects, the reference does not look', async (t) => {
    const { python, ours } = await bothAnswer(async (make) => {
      const { socket, closed } = await connectRaw(t, (await sendingServer(t, make, 40 * MIB)).port);
      socket.on('error', () => undefined);
      socket.send('hello');
      return (await closed).code;
    });
    assert.deepEqual({ python, ours }, { python: 1000, ours: 1011 });
  });

  it('a missing file at a server that sends: 3003 from the reference; ours does not start, or vouches with its eof', async (t) => {
    const server = await startServerOf(t, 'python', 'send', path.join(await tempDir(t), 'none'));
    const { closed } = await connectRaw(t, server.port);
    assert.deepEqual(await closed, { code: 3003, reason: '{"type": "error", "error": "FileNotFoundError"}' });
  });

  it('a target in a missing directory: 1011 from the reference; ours does not start', async (t) => {
    const server = await startServerOf(t, 'python', 'receive', path.join(await tempDir(t), 'none', 'file'));
    const { closed } = await connectRaw(t, server.port);
    assert.deepEqual(await closed, { code: 1011, reason: '{"type": "error", "error": "FileNotFoundError"}' });
  });

  it('another hash: the reference removes the file and closes with 1000; ours closes with 1011', async (t) => {
    const { python, ours } = await bothAnswer(async (make) => {
      const { target } = await targetIn(t);
      const { socket, closed } = await connectRaw(t, (await startServerOf(t, make, 'receive', target)).port);
      await told(say.init(1000), bytes, say.eof('0'.repeat(64)))(socket);
      return meaning(await closed);
    });
    assert.deepEqual({ python, ours }, { python: { code: 1000, says: '' }, ours: { code: 1011, says: 'IntegrityError' } });
  });
});

describe('permessage-deflate', { skip, concurrency: 2 }, () => {
  it('is taken by the Python server when it is offered, and not by ours', async (t) => {
    const { python, ours } = await bothAnswer(async (make) => {
      const { headers } = await connectRaw(t, (await sendingServer(t, make)).port, { offerDeflate: true });
      return headers['sec-websocket-extensions'];
    });
    assert.match(python ?? '', /^permessage-deflate/);
    assert.equal(ours, undefined);
  });
});
