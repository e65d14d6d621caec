/**
 * Numbers and names that the native wire's specification fixes (PROTOCOL.md beside this file). None is a tunable.
 *
 * @module
 */

/** Version of the native wire, as the `Streamer-Protocol` header and the prologue name it. */
export const PROTOCOL_VERSION = 2;
/** Request header with which a client asks for the native wire, and which a native server echoes. */
export const PROTOCOL_HEADER = 'Streamer-Protocol';
/** URL path that is native by definition, for clients that cannot set a header. */
export const NATIVE_PATH = '/streamer/2';
/** The Noise prologue (Noise paper section 6): both ends must agree on protocol and version. */
export const PROLOGUE = 'firecrest-streamer native 2';

/** Bytes of a file per data frame; a file's last chunk may be shorter. Powers of two within these bounds. */
export const CHUNK_SIZE_MIN = 64 * 1024;
export const CHUNK_SIZE_MAX = 4 * 1024 * 1024;
/** What a sender of this implementation uses. */
export const CHUNK_SIZE_DEFAULT = 1024 * 1024;

/** Bytes of a data frame before its payload. */
export const DATA_HEADER_BYTES = 28;
/** Most bytes of a control frame: type and body. */
export const CONTROL_FRAME_MAX = 256 * 1024;
/** Bytes that a record adds to a frame: the GCM tag. */
export const RECORD_OVERHEAD = 16;
/** Most bytes of one websocket message: the largest data frame as a record. */
export const MESSAGE_MAX = CHUNK_SIZE_MAX + DATA_HEADER_BYTES + RECORD_OVERHEAD;

/** Chunk hashes of one HAVE frame: 128 KiB of them. */
export const HAVE_HASHES_MAX = 16_384;
/** Most chunks of a file: 8 MiB of hashes; 1 TiB at the default chunk size, 4 TiB at the largest. */
export const CHUNKS_MAX = 2 ** 20;
/** Bytes of identities, digests and client names. */
export const IDENTITY_BYTES = 32;
export const DIGEST_BYTES = 32;
export const CLIENT_ID_BYTES = 16;
/** Most bytes of an entry's name, of a text for people, of an agent's name. */
export const NAME_BYTES_MAX = 255;
export const TEXT_MAX = 1000;

/** Nesting and items of a msgpack body. */
export const BODY_DEPTH_MAX = 4;
export const BODY_ITEMS_MAX = 64;
