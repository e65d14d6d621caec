/**
 * The error of an end that was sent what the specification forbids.
 *
 * @module
 */
import { ProtocolError } from '../errors.js';

/** @param what stands for what was sent: 'a frame … out of turn'. */
export function violation(what: string): ProtocolError {
  return new ProtocolError('protocol-violation', `the other end sent ${what}`);
}
