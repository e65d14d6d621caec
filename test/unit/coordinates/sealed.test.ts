import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formatCoordinates, isSealed, parseCoordinates } from '../../../src/coordinates/codec.js';
import { generateIdentity, parseIdentity, parsePublicKey, publicKeyOf } from '../../../src/coordinates/keys.js';
import { openCoordinates, READERS_MAX, sealCoordinates } from '../../../src/coordinates/sealed.js';
import { CoordinatesError, UsageError } from '../../../src/errors.js';

const TEXT = formatCoordinates({ version: 2, candidates: [{ url: 'ws://192.0.2.1:5665/streamer' }], secret: Buffer.alloc(32, 7), direction: 'send' });
const READER = generateIdentity();

const code = (wanted: string) => (error: unknown) => error instanceof CoordinatesError && error.code === wanted;

describe('sealed coordinates', () => {
  it('open for their reader, and say nothing to anybody else', () => {
    const sealed = sealCoordinates(TEXT, [publicKeyOf(READER)]);
    assert.ok(isSealed(sealed));
    assert.ok(!sealed.includes(TEXT.slice(-20)));
    assert.equal(openCoordinates(sealed, [READER]), TEXT);
    assert.throws(() => openCoordinates(sealed, [generateIdentity()]), code('coordinates-sealed'));
    assert.throws(() => openCoordinates(sealed, []), code('coordinates-sealed'));
    assert.throws(() => parseCoordinates(sealed), code('coordinates-sealed'));
  });

  it('open for each of several readers, and for whoever has several identities', () => {
    const others = [generateIdentity(), generateIdentity()];
    const sealed = sealCoordinates(TEXT, [READER, ...others].map(publicKeyOf));
    for (const reader of [READER, ...others]) assert.equal(openCoordinates(sealed, [reader]), TEXT);
    assert.equal(openCoordinates(sealCoordinates(TEXT, [publicKeyOf(READER)]), [...others, READER]), TEXT);
  });

  it('are found in the line that published them', () => {
    const sealed = sealCoordinates(TEXT, [publicKeyOf(READER)]);
    assert.equal(openCoordinates(`Server is listening\nUse these coordinates to connect: ${sealed}\nmore`, [READER]), TEXT);
  });

  it('are never the same twice', () => {
    assert.notEqual(sealCoordinates(TEXT, [publicKeyOf(READER)]), sealCoordinates(TEXT, [publicKeyOf(READER)]));
  });

  it('tell what was cut or altered anywhere from what is for somebody else', () => {
    const sealed = sealCoordinates(TEXT, [publicKeyOf(READER), publicKeyOf(generateIdentity())]);
    for (let end = 'streamer2s.'.length; end < sealed.length; end += 1) assert.throws(() => openCoordinates(sealed.slice(0, end), [READER]), code('coordinates-malformed'));
    for (let at = 'streamer2s.'.length; at < sealed.length; at += 1) {
      const altered = sealed.slice(0, at) + (sealed[at] === 'a' ? 'b' : 'a') + sealed.slice(at + 1);
      assert.throws(() => openCoordinates(altered, [READER]), code('coordinates-malformed'), `at ${at}`);
    }
  });

  it('whose checksum somebody made anew are still opened by nobody', () => {
    const sealed = sealCoordinates(TEXT, [publicKeyOf(READER)]);
    const other = sealCoordinates(TEXT, [publicKeyOf(generateIdentity())]);
    assert.throws(() => openCoordinates(other, [READER]), code('coordinates-sealed'));
    assert.notEqual(sealed, other);
  });

  it('take any text at all without another error than their own', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string().map((text) => `streamer2s.${text}`), fc.base64String().map((text) => `streamer2s.${text}.00000000`)), (text) => {
        assert.throws(() => openCoordinates(text, [READER]), CoordinatesError);
      }),
    );
  });

  it('are for 1 to 16 readers', () => {
    const key = publicKeyOf(READER);
    assert.throws(() => sealCoordinates(TEXT, []), UsageError);
    assert.throws(() => sealCoordinates(TEXT, Array.from({ length: READERS_MAX + 1 }, () => key)), UsageError);
    assert.equal(openCoordinates(sealCoordinates(TEXT, Array.from({ length: READERS_MAX }, () => key)), [READER]), TEXT);
  });
});

describe('keys', () => {
  it('come back from their text', () => {
    assert.deepEqual(Uint8Array.from(parsePublicKey(` ${publicKeyOf(READER)}\n`)), parseIdentity(READER).publicKey);
    assert.deepEqual(parseIdentity(`# for you\n\n${READER}\r\n`), parseIdentity(READER));
  });

  it('that are none are refused, and not quoted', () => {
    const secret = READER.slice('streamer-identity1.'.length);
    for (const wrong of ['', 'x', READER, publicKeyOf(READER).slice(0, -1), `${publicKeyOf(READER)}A`, 'streamer-key1.'.padEnd(57, '*')]) {
      assert.throws(() => parsePublicKey(wrong), (error: unknown) => error instanceof UsageError && !error.message.includes(secret));
    }
    for (const wrong of ['', 'x', publicKeyOf(READER), READER.slice(0, -1), `${READER}\n${READER}`]) {
      assert.throws(() => parseIdentity(wrong), (error: unknown) => error instanceof UsageError && !error.message.includes(secret));
    }
  });
});
