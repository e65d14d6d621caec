/**
 * Numbers and names that the native wire's specification fixes (PROTOCOL.md beside this file). None is a tunable.
 *
 * @module
 */

/** Version of the native wire, as the `Streamer-Protocol` header and the prologue name it. */
export const PROTOCOL_VERSION = 2;
/** Request header with which a client asks for the native wire, and which a native server echoes. */
export const PROTOCOL_HEADER = 'Streamer-Protocol';
/** Header that carries the first handshake message in the request, and the second in the 101 answer, as base64url. */
export const HANDSHAKE_HEADER = 'Streamer-Handshake';
/** URL path that is native by definition, for clients that cannot set a header. */
export const NATIVE_PATH = '/streamer/2';
/** The Noise prologue (Noise paper section 6): both ends must agree on protocol and version. */
export const PROLOGUE = 'firecrest-streamer native 2';

/** Bytes of a file per data frame; a file's last chunk may be shorter. Powers of two within these bounds. */
export const CHUNK_SIZE_MIN = 64 * 1024;
export const CHUNK_SIZE_MAX = 4 * 1024 * 1024;
/** What a sender of this implementation uses. */
export const CHUNK_SIZE_DEFAULT = 1024 * 1024;
/** Files of a tree up to this size are sent whole: a partial file of less than a chunk is not worth a journal. */
export const WHOLE_FILE_MAX = 1024 * 1024;
/** Most files of a whole frame. */
export const WHOLE_PARTS_MAX = 4096;

/** Bytes of a data frame before its payload; of a whole frame before its table, and of one line of that. */
export const DATA_HEADER_BYTES = 28;
export const WHOLE_HEADER_BYTES = 8;
export const WHOLE_PART_BYTES = 16;
/** Most bytes of a control frame: type and body. */
export const CONTROL_FRAME_MAX = 256 * 1024;
/** Bytes that a record adds to a frame: the GCM tag. */
export const RECORD_OVERHEAD = 16;
/** Most bytes of one websocket message: the largest data or whole frame as a record. */
export const MESSAGE_MAX = CHUNK_SIZE_MAX + WHOLE_HEADER_BYTES + WHOLE_PARTS_MAX * WHOLE_PART_BYTES + RECORD_OVERHEAD;

/** Chunk hashes of one have frame: 128 KiB of them. */
export const HAVE_HASHES_MAX = 16_384;
/** Most chunks of a file: 8 MiB of hashes; 1 TiB at the default chunk size, 4 TiB at the largest. */
export const CHUNKS_MAX = 2 ** 20;
/** Chunked files of a session that are under way at once: each may take {@link CHUNKS_MAX} hashes of the receiver's memory. */
export const FILES_OPEN_MAX = 16;
/** Id of a pipe's only entry, and of a single file's. */
export const PIPE_ID = 0;
/** Most streams of a session. */
export const STREAMS_MAX = 64;
/** Entries of one frame; entries of a session that are not settled yet; entries of a session. */
export const ENTRIES_PER_FRAME = 512;
export const ENTRIES_UNSETTLED_MAX = 16_384;
export const ENTRIES_MAX = 2 ** 31;
/** Most that both ends remember of the files that hard links may follow: their paths, and so many bytes for each. */
export const LINKED_BYTES_MAX = 64 * 1024 * 1024;
export const LINKED_ENTRY_BYTES = 64;
/** Most ids of a done frame. */
export const DONE_IDS_MAX = 16_384;
/** Most paths of an extras frame. */
export const EXTRAS_PER_FRAME = 256;
/** Most rules of an offer. */
export const RULES_MAX = 256;
/** Bytes of identities, digests and client names. */
export const IDENTITY_BYTES = 32;
export const DIGEST_BYTES = 32;
export const CLIENT_ID_BYTES = 16;
/** Most bytes of a root's name, of a path, of a text for people, of an agent's name. */
export const NAME_BYTES_MAX = 255;
export const PATH_BYTES_MAX = 4096;
export const TEXT_MAX = 1000;

/** Nesting of a msgpack body; its values, and those of the bodies that hold lists. */
export const BODY_DEPTH_MAX = 4;
export const BODY_ITEMS_MAX = 64;
export const LIST_ITEMS_MAX = 8192;

/**
 * How long a sender that was told that all is done may take to say that it knows, over however many connections, in
 * milliseconds. Longer than it needs to notice a mute link (50 s) and to dial again; past that nobody may be there, and the
 * job that waits costs its owner compute hours.
 */
export const BYE_LIMIT_MS = 60_000;

/**
 * Where both ends keep alive: time without a record of ours after which one is sent that says nothing else, and time without
 * anything of the other end's after which its connection counts as lost, in milliseconds. The latter is long, since a relay
 * that holds a room to its rate lets each of its connections wait for its turn.
 */
export const ALIVE_EVERY_MS = 15_000;
export const ALIVE_SILENCE_MS = 120_000;

/**
 * Least window of a stream. Up to a default chunk may be written and not told of: with that, too, there must be credit for
 * the largest frame, or a sender that has nothing else to send would wait for ever.
 */
export const WINDOW_MIN = MESSAGE_MAX + CHUNK_SIZE_DEFAULT;
