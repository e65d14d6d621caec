import assert from 'node:assert/strict';
import { it } from 'node:test';
import { clientFor } from '../../../support/fake-control.js';
import { answerWith, exchange, startServer } from '../../../support/recorded.js';

it('reads the systems', async (t) => {
  const { url } = await startServer(t, (request, response) => answerWith(exchange('status-systems'), request, response));
  const systems = await clientFor(url).systems();
  assert.deepEqual(systems.map(({ name, healthy, transfer }) => [name, healthy, transfer?.type]), [['alps', true, 'streamer'], ['alps-busy', true, 'streamer'], ['wormy', true, 'wormhole'], ['noxfer', true, undefined], ['down', false, undefined]]);
});
