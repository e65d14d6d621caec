/**
 * What a random sequence of commands is: files at two places, and rounds, each a server and whoever comes to it.
 *
 * @module
 */
import fc from 'fast-check';
import type { Action, Make } from './pairing.js';

/** Bytes of a chunk on the reference wire. */
export const CHUNK = 5 * 1024 * 1024;
/** What a raw client announces. */
export const RAW_BYTES = 2000;

/** Who comes to a server without a transfer of its own: a port scan, or a request that is refused. */
export type Knock = 'scan' | 'no-secret' | 'wrong-secret' | 'plain' | 'plain-with-secret';

/** Something that happens while a server waits. */
export type Step =
  | {
      readonly kind: 'client';
      readonly make: Make;
      /** It names the file that is not the usual one: a source that may be missing, a target that may be there. */
      readonly odd: boolean;
      readonly secret: 'right' | 'wrong';
      /** `same`: it sends to a server that sends. */
      readonly way: 'other' | 'same';
      readonly wire: 'auto' | 'compat';
    }
  | { readonly kind: 'knock'; readonly how: Knock }
  /** A raw client with the secret says so much, and leaves: by a cut link, or with a close code. */
  | { readonly kind: 'hang-up'; readonly at: 'opened' | 'init' | 'within' | 'wrong-hash'; readonly how: 'cut' | 1000 | 1001 }
  /** A client that comes while a raw one is served; that one finishes afterwards. */
  | { readonly kind: 'second'; readonly make: Make }
  /** The server's source vanishes, or its target appears. */
  | { readonly kind: 'meddle' };

/** One server's life. */
export interface Round {
  readonly server: Make;
  /** The server's. */
  readonly action: Action;
  readonly odd: boolean;
  /** `--inbound-transfer-limit`: so many bytes more or fewer than one of the files has, or none. */
  readonly limit: { readonly of: 'a' | 'b'; readonly plus: number } | undefined;
  /** Without a client: only knocks, and a short `--wait-timeout`. */
  readonly unattended: boolean;
  readonly steps: readonly Step[];
}

/** A sequence. At first the client has a file `a`, and the server a file `b`, of these sizes. */
export interface Plan {
  readonly sizes: { readonly a: number; readonly b: number };
  readonly rounds: readonly Round[];
}

const size = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(0, 1, CHUNK - 1, CHUNK, CHUNK + 1) },
  { weight: 3, arbitrary: fc.nat(70_000) },
  { weight: 1, arbitrary: fc.nat(3 * CHUNK) },
);
const make = fc.constantFrom<Make>('ours', 'python');
const seldom = fc.integer({ min: 0, max: 5 }).map((one) => one === 5);
const knock = fc.record({ kind: fc.constant('knock' as const), how: fc.constantFrom<Knock>('scan', 'no-secret', 'wrong-secret', 'plain', 'plain-with-secret') });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('client' as const),
      make,
      odd: seldom,
      secret: seldom.map((wrong) => (wrong ? 'wrong' : 'right')),
      way: seldom.map((same) => (same ? 'same' : 'other')),
      wire: fc.constantFrom('auto', 'compat'),
    }),
  },
  { weight: 2, arbitrary: knock },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('hang-up' as const), at: fc.constantFrom('opened', 'init', 'within', 'wrong-hash'), how: fc.constantFrom<['cut', 1000, 1001][number]>('cut', 1000, 1001) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('second' as const), make }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'meddle' as const }) },
);
const limit = fc.oneof(
  { weight: 2, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.record({ of: fc.constantFrom('a', 'b'), plus: fc.constantFrom(-1, 0, 1, CHUNK, 2 * CHUNK) }) },
);

/** Rounds of servers of this make. */
function roundOf(server: Make): fc.Arbitrary<Round> {
  const attended = fc.record({
    server: fc.constant(server),
    action: fc.constantFrom<Action>('send', 'receive'),
    odd: seldom,
    limit,
    unattended: fc.constant(false),
    steps: fc.array(step, { minLength: 1, maxLength: 4 }),
  });
  const unattended = fc.record({
    server: fc.constant(server),
    action: fc.constantFrom<Action>('send', 'receive'),
    odd: fc.constant(false),
    limit: fc.constant(undefined),
    unattended: fc.constant(true),
    steps: fc.array(knock, { maxLength: 3 }),
  });
  return fc.oneof({ weight: 9, arbitrary: attended }, { weight: 1, arbitrary: unattended });
}

/** Sequences whose servers are of this make. */
export const planOf = (server: Make): fc.Arbitrary<Plan> =>
  fc.record({ sizes: fc.record({ a: size, b: size }), rounds: fc.array(roundOf(server), { minLength: 1, maxLength: 3 }) });

/** In one line, for a test's name. */
export function describePlan({ sizes, rounds }: Plan): string {
  const steps = (each: readonly Step[]) => each.map((one) => Object.values(one).map(String).join(' ')).join(', ');
  const told = rounds.map(({ server, action, odd, limit: most, unattended, steps: all }) => {
    const words = [server, `${action}s`, odd ? 'the odd file' : '', most === undefined ? '' : `limit ${most.of}+${most.plus}`, unattended ? 'unattended' : ''];
    return `${words.filter((word) => word !== '').join(' ')}: ${steps(all)}`;
  });
  return `a ${sizes.a}, b ${sizes.b}; ${told.join('; ')}`;
}
