/**
 * RFC 6455 frames from bytes, apart from IO: it needs bytes, not a socket. Data payloads are handed on as they arrive
 * and never joined, which is what `ws`'s own receiver does and what half of the receiving CPU went into (see
 * docs/architecture.md, "Decisions").
 *
 * @module
 */
import { LimitError, ProtocolError } from '../errors.js';
import type { MessageKind } from './connection.js';
import { applyMask } from './mask.js';
import { CONTROL_PAYLOAD_MAX, OPCODE, type Opcode } from './frame-header.js';

/** Who takes what was parsed. Pieces are views of the pushed chunk: valid only during the call. */
export interface FrameEvents {
  piece(bytes: Buffer, last: boolean, kind: MessageKind): void;
  ping(payload: Buffer): void;
  pong(payload: Buffer): void;
  /** A close frame. `code` is 1005 when it carried none (section 7.1.5). */
  close(code: number, reason: string): void;
}

/** Options of a parser. */
export interface FrameParserOptions {
  /** True on the server's end: a client's frames must be masked, a server's must not be (section 5.1). */
  readonly expectMasked: boolean;
  /** Most payload bytes of one message, over all its fragments. */
  readonly maxMessageBytes: number;
  /** Most fragments of one message: an endless run of empty ones would otherwise cost nothing to send. */
  readonly maxFragments?: number;
}

type State = 'header' | 'payload';
const never = (): boolean => false;

/** Most bytes a frame header takes: 2 + 8 of length + 4 of masking key. */
const HEADER_MAX = 14;

/** Parses a stream of frames. Throws {@link ProtocolError} or {@link LimitError}; it is dead after that. */
export class FrameParser {
  readonly #events: FrameEvents;
  readonly #options: Required<FrameParserOptions>;
  #state: State = 'header';
  readonly #header = Buffer.alloc(HEADER_MAX);
  #headerBytes = 0;
  readonly #key = Buffer.alloc(4);
  #masked = false;
  #opcode: Opcode = OPCODE.binary;
  #fin = true;
  /** Payload bytes of the current frame, and how many of them have come. */
  #length = 0;
  #taken = 0;
  /** The data message in progress, if any (fragments may have control frames between them, section 5.4). */
  #message: { kind: MessageKind; bytes: number; fragments: number } | undefined;
  readonly #control = Buffer.alloc(CONTROL_PAYLOAD_MAX);

  constructor(events: FrameEvents, options: FrameParserOptions) {
    this.#events = events;
    this.#options = { maxFragments: 16_384, ...options };
  }

