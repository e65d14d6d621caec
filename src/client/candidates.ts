/**
 * The places that coordinates name: the server itself, and the relay where it can be met.
 *
 * @module
 */
import type { Coordinates } from '../coordinates/coordinates.js';
import type { Route } from '../options.js';
import type { Address } from '../transport/dial.js';
import { JOIN_PATH, relayPlace } from '../transport/rendezvous.js';

/** A place to try. */
export interface Place extends Address {
  /** Path of the request. */
  readonly path: string;
  /** Set where it is a relay: its URL, and the room. */
  readonly relay?: { readonly url: string; readonly room: string };
}

/** Addresses of the server, in the coordinates' order. */
export function* candidatesOf(coordinates: Coordinates): Generator<Place> {
  if (coordinates.version === 2) {
    for (const { url } of coordinates.candidates) {
      const { protocol, hostname, port, pathname } = new URL(url);
      const secure = protocol === 'wss:';
      yield { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? (secure ? 443 : 80) : Number(port), path: pathname, ...(secure ? { secure } : {}) };
    }
    return;
  }
  const [first, last] = coordinates.ports;
  for (const ip of coordinates.ips) {
    const host = ip.replace(/^\[|\]$/g, '');
    for (let port = first; port <= last; port += 1) yield { host, port, path: '/' };
  }
}

/** The relay; undefined where they name none. */
export function relayOf({ relay }: Coordinates): Place | undefined {
  return relay === undefined ? undefined : { ...relayPlace(relay.url, JOIN_PATH), relay };
}

/** How many places there are to try. */
export function countPlaces(coordinates: Coordinates, route: Route): number {
  const relays = route === 'direct' || coordinates.relay === undefined ? 0 : 1;
  if (route === 'relay') return relays;
  if (coordinates.version === 2) return coordinates.candidates.length + relays;
  return coordinates.ips.length * (coordinates.ports[1] - coordinates.ports[0] + 1) + relays;
}
