import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkMsgpack } from '../../../src/util/msgpack-bounds.js';

const BOUNDS = { maxDepth: 8, maxItems: 100 };
const check = (hex: string, bounds = BOUNDS) => checkMsgpack(Buffer.from(hex.replaceAll(' ', ''), 'hex'), bounds);

describe('checkMsgpack accepts', () => {
  const good: readonly [string, string][] = [
    ['nil', 'c0'],
    ['booleans', '92 c2 c3'],
    ['small integers', '93 00 7f e0'],
    ['unsigned integers of each width', '94 cc ff cd ffff ce ffffffff cf ffffffffffffffff'],
    ['signed integers of each width', '94 d0 80 d1 8000 d2 80000000 d3 8000000000000000'],
    ['floats', '92 ca 3f800000 cb 3ff0000000000000'],
    ['strings of each length field', '94 a161 d901 61 da0001 61 db00000001 61'],
    ['bytes of each length field', '93 c401 ff c50001 ff c600000001 ff'],
    ['bytes that are not UTF-8', 'c402 ffff'],
    ['empty containers and strings', '95 90 80 a0 dc0000 df00000000'],
    ['a map', '82 a161 01 a162 91 02'],
    ['maps of each length field', '92 de0001 a161 01 df00000001 a161 01'],
    ['a map key with a length byte', '81 d901 61 01'],
    ['eight containers inside one another', '91 91 91 91 91 91 91 90'],
    ['a map that ends inside an array that goes on', '92 81 a161 81 a162 90 05'],
  ];
  for (const [name, hex] of good) it(name, () => assert.equal(check(hex), undefined));
});

describe('checkMsgpack refuses', () => {
  const bad: readonly [string, string, RegExp][] = [
    ['no bytes', '', /ends early/],
    ['a string cut short', 'a3 6162', /ends early/],
    ['a string length cut short', 'da 00', /ends early/],
    ['bytes cut short', 'c6 ffffffff 00', /ends early/],
    ['a number cut short', 'cf 00000000000000', /ends early/],
    ['an array cut short', '92 01', /more values/],
    ['an element cut short', '92 01 cd00', /ends early/],
    ['a map without its last value', '81 a161', /ends early/],
    ['a second value', '01 01', /bytes follow/],
    ['a byte after a map', '81 a161 01 00', /bytes follow/],
    ['an array of 2^32 - 1 elements', 'dd ffffffff', /more values/],
    ['a map of 2^32 - 1 entries', 'df ffffffff 00', /more values/],
    ['a map of more entries than half its bytes', '83 a0 c0 a0 c0', /more values/],
    ['nine containers inside one another', '91 91 91 91 91 91 91 91 90', /nested/],
    ['the byte that is never used', 'c1', /undefined type/],
    ['a fixed extension', 'd4 00 00', /extension/],
    ['a record definition of msgpackr', 'd4 72 40 91 a161 01', /extension/],
    ['a timestamp', 'd6 ff 00000000', /extension/],
    ['an extension with a length', 'c7 01 05 00', /extension/],
    ['a map key that is a number', '81 01 01', /key/],
    ['a map key that is bytes', '81 c40161 01', /key/],
    ['a map key that is a container', '81 90 01', /key/],
    ['a later map key that is a number', '82 a161 01 02 02', /key/],
    ['text that is not UTF-8', 'a2 c328', /UTF-8/],
    ['half of a surrogate pair', 'a3 eda080', /UTF-8/],
  ];
  for (const [name, hex, why] of bad) it(name, () => assert.match(check(hex) ?? 'accepted', why));

  it('100,000 containers inside one another, at once and without recursion', () => {
    assert.match(checkMsgpack(Buffer.alloc(100_000, 0x91), BOUNDS) ?? 'accepted', /nested/);
    const deep = Buffer.concat([Buffer.alloc(99_999, 0x91), Buffer.of(0xc0)]);
    assert.equal(checkMsgpack(deep, { maxDepth: 100_000, maxItems: 100_000 }), undefined);
  });

  it('more values than allowed, containers and keys counted', () => {
    assert.equal(check('92 01 02', { maxDepth: 1, maxItems: 3 }), undefined);
    assert.match(check('92 01 02', { maxDepth: 1, maxItems: 2 }) ?? 'accepted', /too many/);
    assert.match(check('81 a161 01', { maxDepth: 1, maxItems: 2 }) ?? 'accepted', /too many/);
  });

  it('any container where none is allowed', () => {
    assert.equal(check('05', { maxDepth: 0, maxItems: 1 }), undefined);
    assert.match(check('90', { maxDepth: 0, maxItems: 1 }) ?? 'accepted', /nested/);
  });
});