  /**
   * Takes bytes from the socket. They may be changed in place (unmasking).
   * @param halts asked before each frame whether to stop there.
   * @returns how many bytes were taken: all, unless it was to stop.
   */
  push(chunk: Buffer, halts: () => boolean = never): number {
    let at = 0;
    while (at < chunk.length || (this.#state === 'payload' && this.#length === 0)) {
      if (this.#state === 'header' && this.#headerBytes === 0 && halts()) return at;
      at = this.#state === 'header' ? this.#takeHeader(chunk, at) : this.#takePayload(chunk, at);
    }
    return at;
  }

  #takeHeader(chunk: Buffer, from: number): number {
    let at = from;
    while (at < chunk.length) {
      const need = this.#headerSize();
      if (this.#headerBytes === need) break;
      const take = Math.min(need - this.#headerBytes, chunk.length - at);
      chunk.copy(this.#header, this.#headerBytes, at, at + take);
      this.#headerBytes += take;
      at += take;
      if (this.#headerBytes === 2) this.#readFirstBytes();
    }
    if (this.#headerBytes >= 2 && this.#headerBytes === this.#headerSize()) this.#startFrame();
    return at;
  }

  /** Bytes of the current header, as far as its first two bytes tell. */
  #headerSize(): number {
    if (this.#headerBytes < 2) return 2;
    const second = this.#header[1] ?? 0;
    const short = second & 0x7f;
    return 2 + (short === 126 ? 2 : short === 127 ? 8 : 0) + (second & 0x80 ? 4 : 0);
  }

  /** Refused at once is what they say already: the rest of such a header may never come. */
  #readFirstBytes(): void {
    const [first = 0, second = 0] = this.#header;
    this.#fin = (first & 0x80) !== 0;
    this.#masked = (second & 0x80) !== 0;
    if (first & 0x70) throw violation('a reserved bit is set, though no extension was negotiated');
    if (this.#masked !== this.#options.expectMasked) {
      throw violation(this.#masked ? 'a server frame is masked' : 'a client frame is not masked');
    }
    this.#opcode = opcodeOf(first & 0x0f);
    if (this.#opcode < OPCODE.close) return;
    if (!this.#fin) throw violation('a control frame is fragmented');
    if ((second & 0x7f) > CONTROL_PAYLOAD_MAX) throw violation('a control frame is longer than 125 bytes');
  }

  #startFrame(): void {
    const short = (this.#header[1] ?? 0) & 0x7f;
    this.#headerBytes = 0;
    this.#state = 'payload';
    this.#taken = 0;
    this.#length = short < 126 ? short : this.#longLength(short);
    const keyAt = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (this.#masked) this.#header.copy(this.#key, 0, keyAt, keyAt + 4);
    if (this.#opcode < OPCODE.close) this.#checkData();
  }

  #longLength(short: number): number {
    if (short === 126) {
      const length = this.#header.readUInt16BE(2);
      if (length < 126) throw violation('a frame length is not written in its shortest form');
      return length;
    }
    const high = this.#header.readUInt32BE(2);
    const length = high * 2 ** 32 + this.#header.readUInt32BE(6);
    if (high >= 2 ** 31) throw violation('a frame length has its highest bit set');
    if (length < 65_536) throw violation('a frame length is not written in its shortest form');
    return length;
  }

  #checkData(): void {
    if (this.#opcode === OPCODE.continuation) {
      if (this.#message === undefined) throw violation('a continuation frame comes without a message to continue');
      this.#message.fragments += 1;
    } else {
      if (this.#message !== undefined) throw violation('a new message starts inside another');
      this.#message = { kind: this.#opcode === OPCODE.text ? 'text' : 'binary', bytes: 0, fragments: 1 };
    }
    this.#message.bytes += this.#length;
    if (this.#message.bytes > this.#options.maxMessageBytes) {
      throw new LimitError('limit-frame', `the other end sent a message of over ${this.#options.maxMessageBytes} bytes`);
    }
    if (this.#message.fragments > this.#options.maxFragments) {
      throw new LimitError('limit-frame', 'the other end sent a message in too many fragments');
    }
  }

  #takePayload(chunk: Buffer, from: number): number {
    const take = Math.min(this.#length - this.#taken, chunk.length - from);
    const bytes = chunk.subarray(from, from + take);
    if (this.#masked && take > 0 && this.#key.readUInt32BE(0) !== 0) applyMask(bytes, this.#key, this.#taken);
    const start = this.#taken;
    this.#taken += take;
    const complete = this.#taken === this.#length;
    if (complete) this.#state = 'header';
    if (this.#opcode >= OPCODE.close) {
      bytes.copy(this.#control, start);
      if (complete) this.#deliverControl(this.#control.subarray(0, start + take));
    } else this.#deliverData(bytes, complete);
    return from + take;
  }

  #deliverData(bytes: Buffer, complete: boolean): void {
    const kind = this.#message?.kind ?? 'binary';
    const last = complete && this.#fin;
    if (last) this.#message = undefined;
    if (bytes.length > 0 || last) this.#events.piece(bytes, last, kind);
  }

  #deliverControl(payload: Buffer): void {
    if (this.#opcode === OPCODE.ping) this.#events.ping(Buffer.from(payload));
    else if (this.#opcode === OPCODE.pong) this.#events.pong(Buffer.from(payload));
    else this.#events.close(...parseClose(payload));
  }
}

function opcodeOf(value: number): Opcode {
  const known = Object.values(OPCODE).find((opcode) => opcode === value);
  if (known === undefined) throw violation(`a frame has the unknown opcode ${value}`);
  return known;
}

/** Section 5.5.1: two bytes of code, then UTF-8 text; codes that may not be sent are a violation (7.4). */
function parseClose(payload: Buffer): [code: number, reason: string] {
  if (payload.length === 0) return [1005, ''];
  if (payload.length === 1) throw violation('a close frame is one byte long');
  const code = payload.readUInt16BE(0);
  const sendable = (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code <= 4999);
  if (!sendable) throw violation(`a close frame has the code ${code}, which may not be sent`);
  try {
    return [code, new TextDecoder('utf-8', { fatal: true }).decode(payload.subarray(2))];
  } catch {
    throw violation('a close frame has a reason that is not UTF-8');
  }
}

function violation(what: string): ProtocolError {
  return new ProtocolError('protocol-violation', `the other end broke the websocket protocol: ${what}`);
}
