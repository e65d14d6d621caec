/**
 * How many connections there are: in all, and from each address.
 *
 * @module
 */
import { AddressCount } from './address-count.js';
import { addressGroup } from './addresses.js';

/** What gives a count back, once; or why it is one too many. */
export type Counted = (() => void) | 'full' | 'address';

/** See the module's head. */
export class ConnectionCounts {
  readonly #all: AddressCount;
  readonly #addresses: AddressCount;

  constructor({ connections, addressConnections }: { readonly connections: number; readonly addressConnections: number }) {
    this.#all = new AddressCount(connections);
    this.#addresses = new AddressCount(addressConnections);
  }

  /** Counts a connection. @param address of whoever it is of; undefined where another instance has counted it against that. */
  take(address: string | undefined): Counted {
    const ofAll = this.#all.take('');
    if (ofAll === undefined) return 'full';
    if (address === undefined) return ofAll;
    const ofAddress = this.#addresses.take(addressGroup(address));
    if (ofAddress === undefined) {
      ofAll();
      return 'address';
    }
    return () => {
      ofAll();
      ofAddress();
    };
  }
}
