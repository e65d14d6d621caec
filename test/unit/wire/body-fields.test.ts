import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ProtocolError } from '../../../src/errors.js';
import { badFrame, Fields } from '../../../src/wire/body-fields.js';

const of = (body: Readonly<Record<string, unknown>>) => new Fields('offer', body);
const refused = (read: () => unknown, text: RegExp) => assert.throws(read, (error: unknown) => error instanceof ProtocolError && text.test(error.message));

describe('the fields of a body', () => {
  it('are the body’s own', () => {
    assert.equal(of({ a: undefined }).has('a'), true);
    assert.equal(of({}).has('constructor'), false);
    refused(() => of({}).text('constructor', 10), /'offer' whose constructor/u);
    refused(() => of({}).uint('__proto__'), /__proto__/u);
  });

  it('that are numbers are whole, and as large as they may be', () => {
    assert.equal(of({ a: 5 }).uint('a', 5), 5);
    for (const a of [6, -1, -0, 0.5, NaN, 5n, '5', undefined]) refused(() => of({ a }).uint('a', 5), /a is no whole number up to 5/u);
  });

  it('that are texts are bounded in UTF-8', () => {
    assert.equal(of({ a: 'üü' }).text('a', 4), 'üü');
    refused(() => of({ a: 'üüx' }).text('a', 4), /a is no text of up to 4 bytes/u);
  });

  it('that are byte strings are copies, of a length where one is asked', () => {
    const a = Buffer.from('abc');
    const read = of({ a }).bytes('a', 3);
    a.fill(0);
    assert.equal(read.toString(), 'abc');
    refused(() => of({ a }).bytes('a', 2), /of 2 bytes/u);
    refused(() => of({ a: 'abc' }).bytes('a'), /a is no byte string$/u);
  });

  it('that are lists, choices and booleans are nothing else', () => {
    assert.deepEqual(of({ a: ['x', 'y'] }).texts('a', 2, 1), ['x', 'y']);
    for (const a of [['x', 'y', 'z'], 'xy', { length: 0 }]) refused(() => of({ a }).texts('a', 2, 1), /a is no list of up to 2/u);
    for (const a of [['xy'], [5]]) refused(() => of({ a }).texts('a', 2, 1), /a are not all texts/u);
    assert.equal(of({ a: 'send' }).oneOf('a', ['send', 'receive']), 'send');
    refused(() => of({ a: 'x' }).oneOf('a', ['send', 'receive']), /none of send, receive/u);
    assert.equal(of({ action: 'receive' }).action(), 'receive');
    assert.equal(of({ a: false }).bool('a'), false);
    refused(() => of({ a: 0 }).bool('a'), /neither true nor false/u);
  });

  it('are named in what is said of a bad frame', () => {
    assert.equal(badFrame('ack', 'of the wrong kind').message, "the other end sent a frame 'ack' of the wrong kind");
  });
});
