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
  credit: 0x04,
  ack: 0x05,
  alive: 0x06,
  offer: 0x10,
  entries: 0x11,
  answers: 0x12,
  file: 0x13,
  have: 0x14,
  ready: 0x15,
  fileEnd: 0x16,
  done: 0x17,
  trouble: 0x18,
  compare: 0x19,
  manifestEnd: 0x1a,
  extras: 0x1b,
  finished: 0x1c,
  bye: 0x1d,
  data: 0x20,
  whole: 0x21,
  hole: 0x22,
} as const;

/** What an end does with the files. */
export type Action = 'send' | 'receive';

/** Client to server, first on every connection: who I am, which of my streams this is, and what I do. */
export interface HelloFrame {
  readonly type: 'hello';
  /** 16 random bytes, the same for every connection of one session. */
  readonly client: Uint8Array;
  /** 0 opens the session, or takes it up again; others join it. */
  readonly stream: number;
  readonly action: Action;
  /** Control frames of this session that have arrived here. */
  readonly received: number;
  /** Implementation and version, for people. */
  readonly agent: string;
  /** I send a record at a lull, and take such ones. */
  readonly alive?: boolean;
}

/** Server to client: you are taken, and what I do. */
export interface WelcomeFrame {
  readonly type: 'welcome';
  readonly action: Action;
  /** As the hello's; 0 for a session that the server does not know. */
  readonly received: number;
  /** Most streams that the server takes. */
  readonly streams: number;
  readonly agent: string;
  /** As the hello's: both say so, or it is not done. */
  readonly alive?: boolean;
}

/** Either end, last: why it ends. `code` is a stable code of src/errors.ts. */
export interface FailureFrame {
  readonly type: 'failure';
  readonly code: string;
  readonly message: string;
}

/** Receiver to sender, on each stream for itself. Both figures count from that connection's first frame and only ever grow. */
export interface CreditFrame {
  readonly type: 'credit';
  /** Cost in bytes of the data frames that may be sent on this connection in all. */
  readonly limit: number;
  /** Data frames of this connection, in order, whose content is written. */
  readonly acked: number;
}

/** Either end: control frames of this session that have arrived here, so that they need not be kept. */
export interface AckFrame {
  readonly type: 'ack';
  readonly received: number;
}

/** Either end, at a lull: nothing, in a record that is the next one. */
export interface AliveFrame {
  readonly type: 'alive';
}

/** What is offered: one file, a tree of entries, or a stream of bytes whose length shows at its end. */
export type RootKind = 'file' | 'tree' | 'pipe';

/** Sender to receiver, first: what is to come, and what the sender's user asks of the receiver. */
export interface OfferFrame {
  readonly type: 'offer';
  readonly root: RootKind;
  /** Base name that the receiver may use; '' when there is none. */
  readonly name: string;
  /** What to do with files that are there: see `ExistingPolicy`. */
  readonly existing?: 'refuse' | 'overwrite' | 'skip' | 'update' | undefined;
  /** Compare content where sizes are equal. */
  readonly checksum: boolean;
  /** Change nothing, only answer. */
  readonly dryRun: boolean;
  /** Remove what is at the target and not in the manifest. */
  readonly delete: boolean;
  /** Each file's SHA-256 is checked, too. */
  readonly sha256: boolean;
  /** Patterns that the manifest was filtered by, in order: `+pattern` or `-pattern`. What they leave out is not removed. */
  readonly rules: readonly string[];
}

/** One entry of the manifest. */
export interface ManifestEntry {
  /** Position in the manifest, from 0. */
  readonly id: number;
  readonly kind: 'file' | 'directory' | 'symlink' | 'hardlink';
  /** Names joined by `/`, relative to the root; '' is a root that is a directory. */
  readonly path: string;
  /** Bytes of a file, or of the one that a hard link is to; 0 for everything else, and for a pipe. */
  readonly size: number;
  /** Permission bits (07777). */
  readonly mode: number;
  /** Nanoseconds since the epoch, signed 64 bits. */
  readonly mtimeNs: bigint;
  /** A symbolic link's text. */
  readonly target?: string;
  /** A hard link's other name: id of the file that was announced before. */
  readonly linkTo?: number;
  /** Worth looking for holes. */
  readonly sparse?: boolean;
  /** Hard links to this file follow. */
  readonly linked?: boolean;
}

/** Sender to receiver: the next entries of the manifest, in order. */
export interface EntriesFrame {
  readonly type: 'entries';
  readonly entries: readonly ManifestEntry[];
}

/** What the receiver makes of an entry that it can place; the order is the code on the wire. */
export const ANSWERS = ['want', 'equal', 'kept', 'placed', 'compare', 'would'] as const;
export type Answer = (typeof ANSWERS)[number];

