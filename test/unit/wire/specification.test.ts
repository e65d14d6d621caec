// PROTOCOL.md is a promise to others: what it says in tables and hex is held against the code and the vectors.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RECORDS_PER_KEY } from '../../../src/crypto/record.js';
import { closeCodeOf, ERROR_CODES, errorFromPeer } from '../../../src/errors.js';
import { HANDSHAKE_TIMEOUT_MS } from '../../../src/transfer/channel.js';
import * as constants from '../../../src/wire/constants.js';
import { encodeFrame, ENTRY_KINDS, ENTRY_LINKED, ENTRY_SPARSE } from '../../../src/wire/encode.js';
import { ANSWERS, FRAME_TYPE } from '../../../src/wire/frame.js';
import { bare, hexBlock, section, table } from '../../support/fake-specification.js';
import { frameOf, frameVectors, sessionVectors } from '../../support/fake-vectors.js';

const number = (cell: string | undefined) => Number(bare(cell).replaceAll(',', ''));

describe('the hex of PROTOCOL.md', () => {
  it('is that of frames.json, no more and no less', () => {
    assert.deepEqual(hexBlock('### Frames'), new Map(frameVectors().map(({ name, hex }) => [name, hex])));
  });

  it('is that of session.json, no more and no less', () => {
    const session = sessionVectors();
    const expected = new Map([
      ['secret', session.secret],
      ['psk', session.psk],
      ['client ephemeral private key', session.clientEphemeral],
      ['server ephemeral private key', session.serverEphemeral],
      ['handshake message 1', session.message1],
      ['handshake message 2', session.message2],
      ['handshake hash', session.handshakeHash],
      ['key from the client', session.clientKey],
      ['key from the server', session.serverKey],
      ['file', session.file],
      ['digest', session.digest],
    ]);
    for (const { from, counter, name, frame, record } of session.records) {
      expected.set(`${from} ${counter} ${name} frame`, frame);
      expected.set(`${from} ${counter} ${name} record`, record);
    }
    assert.deepEqual(hexBlock('### A session'), expected);
  });
});

