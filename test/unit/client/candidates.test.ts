import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { candidatesOf, countPlaces } from '../../../src/client/candidates.js';
import type { Coordinates } from '../../../src/coordinates/coordinates.js';

const plain = (ips: readonly string[], ports: readonly [number, number]): Coordinates => ({ version: 1, ips, ports, secret: 'x' });
const v2 = (...urls: readonly string[]): Coordinates => ({ version: 2, candidates: urls.map((url) => ({ url })), secret: Buffer.alloc(32), direction: 'send' });

describe('the candidates of', () => {
  it('plain coordinates are every port of the first address, then of the next', () => {
    const coordinates = plain(['a', '192.0.2.1'], [10, 12]);
    assert.deepEqual(
      [...candidatesOf(coordinates)].map(({ host, port, path }) => `${host}:${port}${path}`),
      ['a:10/', 'a:11/', 'a:12/', '192.0.2.1:10/', '192.0.2.1:11/', '192.0.2.1:12/'],
    );
    assert.equal(countPlaces(coordinates, 'auto'), 6);
  });

  it('an IPv6 address has no brackets, whether the coordinates had or not', () => {
    assert.deepEqual([...candidatesOf(plain(['::1', '[fe80::2]'], [5, 5]))].map(({ host }) => host), ['::1', 'fe80::2']);
    assert.deepEqual([...candidatesOf(v2('ws://[::1]:7/streamer/2'))], [{ host: '::1', port: 7, path: '/streamer/2' }]);
  });

  it('coordinates of version 2 are their URLs, with the scheme’s port where there is none', () => {
    const coordinates = v2('ws://a:5665/streamer/2', 'wss://b:5665/streamer/2', 'ws://c/streamer/2', 'wss://[::1]/streamer/2');
    assert.deepEqual([...candidatesOf(coordinates)].map(({ host, port, secure = false }) => [host, port, secure]), [['a', 5665, false], ['b', 5665, true], ['c', 80, false], ['::1', 443, true]]);
    assert.equal(countPlaces(coordinates, 'auto'), 4);
  });

  it('a range of ten thousand ports are counted without being listed', () => {
    assert.equal(countPlaces(plain(['a', 'b'], [50_000, 60_000]), 'auto'), 20_002);
    const [first] = candidatesOf(plain(['a'], [50_000, 60_000]));
    assert.equal(first?.port, 50_000);
  });
});
