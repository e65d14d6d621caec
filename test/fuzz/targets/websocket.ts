/**
 * Websocket frames: ours against those of `ws`, and whole against cut at every place that the input chooses.
 *
 * @module
 */
import assert from 'node:assert/strict';
import { LimitError, ProtocolError } from '../../../src/errors.js';
import { FrameParser } from '../../../src/transport/frame-parser.js';
import { framedByWs, readByWs } from '../../support/fake-ws.js';
import { headed, type FuzzTarget } from '../target.js';

const MOST = 70_000;
/** Ends whatever header has begun. */
const HEADER_REST = Buffer.alloc(12);

/** What our parser reads of chunks, joined to messages, and why it refused. */
function readByUs(chunks: readonly Buffer[], expectMasked: boolean): { readonly read: readonly string[]; readonly refused: string | undefined } {
  const read: string[] = [];
  let message: Buffer[] = [];
  let closed = false as boolean;
  const tell = (line: string) => {
    if (!closed) read.push(line);
  };
  const parser = new FrameParser(
    {
      piece: (bytes, last, kind) => {
        message.push(Buffer.from(bytes));
        if (last) tell(`${kind} ${Buffer.concat(message.splice(0)).toString('hex')}`);
      },
      ping: (payload) => tell(`ping ${payload.toString('hex')}`),
      pong: (payload) => tell(`pong ${payload.toString('hex')}`),
      close: (code, reason) => {
        tell(`close ${code} ${reason}`);
        // Nobody reads on behind a close frame.
        closed = true;
      },
    },
    { expectMasked, maxMessageBytes: MOST },
  );
  try {
    for (const chunk of chunks) if (!closed) parser.push(Buffer.from(chunk));
    message = [];
    return { read, refused: undefined };
  } catch (error) {
    assert.ok(error instanceof ProtocolError || error instanceof LimitError, String(error));
    return { read, refused: closed ? undefined : error.message };
  }
}

function cut(data: Buffer, size: number): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0; at < data.length; at += size) chunks.push(data.subarray(at, at + size));
  return chunks;
}

export const target: FuzzTarget = {
  maxBytes: 4096,
  seeds: () =>
    [true, false].flatMap((mask) =>
      [
        framedByWs([{ what: 'binary', fragments: [Buffer.alloc(3, 1)] }, { what: 'ping', payload: Buffer.from('p') }], mask),
        framedByWs([{ what: 'text', fragments: [Buffer.from('ab'), Buffer.from('c')] }, { what: 'close', code: 1000, reason: 'over' }], mask),
        framedByWs([{ what: 'binary', fragments: [Buffer.alloc(126), Buffer.alloc(0), Buffer.alloc(300)] }, { what: 'pong', payload: Buffer.alloc(125) }], mask),
      ].map((bytes) => Buffer.concat([Buffer.of(mask ? 1 : 0), bytes])),
    ),
  fuzz: (data) => {
    const [head, bytes] = headed(data);
    const masked = (head & 1) === 1;
    const whole = readByUs([bytes], masked);
    assert.deepEqual(readByUs(cut(bytes, 1 + (head >> 1)), masked), whole, 'however it is cut');
    const theirs = readByWs([bytes], { isServer: masked, maxPayload: MOST });
    const closed = theirs.read.findIndex((line) => line.startsWith('close '));
    const their = closed === -1 ? theirs : { read: theirs.read.slice(0, closed + 1), error: undefined };
    // ws looks whether text is UTF-8; ours hands it on as bytes, to those who decode it strictly.
    if (their.error !== undefined && 'code' in their.error && their.error.code === 'WS_ERR_INVALID_UTF8') return;
    // ws refuses at the first two bytes of a header; ours when it has all of them.
    const ours = their.error !== undefined && whole.refused === undefined ? readByUs([bytes, HEADER_REST], masked) : whole;
    // RFC 6455 section 5.2 wants the shortest form of a length; ws does not look.
    if (ours.refused?.includes('shortest form') === true) return;
    assert.deepEqual({ read: ours.read, refused: ours.refused !== undefined }, { read: their.read, refused: their.error !== undefined }, `ws: ${their.error?.message ?? 'takes it'}`);
  },
};
