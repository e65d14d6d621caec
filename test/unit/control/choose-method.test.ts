import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chooseMethod } from '../../../src/control/choose-method.js';
import type { Method, MoveItem, TransferRequest } from '../../../src/control/method.js';
import { opsMethod } from '../../../src/control/methods/ops.js';
import { streamerMethod } from '../../../src/control/methods/streamer.js';
import { ControlError } from '../../../src/errors.js';
import { RateLimit } from '../../../src/transfer/rate-limit.js';
import { FakeSite, SYSTEM } from '../../support/fake-site.js';

const MIB = 1024 * 1024;
const run = () => Promise.reject(new Error('not to be run'));
/** Fits always, as the real one does on a usual system. */
const agent: Method = { name: 'agent', unfit: () => undefined, run };
const noAgent: Method = { ...agent, unfit: () => 'there is no Node' };

const file = (size: number, remote = '/scratch/file', more: Partial<MoveItem> = {}): MoveItem => ({ kind: 'file', size, remote, local: 'file', ...more });
const directory: MoveItem = { kind: 'directory', size: 0, remote: '/scratch/dir', local: 'dir' };

function request(items: readonly MoveItem[], more: Partial<TransferRequest> = {}): TransferRequest {
  return { direction: 'download', client: new FakeSite(), url: 'https://firecrest.test', system: SYSTEM, profile: {}, remote: [], local: [], items, settings: {}, verify: undefined, keepJob: false, startTimeoutMs: 1, onProgress: () => undefined, ...more };
}

const chosen = (asked: TransferRequest, methods: readonly Method[] = [streamerMethod(), agent, opsMethod]) => {
  const { method, why } = chooseMethod(asked, undefined, methods);
  return `${method.name}: ${why}`;
};
const unsuitable = (words: RegExp) => (error: unknown) => error instanceof ControlError && error.code === 'control-unsuitable' && words.test(error.message);

