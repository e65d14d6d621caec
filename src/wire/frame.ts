/**
 * The frames of the native wire. Each is one record, which is one websocket message. PROTOCOL.md beside this file says
 * when each may be sent and what it means.
 *
 * @module
 */

/** First byte of a frame. */
export const FRAME_TYPE = {
  hello: 0x01,
  welcome: 0x02,
  failure: 0x03,
  entry: 0x10,
  have: 0x11,
  want: 0x12,
  data: 0x13,
  credit: 0x14,
  fileEnd: 0x15,
  fileDone: 0x16,
  bye: 0x17,
} as const;

/** What an end does with the file. */
export type Action = 'send' | 'receive';

/** Client to server, first: who I am and what I do. */
export interface HelloFrame {
  readonly type: 'hello';
  /** 16 random bytes, the same for every connection of one process's transfer. */
  readonly client: Uint8Array;
  readonly action: Action;
  /** Implementation and version, for people. */
  readonly agent: string;
}

/** Server to client: you are taken, and what I do. */
export interface WelcomeFrame {
  readonly type: 'welcome';
  readonly action: Action;
  readonly agent: string;
}

/** Either end, last: why it ends. `code` is a stable code of src/errors.ts. */
export interface FailureFrame {
  readonly type: 'failure';
  readonly code: string;
  readonly message: string;
}

/** Sender to receiver: a file to move. */
export interface EntryFrame {
  readonly type: 'entry';
  readonly id: number;
  /** Base name, UTF-8. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Permission bits (07777). */
  readonly mode: number;
  /** Nanoseconds since the epoch, signed 64 bits. */
  readonly mtimeNs: bigint;
  /** Bytes per chunk. */
  readonly chunkSize: number;
  /** 32 bytes that are equal only for the same state of the same source file. */
  readonly identity: Uint8Array;
}

/** Receiver to sender: chunks that I hold already, from an earlier attempt, with their hashes. */
export interface HaveFrame {
  readonly type: 'have';
  readonly id: number;
  /** Index of the first chunk of the run. */
  readonly first: number;
  /** 8 bytes, big-endian, for each chunk of the run. */
  readonly hashes: Uint8Array;
}

/** Receiver to sender: send the rest. `limit` is the first credit, as in {@link CreditFrame}. */
export interface WantFrame {
  readonly type: 'want';
  readonly id: number;
  readonly limit: number;
}

/** Sender to receiver: one chunk. */
export interface DataFrame {
  readonly type: 'data';
  readonly id: number;
  /** Bytes from the start of the file. */
  readonly offset: number;
  /** xxh64, seed 0, of the payload. */
  readonly hash: bigint;
  /** The chunk, in pieces that are joined in order. */
  readonly payload: readonly Uint8Array[];
  /** Bytes of the payload. */
  readonly length: number;
}

/** Receiver to sender: payload bytes of this connection that may be sent in all, from its first. Only ever grows. */
export interface CreditFrame {
  readonly type: 'credit';
  readonly limit: number;
}

/** Sender to receiver: every chunk is sent. `digest` is the file digest of PROTOCOL.md. */
export interface FileEndFrame {
  readonly type: 'fileEnd';
  readonly id: number;
  readonly digest: Uint8Array;
}

/** Receiver to sender: the file is verified, durable and under its name. */
export interface FileDoneFrame {
  readonly type: 'fileDone';
  readonly id: number;
  readonly digest: Uint8Array;
}

/** Sender to receiver: I have heard it. Both may go. */
export interface ByeFrame {
  readonly type: 'bye';
}

export type ControlFrame =
  | HelloFrame
  | WelcomeFrame
  | FailureFrame
  | EntryFrame
  | HaveFrame
  | WantFrame
  | CreditFrame
  | FileEndFrame
  | FileDoneFrame
  | ByeFrame;
export type Frame = ControlFrame | DataFrame;
