/**
 * The Noise handshake, straight from the Noise paper (revision 34): patterns NN and NNpsk0 with 25519, AESGCM and
 * SHA256. No IO: messages go in and out as bytes. Published test vectors prove it (test/vectors/noise-cacophony.json).
 *
 * @see {@link https://noiseprotocol.org/noise.html}
 * @module
 */
import { AuthError } from '../errors.js';
import { HASH_BYTES, SymmetricState } from './symmetric-state.js';
import { X25519KeyPair, X25519_BYTES as DH_BYTES } from './x25519.js';

/** Bytes of a pre-shared key (section 9.1). */
const PSK_BYTES = HASH_BYTES;
/** Most bytes of a handshake message (section 3). */
const MESSAGE_BYTES_MAX = 65_535;

const EMPTY = Buffer.alloc(0);

/** The tokens of each message, in the order in which messages are sent; the initiator sends the first (sections 7.5, 9.4). */
const PATTERNS = {
  NN: [['e'], ['e', 'ee']],
  NNpsk0: [
    ['psk', 'e'],
    ['e', 'ee'],
  ],
} as const;
type Token = (typeof PATTERNS)[keyof typeof PATTERNS][number][number];

/** What a handshake starts from. */
export interface NoiseOptions {
  /** The initiator writes the first message. */
  readonly role: 'initiator' | 'responder';
  /** What both ends must agree on beforehand, such as protocol and version; a difference fails the handshake. */
  readonly prologue: Uint8Array;
  /** 32 bytes that both ends know. With it the pattern is NNpsk0, without it NN, which authenticates nobody. */
  readonly psk?: Uint8Array;
  /** The ephemeral private key, 32 bytes, for tests against known answers. Default: the system's random source. */
  readonly ephemeral?: Uint8Array;
}

/** What a handshake ends with. */
export interface NoiseResult {
  /** 32-byte AES key of the direction away from here. */
  readonly sendKey: Buffer;
  /** 32-byte AES key of the direction towards here. */
  readonly receiveKey: Buffer;
  /** 32 bytes, equal at both ends and different for every handshake (section 11.2, channel binding). */
  readonly handshakeHash: Buffer;
}

function handshakeFailure(): AuthError {
  // One message for every cause: telling a wrong secret from a damaged message would help only an attacker.
  return new AuthError('auth-handshake', 'the handshake failed: the secret is wrong, or the connection was tampered with');
}

/**
 * One end of one handshake (section 5.3, HandshakeState): the initiator calls `writeMessage`, `readMessage`, `split`,
 * the responder `readMessage`, `writeMessage`, `split`.
 *
 * Calls in another order, and a `psk` or `ephemeral` not of 32 bytes, are bugs and throw a plain Error. After a
 * failed message the handshake is over: any further call throws a plain Error too.
 */
export class NoiseHandshake {
  readonly #initiator: boolean;
  readonly #messages: readonly (readonly Token[])[];
  readonly #symmetric: SymmetricState;
  readonly #psk: Buffer;
  readonly #ephemeral: X25519KeyPair;
  #remoteEphemeral: Buffer = EMPTY;
  #next = 0;
  #failed = false;

  constructor(options: NoiseOptions) {
    const { role, prologue, psk, ephemeral } = options;
    if (psk !== undefined && psk.length !== PSK_BYTES) throw new RangeError(`a pre-shared key has ${PSK_BYTES} bytes`);
    const pattern = psk === undefined ? 'NN' : 'NNpsk0';
    this.#initiator = role === 'initiator';
    this.#messages = PATTERNS[pattern];
    this.#psk = Buffer.from(psk ?? EMPTY);
    this.#ephemeral = ephemeral === undefined ? X25519KeyPair.generate() : X25519KeyPair.of(ephemeral);
    this.#symmetric = new SymmetricState(`Noise_${pattern}_25519_AESGCM_SHA256`);
    this.#symmetric.mixHash(prologue);
  }

