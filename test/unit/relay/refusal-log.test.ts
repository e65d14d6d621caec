import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RefusalLog } from '../../../src/relay/refusal-log.js';

describe('refusals in the log', () => {
  it('have a line each, up to twenty of a reason in a minute, and then a sum', () => {
    const lines: [string, object][] = [];
    const log = new RefusalLog((event, fields) => lines.push([event, fields]));
    for (let i = 0; i < 50; i += 1) log.tell('unknown', { remote: String(i) }, i);
    log.tell('token', { remote: 'x' }, 50);
    assert.equal(lines.length, 21);
    assert.deepEqual(lines[0], ['refused', { remote: '0', reason: 'unknown' }]);
    assert.deepEqual(lines[20], ['refused', { remote: 'x', reason: 'token' }]);
    log.tick(59_999);
    assert.equal(lines.length, 21);
    log.tick(60_000);
    assert.deepEqual(lines.slice(21), [['refused-more', { reason: 'unknown', count: 30 }]]);
    log.tell('unknown', { remote: 'y' }, 60_001);
    assert.equal(lines.length, 23);
  });
});
