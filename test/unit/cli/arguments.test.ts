import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import { InvalidArgumentError } from 'commander';
import {
  collect,
  durationArgument,
  joinPortRange,
  looksLikeCoordinates,
  portRangeArgument,
  readCoordinates,
  readSecret,
  sizeArgument,
  wireArgument,
} from '../../../src/cli/arguments.js';
import { sortWords } from '../../../src/cli/commands/client.js';
import { StorageError, UsageError } from '../../../src/errors.js';
import { temporary } from '../storage/fixture.js';

describe('--port-range', () => {
  for (const [words, joined] of [
    ['--port-range 5665 5670 send', '--port-range 5665-5670 send'],
    ['server --port-range 1 2 receive --path x', 'server --port-range 1-2 receive --path x'],
    ['--port-range=5665 5670 send', '--port-range 5665-5670 send'],
    ['--port-range 5665-5670 send', '--port-range 5665-5670 send'],
    ['--port-range 5665 send', '--port-range 5665 send'],
    ['--port-range 5665', '--port-range 5665'],
    ['--port-range', '--port-range'],
    ['--port-range a b', '--port-range a b'],
    ['--port-range=5665', '--port-range=5665'],
    ['--port-ranges 1 2', '--port-ranges 1 2'],
    ['login --agent-port-range 1 2', 'login --agent-port-range 1-2'],
    ['--agent-port-range=1 2', '--agent-port-range 1-2'],
    ['send --path 5665 5670', 'send --path 5665 5670'],
    ['--port-range 1 2 --port-range 3 4', '--port-range 1-2 --port-range 3-4'],
    ['', ''],
  ] as const) {
    it(`"${words}" becomes "${joined}"`, () => assert.equal(joinPortRange(words.split(' ')).join(' '), joined));
  }

  it('takes one word in several forms, and no other', () => {
    for (const text of ['5665-5670', '5665:5670', '5665,5670', '5665 5670']) assert.deepEqual(portRangeArgument(text), [5665, 5670]);
    assert.deepEqual(portRangeArgument('5665'), [5665, 5665]);
    for (const text of ['', 'x', '-5', '5665-', '5665--5670', '123456', '1.5', '5665-5670-5680', '0x10', ' 1']) assert.throws(() => portRangeArgument(text), InvalidArgumentError);
  });
});

describe('other words', () => {
  it('sizes are bytes or have a unit', () => {
    assert.deepEqual(['0', '5368709120', '5GiB', '5G', '1.5 MiB', '10kB'].map(sizeArgument), [0, 5368709120, 5 * 2 ** 30, 5 * 2 ** 30, 1.5 * 2 ** 20, 10_000]);
    for (const text of ['', '-1', '5 XB', 'GiB', '1e9', '9999999TiB', '5GiB5']) assert.throws(() => sizeArgument(text), InvalidArgumentError);
  });

  it('durations are seconds or have a unit', () => {
    assert.deepEqual(['86400', '24h', '90s', '1h30m', '500ms', '0'].map(durationArgument), [86_400_000, 86_400_000, 90_000, 5_400_000, 500, 0]);
    for (const text of ['', '-1', '5y', 'h', '1h x', '1e3']) assert.throws(() => durationArgument(text), InvalidArgumentError);
  });

  it('wires are three', () => {
    assert.deepEqual(['auto', 'native', 'compat'].map(wireArgument), ['auto', 'native', 'compat']);
    for (const text of ['', 'Native', 'both']) assert.throws(() => wireArgument(text), /auto, native, compat/u);
  });

  it('addresses are repeated, or stand between commas', () => {
    assert.deepEqual(collect('a', undefined), ['a']);
    assert.deepEqual(collect('c, d', collect('a,b', undefined)), ['a', 'b', 'c', 'd']);
  });
});

describe('coordinates', () => {
  it('come from the argument, a file, or the environment', async (t) => {
    const file = path.join(await temporary(t), 'coordinates');
    await writeFile(file, 'streamer2.abc\n');
    assert.equal(readCoordinates('text', { STREAMER_COORDINATES: 'other' }), 'text');
    assert.equal(readCoordinates(undefined, { STREAMER_COORDINATES: 'other' }), 'other');
    assert.equal(readCoordinates(`@${file}`, {}).trim(), 'streamer2.abc');
    assert.equal(readCoordinates(undefined, { STREAMER_COORDINATES: `@${file}` }).trim(), 'streamer2.abc');
  });

  it('that are nowhere, or in no file, are an error that does not show them', async (t) => {
    for (const env of [{}, { STREAMER_COORDINATES: '' }]) assert.throws(() => readCoordinates(undefined, env), UsageError);
    const missing = path.join(await temporary(t), 'missing');
    assert.throws(() => readCoordinates(`@${missing}`, {}), (error: unknown) => error instanceof StorageError && error.code === 'storage-missing' && error.message.includes(missing));
  });

  it('are told from a path', () => {
    for (const word of ['-', '@file', 'streamer2.AbC', 'streamer2s.AbC', 'streamer3.x', 'eyJwb3J0cyI6WzU2NjUsNTY3MF0sImlwcyI6WyJsb2NhbGhvc3QiXX0=']) assert.equal(looksLikeCoordinates(word), true, word);
    for (const word of ['file', './-', 'results.h5', 'streamer', 'streamer2', 'eyJ', '/tmp/eyJwb3J0cyI6WzU2NjUsNTY3MF0', 'streamerx.y']) assert.equal(looksLikeCoordinates(word), false, word);
  });
});

