// A Redis that has fallen silent, as behind a firewall that has forgotten the connection: it knows nothing, and nobody waits
// for it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { it, type TestContext } from 'node:test';
import { joinRedisDirectory } from '../../../src/relay/redis-directory.js';
import { until } from '../../support/fake-events.js';

interface FakeRedis {
  readonly url: string;
  readonly asked: string[];
  silent: boolean;
}

/** As much of RESP as it takes to answer OK to everything, also within a transaction. */
async function fakeRedis(t: TestContext): Promise<FakeRedis> {
  const sockets = new Set<Socket>();
  const asked: string[] = [];
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
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
  const redis = { url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, silent: false };
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return redis;
}

it('a directory that has fallen silent knows nothing, says so once, and can be left', { timeout: 30_000 }, async (t) => {
  const redis = await fakeRedis(t);
  const notices: string[] = [];
  const directory = await joinRedisDirectory({ redis: redis.url, url: 'ws://127.0.0.1:1', notice: (message) => notices.push(message) });
  directory.announce('a');
  await until(() => redis.asked.some((line) => line.startsWith('SADD')));
  assert.deepEqual([await directory.find('a'), directory.ready, notices], [[], true, []]);
  redis.silent = true;
  assert.deepEqual(await Promise.all(['a', 'b', 'c'].map((room) => directory.find(room))), [[], [], []]);
  assert.equal(directory.ready, false);
  assert.deepEqual(notices, ['the directory of rooms cannot be reached: no answer within 2 s']);
  await directory.close();
});
