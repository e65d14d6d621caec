// In a file, and so a process, of its own: it changes node's http for whoever imports it after.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http, { type ServerOptions } from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import { connect } from 'node:net';
import { it } from 'node:test';

it('a request whose headers do not come within 10 s is dropped', async (t) => {
  const asked: ServerOptions[] = [];
  const { createServer } = http;
  http.createServer = ((options: ServerOptions) => {
    asked.push(options);
    // As a 250th of the time that was asked for, so that nobody has to wait for it.
    const { headersTimeout = 0, requestTimeout = 0, connectionsCheckingInterval = 0 } = options;
    return createServer({ headersTimeout: headersTimeout / 250, requestTimeout: requestTimeout / 250, connectionsCheckingInterval: connectionsCheckingInterval / 250 });
  }) as typeof createServer;
  syncBuiltinESMExports();
  t.after(() => {
    http.createServer = createServer;
    syncBuiltinESMExports();
  });
  const { listen } = await import('../../../src/transport/listen.js');
  const listener = await listen({ host: '127.0.0.1', ports: [0, 0], admit: () => assert.fail('nobody has asked'), connected: () => assert.fail('nobody is admitted') });
  t.after(() => listener.close());
  assert.deepEqual(asked, [{ headersTimeout: 10_000, requestTimeout: 10_000, connectionsCheckingInterval: 1_000 }]);
  for (const said of ['', 'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n']) {
    const socket = connect(listener.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(said);
    await once(socket.resume(), 'close');
  }
});
