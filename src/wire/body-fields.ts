/**
 * Typed reading of a frame's body: each field is what the specification says, or the frame is refused.
 *
 * @module
 */
import { ProtocolError } from '../errors.js';
import type { Action, Frame } from './frame.js';

/** The error for a frame that breaks the specification. */
export function badFrame(type: Frame['type'], what: string): ProtocolError {
  return new ProtocolError('protocol-violation', `the other end sent a frame '${type}' ${what}`);
}

/** See the module's head. */
export class Fields {
  readonly #type: Frame['type'];
  readonly #body: Readonly<Record<string, unknown>>;

  constructor(type: Frame['type'], body: Readonly<Record<string, unknown>>) {
    this.#type = type;
    this.#body = body;
  }

  has(key: string): boolean {
    return Object.hasOwn(this.#body, key);
  }

  #value(key: string): unknown {
    return this.has(key) ? this.#body[key] : undefined;
  }

  uint(key: string, max = Number.MAX_SAFE_INTEGER): number {
    const value = this.#value(key);
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || Object.is(value, -0) || value > max) {
      throw badFrame(this.#type, `whose ${key} is no whole number up to ${max}`);
    }
    return value;
  }

  /** @param maxBytes of UTF-8. */
  text(key: string, maxBytes: number): string {
    const value = this.#value(key);
    if (typeof value !== 'string' || Buffer.byteLength(value) > maxBytes) throw badFrame(this.#type, `whose ${key} is no text of up to ${maxBytes} bytes`);
    return value;
  }

  bytes(key: string, length?: number): Buffer {
    const value = this.#value(key);
    if (!(value instanceof Uint8Array) || (length !== undefined && value.length !== length)) {
      throw badFrame(this.#type, `whose ${key} is no byte string${length === undefined ? '' : ` of ${length} bytes`}`);
    }
    return Buffer.from(value);
  }

  bool(key: string): boolean {
    const value = this.#value(key);
    if (typeof value !== 'boolean') throw badFrame(this.#type, `whose ${key} is neither true nor false`);
    return value;
  }

  oneOf<const T extends string>(key: string, choices: readonly T[]): T {
    const value = this.#value(key);
    const found = choices.find((choice) => choice === value);
    if (found === undefined) throw badFrame(this.#type, `whose ${key} is none of ${choices.join(', ')}`);
    return found;
  }

  action(): Action {
    return this.oneOf('action', ['send', 'receive']);
  }

  list(key: string, max: number): readonly unknown[] {
    const value = this.#value(key);
    if (!Array.isArray(value) || value.length > max) throw badFrame(this.#type, `whose ${key} is no list of up to ${max}`);
    return value as readonly unknown[];
  }

  texts(key: string, max: number, maxBytes: number): readonly string[] {
    return this.list(key, max).map((value) => {
      if (typeof value !== 'string' || Buffer.byteLength(value) > maxBytes) throw badFrame(this.#type, `whose ${key} are not all texts of up to ${maxBytes} bytes`);
      return value;
    });
  }
}
