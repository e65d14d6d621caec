/**
 * Both machines of the compat wire against each other: messages in pieces, a close that the other end reads, and somebody on
 * the way who can alter, leave out and add, since nothing on this wire hinders him.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { buildEof, closeForError, COMPAT_CHUNK_BYTES } from '../../src/compat/messages.js';
import { CompatReceiverMachine } from '../../src/compat/receiver-machine.js';
import { CompatSenderMachine } from '../../src/compat/sender-machine.js';
import { sha256 } from '../../src/crypto/checksum.js';
import { IntegrityError, type StreamerError } from '../../src/errors.js';
import { pump } from '../../src/transfer/pump.js';
import { chances, contentOf, ENTRY } from '../support/machine-plan.js';

const CHUNK = COMPAT_CHUNK_BYTES;
const SIZES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1];

type SenderEffect = ReturnType<CompatSenderMachine['handle']>[number];
type ReceiverEffect = ReturnType<CompatReceiverMachine['handle']>[number];

interface Message {
  readonly bytes: Uint8Array;
  readonly text: boolean;
}

interface Options {
  readonly size: number;
  readonly limitBytes?: number;
  /** What arrives in place of a message; the number counts them from the init on. */
  readonly meddle?: (message: Message, number: number) => readonly Message[];
  /** Who ends it before the message of this number arrives, or in the middle of it. */
  readonly ends?: { readonly by: 'sender' | 'receiver' | 'link'; readonly at: number; readonly inside?: boolean };
  /** The source is another when all of it has been read. */
  readonly changed?: boolean;
  readonly seed?: number;
}

const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const fileOf = (size: number) => contentOf(5, { ...ENTRY, size }, 0, size);
const ended = (outcome: string | StreamerError | undefined) => (typeof outcome === 'object' ? `${outcome.code}${outcome.fromPeer ? ', says the other' : ''}` : outcome);

/** A transfer from its beginning to its end. */
class Transfer {
  sender: string | StreamerError | undefined;
  receiver: string | StreamerError | undefined;
  /** The file under its name. */
  file: Buffer | undefined;
  /** Messages as they were sent. */
  readonly sent: Message[] = [];
  /** Reads, in order. */
  readonly reads: number[] = [];
  readonly #options: Options;
  readonly #source: Buffer;
  readonly #way: Message[] = [];
  readonly #partial: Buffer[] = [];
  readonly #chance: (most: number) => number;
  readonly #toSender: (input: Parameters<CompatSenderMachine['handle']>[0]) => void;
  readonly #toReceiver: (input: Parameters<CompatReceiverMachine['handle']>[0]) => void;
  #closed = false;
  #checking = false;

  constructor(options: Options) {
    this.#options = options;
    this.#source = fileOf(options.size);
    this.#chance = chances(options.seed ?? 1);
    const broken = (error: unknown) => {
      throw error;
    };
    this.#toSender = pump(new CompatSenderMachine(options.size, sha256()), (effect) => this.#send(effect), broken);
    this.#toReceiver = pump(new CompatReceiverMachine(options.limitBytes ?? 2 ** 40, sha256()), (effect) => this.#receive(effect), broken);
    this.#toSender({ kind: 'start' });
    this.#toSender({ kind: 'room' });
    this.#deliver();
  }

