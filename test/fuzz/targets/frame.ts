/**
 * Frames of the native wire, as they come out of a record: a frame that reads the same when it is written again, or a
 * ProtocolError.
 *
 * @module
 */
import assert from 'node:assert/strict';
import { ProtocolError } from '../../../src/errors.js';
import { decodeFrame } from '../../../src/wire/decode.js';
import { encodeFrame } from '../../../src/wire/encode.js';
import { FRAMES, plain } from '../../support/fake-frames.js';
import { headed, orRefused, type FuzzTarget } from '../target.js';

const isRefusal = (error: unknown) => error instanceof ProtocolError;

export const target: FuzzTarget = {
  maxBytes: 4096,
  seeds: () => FRAMES.map((frame) => Buffer.concat([Buffer.of(0), ...encodeFrame(frame)])),
  fuzz: (data) => {
    const [head, bytes] = headed(data);
    const at = head % (bytes.length + 1);
    const frame = orRefused(() => decodeFrame([bytes.subarray(0, at), bytes.subarray(at)]), isRefusal);
    assert.deepEqual(
      orRefused(() => decodeFrame([bytes]), isRefusal) === undefined,
      frame === undefined,
      'however it is cut',
    );
    if (frame === undefined) return;
    assert.deepEqual(plain(decodeFrame([Buffer.concat(encodeFrame(frame))])), plain(frame));
  },
};
