/**
 * Which instances of a relay hold a room: several behind one address share it, since an end may land on any of them.
 *
 * @module
 */

/** Another instance. */
export interface Instance {
  /** Where other instances reach it: `ws://` or `wss://`. */
  readonly url: string;
  /** With which they show that they belong to it. */
  readonly key: string;
}

/** What instances share. */
export interface RoomDirectory {
  /** A server waits in this room here. */
  announce(room: string): void;
  /** None does any more. */
  withdraw(room: string): void;
  /** Other instances that have announced it and live. Never rejects: a directory that is away knows nothing. */
  find(room: string): Promise<readonly Instance[]>;
  /** Whether it can be reached. */
  readonly ready: boolean;
  /** This instance's own key, which others show; undefined where there are no others. */
  readonly key: string | undefined;
  /** This instance takes no more ends: it withdraws all. */
  close(): Promise<void>;
}

/** The directory of an instance that is alone. */
export const ALONE: RoomDirectory = {
  announce: () => undefined,
  withdraw: () => undefined,
  find: () => Promise.resolve([]),
  ready: true,
  key: undefined,
  close: () => Promise.resolve(),
};
