import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { it } from 'node:test';
import { RecordOpener, RecordSealer } from '../../../src/crypto/record.js';
import { SealingLane } from '../../../src/transfer/sealing-lane.js';
import type { Connection } from '../../../src/transport/connection.js';

const KEY = Buffer.alloc(32, 7);

it('what a lane has sealed is whole until it is written, and freed then', () => {
  const sent: { readonly parts: readonly Uint8Array[]; readonly written: (() => void) | undefined }[] = [];
  const connection: Pick<Connection, 'send'> = { send: (parts, _kind, written) => sent.push({ parts, written }) > 0 };
  const lane = new SealingLane(connection as Connection, new RecordSealer(KEY), () => assert.fail('there is no thread'));
  const plain = randomBytes(200_000);
  assert.ok(lane.send([plain]));
  const [{ parts, written } = assert.fail('nothing was sent')] = sent;
  const opener = new RecordOpener(KEY);
  assert.ok(Buffer.concat([...parts.flatMap((part) => opener.update(part)), ...opener.finish()]).equals(plain));
  written?.();
  assert.deepEqual(parts.filter(({ length }) => length > 33 * 1024), []);
});
