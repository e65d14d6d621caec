/** What a profile and the command line say of the agent's job. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Command } from 'commander';
import { addAgentOptions, withAgentOptions } from '../../../../src/cli/agent-options.js';
import { agentSettingsOf } from '../../../../src/control/agent/agent-profile.js';
import type { MoveProfile } from '../../../../src/control/method.js';
import { UsageError } from '../../../../src/errors.js';

const PROFILE: MoveProfile = { relay: 'wss://relay.example.org', relayTokenFile: '/home/alice/token', agent: { node: 'module:nodejs/22', time: '30m', partition: 'debug' } };

function parsed(words: readonly string[], profile: MoveProfile = PROFILE): MoveProfile {
  const command = addAgentOptions(new Command().exitOverride().configureOutput({ writeErr: () => undefined }));
  command.parse(words, { from: 'user' });
  return withAgentOptions(profile, command.opts());
}

describe("a profile's agent", () => {
  it('is what its job is', () => {
    assert.deepEqual(agentSettingsOf(PROFILE), {
      node: { from: 'modules', names: ['nodejs/22'] },
      timeMs: 1_800_000,
      partition: 'debug',
      relay: { url: 'wss://relay.example.org', tokenFile: '/home/alice/token' },
    });
    assert.deepEqual(agentSettingsOf({}), {});
    assert.deepEqual(agentSettingsOf({ agent: { node: 'venv:/x', nodeVersion: 24, directives: ['--constraint=gpu'], directory: '/a', waitTimeout: '90', publicIps: ['::1'], portRange: [1, 2] } }), {
      node: { from: 'venv', directory: '/x' },
      nodeVersion: 24,
      directives: ['--constraint=gpu'],
      directory: '/a',
      waitTimeoutMs: 90_000,
      publicIps: ['::1'],
      portRange: [1, 2],
    });
  });

  it('is refused, by the name of the field, where it is none', () => {
    const bad = { node: 'npm', nodeVersion: 18, partition: 7, time: 'soon', directives: '--x', directory: '', waitTimeout: 5, publicIps: [1], portRange: [1] };
    for (const [field, value] of Object.entries(bad)) {
      const name = field === 'node' ? 'node' : `agent.${field}`;
      assert.throws(() => agentSettingsOf({ agent: { [field]: value } }), (error) => error instanceof UsageError && error.message.startsWith(`\`${name}\` takes`), field);
    }
  });
});

describe('the options of a command', () => {
  it('leave the profile as it is, where none is given', () => {
    assert.deepEqual(parsed([]), { ...PROFILE });
  });

  it('take the place of what the profile says', () => {
    const words = ['--node', 'venv', '--node-version', '24', '--partition', 'long', '--time', '3h', '--directive', '--a=b,c', '--directive', '--d', '--wait-timeout', '90s', '--public-ips', '192.0.2.1', '--port-range', '5665-5670', '--agent-directory', '/scratch/x'];
    assert.deepEqual(agentSettingsOf(parsed(words)), {
      node: { from: 'venv' },
      nodeVersion: 24,
      partition: 'long',
      timeMs: 10_800_000,
      directives: ['--a=b,c', '--d'],
      directory: '/scratch/x',
      waitTimeoutMs: 90_000,
      publicIps: ['192.0.2.1'],
      portRange: [5665, 5670],
      relay: { url: 'wss://relay.example.org', tokenFile: '/home/alice/token' },
    });
  });

  it("name another relay, which is not given the profile's token", () => {
    assert.deepEqual(agentSettingsOf(parsed(['--relay', 'wss://other.example.org'])).relay, { url: 'wss://other.example.org' });
    assert.deepEqual(agentSettingsOf(parsed(['--relay', 'wss://other.example.org', '--relay-token-file', '/t'])).relay, { url: 'wss://other.example.org', tokenFile: '/t' });
    assert.deepEqual(agentSettingsOf(parsed(['--relay-token-file', '/t'])).relay, { url: 'wss://relay.example.org', tokenFile: '/t' });
  });

  it('are refused where they do not go together, or are no duration', () => {
    assert.throws(() => parsed(['--relay-token-file', '/t'], {}), UsageError);
    assert.throws(() => parsed(['--node-version', '22'], {}), UsageError);
    assert.throws(() => parsed(['--node-version', '22', '--node', 'path']), UsageError);
    assert.throws(() => parsed(['--time', 'soon']), /duration/u);
  });
});
