/**
 * Who is let in, by the request alone, and over which wire. Pure.
 *
 * @module
 */
import { COMPAT_MESSAGE_MAX } from '../compat/messages.js';
import type { WireChoice } from '../options.js';
import type { Admission, Knock } from '../transport/listen.js';
import { equalConstantTime } from '../util/bytes.js';
import { MESSAGE_MAX, NATIVE_PATH, PROTOCOL_HEADER, PROTOCOL_VERSION } from '../wire/constants.js';

/** What admission depends on. */
export interface AdmissionPolicy {
  readonly wire: WireChoice;
  /** The secret as a header carries it; undefined when no client may come with one (coordinates of version 2). */
  readonly secret: string | undefined;
  /** A client is being served over the compat wire, or over the native one. */
  readonly busy: () => boolean;
}

/**
 * Decides on one request. The texts and statuses are those of the reference's server (observed in 0.0.21).
 *
 * A native request needs no secret, since the handshake decides; if it brings one all the same, it must be right.
 */
export function admit(policy: AdmissionPolicy, knock: Knock): Admission {
  const asksNative = knock.protocol?.trim() === String(PROTOCOL_VERSION) || knock.path.split('?')[0] === NATIVE_PATH;
  if (knock.authorization !== undefined && !secretMatches(policy.secret, knock.authorization)) return refuse(403, 'Invalid secret');
  if (asksNative && policy.wire !== 'compat') {
    const headers = [`${PROTOCOL_HEADER}: ${PROTOCOL_VERSION}`];
    return { admitted: true, tag: 'native', headers, options: { masking: 'none', maxMessageBytes: MESSAGE_MAX } };
  }
  if (knock.authorization === undefined) return refuse(401, 'Missing Authorization header');
  if (policy.wire === 'native') return refuse(403, 'This server wants the encrypted wire');
  if (policy.busy()) return refuse(503, 'Serving another client');
  return { admitted: true, tag: 'compat', headers: [], options: { masking: 'none', maxMessageBytes: COMPAT_MESSAGE_MAX } };
}

/** As the reference reads it: what follows the last `Bearer `, and the whole value where there is none. */
function secretMatches(secret: string | undefined, authorization: string): boolean {
  const given = authorization.split('Bearer ').at(-1) ?? '';
  return secret !== undefined && equalConstantTime(Buffer.from(secret), Buffer.from(given));
}

function refuse(status: number, text: string): Admission {
  return { admitted: false, status, text };
}
