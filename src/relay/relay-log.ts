/**
 * What a relay tells of what happens: names and figures for people and for programs that read logs, no secret among them.
 *
 * @module
 */
import { createHash } from 'node:crypto';

/** Something that happened, for the log. No secret and no room's id is among the fields. */
export type RelayLog = (event: string, fields: Readonly<Record<string, string | number | boolean | undefined>>) => void;

/** A room in the log: which lines are of the same one, and no way into it. */
export function shortName(id: string): string {
  return createHash('sha256').update(id).digest('hex').slice(0, 12);
}