describe('the tables of PROTOCOL.md', () => {
  it('name every frame with its type', () => {
    const said = table('type', 'frame', 'from', 'body').map(([type, name]) => [name, parseInt(bare(type), 16)]);
    assert.deepEqual(Object.fromEntries(said), FRAME_TYPE);
  });

  it('name the keys of every body in the order in which they are written', () => {
    for (const [, name, , body = ''] of table('type', 'frame', 'from', 'body')) {
      const ofType = frameVectors().filter(({ type }) => type === name);
      const keys = Array.from(body.matchAll(/`(\w+)`/gu), ([, key]) => key ?? '');
      if (name === 'data' || name === 'whole') continue;
      // The vector with most keys has all of them.
      const vector = ofType.reduce((best, one) => (Object.keys(one.fields).length > Object.keys(best.fields).length ? one : best));
      assert.deepEqual(keys, Object.keys(vector.fields), name);
      const wire = Buffer.concat(encodeFrame(frameOf(vector))).toString('latin1');
      let at = 0;
      for (const key of keys) {
        const next = wire.indexOf(String.fromCharCode(0xa0 + key.length) + key, at);
        assert.ok(next >= at, `${name}: ${key}`);
        at = next + key.length;
      }
    }
  });

  it('lay out the header of a data frame as it is written', () => {
    const frame = encodeFrame({ type: 'data', id: 0x01020304, offset: 0x05060708090a, length: 3, hash: 0x1112131415161718n, payload: [Buffer.from('abc')] });
    const wire = Buffer.concat(frame).toString('hex');
    const values: Record<string, string> = { type: '20', reserved: '000000', id: '01020304', offset: '000005060708090a', length: '00000003', xxh64: '1112131415161718', payload: '616263' };
    assertLayout(table('offset', 'bytes', 'data'), wire, values);
    assert.equal(Number(table('offset', 'bytes', 'data').at(-1)?.[0]), constants.DATA_HEADER_BYTES);
  });

  it('lay out a whole frame as it is written', () => {
    const parts = [{ id: 0x01020304, length: 2, hash: 0x1112131415161718n }];
    const wire = Buffer.concat(encodeFrame({ type: 'whole', parts, length: 2, payload: [Buffer.from('ab')] })).toString('hex');
    assertLayout(table('offset', 'bytes', 'whole').slice(0, 3), wire, { type: '21', reserved: '000000', count: '00000001' });
    const lines = table('offset', 'bytes', 'line');
    const line = wire.slice(constants.WHOLE_HEADER_BYTES * 2, (constants.WHOLE_HEADER_BYTES + constants.WHOLE_PART_BYTES) * 2);
    assertLayout(lines, line, { id: '01020304', length: '00000002', xxh64: '1112131415161718' });
    assert.equal(lines.reduce((sum, [, bytes]) => sum + number(bytes), 0), constants.WHOLE_PART_BYTES);
    assert.equal(number(table('offset', 'bytes', 'whole')[3]?.[0]), constants.WHOLE_HEADER_BYTES);
  });

  it('have the codes of answers, kinds and flags', () => {
    assert.deepEqual(table('answer', 'code', 'of', 'means').map(([name, code]) => [name, Number(code)]), ANSWERS.map((name, code) => [name, code]));
    const kinds = table('item', 'what', 'value').find(([, what]) => what === 'kind')?.[2];
    assert.equal(kinds, ENTRY_KINDS.map((name, code) => `${code} ${name}`).join(', '));
    const flags = table('item', 'what', 'value').find(([, what]) => what === 'of a file')?.[2] ?? '';
    assert.ok(flags.includes(`${ENTRY_SPARSE} sparse`) && flags.includes(`${ENTRY_LINKED} linked`));
  });

  it('have the limits of the code, every one of them', () => {
    const said = Object.fromEntries(table('name', 'value', 'what').map(([name, value]) => [bare(name), number(value)]));
    const numbers: [string, unknown][] = Object.entries(constants).filter(([, value]) => typeof value === 'number');
    assert.deepEqual(said, Object.fromEntries([...numbers, ['RECORDS_PER_KEY', RECORDS_PER_KEY], ['HANDSHAKE_TIMEOUT_MS', HANDSHAKE_TIMEOUT_MS]]));
  });

  it('have every error code under its class, with the close code that is sent', () => {
    const said = table('class', 'close', 'codes');
    assert.deepEqual(Object.fromEntries(said.map(([name, , codes]) => [name, bare(codes).split(', ')])), ERROR_CODES);
    for (const [name, close, codes = ''] of said) {
      // What a peer reports as aborted is a lost link to this end.
      if (name === 'AbortError') continue;
      for (const code of bare(codes).split(', ')) assert.equal(closeCodeOf(errorFromPeer(code, 'x')), number(close), code);
    }
  });
});

function assertLayout(rows: readonly string[][], wire: string, values: Readonly<Record<string, string>>): void {
  assert.deepEqual(rows.map(([, , what = '']) => /\w+/u.exec(bare(what))?.[0]), Object.keys(values));
  for (const [offset, bytes, what = ''] of rows) {
    const value = values[/\w+/u.exec(bare(what))?.[0] ?? ''] ?? '';
    if (bare(bytes) !== 'length') assert.equal(value.length / 2, number(bytes), what);
    assert.equal(wire.slice(number(offset) * 2, number(offset) * 2 + value.length), value, what);
  }
}

it('the numbers and names in the text of PROTOCOL.md are those of the code', () => {
  assert.ok(section('## 2. Choosing the wire').includes(`\`${constants.PROTOCOL_HEADER}: ${constants.PROTOCOL_VERSION}\``));
  assert.ok(section('## 2. Choosing the wire').includes(`\`${constants.NATIVE_PATH}\``));
  assert.ok(section('## 4. Handshake').includes(`the ${constants.PROLOGUE.length} ASCII bytes \`${constants.PROLOGUE}\``));
  assert.ok(section('## 5. Records').includes(`up to ${constants.MESSAGE_MAX.toLocaleString('en')}`));
  assert.ok(section('### Credit').includes((constants.MESSAGE_MAX + constants.CHUNK_SIZE_DEFAULT).toLocaleString('en')));
});
