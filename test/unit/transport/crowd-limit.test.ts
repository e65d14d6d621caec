import assert from 'node:assert/strict';
import { it } from 'node:test';
import { CrowdLimit } from '../../../src/transport/crowd-limit.js';

function crowd(most: number): { limit: CrowdLimit<string>; dropped: string[] } {
  const dropped: string[] = [];
  return { limit: new CrowdLimit<string>(most, (stranger) => dropped.push(stranger)), dropped };
}

it('drops nobody up to the limit, and makes room for those who leave', () => {
  const { limit, dropped } = crowd(3);
  for (const name of ['a', 'b', 'c']) limit.add(name, '192.0.2.1');
  limit.delete('b');
  limit.delete('nobody');
  limit.add('d', '192.0.2.1');
  assert.deepEqual(dropped, []);
});

it('drops the oldest of the address that holds most', () => {
  const { limit, dropped } = crowd(4);
  limit.add('real', '198.51.100.1');
  for (const name of ['x1', 'x2', 'x3']) limit.add(name, '192.0.2.1');
  limit.add('x4', '192.0.2.1');
  assert.deepEqual(dropped, ['x1']);
  limit.add('other', '198.51.100.2');
  assert.deepEqual(dropped, ['x1', 'x2']);
});

it('keeps the real client through a flood from one other address, whoever came first', () => {
  const { limit, dropped } = crowd(64);
  for (let i = 0; i < 1_000; i += 1) limit.add(`before ${i}`, '192.0.2.1');
  limit.add('real', '198.51.100.1');
  for (let i = 0; i < 1_000; i += 1) limit.add(`after ${i}`, '192.0.2.1');
  assert.equal(dropped.length, 2_001 - 64);
  assert.ok(!dropped.includes('real'));
});

it('lets the newest of one address in when all come from it', () => {
  const { limit, dropped } = crowd(2);
  for (const name of ['a', 'b', 'c', 'd']) limit.add(name, '192.0.2.1');
  assert.deepEqual(dropped, ['a', 'b']);
});

it('drops all that are there, once each', () => {
  const { limit, dropped } = crowd(5);
  limit.add('a', '192.0.2.1');
  limit.add('b', '192.0.2.2');
  limit.delete('a');
  limit.dropAll();
  limit.dropAll();
  assert.deepEqual(dropped, ['b']);
});