describe('the secret', () => {
  it('comes from the option, a file, or the environment; else it is to be generated', async (t) => {
    const file = path.join(await temporary(t), 'secret');
    await writeFile(file, ' from-a-file \n');
    assert.equal(readSecret({ secret: 'given' }, { STREAMER_SECRET: 'env' }), 'given');
    assert.equal(readSecret({ secretFile: file }, { STREAMER_SECRET: 'env' }), 'from-a-file');
    assert.equal(readSecret({}, { STREAMER_SECRET: 'env' }), 'env');
    assert.equal(readSecret({}, { STREAMER_SECRET: '' }), undefined);
    assert.equal(readSecret({}, {}), undefined);
    assert.throws(() => readSecret({ secret: 'a', secretFile: file }, {}), UsageError);
    assert.throws(() => readSecret({ secretFile: `${file}.missing` }, {}), StorageError);
    await writeFile(file, 'x'.repeat(200_000));
    assert.throws(() => readSecret({ secretFile: file }, {}), (error: unknown) => error instanceof UsageError && !error.message.includes('xx'));
  });
});

describe('the two words of send and receive', () => {
  const COORDINATES = 'streamer2.AbC';
  const ENV = { STREAMER_COORDINATES: 'streamer2.env' };
  for (const [words, options, env, coordinates, file] of [
    [[], {}, {}, undefined, undefined],
    [[COORDINATES], {}, {}, COORDINATES, undefined],
    [['a-file'], {}, {}, 'a-file', undefined],
    [[COORDINATES, 'a-file'], {}, {}, COORDINATES, 'a-file'],
    [['a-file'], {}, ENV, undefined, 'a-file'],
    [[COORDINATES], {}, ENV, COORDINATES, undefined],
    [['-'], {}, ENV, '-', undefined],
    [['@there', 'a-file'], {}, ENV, '@there', 'a-file'],
    [['a-file'], { coordinates: COORDINATES }, {}, COORDINATES, 'a-file'],
    [[COORDINATES], { coordinates: 'x' }, {}, 'x', COORDINATES],
    [[], { coordinates: COORDINATES, path: 'p' }, {}, COORDINATES, 'p'],
    [[COORDINATES], { path: 'p' }, {}, COORDINATES, 'p'],
    [[], { path: 'p' }, ENV, undefined, 'p'],
  ] as const) {
    it(`${JSON.stringify(words)} with ${JSON.stringify({ ...options, ...env })}`, () => assert.deepEqual(sortWords(words, options, env), { coordinates, paths: file === undefined ? [] : [file] }));
  }

  for (const [words, options, env, coordinates, paths] of [
    [[COORDINATES, 'a', 'b', 'c'], {}, {}, COORDINATES, ['a', 'b', 'c']],
    [['a', 'b'], {}, ENV, undefined, ['a', 'b']],
    [[COORDINATES, 'a', 'b'], {}, ENV, COORDINATES, ['a', 'b']],
    [['@there', 'a', '-'], {}, {}, '@there', ['a', '-']],
    [['-', 'a', 'b'], {}, {}, '-', ['a', 'b']],
    [[COORDINATES, '-'], {}, {}, COORDINATES, ['-']],
    [['a', undefined], { coordinates: COORDINATES }, {}, COORDINATES, ['a']],
  ] as const) {
    it(`${JSON.stringify(words)} with ${JSON.stringify({ ...options, ...env })}: several paths`, () => assert.deepEqual(sortWords(words, options, env), { coordinates, paths }));
  }

  it('of which several come with --coordinates are all paths', () => {
    assert.deepEqual(sortWords(['a', 'b'], { coordinates: COORDINATES }, {}), { coordinates: COORDINATES, paths: ['a', 'b'] });
    assert.deepEqual(sortWords(['a', 'b', 'c'], { coordinates: COORDINATES }, ENV), { coordinates: COORDINATES, paths: ['a', 'b', 'c'] });
  });

  it('are refused when one is given twice', () => {
    assert.throws(() => sortWords([COORDINATES, 'a'], { coordinates: 'x' }, {}), /coordinates are given twice/u);
    assert.throws(() => sortWords([COORDINATES, 'a'], { path: 'b' }, {}), /path is given twice/u);
    assert.throws(() => sortWords(['a'], { coordinates: 'x', path: 'b' }, {}), /path is given twice/u);
  });
});
