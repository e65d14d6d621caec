// PROTOCOL.md is a promise to others: what it says in tables and hex is held against the code and the vectors.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { RECORDS_PER_KEY } from '../../../src/crypto/record.js';
import { closeCodeOf, ERROR_CODES, errorFromPeer } from '../../../src/errors.js';
import { HANDSHAKE_TIMEOUT_MS } from '../../../src/transfer/channel.js';
import * as constants from '../../../src/wire/constants.js';
import { encodeFrame } from '../../../src/wire/encode.js';
import { FRAME_TYPE } from '../../../src/wire/frame.js';
import { frameOf, frameVectors } from '../../support/fake-frames.js';
import { bare, hexBlock, section, table } from '../../support/fake-specification.js';

const number = (cell: string | undefined) => Number(bare(cell).replaceAll(',', ''));

describe('the hex of PROTOCOL.md', () => {
  it('is that of frames.json, no more and no less', () => {
    assert.deepEqual(hexBlock('### Frames'), new Map(frameVectors().map(({ name, hex }) => [name, hex])));
  });

  it('is that of session.json, no more and no less', () => {
    const session = JSON.parse(readFileSync('test/vectors/session.json', 'utf8')) as Record<string, string> & { records: Record<string, string>[] };
    const expected = new Map([
      ['secret', session['secret']],
      ['psk', session['psk']],
      ['client ephemeral private key', session['clientEphemeral']],
      ['server ephemeral private key', session['serverEphemeral']],
      ['handshake message 1', session['message1']],
      ['handshake message 2', session['message2']],
      ['handshake hash', session['handshakeHash']],
      ['key from the client', session['clientKey']],
      ['key from the server', session['serverKey']],
      ['file', session['file']],
      ['digest', session['digest']],
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
      const vector = frameVectors().find(({ type }) => type === name);
      assert.ok(vector !== undefined);
      if (vector.type === 'data') continue;
      const wire = Buffer.concat(encodeFrame(frameOf(vector))).toString('latin1');
      const keys = Array.from(body.matchAll(/`(\w+)`/gu), ([, key]) => key ?? '');
      assert.equal(keys.length, Object.keys(vector.fields).length);
      let at = 0;
      for (const key of keys) {
        const next = wire.indexOf(String.fromCharCode(0xa0 + key.length) + key, at);
        assert.ok(next >= at, `${name}: ${key}`);
        at = next + key.length;
      }
    }
  });

  it('lay out the header of a data frame as it is written', () => {
    const header = encodeFrame({ type: 'data', id: 0x01020304, offset: 0x05060708090a, length: 3, hash: 0x1112131415161718n, payload: [Buffer.from('abc')] });
    const wire = Buffer.concat(header).toString('hex');
    const values: Record<string, string> = { type: '13', reserved: '000000', id: '01020304', offset: '000005060708090a', length: '00000003', xxh64: '1112131415161718', payload: '616263' };
    for (const [offset, bytes, what = ''] of table('offset', 'bytes', 'field')) {
      const value = values[/\w+/u.exec(bare(what))?.[0] ?? ''] ?? '';
      assert.ok(value.length > 0, what);
      if (bare(bytes) !== 'length') assert.equal(value.length / 2, number(bytes), what);
      assert.equal(wire.slice(number(offset) * 2, number(offset) * 2 + value.length), value, what);
    }
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

it('the names that PROTOCOL.md gives are those of the code', () => {
  assert.ok(section('## 2. Choosing the wire').includes(`\`${constants.PROTOCOL_HEADER}: ${constants.PROTOCOL_VERSION}\``));
  assert.ok(section('## 2. Choosing the wire').includes(`\`${constants.NATIVE_PATH}\``));
  assert.ok(section('## 4. Handshake').includes(`the ${constants.PROLOGUE.length} ASCII bytes \`${constants.PROLOGUE}\``));
});
