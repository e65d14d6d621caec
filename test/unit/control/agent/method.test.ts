/** Where the agent cannot be used, and how many paths become one job. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { agentMethod } from '../../../../src/control/agent/method.js';
import type { MoveItem, TransferRequest } from '../../../../src/control/method.js';
import { UsageError } from '../../../../src/errors.js';

const ITEM: MoveItem = { kind: 'file', size: 1, remote: '/scratch/x', local: 'x' };
const request = (change: object = {}, system: object = {}): TransferRequest =>
  ({
    direction: 'download',
    system: { name: 'noxfer', scheduler: { type: 'slurm' }, healthy: true, services: [], fileSystems: [{ path: '/scratch', defaultWorkDir: true }], maxOpsFileSize: 1_048_576, transferDirectives: [], ...system },
    profile: {},
    remote: ['/scratch/x'],
    local: ['x'],
    items: [ITEM],
    settings: {},
    ...change,
  }) as unknown as TransferRequest;

describe('the agent', () => {
  it('is fit where there is a scheduler, a file system, and room for it', () => {
    for (const type of ['slurm', 'pbs', 'PBS']) assert.equal(agentMethod.unfit(request({}, { scheduler: { type } })), undefined);
    assert.equal(agentMethod.unfit(request({ settings: { route: 'relay' }, profile: { relay: 'wss://x' } })), undefined);
  });

  it('is unfit otherwise, and says why', () => {
    for (const [system, change, says] of [
      [{ scheduler: { type: 'firework' } }, {}, /^noxfer has the scheduler firework, for which there is no job script$/u],
      [{ maxOpsFileSize: 100_000 }, {}, /^noxfer takes files of 97\.7 KiB at the most, and the agent is \d+/u],
      [{ fileSystems: [] }, {}, /names no file system .*`agent\.directory`$/u],
      [{}, { settings: { route: 'relay' } }, /needs a relay: `relay\.url`$/u],
    ] as const) assert.match(agentMethod.unfit(request(change, system)) ?? '', says);
  });

  it('does not remove what it was not asked about', async () => {
    const several = request({ items: [ITEM, { ...ITEM, remote: '/scratch/y' }], settings: { delete: true } });
    await assert.rejects(async () => agentMethod.run(several), (error) => error instanceof UsageError && /`delete` with several paths/u.test(error.message));
  });
});
