/**
 * The vectors that are the reference's are what the real Python package sends, and those that are ours are what our
 * command sends, byte for byte.
 */
import assert from 'node:assert/strict';
import { truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { tempDir } from '../support/cli.js';
import { pythonOrSkip } from '../support/python-peer.js';
import { VECTORS } from '../unit/compat/specification.js';
import { startServerOf, targetIn, type Make } from './pairing.js';
import { connectRaw, say, send } from './raw-peer.js';

const skip = await pythonOrSkip();
const vector = (name: string) => [...VECTORS.messages, ...VECTORS.closes].find((one) => one.name === name)?.hex;

/** What a server of this make sends of a file: first and last message, and whether the last was text. */
async function sentBy(t: TestContext, make: Make, content: Buffer, size = content.length): Promise<{ init: string; eof: string; text: boolean }> {
  const source = path.join(await tempDir(t), 'source.bin');
  await writeFile(source, content);
  await truncate(source, size);
  const { socket } = await connectRaw(t, (await startServerOf(t, make, 'send', source)).port);
  const messages: { hex: () => string; text: boolean }[] = [];
  await new Promise<void>((resolve) => {
    socket.on('message', (data, isBinary) => {
      const bytes = data as Buffer;
      messages.push({ hex: () => bytes.toString('hex'), text: !isBinary });
      if (bytes.subarray(0, 20).toString().includes('"eof"')) resolve();
    });
  });
  socket.close(1000);
  return { init: messages[0]?.hex() ?? '', eof: messages.at(-1)?.hex() ?? '', text: messages.at(-1)?.text ?? false };
}

/** How a receiving server of this make closes, as the payload of its close frame. */
async function closeOf(t: TestContext, make: Make, args: readonly string[], ...messages: readonly Buffer[]): Promise<string> {
  const { target } = await targetIn(t);
  const { socket, closed } = await connectRaw(t, (await startServerOf(t, make, 'receive', target, { args })).port);
  for (const message of messages) await send(socket, message);
  const { code, reason } = await closed;
  return Buffer.concat([Buffer.of(code >> 8, code & 0xff), Buffer.from(reason)]).toString('hex');
}

describe('the vectors are what is sent', { skip }, () => {
  it('by the Python sender: init and eof', async (t) => {
    const { init } = await sentBy(t, 'python', Buffer.alloc(0), 12_000_000);
    assert.equal(init, vector('init of 12,000,000 bytes, by the reference'));
    const { eof, text } = await sentBy(t, 'python', Buffer.from('abc'));
    assert.deepEqual([eof, text], [vector('eof of "abc", by the reference'), false]);
  });

  it('by our sender: init and eof', async (t) => {
    const { init } = await sentBy(t, 'ours', Buffer.alloc(0), 12_000_000);
    assert.equal(init, vector('init of 12,000,000 bytes'));
    const { eof, text } = await sentBy(t, 'ours', Buffer.from('abc'));
    assert.deepEqual([eof, text], [vector('eof of "abc"'), true]);
  });

  it('by the Python receiver: closes', async (t) => {
    const limit = ['--inbound-transfer-limit', '999'];
    assert.equal(await closeOf(t, 'python', limit, say.init(1000), Buffer.alloc(1000)), vector('over the limit of 999, by the reference'));
    assert.equal(await closeOf(t, 'python', [], Buffer.from('junk')), vector('an init that is no JSON, by the reference'));
  });

  it('by our receiver: closes', async (t) => {
    assert.equal(await closeOf(t, 'ours', ['--inbound-transfer-limit', '999'], say.init(1000)), vector('1000 bytes are over the limit of 999'));
    assert.equal(await closeOf(t, 'ours', [], say.init(3), Buffer.from('abc'), say.pythonEof('0'.repeat(64))), vector('another hash'));
  });
});
