/**
 * The library's transfers with record threads and asynchronous chunk IO, as on a machine with processors to spare.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { before, describe, it } from 'node:test';
import { chooseWorkers, receive, send } from '../../src/index.js';
import { RecordThreads } from '../../src/transfer/record-threads.js';
import { startThreads } from '../support/with-threads.js';
import { MIB, placeFor, serveHere } from './ends.js';

const SIZE = 24 * MIB + 3;

for (const action of ['send', 'receive'] as const) {
  describe(`with threads, the client ${action}s`, () => {
    before(() => startThreads(2));

    for (const streams of [1, 4]) {
      it(`a file over ${streams}`, async (t) => {
        const give = t.mock.method(RecordThreads.prototype, 'give');
        const place = await placeFor(t, SIZE);
        const [own, other] = action === 'send' ? [place.source, place.target] : [place.target, place.source];
        const server = await serveHere(t, { action: action === 'send' ? 'receive' : 'send', path: other });
        const result = await (action === 'send' ? send : receive)({ coordinates: server.coordinates, path: own, streams });
        const theirs = await server.done;
        assert.ok((await readFile(place.target)).equals(place.bytes));
        assert.deepEqual(result.digest, theirs.digest);
        assert.equal(result.reconnects, 0);
        // Each end is in this process: sealed and opened.
        assert.ok(give.mock.callCount() >= 2 * 24);
      });
    }

    it('a directory of it', async (t) => {
      const place = await placeFor(t, SIZE);
      const [own, other] = action === 'send' ? [place.directory, place.target] : [place.target, place.directory];
      const exclude = { kind: 'exclude', pattern: 'inbox' } as const;
      const server = await serveHere(t, { action: action === 'send' ? 'receive' : 'send', path: other, ...(action === 'send' ? {} : { rules: [exclude] }) });
      await (action === 'send' ? send({ coordinates: server.coordinates, path: own, rules: [exclude] }) : receive({ coordinates: server.coordinates, path: own }));
      await server.done;
      assert.ok((await readFile(path.join(place.target, 'results.h5'))).equals(place.bytes));
    });
  });
}

describe('chooseWorkers', () => {
  it('takes a number of threads, and nothing else', () => {
    for (const count of [-1, 1.5, 17, Number.NaN, '1' as unknown as number]) assert.throws(() => chooseWorkers(count), { code: 'usage' });
  });
});
