/**
 * Sealed coordinates: what opens is what was sealed, and nothing but a CoordinatesError comes of the rest. The checksum and
 * the boxes are made here where the input asks for it, or no search would ever get past them.
 *
 * @module
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { openCoordinates, sealCoordinates } from '../../../src/coordinates/sealed.js';
import { publicKeyOf } from '../../../src/coordinates/keys.js';
import { CoordinatesError } from '../../../src/errors.js';
import { headed, orRefused, type FuzzTarget } from '../target.js';

const isRefusal = (error: unknown) => error instanceof CoordinatesError;
/** The same each time, so that an input that fails once fails again. */
const IDENTITY = `streamer-identity1.${Buffer.alloc(32, 9).toString('base64url')}`;
const OTHER = `streamer-identity1.${Buffer.alloc(32, 5).toString('base64url')}`;

const withChecksum = (body: string) => `${body}.${createHash('sha256').update(body, 'utf8').digest('hex').slice(0, 8)}`;

export const target: FuzzTarget = {
  maxBytes: 1024,
  seeds: () => {
    const sealed = sealCoordinates('text', [publicKeyOf(IDENTITY), publicKeyOf(OTHER)]);
    const body = sealed.slice(0, sealed.lastIndexOf('.'));
    return [Buffer.from(`\0${sealed}`), Buffer.from(`\x01${body}`), Buffer.from(`\x01${body.slice(0, body.lastIndexOf('.'))}`), Buffer.from('\x02some text'), Buffer.from(`\x03${'A'.repeat(60)}`)];
  },
  fuzz: (data) => {
    const [head, rest] = headed(data);
    switch (head % 4) {
      case 0:
        orRefused(() => openCoordinates(rest.toString('latin1'), [IDENTITY]), isRefusal);
        return;
      case 1:
        orRefused(() => openCoordinates(withChecksum(rest.toString('latin1').trim()), [IDENTITY]), isRefusal);
        return;
      case 2: {
        const text = rest.toString('utf8');
        assert.equal(openCoordinates(sealCoordinates(text, [publicKeyOf(OTHER), publicKeyOf(IDENTITY)]), [IDENTITY]), text);
        return;
      }
      default:
        assert.equal(orRefused(() => openCoordinates(withChecksum(`streamer2s.${rest.toString('base64url')}`), [IDENTITY]), isRefusal), undefined, 'nothing opens that was not sealed');
    }
  },
};
