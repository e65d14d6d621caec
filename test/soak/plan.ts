/**
 * What the transfers of a soak are: drawn by chance that can be had again.
 *
 * @module
 */
import type { Action } from '../e2e/moving.js';

/** What goes wrong during a transfer. */
export const FAULTS = [
  'client-kill',
  'client-term',
  'server-kill',
  'server-term',
  'both-kill',
  'relay-kill',
  'relay-term',
  'link-reset',
  'link-reset-thrice',
  'link-half-open',
  'link-half-open-client-kill',
  'link-slow',
] as const;
export type Fault = (typeof FAULTS)[number];

/** One transfer. */
export interface Plan {
  readonly number: number;
  /** What the client does. */
  readonly action: Action;
  readonly route: 'direct' | 'relay';
  readonly wire: 'native' | 'compat';
  readonly kind: 'file' | 'tree';
  /** Bytes in all. */
  readonly size: number;
  /** Bytes per second over the link. */
  readonly pace: number;
  /** When the fault comes: seconds after the client was started, or when so many bytes have passed. */
  readonly at: { readonly seconds: number } | { readonly bytes: number };
  readonly fault: Fault | 'none';
}

/** How a soak is drawn. */
export interface Drawing {
  readonly random: () => number;
  readonly mostBytes: number;
  /** A link that falls silent costs 50 s until an end notices: left out of a short run. */
  readonly patient: boolean;
}

const FAULTLESS = 0.1;
const TREES = 0.3;
const RELAYED = 0.4;
const COMPAT = 0.1;
/** A transfer takes about as long as this, and one of a few bytes as long as its ends take to start. */
const MOVING_SECONDS = 1.2;
const STARTING_SECONDS = 0.3;
const SMALL = 128 * 1024;
/** Patience of a transfer with the slowest of links. */
const SLOWEST = 256 * 1024;
/** Rare, since it takes so long. */
const HALF_OPEN = 0.15;

export function draw(number: number, { random, mostBytes, patient }: Drawing): Plan {
  const among = <T>(list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)];
  const wire = random() < COMPAT ? 'compat' : 'native';
  const route = wire === 'native' && random() < RELAYED ? 'relay' : 'direct';
  const kind = wire === 'native' && random() < TREES ? 'tree' : 'file';
  const size = drawSize(random, mostBytes);
  const possible = FAULTS.filter((one) => (route === 'relay' || !one.startsWith('relay')) && (one !== 'link-half-open' || (patient && random() < HALF_OPEN)));
  const fault = random() < FAULTLESS ? 'none' : (among(possible) ?? 'none');
  const action = random() < 0.5 ? 'send' : 'receive';
  const pace = Math.max(SLOWEST, Math.floor(size / MOVING_SECONDS));
  return { number, action, route, wire, kind, size, pace, at: { seconds: random() * (STARTING_SECONDS + Math.min(MOVING_SECONDS, size / pace)) }, fault };
}

/** As many of each order of magnitude, but fewer of those that are over before anything can go wrong; and some that are empty. */
function drawSize(random: () => number, mostBytes: number): number {
  const kind = random();
  if (kind < 0.03) return 0;
  const least = kind < 0.15 ? 1 : SMALL;
  return Math.floor(least * (mostBytes / least) ** random());
}

/** In one line, for the test's name. */
export function describePlan({ number, action, route, wire, kind, size, fault, at }: Plan): string {
  const moment = 'seconds' in at ? `${at.seconds.toFixed(2)} s` : `${at.bytes} bytes`;
  return `${number}: the client ${action}s a ${kind} of ${size} bytes, ${route}, ${wire}, ${fault === 'none' ? 'undisturbed' : `${fault} after ${moment}`}`;
}
