/**
 * What whoever starts a server gets. Apart from what runs it, since it is public: public declarations name no type of node's.
 *
 * @module
 */
import type { TransferResult } from '../transfer/progress.js';

/** A server that listens, or waits at a relay. */
export interface StreamerServer {
  /** The text that the client needs. Secret. */
  readonly coordinates: string;
  /** `ws://host:port`; undefined where no port is open. */
  readonly url: string | undefined;
  readonly port: number | undefined;
  /** Settles when the one transfer is over; the server has ended then. @throws StreamerError */
  readonly done: Promise<TransferResult>;
}
