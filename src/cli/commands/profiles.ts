/**
 * `streamer profiles`: wiring only.
 *
 * @module
 */
import { profileNames, readProfile } from '../../control/profile-files.js';
import { peerText, StreamerError } from '../../errors.js';
import type { Context } from '../action.js';
import { inFlags } from '../flags.js';

/** A line for each. One that cannot be read is told of, and keeps nobody from the others. @throws StorageError */
export async function runProfiles({ renderer }: Context): Promise<void> {
  const names = await profileNames(process.env);
  if (names.length === 0) renderer.onProgress({ type: 'notice', message: 'there are no profiles: "streamer login" makes one' });
  const width = Math.max(0, ...names.map((name) => name.length));
  for (const name of names) {
    const { line, facts } = await look(name);
    renderer.print(`${name.padEnd(width)}  ${line}`, { event: 'profile', profile: name, ...facts });
  }
}

async function look(name: string): Promise<{ readonly line: string; readonly facts: Readonly<Record<string, unknown>> }> {
  try {
    const { url, flow, system, account } = (await readProfile(process.env, name)) ?? {};
    const parts = [url, flow, system === undefined ? undefined : `system ${system}`, account === undefined ? undefined : `account ${account}`];
    return { line: peerText(parts.filter((part) => part !== undefined).join(', ')), facts: { url, flow, system, account } };
  } catch (error) {
    if (!(error instanceof StreamerError)) throw error;
    return { line: inFlags(error.message), facts: { error: inFlags(error.message), code: error.code } };
  }
}