  /** True when every message has been written or read, and `split` may be called. */
  get finished(): boolean {
    return !this.#failed && this.#next === this.#messages.length;
  }

  /**
   * Makes the next message, with `payload` inside it (encrypted, except in the first message of NN).
   * @throws AuthError `auth-handshake` when the other end's ephemeral key is of low order.
   */
  writeMessage(payload: Uint8Array): Buffer {
    const parts: Buffer[] = [];
    for (const token of this.#take('write')) {
      if (token !== 'e') this.#mix(token);
      else parts.push(this.#mixEphemeral(this.#ephemeral.publicKey));
    }
    parts.push(this.#symmetric.encryptAndHash(payload));
    const message = Buffer.concat(parts);
    if (message.length > MESSAGE_BYTES_MAX) throw new RangeError(`a handshake message has at most ${MESSAGE_BYTES_MAX} bytes`);
    return message;
  }

  /**
   * Takes the other end's next message and answers the payload in it.
   * A wrong PSK is found at the first message, before any Diffie-Hellman: a constant amount of work.
   * @throws AuthError `auth-handshake` when a tag is wrong, the message is too short or too long, or the other end's
   *   ephemeral key is of low order.
   */
  readMessage(message: Uint8Array): Buffer {
    let rest = message;
    const tokens = this.#take('read');
    if (message.length < DH_BYTES || message.length > MESSAGE_BYTES_MAX) throw this.#fail();
    for (const token of tokens) {
      if (token !== 'e') {
        this.#mix(token);
      } else {
        this.#remoteEphemeral = this.#mixEphemeral(Buffer.from(rest.subarray(0, DH_BYTES)));
        rest = rest.subarray(DH_BYTES);
      }
    }
    const payload = this.#symmetric.decryptAndHash(rest);
    if (payload === undefined) throw this.#fail();
    return payload;
  }

  /** The keys of both directions, oriented by role, and the handshake's hash (section 5.2, Split). */
  split(): NoiseResult {
    if (!this.finished) throw new Error('split was called before the handshake was finished');
    const [fromInitiator, fromResponder] = this.#symmetric.split();
    const handshakeHash = Buffer.from(this.#symmetric.hash);
    return this.#initiator
      ? { sendKey: fromInitiator, receiveKey: fromResponder, handshakeHash }
      : { sendKey: fromResponder, receiveKey: fromInitiator, handshakeHash };
  }

  /** Moves on to the next message, if it is this end's turn to write or read it. */
  #take(action: 'write' | 'read'): readonly Token[] {
    if (this.#failed) throw new Error(`a handshake message was to be ${action === 'write' ? 'written' : 'read'} after a failure`);
    const tokens = this.#messages[this.#next];
    if (tokens === undefined) throw new Error('the handshake is already finished');
    const writer = (this.#next % 2 === 0) === this.#initiator;
    if (writer !== (action === 'write')) throw new Error(`it is not this end's turn to ${action} a handshake message`);
    this.#next += 1;
    return tokens;
  }

  #mix(token: Exclude<Token, 'e'>): void {
    if (token === 'psk') {
      this.#symmetric.mixKeyAndHash(this.#psk);
      return;
    }
    const shared = this.#ephemeral.sharedSecret(this.#remoteEphemeral);
    // Section 12.1 allows this check: a key of low order would give up forward secrecy without the honest end noticing.
    if (shared === undefined) throw this.#fail();
    this.#symmetric.mixKey(shared);
    shared.fill(0);
  }

  /** The `e` token, either way; with a PSK the public key is mixed into the key too (section 9.2). */
  #mixEphemeral(publicKey: Buffer): Buffer {
    this.#symmetric.mixHash(publicKey);
    if (this.#psk.length > 0) this.#symmetric.mixKey(publicKey);
    return publicKey;
  }

  #fail(): AuthError {
    this.#failed = true;
    return handshakeFailure();
  }
}
