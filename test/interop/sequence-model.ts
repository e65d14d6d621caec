/**
 * How a session on the reference wire should end, for each end, and where the Python package is known to end otherwise.
 *
 * What is right is the same whoever an end is. Where the reference is wrong (src/compat/PROTOCOL.md, section 9) there is a
 * line for it here, marked "Quirk"; wherever there is none, its outcome is compared with ours.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import type { Make } from './pairing.js';
import { CHUNK, RAW_BYTES, type Step } from './sequence-plan.js';

/** How a command ended, or what it had to say of that. */
export type Outcome =
  | 'done'
  | 'auth'
  | 'busy'
  | 'unreachable'
  | 'exists'
  | 'missing'
  | 'source'
  | 'lost'
  | 'limit'
  | 'digest'
  | 'violation'
  | 'direction'
  | 'stopped'
  | 'timeout'
  /** The reference's, of whatever it is. */
  | 'failed';

/** What is under the receiver's name afterwards. `left`: something that the reference has left there. */
export type Target = Buffer | 'absent' | 'kept' | 'left';

/** Who sends: its file, unless that is missing. */
export interface SendingEnd {
  readonly make: Make;
  readonly bytes: Buffer | undefined;
  /** Removed after our server had opened it. */
  readonly vanished: boolean;
}

/** Who receives. */
export interface ReceivingEnd {
  readonly make: Make;
  readonly taken: boolean;
  /** `--inbound-transfer-limit` of a server. */
  readonly limit: number | undefined;
}

/** Any of the outcomes, for each end. */
export interface Expected {
  readonly sender: readonly Outcome[];
  readonly receiver: readonly Outcome[];
  readonly target: Target;
}

/**
 * Quirk: its sender closes as soon as all is on its way, so what becomes of a file it hears of only while it still sends;
 * `done` may mean anything.
 */
const told = (make: Make, outcome: Outcome): readonly Outcome[] => (make === 'ours' ? [outcome] : ['done', outcome, 'failed']);

/** A session between two ends that have found each other, each of which does what the other does not. */
export function session(sender: SendingEnd, receiver: ReceivingEnd): Expected {
  return receiver.make === 'ours' ? atOurs(sender, receiver) : atPython(sender, receiver);
}

function atOurs({ make, bytes, vanished }: SendingEnd, { taken, limit }: ReceivingEnd): Expected {
  const isMissing = bytes === undefined || (vanished && make === 'python');
  if (taken) return { sender: isMissing ? ['missing', ...told(make, 'exists')] : [...told(make, 'exists'), ...(vanished ? (['source'] as const) : [])], receiver: isMissing ? ['exists', 'missing'] : ['exists'], target: 'kept' };
  if (isMissing) return { sender: ['missing'], receiver: ['missing'], target: 'absent' };
  if (vanished) return { sender: ['source'], receiver: ['source'], target: 'absent' };
  if (limit !== undefined && bytes.length > limit) return { sender: told(make, 'limit'), receiver: ['limit'], target: 'absent' };
  return { sender: ['done'], receiver: ['done'], target: bytes };
}

function atPython({ make, bytes, vanished }: SendingEnd, { taken, limit }: ReceivingEnd): Expected {
  const isMissing = bytes === undefined || (vanished && make === 'python');
  if (taken) return { sender: [...(isMissing ? (['missing'] as const) : []), ...(vanished ? (['source'] as const) : []), ...told(make, 'exists')], receiver: ['exists', 'failed'], target: 'kept' };
  // Quirk: it has created the target before it hears of anything, and leaves it.
  if (isMissing) return { sender: ['missing'], receiver: ['failed'], target: 'left' };
  if (vanished) return { sender: ['source'], receiver: ['failed'], target: 'left' };
  // Quirk: it counts 5 MiB for each message, its own sender's binary eof among them.
  const messages = Math.ceil(bytes.length / CHUNK) + (make === 'python' ? 1 : 0);
  if (limit !== undefined && messages * CHUNK > limit) return { sender: told(make, 'limit'), receiver: ['limit'], target: 'absent' };
  if (make === 'ours') return { sender: ['done'], receiver: ['done'], target: bytes };
  // Quirk: it takes its own sender's eof for data, and of an empty file divides by its number of chunks.
  if (bytes.length === 0) return { sender: ['done', 'failed'], receiver: ['failed'], target: 'left' };
  return { sender: ['done'], receiver: ['done'], target: Buffer.concat([bytes, pythonEof(bytes)]) };
}

/** What the reference's sender says last, and its receiver appends. */
function pythonEof(bytes: Buffer): Buffer {
  return Buffer.from(`{"type": "eof", "sha256_hash": "${createHash('sha256').update(bytes).digest('hex')}"}`);
}

/** How a server that receives ends after a raw client that left. */
export function afterHangUp({ make, taken, limit }: ReceivingEnd, { at }: Extract<Step, { kind: 'hang-up' }>): { readonly server: readonly Outcome[]; readonly target: Target } {
  if (taken) return { server: make === 'ours' ? ['exists', 'lost'] : ['exists', 'failed', 'done'], target: 'kept' };
  // Quirk: an end in the middle is an end like any other, and what came until then stays; so is another hash.
  if (make === 'python') return { server: ['done', 'failed', 'limit'], target: 'left' };
  if (at === 'opened') return { server: ['lost'], target: 'absent' };
  if (limit !== undefined && RAW_BYTES > limit) return { server: ['limit'], target: 'absent' };
  return { server: at === 'wrong-hash' ? ['digest'] : ['lost'], target: 'absent' };
}

/** How a server that sends ends after a raw client that left. */
export function afterLeaving({ make, bytes, vanished }: SendingEnd): readonly Outcome[] {
  if (make === 'ours') return vanished ? ['lost', 'source'] : ['lost'];
  return bytes === undefined || vanished ? ['missing', 'failed'] : ['done', 'failed'];
}

/** A client that sends to a server that sends, on coordinates that do not tell. */
export function bothSend(client: SendingEnd, server: SendingEnd): { readonly client: readonly Outcome[]; readonly server: readonly Outcome[] } {
  const clientMissing = client.bytes === undefined;
  const serverMissing = server.bytes === undefined || (server.make === 'python' && server.vanished);
  return {
    // Who says "no such file" says 3003, which from a receiver would mean that the target is there.
    client: client.make === 'ours' ? ['violation', ...(serverMissing ? (['exists'] as const) : [])] : clientMissing ? ['missing'] : ['done', 'failed', 'exists'],
    server: server.make === 'ours' ? ['violation', ...(clientMissing ? (['exists'] as const) : []), ...(server.vanished ? (['source'] as const) : [])] : serverMissing ? ['missing'] : ['done', 'failed', 'exists'],
  };
}
