import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatDuration, formatRate, formatSize, parseDuration, parseSize } from '../../../src/util/units.js';

describe('parseSize', () => {
  const known: readonly [string, number][] = [
    ['0', 0],
    ['1048576', 1_048_576],
    ['5368709120', 5 * 2 ** 30],
    ['5GiB', 5 * 2 ** 30],
    ['5 GiB', 5 * 2 ** 30],
    ['5gib', 5 * 2 ** 30],
    ['5G', 5 * 2 ** 30],
    ['5GB', 5e9],
    ['500 MB', 5e8],
    ['1.5k', 1536],
    ['2T', 2 ** 41],
    ['1PiB', 2 ** 50],
    ['7b', 7],
    [' 7 ', 7],
    ['0.1', 0],
  ];
  for (const [text, bytes] of known) it(`reads "${text}" as ${bytes}`, () => assert.equal(parseSize(text), bytes));

  const noSizes = ['', ' ', 'G', '-1', '+1', '1e3', '0x10', '1,5', '.5', '5.', '1/2', '1 2'];
  for (const text of [...noSizes, '5 XiB', '5GiBs', '9PB9', '9000000 PiB', 'toString', '1toString']) {
    it(`refuses "${text}"`, () => assert.equal(parseSize(text), undefined));
  }
});

describe('parseDuration', () => {
  const known: readonly [string, number][] = [
    ['86400', 86_400_000],
    ['0', 0],
    ['1.5', 1500],
    ['24h', 86_400_000],
    ['90s', 90_000],
    ['90 s', 90_000],
    ['1h30m', 5_400_000],
    ['1h 30min', 5_400_000],
    ['500ms', 500],
    ['2d', 172_800_000],
    ['10SEC', 10_000],
  ];
  for (const [text, milliseconds] of known) it(`reads "${text}" as ${milliseconds} ms`, () => assert.equal(parseDuration(text), milliseconds));

  for (const text of ['', 'h', '-1', '1w', '1h30', '1 2', '1h-30m', '1e3', 'soon', '99999999999999d', '1toString', '1constructor']) {
    it(`refuses "${text}"`, () => assert.equal(parseDuration(text), undefined));
  }
});

describe('for people', () => {
  it('writes sizes in binary units', () => {
    assert.equal(formatSize(0), '0 B');
    assert.equal(formatSize(512), '512 B');
    assert.equal(formatSize(1023), '1023 B');
    assert.equal(formatSize(1024), '1.00 KiB');
    assert.equal(formatSize(12_000_000), '11.4 MiB');
    assert.equal(formatSize(1.5 * 2 ** 30), '1.50 GiB');
    assert.equal(formatSize(300 * 2 ** 20), '300 MiB');
    assert.equal(formatSize(5000 * 2 ** 50), '5000 PiB');
  });

  it('writes rates in decimal megabytes', () => {
    assert.equal(formatRate(612e6), '612 MB/s');
    assert.equal(formatRate(26.04e6), '26.0 MB/s');
    assert.equal(formatRate(5e6), '5.00 MB/s');
  });

  it('writes durations', () => {
    assert.equal(formatDuration(0), '0 ms');
    assert.equal(formatDuration(850), '850 ms');
    assert.equal(formatDuration(12_340), '12.3 s');
    assert.equal(formatDuration(245_000), '4 min 05 s');
    assert.equal(formatDuration(7_380_000), '2 h 03 min');
  });
});