describe('auto', () => {
  it('takes FirecREST itself for what is small, the site’s service for a file, the agent for the rest', () => {
    assert.match(chosen(request([file(1000)])), /^ops: small enough/u);
    assert.match(chosen(request([file(0), file(1, '/scratch/b')], { direction: 'upload' })), /^ops/u);
    assert.match(chosen(request([file(50 * MIB)])), /^streamer: the site has a transfer service$/u);
    assert.match(chosen(request([file(50 * MIB), file(50 * MIB, '/scratch/b')])), /^agent: one job of our own/u);
    assert.match(chosen(request([directory])), /^agent/u);
    assert.match(chosen(request([{ ...file(0, '/etc/hostname'), kind: 'unknown' }])), /^streamer/u);
  });

  it('does not take FirecREST itself for a name that its form cannot carry', () => {
    for (const name of ['a"b', 'a\\b', "it's"]) assert.match(chosen(request([file(10, `/scratch/${name}`)], { direction: 'upload' })), /^agent/u, name);
    assert.match(chosen(request([file(10, '/scratch/a"b')])), /^ops/u, 'a download has it in its query');
  });

  it('says why not the one before', () => {
    assert.match(chosen(request([file(50 * MIB, '/scratch/a b')])), /^agent: a job of our own; not streamer: FirecREST's job script cannot carry the name \/scratch\/a b$/u);
    assert.match(chosen(request([file(50 * MIB)], { system: { ...SYSTEM, transfer: undefined } })), /not streamer: daint has no transfer service/u);
    assert.match(chosen(request([file(50 * MIB)], { system: { ...SYSTEM, transfer: { type: 's3' } } })), /not streamer: the transfer service of daint is of another kind \(s3\)/u);
  });

  it('takes only what a profile allows', () => {
    assert.match(chosen(request([file(10)], { profile: { allowedMethods: ['streamer'] } })), /^streamer/u);
    assert.match(chosen(request([directory], { profile: { allowedMethods: ['agent'] } })), /^agent/u);
    assert.throws(() => chosen(request([directory], { profile: { allowedMethods: ['streamer', 'ops'] } })), unsuitable(/agent: the profile does not allow it; streamer: it moves files/u));
    assert.match(chosen(request([directory], { profile: { method: 'agent' } })), /^agent: as asked/u);
  });

  it('takes nothing in the clear where encryption is required', () => {
    assert.match(chosen(request([file(50 * MIB)], { settings: { requireEncryption: true } })), /^agent/u);
    assert.match(chosen(request([file(10)], { settings: { requireEncryption: true } }), [streamerMethod(), noAgent, opsMethod]), /^ops/u);
    assert.throws(() => chosen(request([file(10)], { url: 'http://127.0.0.1:1', settings: { requireEncryption: true } }), [noAgent, opsMethod]), unsuitable(/without TLS/u));
  });

  it('says of each why not, where none can', () => {
    assert.throws(() => chosen(request([directory]), [streamerMethod(), noAgent, opsMethod]), unsuitable(/^there is no way to do this on daint: ops: .*agent: there is no Node; streamer: /u));
  });
});

describe('a method by name', () => {
  it('is taken whatever a profile allows, or refused with another that can', () => {
    const methods = [streamerMethod(), agent, opsMethod];
    assert.equal(chooseMethod(request([file(10)], { profile: { allowedMethods: ['agent'] } }), 'ops', methods).why, 'as asked');
    assert.throws(() => chooseMethod(request([directory]), 'streamer', methods), unsuitable(/^`method: 'streamer'` cannot do this: it moves files, and \/scratch\/dir is a directory; `method: 'agent'` can$/u));
    assert.throws(() => chooseMethod(request([directory]), 'ops', [streamerMethod(), noAgent, opsMethod]), unsuitable(/is a directory$/u));
  });
});

describe('what the site’s service cannot', () => {
  const unfit = (items: readonly MoveItem[], more: Partial<TransferRequest> = {}) => streamerMethod().unfit(request(items, more));
  const up = { direction: 'upload' } as const;

  it('counts five MiB for every message of an upload', () => {
    const limited = { ...up, system: { ...SYSTEM, transfer: { type: 'streamer', inboundTransferLimit: 12 * MIB } } };
    assert.equal(unfit([file(10 * MIB)], limited), undefined);
    assert.match(unfit([file(10 * MIB + 1)], limited) ?? '', /the site accepts 12\.0 MiB/u);
    assert.equal(unfit([file(0)], { ...up, system: { ...SYSTEM, transfer: { type: 'streamer', inboundTransferLimit: 1 } } }), undefined);
    assert.equal(unfit([file(10 * MIB + 1)], { ...limited, direction: 'download' }), undefined);
  });

  it('replaces nothing, and leaves alone what is to be left', () => {
    const there = { existing: { kind: 'file', size: 1 } } as const;
    for (const existing of ['overwrite', 'update'] as const) assert.match(unfit([file(10, '/scratch/x', there)], { ...up, settings: { existing } }) ?? '', /never replaces/u);
    assert.equal(unfit([file(10, '/scratch/x', there)], { ...up, settings: { existing: 'skip' } }), undefined);
    assert.equal(unfit([file(10)], { ...up, settings: { existing: 'overwrite' } }), undefined);
  });

  it('takes a job for each file, and no relay', () => {
    assert.match(unfit(Array.from({ length: 21 }, (_, index) => file(1, `/scratch/${index}`))) ?? '', /these are 21/u);
    assert.match(unfit([file(1)], { settings: { route: 'relay' } }) ?? '', /relay/u);
  });
});

describe('what FirecREST itself cannot', () => {
  const unfit = (items: readonly MoveItem[], more: Partial<TransferRequest> = {}) => opsMethod.unfit(request(items, more));

  it('is large: a download is base64 on its way', () => {
    const system = { ...SYSTEM, maxOpsFileSize: MIB };
    assert.equal(unfit([file(700_000)], { system }), undefined);
    // Recorded: 786,431 bytes are refused where the limit is 1 MiB.
    assert.match(unfit([file(786_431)], { system }) ?? '', /at the most/u);
    assert.equal(unfit([file(MIB)], { system, direction: 'upload' }), undefined);
    assert.match(unfit([file(MIB + 1)], { system, direction: 'upload' }) ?? '', /at the most/u);
  });

  it('is out of its sight, or needs more than it knows', () => {
    assert.match(unfit([file(1, "/scratch/a'b")]) ?? '', /cannot be asked/u);
    assert.match(unfit([{ ...file(1, '/etc/hostname'), kind: 'unknown' }]) ?? '', /cannot look/u);
    assert.match(unfit([file(1)], { settings: { existing: 'update' } }) ?? '', /times/u);
    assert.match(unfit([file(1)], { settings: { rate: new RateLimit(1000) } }) ?? '', /rate/u);
    assert.equal(unfit([file(1)], { settings: { rate: new RateLimit(undefined) } }), undefined);
  });
});
