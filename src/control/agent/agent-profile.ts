/**
 * What a profile, or the command line in its place, says of the agent's job.
 *
 * @module
 */
import { UsageError } from '../../errors.js';
import { NODE_VERSIONS } from '../../server/job-options.js';
import { parseNodeSource } from '../../server/node-source.js';
import { parseDuration } from '../../util/units.js';
import type { MoveProfile } from '../method.js';
import type { AgentProfile } from '../profile.js';
import type { AgentSettings } from './agent-settings.js';
import { defined } from '../../util/defined.js';

/** @throws UsageError that names the field which is wrong; what a value means together with others is checked when the job is made. */
export function agentSettingsOf({ relay, relayTokenFile, agent = {} }: Pick<MoveProfile, 'relay' | 'relayTokenFile' | 'agent'>): AgentSettings {
  const read = <T>(field: keyof AgentProfile, reader: (value: unknown, field: string) => T) => (agent[field] === undefined ? undefined : reader(agent[field], `agent.${field}`));
  const node = read('node', text);
  return {
    ...defined({
      node: node === undefined ? undefined : parseNodeSource(node),
      nodeVersion: read('nodeVersion', nodeVersion),
      partition: read('partition', text),
      timeMs: read('time', duration),
      directives: read('directives', texts),
      directory: read('directory', text),
      waitTimeoutMs: read('waitTimeout', duration),
      publicIps: read('publicIps', texts),
      portRange: read('portRange', ports),
    }),
    ...(relay === undefined ? {} : { relay: { url: relay, ...defined({ tokenFile: relayTokenFile }) } }),
  };
}

function text(value: unknown, field: string): string {
  if (typeof value !== 'string' || value === '') throw new UsageError(`\`${field}\` takes text`);
  return value;
}

function texts(value: unknown, field: string): readonly string[] {
  if (!Array.isArray(value)) throw new UsageError(`\`${field}\` takes a list of text`);
  return value.map((item: unknown) => text(item, field));
}

function duration(value: unknown, field: string): number {
  const milliseconds = parseDuration(text(value, field));
  if (milliseconds === undefined) throw new UsageError(`\`${field}\` takes a duration, such as 2h or 1h30m`);
  return milliseconds;
}

function nodeVersion(value: unknown, field: string): (typeof NODE_VERSIONS)[number] {
  const version = NODE_VERSIONS.find((known) => known === value);
  if (version === undefined) throw new UsageError(`\`${field}\` takes one of ${NODE_VERSIONS.join(', ')}`);
  return version;
}

function ports(value: unknown, field: string): readonly [number, number] {
  if (!Array.isArray(value) || value.length !== 2 || !value.every(Number.isInteger)) throw new UsageError(`\`${field}\` takes two ports, the first and the last`);
  return [Number(value[0]), Number(value[1])];
}
