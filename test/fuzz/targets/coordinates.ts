/**
 * Coordinates' text, of either version: what is read is read the same when it is written again; all else is refused by a
 * CoordinatesError that quotes nothing.
 *
 * @module
 */
import assert from 'node:assert/strict';
import { CoordinatesError } from '../../../src/errors.js';
import { formatCoordinates, parseCoordinates } from '../../../src/coordinates/codec.js';
import type { Coordinates } from '../../../src/coordinates/coordinates.js';
import { headed, orRefused, type FuzzTarget } from '../target.js';

const isRefusal = (error: unknown) => error instanceof CoordinatesError;

/** How the input becomes text: as it is, or as what is within the base64 of a version. */
function textOf(data: Buffer): string {
  const [head, rest] = headed(data);
  if (head % 3 === 0) return rest.toString('latin1');
  return (head % 3 === 1 ? 'streamer2.' : '') + rest.toString('base64url');
}

/** What is within the base64 of coordinates, as an input. */
function seedOf(coordinates: Coordinates): Buffer {
  const text = formatCoordinates(coordinates);
  const body = text.replace(/^streamer2\./u, '').replace(/=+$/u, '');
  return Buffer.concat([Buffer.of(coordinates.version === 2 ? 1 : 2), Buffer.from(body, 'base64url')]);
}

const V1 = { version: 1, ips: ['192.0.2.1', 'node.example'], ports: [5665, 5670], secret: 'of-the-site' } as const;
const V2 = { version: 2, candidates: ['ws://192.0.2.1:5665', 'wss://node.example:1'], secret: Buffer.alloc(32, 1), direction: 'download', expiresAt: 2_000_000_000, hint: { name: 'x', size: 5 }, relay: { url: 'wss://relay.example', room: 'A'.repeat(32) } } as const;

function seeds(): Buffer[] {
  const all: unknown[] = [V1, { ...V1, operation: 'send', relay: { url: 'ws://r.example', room: 'A'.repeat(43) } }, V2, { ...V2, hint: undefined, relay: undefined, expiresAt: undefined }];
  const made = all.flatMap((one) => orRefused(() => [seedOf(one as Coordinates)], isRefusal) ?? []);
  return [...made, ...[`Use these coordinates to connect: ${formatCoordinates(V1)}\n`, 'streamer3.AA', 'streamer2s.AA.00'].map((text) => Buffer.from(`\0${text}`, 'latin1'))];
}

export const target: FuzzTarget = {
  maxBytes: 4096,
  seeds,
  fuzz: (data) => {
    const coordinates = orRefused(() => parseCoordinates(textOf(data)), isRefusal);
    if (coordinates !== undefined) assert.deepEqual(parseCoordinates(formatCoordinates(coordinates)), coordinates);
  },
};