  #put(bytes: Uint8Array, text: boolean): void {
    this.sent.push({ bytes, text });
    this.#way.push({ bytes, text });
  }

  #send(effect: SenderEffect): void {
    if (this.sender !== undefined) return;
    switch (effect.kind) {
      case 'sendBinary':
      case 'sendChunk':
        this.#put(effect.message, false);
        break;
      case 'sendText':
        this.#put(effect.message, true);
        if (!this.#closed) this.#toSender({ kind: 'eofSent' });
        break;
      case 'read':
        this.reads.push(effect.length);
        this.#toSender({ kind: 'chunkRead', bytes: this.#source.subarray(effect.offset, effect.offset + effect.length) });
        break;
      case 'checkSource':
        this.#checking = true;
        break;
      case 'close':
        break;
      case 'done':
        this.sender = effect.sha256;
        break;
      case 'fail':
        this.sender = effect.error;
        break;
    }
  }

  /** The last look at the source is over, when everything before the eof has arrived. */
  #checked(): void {
    this.#checking = false;
    if (this.#options.changed === true) this.sender = new IntegrityError('integrity-source', 'the file changed');
    else this.#toSender({ kind: 'sourceUnchanged' });
  }

  #receive(effect: ReceiverEffect): void {
    if (this.receiver !== undefined) return;
    switch (effect.kind) {
      case 'started':
        assert.equal(effect.size, this.#options.size);
        break;
      case 'write':
        assert.equal(effect.offset, this.#partial.reduce((sum, { length }) => sum + length, 0), 'in order');
        assert.ok(effect.offset + effect.bytes.length <= this.#options.size, 'inside the file');
        this.#partial.push(Buffer.from(effect.bytes));
        break;
      case 'commit':
        this.file = Buffer.concat(this.#partial);
        this.#toReceiver({ kind: 'committed' });
        break;
      case 'done':
        this.receiver = effect.sha256;
        this.#closeFromReceiver(1000, '');
        break;
      case 'fail': {
        this.receiver = effect.error;
        const { code, reason } = closeForError(effect.error);
        this.#closeFromReceiver(code, reason);
        break;
      }
    }
  }

  #closeFromReceiver(code: number, reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#toSender({ kind: 'closed', by: 'peer', code, reason });
  }

  #deliver(): void {
    const { meddle = (message: Message): readonly Message[] => [message], ends } = this.#options;
    for (let number = 0; this.#way.length > 0 && this.receiver === undefined; number += 1) {
      const message = this.#way.shift() as Message;
      if (ends?.at === number) {
        if (ends.inside === true) this.#pieces(message, message.bytes.length >> 1);
        this.#endBy(ends.by);
        return;
      }
      for (const arriving of meddle(message, number)) this.#pieces(arriving);
      if (number > 0) this.#toSender({ kind: 'room' });
      if (this.#way.length === 0 && this.#checking) this.#checked();
    }
    if (this.receiver !== undefined) return;
    const { code, reason } = typeof this.sender === 'object' ? closeForError(this.sender) : { code: 1000, reason: '' };
    this.#closed = true;
    this.#toReceiver({ kind: 'closed', by: 'peer', code, reason });
    // Its own close has crossed ours.
    if (this.sender === undefined) this.#toSender({ kind: 'closed', by: 'link', code: 1006, reason: '' });
  }

  #endBy(by: 'sender' | 'receiver' | 'link'): void {
    const close = { kind: 'closed' as const, code: by === 'link' ? 1006 : 1000, reason: '' };
    this.#closed = true;
    if (by !== 'receiver') this.#toReceiver({ ...close, by: by === 'link' ? 'link' : 'peer' });
    if (by !== 'sender') this.#toSender({ ...close, by: by === 'link' ? 'link' : 'peer' });
  }

  /** @param most bytes that arrive: less than all is a message cut short. */
  #pieces({ bytes, text }: Message, most = bytes.length): void {
    const step = bytes.length < 200 && this.#chance(2) === 0 ? 1 : bytes.length + 1;
    let at = 0;
    do {
      const piece = bytes.subarray(at, Math.min(most, at + 1 + this.#chance(step)));
      at += piece.length;
      this.#toReceiver({ kind: 'piece', bytes: Buffer.from(piece), last: at === bytes.length, text });
    } while (at < most);
  }
}

const last = (size: number) => 1 + Math.ceil(size / CHUNK);
const isChunk = (number: number, size: number) => number > 0 && number < last(size);
const both = (transfer: Transfer) => [ended(transfer.sender), ended(transfer.receiver)];

describe('both ends of the compat wire', () => {
  for (const size of SIZES) {
    const hash = hashOf(fileOf(size));

    it(`move ${size} bytes`, () => {
      for (const seed of [1, 2, 3]) {
        const transfer = new Transfer({ size, seed });
        assert.deepEqual(both(transfer), [hash, hash]);
        assert.ok(transfer.file?.equals(fileOf(size)));
        assert.deepEqual(transfer.sent.map(({ bytes, text }) => [text, bytes.length]).slice(1, -1), transfer.reads.map((length) => [false, length]));
        assert.deepEqual(transfer.reads, [CHUNK, size - CHUNK].map((rest, index) => (index === 0 ? Math.min(size, rest) : rest)).filter((length) => length > 0));
        assert.deepEqual(transfer.sent.at(-1), { bytes: buildEof(hash), text: true });
      }
    });

    it(`move ${size} bytes in other messages than they were sent in, and with an eof as the reference sends it`, () => {
      const split = ({ bytes, text }: Message, number: number): Message[] => {
        if (number === last(size)) return [{ bytes: Buffer.from(`{"type": "eof", "sha256_hash": "${hash}"}`), text: false }];
        if (!isChunk(number, size)) return [{ bytes, text }];
        return [{ bytes: Buffer.alloc(0), text: false }, { bytes: bytes.subarray(0, 1), text: false }, { bytes: bytes.subarray(1), text: false }];
      };
      const transfer = new Transfer({ size, meddle: split });
      assert.deepEqual(both(transfer), [hash, hash]);
      assert.ok(transfer.file?.equals(fileOf(size)));
    });

    it(`find another digest than that of ${size} bytes`, () => {
      const other = new Transfer({ size, meddle: (message, number) => [number === last(size) ? { bytes: buildEof(hashOf(Buffer.from('other'))), text: true } : message] });
      assert.deepEqual([...both(other), other.file], ['integrity-digest, says the other', 'integrity-digest', undefined]);
      if (size === 0) return;
      const altered = ({ bytes, text }: Message, number: number): Message[] => {
        const copy = Buffer.from(bytes);
        if (number === last(size) - 1) copy.writeUInt8(copy.readUInt8(copy.length - 1) ^ 1, copy.length - 1);
        return [{ bytes: copy, text }];
      };
      const transfer = new Transfer({ size, meddle: altered });
      assert.deepEqual([...both(transfer), transfer.file], ['integrity-digest, says the other', 'integrity-digest', undefined]);
    });

    it(`find ${size} bytes too short or too long by one`, () => {
      const more = { bytes: Buffer.of(0), text: false };
      const extra = (message: Message, number: number): Message[] => (number === last(size) ? [more, message] : [message]);
      const longer = ({ bytes, text }: Message, number: number): Message[] => [{ bytes: number === last(size) - 1 ? Buffer.concat([bytes, more.bytes]) : bytes, text }];
      for (const meddle of size === 0 ? [extra] : [extra, longer]) {
        const long = new Transfer({ size, meddle });
        assert.deepEqual([...both(long), long.file], ['integrity-size, says the other', 'integrity-size', undefined]);
      }
      if (size === 0) return;
      const lacking = ({ bytes, text }: Message, number: number): Message[] => [{ bytes: number === last(size) - 1 ? bytes.subarray(1) : bytes, text }];
      const short = new Transfer({ size, meddle: lacking });
      assert.deepEqual([...both(short), short.file], ['integrity-size, says the other', 'integrity-size', undefined]);
    });

    it(`have no file of ${size} bytes when either leaves, or the link is lost, before all is there`, () => {
      for (let at = 0; at <= last(size); at += 1) {
        for (const inside of [false, true]) {
          for (const by of ['sender', 'link'] as const) {
            const transfer = new Transfer({ size, ends: { by, at, inside } });
            assert.deepEqual([ended(transfer.receiver), transfer.file], ['connect-lost', undefined], `${by} before ${at}`);
          }
        }
        for (const by of ['receiver', 'link'] as const) {
          const transfer = new Transfer({ size, ends: { by, at } });
          const eofSent = transfer.sent.at(-1)?.text === true;
          // As section 4 has it: where all that was sent is still on its way, no sender can know.
          assert.equal(ended(transfer.sender), by === 'receiver' && eofSent ? hash : 'connect-lost', `${by} before ${at}`);
        }
      }
    });
  }

  it('refuse a file over the limit before the first of its bytes, and take one of the limit', () => {
    for (const size of SIZES.slice(1)) {
      const over = new Transfer({ size, limitBytes: size - 1 });
      assert.deepEqual([...both(over), over.file], ['limit-inbound', 'limit-inbound', undefined]);
      assert.equal(ended(new Transfer({ size, limitBytes: size }).receiver), hashOf(fileOf(size)));
    }
  });

  it('have no file when the source changed meanwhile', () => {
    for (const size of SIZES) {
      const transfer = new Transfer({ size, changed: true });
      assert.deepEqual([...both(transfer), transfer.file], ['integrity-source', 'integrity-source, says the other', undefined]);
      assert.ok(transfer.sent.every(({ text }) => !text), 'no eof is sent');
    }
  });
});
