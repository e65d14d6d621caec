import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { COMPAT_MESSAGE_MAX } from '../../../src/compat/messages.js';
import type { WireChoice } from '../../../src/options.js';
import { admit } from '../../../src/server/admission.js';
import type { Knock } from '../../../src/transport/listen.js';
import { MESSAGE_MAX } from '../../../src/wire/constants.js';

const SECRET = 'the-secret';

/** What is asked, in short words. */
const KNOCKS: Readonly<Record<string, Partial<Knock>>> = {
  nothing: {},
  'the header': { protocol: '2' },
  'the header with spaces': { protocol: ' 2 ' },
  'the path': { path: '/streamer/2' },
  'the path with a query': { path: '/streamer/2?token=x' },
  'another version': { protocol: '3' },
  'two versions': { protocol: '2, 3' },
  'another path': { path: '/streamer/22' },
  'a path below': { path: '/streamer/2/x' },
};
const NATIVE = new Set(['the header', 'the header with spaces', 'the path', 'the path with a query']);

const AUTHORIZATIONS: Readonly<Record<string, readonly [header: string | undefined, right: boolean]>> = {
  absent: [undefined, false],
  right: [`Bearer ${SECRET}`, true],
  'right without its scheme': [SECRET, true],
  'right after another': [`Bearer x Bearer ${SECRET}`, true],
  wrong: ['Bearer other', false],
  'right and more': [`Bearer ${SECRET}x`, false],
  'right but for its end': [`Bearer ${SECRET.slice(0, -1)}`, false],
  empty: ['', false],
  'a bare scheme': ['Bearer ', false],
  'another case': [`bearer ${SECRET}`, false],
};

function answer(wire: WireChoice, secret: string | undefined, busy: boolean, knock: Partial<Knock>): string {
  const admission = admit({ wire, secret, busy: () => busy }, { path: '/', authorization: undefined, protocol: undefined, handshake: undefined, ...knock });
  if (!admission.admitted) return `${admission.status} ${admission.text}`;
  const { masking, maxMessageBytes } = admission.options;
  assert.equal(masking, 'none');
  assert.equal(maxMessageBytes, admission.tag === 'native' ? MESSAGE_MAX : COMPAT_MESSAGE_MAX);
  assert.deepEqual(admission.headers, admission.tag === 'native' ? ['Streamer-Protocol: 2'] : []);
  return admission.tag;
}

/** The rule, written another way. */
function expected(wire: WireChoice, secret: string | undefined, busy: boolean, native: boolean, authorization: string | undefined, right: boolean): string {
  if (authorization !== undefined && (secret === undefined || !right)) return '403 Invalid secret';
  if (native && wire !== 'compat') return 'native';
  if (authorization === undefined) return '401 Missing Authorization header';
  if (wire === 'native') return '403 This server wants the encrypted wire';
  return busy ? '503 Serving another client' : 'compat';
}

describe('admission', () => {
  for (const wire of ['auto', 'native', 'compat'] as const) {
    it(`answers every request as the table says, on a server of --wire ${wire}`, () => {
      for (const secret of [SECRET, undefined]) {
        for (const busy of [false, true]) {
          for (const [asked, knock] of Object.entries(KNOCKS)) {
            for (const [given, [authorization, right]] of Object.entries(AUTHORIZATIONS)) {
              assert.equal(
                answer(wire, secret, busy, { ...knock, authorization }),
                expected(wire, secret, busy, NATIVE.has(asked), authorization, right),
                `asked for: ${asked}; secret: ${given}; busy: ${busy}; the server has ${secret === undefined ? 'no ' : ''}text secret`,
              );
            }
          }
        }
      }
    });
  }

  it('is as the reference’s for its own client: 401 without the header, 403 with a wrong secret, and in', () => {
    assert.equal(answer('auto', SECRET, false, {}), '401 Missing Authorization header');
    assert.equal(answer('auto', SECRET, false, { authorization: 'Bearer x' }), '403 Invalid secret');
    assert.equal(answer('auto', SECRET, false, { authorization: `Bearer ${SECRET}` }), 'compat');
  });

  it('lets a native client knock while another is served: the door decides', () => {
    assert.equal(answer('auto', SECRET, true, { protocol: '2' }), 'native');
    assert.equal(answer('auto', SECRET, true, { authorization: `Bearer ${SECRET}` }), '503 Serving another client');
  });

  it('never takes a secret on a server whose coordinates are of version 2', () => {
    assert.equal(answer('auto', undefined, false, { protocol: '2', authorization: 'Bearer undefined' }), '403 Invalid secret');
    assert.equal(answer('auto', undefined, false, { authorization: 'Bearer ' }), '403 Invalid secret');
  });
});
