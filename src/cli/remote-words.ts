/**
 * `SYSTEM:/path`, as words of a command, to places that can be asked for.
 *
 * @module
 */
import type { FirecrestClient, FirecrestSystem } from '../control/firecrest/client.js';
import { openControl } from '../control/open.js';
import { absolutePath, parseRemotePlace } from '../control/remote-path.js';
import { UsageError } from '../errors.js';
import { controlChoice, type ControlOptions } from './control-options.js';

/** A site, and one system of it. */
export interface OpenSystem {
  readonly client: FirecrestClient;
  readonly system: FirecrestSystem;
}

/** A place on a system. */
export interface OpenPlace extends OpenSystem {
  /** Absolute. */
  readonly path: string;
}

/** The system that the options, the environment or the profile name; where they name none, the only one that there is. @throws StreamerError */
export async function openSystem(options: ControlOptions, signal: AbortSignal): Promise<OpenSystem> {
  const { client, system } = await openControl(controlChoice(options));
  return { client, system: await chosenSystem(client, system, signal) };
}

async function chosenSystem(client: FirecrestClient, name: string | undefined, signal: AbortSignal): Promise<FirecrestSystem> {
  if (name !== undefined) return client.system(name, { signal });
  const systems = await client.systems({ signal });
  const [only, ...others] = systems;
  if (only !== undefined && others.length === 0) return only;
  throw new UsageError(`which \`system\`? There are ${systems.map((system) => system.name).join(', ')}`);
}

/** Opens places, all of one site, each of which may be on another system. @throws StreamerError */
export async function openPlaces(words: readonly string[], options: ControlOptions, signal: AbortSignal): Promise<OpenPlace[]> {
  const places = words.map(parseRemotePlace);
  const { client, system: given } = await openControl(controlChoice(options));
  const known = new Map<string | undefined, FirecrestSystem>();
  const open: OpenPlace[] = [];
  for (const { system: named = given, path: written } of places) {
    const system = known.get(named) ?? (await chosenSystem(client, named, signal));
    known.set(named, system);
    open.push({ client, system, path: await absolutePath(written, system, client, signal) });
  }
  return open;
}
