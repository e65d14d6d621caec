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

/** Whether this fault is the end of a process, by a signal. */
export const isKill = (fault: Plan['fault']): boolean => /-(?:kill|term)$/u.test(fault);

/**
 * When a fault comes, from when both ends run: after seconds, when so many bytes have passed, or such a share of those that are still to
 * pass, or a while after an end has said that it is finishing.
 */
export type Moment = { readonly seconds: number } | { readonly bytes: number } | { readonly share: number } | { readonly finishingMs: number };

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
  /** Bytes per second. */
  readonly pace: number;
  /** What keeps to that. What a killed sender has sent arrives all the same: of a slow link all that its buffers hold, of a slow sender next to nothing. */
  readonly paced: 'sender' | 'link';
  readonly fault: Fault | 'none';
  /** When it comes, one time after the other. */
  readonly moments: readonly Moment[];
  /** How long a link stays slow, milliseconds. */
  readonly slowMs: number;
}

/** How a soak is drawn. */
export interface Drawing {
  readonly random: () => number;
  readonly mostBytes: number;
  /** A link that falls silent costs 50 s until an end notices: left out of a short run, in which a slow one recovers soon. */
  readonly patient: boolean;
}

/** A link that has fallen to 50 kB/s stays so, milliseconds: in a short run, and in a long one at the most. */
export const SLOW_MS = 800;
export const PATIENTLY_SLOW_MS = 6_000;
/** Kills of one transfer, at most. */
const KILLS_MOST = 3;

const FAULTLESS = 0.1;
const TREES = 0.3;
const RELAYED = 0.4;
const COMPAT = 0.1;
const BY_BYTES = 0.7;
/** A transfer takes about as long as this, and one of a few bytes as long as its ends take to start. */
const MOVING_SECONDS = 1.2;
const STARTING_SECONDS = 0.3;
const SMALL = 128 * 1024;
const BY_END = 0.1;
/** A commit takes a few syncs: some milliseconds, or some tens. */
const COMMIT_MS = 30;
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
  const paced = random() < 0.5 ? 'sender' : 'link';
  const pace = Math.max(SLOWEST, Math.floor(size / MOVING_SECONDS));
  // With a silent link only once: each time costs seconds.
  const again = isKill(fault) && !fault.startsWith('link');
  const times = again ? 1 + Math.floor(random() * KILLS_MOST) : 1;
  // On a busy machine a moment in seconds is one of the start more often than not, and one in bytes is always between the ends.
  const moment = (): Moment => {
    if (again && random() < BY_END) return { finishingMs: random() * COMMIT_MS };
    return size > SMALL && random() < BY_BYTES ? { bytes: Math.floor(random() * size) } : { seconds: random() * (STARTING_SECONDS + Math.min(MOVING_SECONDS, size / pace)) };
  };
  const slowMs = patient ? SLOW_MS + random() * (PATIENTLY_SLOW_MS - SLOW_MS) : SLOW_MS;
  return { number, action, route, wire, kind, size, pace, paced, fault, moments: Array.from({ length: times }, moment), slowMs };
}

/** Of all kills in a process's life, from its start to its last words: so many of a start, and of an end, or else between them. */
const AT_START = 0.15;
const AT_END = 0.15;

/** A moment of a kill, drawn over all that is left of a transfer. */
export function drawMoment(random: () => number): Moment {
  const when = random();
  if (when < AT_START) return { seconds: random() * STARTING_SECONDS };
  return when < AT_START + AT_END ? { finishingMs: random() * COMMIT_MS } : { share: random() };
}

/** As many of each order of magnitude, but fewer of those that are over before anything can go wrong; and some that are empty. */
function drawSize(random: () => number, mostBytes: number): number {
  const kind = random();
  if (kind < 0.03) return 0;
  const least = kind < 0.15 ? 1 : SMALL;
  return Math.floor(least * (mostBytes / least) ** random());
}

/** In one line, for the test's name. */
export function describePlan({ number, action, route, wire, kind, size, fault, moments }: Plan): string {
  const when = moments.map((moment) => ('seconds' in moment ? `${moment.seconds.toFixed(2)} s` : 'bytes' in moment ? `${moment.bytes} bytes` : 'share' in moment ? `${moment.share.toFixed(2)} of what is left` : `the last byte and ${moment.finishingMs.toFixed(0)} ms`));
  return `${number}: the client ${action}s a ${kind} of ${size} bytes, ${route}, ${wire}, ${fault === 'none' ? 'undisturbed' : `${fault} after ${when.join(', then ')}`}`;
}
