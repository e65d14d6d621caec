import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { before, describe, it } from 'node:test';
import { RecordOpener, RecordSealer, TAG_BYTES, type RecordKey } from '../../../src/crypto/record.js';
import type { RecordTask } from '../../../src/transfer/record-thread.js';
import { recordThreads, threadsWanted, type RecordThreads } from '../../../src/transfer/record-threads.js';
import { chooseWorkers } from '../../../src/util/spare-processors.js';
import { answerOf, killThread, startThreads } from '../../support/with-threads.js';

const KEY = Buffer.alloc(32, 7);
/** Around the thread's pieces of 64 KiB. */
const LENGTHS = [0, 1, 65_535, 65_536, 65_537, 1_048_604];
let threads: RecordThreads;

const given = (kind: RecordTask['kind'], record: Buffer, key: RecordKey): Promise<unknown> => answerOf(threads, kind, record, key);

function copy(bytes: Uint8Array, room = 0): Buffer {
  const memory = Buffer.allocUnsafeSlow(bytes.length + room);
  memory.set(bytes);
  return memory;
}

describe('record threads', () => {
  before(async () => {
    chooseWorkers(0);
    assert.equal(recordThreads(), undefined);
    assert.ok(!threadsWanted());
    threads = await startThreads(2);
  });

  it('seal as the event loop does, and open what it has sealed', async () => {
    const [here, there, opener] = [new RecordSealer(KEY), new RecordSealer(KEY), new RecordOpener(KEY)];
    for (const length of LENGTHS) {
      const plain = randomBytes(length);
      const sealed = Buffer.concat(here.seal([plain]));
      assert.deepEqual(await given('seal', copy(plain, TAG_BYTES), there.next()), new Uint8Array(sealed));
      const opened = await given('open', copy(sealed), opener.next());
      assert.ok(opened instanceof Uint8Array);
      assert.ok(plain.equals(opened.subarray(0, length)));
    }
  });

  it('take the memory along, and no more of it than the record', async () => {
    const record = Buffer.allocUnsafeSlow(1000);
    const answer = given('seal', record, new RecordSealer(KEY).next());
    assert.equal(record.length, 0);
    assert.ok((await answer) instanceof Uint8Array);
  });

  it('tell a wrong tag, and go on', async () => {
    const sealed = Buffer.concat(new RecordSealer(KEY).seal([randomBytes(100_000)]));
    for (const at of [0, 99_999, sealed.length - 1]) {
      const altered = copy(sealed);
      altered[at] = (altered[at] ?? 0) ^ 1;
      assert.equal(await given('open', altered, new RecordOpener(KEY).next()), undefined);
    }
    assert.ok((await given('open', copy(sealed), new RecordOpener(KEY).next())) instanceof Uint8Array);
  });

  it('give what they had to nobody when one dies, and take nothing more', async () => {
    const sealer = new RecordSealer(KEY);
    assert.ok(!threads.dead);
    const dying = killThread(threads);
    const others = [given('seal', copy(randomBytes(100)), sealer.next()), given('seal', copy(randomBytes(100)), sealer.next())];
    assert.equal(await dying, 'died');
    assert.deepEqual((await Promise.all(others)).map((answer) => answer === 'died' || answer instanceof Uint8Array), [true, true]);
    assert.ok(threads.dead);
    assert.equal(recordThreads(), undefined);
    assert.ok(!threadsWanted());
  });
});
