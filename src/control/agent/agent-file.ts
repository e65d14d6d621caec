/**
 * The single file of the server that is brought to a cluster: what it is, and how it is named there.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ControlError } from '../../errors.js';

/** The file, as this package ships it. */
export interface AgentFile {
  /** Its name on the cluster, by its content: {@link agentNameOf}. */
  readonly name: string;
  /** Hex. */
  readonly sha256: string;
  readonly content: Uint8Array;
}

/** No other file is ever called so. */
export const AGENT_NAME = /^streamer-agent-[0-9a-f]{12}\.cjs$/u;

/** The name of an agent whose content has this SHA-256, in hex. */
export function agentNameOf(sha256: string): string {
  return `streamer-agent-${sha256.slice(0, 12)}.cjs`;
}

/** Reads it. @throws ControlError where it is missing from this installation. */
export function readAgentFile(): AgentFile {
  const place = placeOfAgent();
  if (place === undefined) throw new ControlError('control-unsuitable', `${AGENT_MISSING}: install it again`);
  const content = readFileSync(place.file);
  const sha256 = createHash('sha256').update(content).digest('hex');
  return { name: agentNameOf(sha256), sha256, content };
}

/** Its size in bytes; undefined where it is missing. */
export function agentFileSize(): number | undefined {
  return placeOfAgent()?.size;
}

/** Where there is none. */
export const AGENT_MISSING = "this installation lacks the single file of the server, dist/bundle/agent.cjs, which the build makes";

/** Set in the bundled command, beside which the file is; there is none in a module. */
declare const __dirname: string | undefined;

function placeOfAgent(): { readonly file: string; readonly size: number } | undefined {
  const places = typeof __dirname === 'string' ? [`${__dirname}/agent.cjs`] : PLACES.map((place) => fileURLToPath(new URL(place, import.meta.url)));
  for (const file of places) {
    const size = statSync(file, { throwIfNoEntry: false })?.size;
    if (size !== undefined) return { file, size };
  }
  return undefined;
}

/** From dist/control/agent/, and from build/src/control/agent/. */
const PLACES = ['../../bundle/agent.cjs', '../../../../dist/bundle/agent.cjs'];