/** Receiver to sender: one answer for each of consecutive entries. */
export interface AnswersFrame {
  readonly type: 'answers';
  /** Id of the first. */
  readonly first: number;
  readonly answers: readonly Answer[];
}

/** Sender to receiver: a wanted file that comes in chunks is open. */
export interface FileFrame {
  readonly type: 'file';
  readonly id: number;
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

/** Receiver to sender: the file is open; send the chunks that I do not have. */
export interface ReadyFrame {
  readonly type: 'ready';
  readonly id: number;
}

/** Sender to receiver: every chunk is sent. */
export interface FileEndFrame {
  readonly type: 'fileEnd';
  readonly id: number;
  /** Bytes of the file: news for a pipe. */
  readonly size: number;
  /** The file digest of PROTOCOL.md. */
  readonly digest: Uint8Array;
  /** SHA-256 of the content, where the offer promised it. */
  readonly sha256?: Uint8Array | undefined;
}

/** Receiver to sender: these files are verified, durable and under their names. */
export interface DoneFrame {
  readonly type: 'done';
  readonly ids: readonly number[];
}

/** Either end: one entry cannot be moved; the others go on. */
export interface TroubleFrame {
  readonly type: 'trouble';
  readonly id: number;
  readonly code: string;
  readonly message: string;
}

/** Sender to receiver, for an entry that was answered with `compare`: the digest of what it would send. */
export interface CompareFrame {
  readonly type: 'compare';
  readonly id: number;
  readonly chunkSize: number;
  readonly digest: Uint8Array;
}

/** Sender to receiver: no more entries. */
export interface ManifestEndFrame {
  readonly type: 'manifestEnd';
  readonly entries: number;
  /** Everything could be read: what is not in the manifest does not exist. */
  readonly complete: boolean;
}

/** Receiver to sender: what is at the target and not in the manifest, and is to be removed (in a dry run: would be). */
export interface ExtrasFrame {
  readonly type: 'extras';
  readonly paths: readonly string[];
}

/** Receiver to sender: everything is settled. */
export interface FinishedFrame {
  readonly type: 'finished';
  /** Extras that were removed. */
  readonly removed: number;
  /** Things that could not be done besides the entries that were told of: a directory's time, an extra that stays. */
  readonly failed: number;
}

/** Sender to receiver: I have heard it. Both may go. */
export interface ByeFrame {
  readonly type: 'bye';
}

/** One chunk of a file. */
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

/** One of a {@link WholeFrame}'s files. */
export interface WholePart {
  readonly id: number;
  /** Bytes of the file. */
  readonly length: number;
  /** xxh64, seed 0, of the content. */
  readonly hash: bigint;
}

/** Whole files, one after the other. */
export interface WholeFrame {
  readonly type: 'whole';
  readonly parts: readonly WholePart[];
  /** The contents, in pieces that are joined in order; pieces and files need not begin together. */
  readonly payload: readonly Uint8Array[];
  /** Bytes of the payload. */
  readonly length: number;
}

/** Chunks of a file that hold nothing but zeros. */
export interface HoleFrame {
  readonly type: 'hole';
  readonly id: number;
  /** Index of the first chunk. */
  readonly first: number;
  readonly count: number;
}

/** Frames that belong to one connection and end with it. */
export type LinkFrame = HelloFrame | WelcomeFrame | FailureFrame | CreditFrame | AckFrame | AliveFrame | ByeFrame;
/** Frames that travel on stream 0 in order, each exactly once for a session, whatever becomes of its connections. */
export type ControlFrame =
  | OfferFrame
  | EntriesFrame
  | AnswersFrame
  | FileFrame
  | HaveFrame
  | ReadyFrame
  | FileEndFrame
  | DoneFrame
  | TroubleFrame
  | CompareFrame
  | ManifestEndFrame
  | ExtrasFrame
  | FinishedFrame;
/** Frames that carry content, on any stream, and are sent again when their connection is lost before they are acked. */
export type ContentFrame = DataFrame | WholeFrame | HoleFrame;
export type Frame = LinkFrame | ControlFrame | ContentFrame;

const LINK_FRAMES: ReadonlySet<string> = new Set(['hello', 'welcome', 'failure', 'credit', 'ack', 'alive', 'bye']);
const CONTENT_FRAMES: ReadonlySet<string> = new Set(['data', 'whole', 'hole']);

export function isControl(frame: Frame): frame is ControlFrame {
  return !LINK_FRAMES.has(frame.type) && !CONTENT_FRAMES.has(frame.type);
}
