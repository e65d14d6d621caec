/**
 * Who knocks at a relay: an end by itself, one behind a proxy, or another instance for a client of its own.
 *
 * @module
 */
import type { Caller } from '../transport/listen.js';
import { equalConstantTime } from '../util/bytes.js';
import { forwardedAddress } from './addresses.js';
import { PEER_HEADER, REMOTE_HEADER } from './peer.js';

/** Who knocks, as a proxy or another instance before us tells it. */
export interface Visitor extends Caller {
  /** Another instance, for a client of its own. */
  readonly fromInstance: boolean;
}

/** What is believed of what a request says. */
export interface VisitorOptions {
  /** Believe the last address of X-Forwarded-For: only behind a proxy that writes it. */
  readonly trustForwarded: boolean;
  /** What another instance shows; undefined where there are none. */
  readonly instanceKey: string | undefined;
}

/** The caller, with the address that a proxy before us tells where that is believed. */
export function visitorOf(caller: Caller, { trustForwarded, instanceKey }: VisitorOptions): Visitor {
  if (isInstance(caller, instanceKey)) return { ...caller, fromInstance: true, remote: caller.header(REMOTE_HEADER) ?? caller.remote };
  const address = trustForwarded ? forwardedAddress(caller.header('X-Forwarded-For')) : undefined;
  return { ...caller, fromInstance: false, ...(address === undefined ? {} : { address, remote: address }) };
}

function isInstance(caller: Caller, key: string | undefined): boolean {
  const shown = caller.header(PEER_HEADER);
  return key !== undefined && shown !== undefined && equalConstantTime(Buffer.from(key), Buffer.from(shown));
}
