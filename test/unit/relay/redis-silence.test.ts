// A Redis that has fallen silent, as behind a firewall that has forgotten the connection: it knows nothing, and nobody waits
// for it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { RoomDirectory } from '../../../src/relay/directory.js';
import { joinRedisDirectory } from '../../../src/relay/redis-directory.js';
import { until } from '../../support/fake-events.js';

interface FakeRedis {
  readonly url: string;
  readonly asked: string[];
  /** Connections that were ever made. */
  made: number;
  silent: boolean;
}

/** As much of RESP as it takes to answer OK to everything, also within a transaction. */
async function fakeRedis(t: TestContext): Promise<FakeRedis> {
  const sockets = new Set<Socket>();
  const asked: string[] = [];
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    redis.made += 1;
    let [text, queued] = ['', -1];
    socket.setEncoding('latin1').on('data', (piece: string) => {
      text += piece;
      for (;;) {
        // `*2`, and then a length and a text for each.
        const [head = '', count = ''] = /^\*(\d+)\r\n/u.exec(text) ?? [];
        const lines = text.slice(head.length).split('\r\n');
        if (head === '' || lines.length < Number(count) * 2 + 1) return;
        const words = lines.slice(0, Number(count) * 2).filter((_, index) => index % 2 === 1);
        text = lines.slice(Number(count) * 2).join('\r\n');
        asked.push(words.join(' '));
        const [command = ''] = words;
        if (redis.silent) continue;
        if (command === 'MULTI') queued = 0;
        if (command === 'EXEC') {
          socket.write(`*${queued}\r\n${':1\r\n'.repeat(queued)}`);
          queued = -1;
        } else if (queued >= 0 && command !== 'MULTI') {
          queued += 1;
          socket.write('+QUEUED\r\n');
        } else socket.write(command === 'SMEMBERS' || command === 'MGET' ? '*0\r\n' : '+OK\r\n');
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const redis = { url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, made: 0, silent: false };
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return redis;
}

async function join(t: TestContext): Promise<{ readonly redis: FakeRedis; readonly directory: RoomDirectory; readonly notices: string[] }> {
  const redis = await fakeRedis(t);
  const notices: string[] = [];
  const directory = await joinRedisDirectory({ redis: redis.url, url: 'ws://127.0.0.1:1', notice: (message) => notices.push(message) });
  t.after(() => directory.close());
  return { redis, directory, notices };
}

/** As `until`, for what takes seconds. */
async function eventually(met: () => boolean): Promise<void> {
  while (!met()) await delay(20);
}

const SILENT = 'the directory of rooms cannot be reached: no answer within 2 s';

describe('a directory that has fallen silent', { concurrency: true }, () => {
  it('knows nothing, says so once, and can be left', { timeout: 30_000 }, async (t) => {
    const { redis, directory, notices } = await join(t);
    directory.announce('a');
    await until(() => redis.asked.some((line) => line.startsWith('SADD')));
    assert.deepEqual([await directory.find('a'), directory.ready, notices], [[], true, []]);
    redis.silent = true;
    assert.deepEqual(await Promise.all(['a', 'b', 'c'].map((room) => directory.find(room))), [[], [], []]);
    assert.equal(directory.ready, false);
    assert.deepEqual(notices, [SILENT]);
    // Whoever asks meanwhile does not wait, and does not keep the connection from being given up.
    const asked = redis.asked.length;
    assert.deepEqual(await directory.find('d'), []);
    assert.equal(redis.asked.length, asked);
    await directory.close();
  });

  it('is noticed though nobody asks it anything, soon enough for who looks at /readyz', { timeout: 30_000 }, async (t) => {
    const { redis, directory, notices } = await join(t);
    redis.silent = true;
    const before = redis.asked.length;
    await eventually(() => !directory.ready);
    assert.deepEqual(notices, [SILENT]);
    // By the question that is for this alone, each second, and not by what is written every ten.
    assert.deepEqual(redis.asked.slice(before), ['PING']);
  });

  it('is asked again over another connection, and told then what it has missed', { timeout: 60_000 }, async (t) => {
    const { redis, directory } = await join(t);
    redis.silent = true;
    await eventually(() => !directory.ready);
    directory.announce('missed');
    await eventually(() => redis.made > 1);
    const before = redis.asked.length;
    redis.silent = false;
    await eventually(() => directory.ready);
    await eventually(() => redis.asked.slice(before).some((line) => line.startsWith('SADD')));
  });
});
