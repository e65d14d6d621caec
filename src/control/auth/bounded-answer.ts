/**
 * An answer of a provider's: a token and a few words, a list of keys, a document. One that has no end must not fill the memory.
 *
 * @module
 */
import { AuthError } from '../../errors.js';
import { readBody } from '../answer-body.js';

/** Most bytes of an answer. A list of keys with their certificates has some ten KiB. */
export const ANSWER_MOST_BYTES = 1024 * 1024;

/** @param host whose answer it is, for the message @throws AuthError for one that is longer; what the connection throws */
export function boundedAnswer(response: Response, host: string, maxBytes = ANSWER_MOST_BYTES): Promise<Uint8Array<ArrayBuffer>> {
  const tooLong = () => new AuthError('auth-refused', `${host} answers with more than ${maxBytes} bytes, which is no provider's answer: check \`issuer\` and \`tokenUrl\``);
  return readBody(response, { maxBytes, tooLong });
}

/** As text. */
export async function boundedText(response: Response, host: string, maxBytes?: number): Promise<string> {
  return new TextDecoder().decode(await boundedAnswer(response, host, maxBytes));
}
