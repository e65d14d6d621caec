// PROTOCOL.md is a promise to others: its hex, its tables and its numbers are held against the code.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deriveKey } from '../../../src/crypto/kdf.js';
import { BlockPool } from '../../../src/relay/block-pool.js';
import { HIGH_WATER_BYTES, MESSAGE_MAX, RELAY_DEFAULTS, ROOM_GRACE_MS } from '../../../src/relay/limits.js';
import { Pair, type PairEnd } from '../../../src/relay/pair.js';
import { PEER_HEADER, REMOTE_HEADER } from '../../../src/relay/peer.js';
import { REFUSALS, type RefusalReason } from '../../../src/relay/refusals.js';
import { relayRefusal, HOST_HEADER, JOIN_PATH, NOTICE_BYTES_MAX, readPairedNotice, ROOM_HEADER, roomOf, WAIT_PATH, writePairedNotice } from '../../../src/transport/rendezvous.js';
import { STREAMS_MAX } from '../../../src/wire/constants.js';
import { FakeForwarding } from '../../support/fake-forwarding.js';
import { SENTENCES, table } from './specification.js';

/** The bytes of a secret as the table writes it: text, or hex that says so. */
function secretBytes(cell: string): Buffer {
  const run = /^([0-9a-f]{2})([0-9a-f]{2})[0-9a-f]*…([0-9a-f]{2}) \((\d+) bytes\)$/u.exec(cell);
  if (run === null) return Buffer.from(cell);
  const [first, second, last, count] = [run[1], run[2], run[3]].map((hex = '') => Number.parseInt(hex, 16)).concat(Number(run[4])) as [number, number, number, number];
  const bytes = Buffer.from(Array.from({ length: count }, (_, index) => first + index * (second - first)));
  assert.equal(bytes.at(-1), last, 'a row of bytes that goes on as it begins');
  return bytes;
}

describe('the vectors of section 2', () => {
  const rows = table('secret', 'key', 'id');
  it('are three, of bytes and of text', () => {
    assert.deepEqual(rows.map(([secret = '']) => secretBytes(secret).length), [32, 22, 1]);
  });
  for (const [secret = '', key = '', id = ''] of rows) {
    it(`of the secret ${secret}`, () => {
      const derived = deriveKey(secretBytes(secret), 'relay host');
      assert.equal(Buffer.from(derived).toString('hex'), key);
      assert.equal(roomOf(derived), id);
    });
  }
});

describe('the close codes of section 5', () => {
  /** Why a pair ends with which of them. */
  const WHY: Readonly<Record<string, readonly PairEnd[]>> = {
    // Of a connection that has no pair, and of one that breaks the framing: held against a running relay, in relay.test.ts.
    1002: [],
    1003: ['text'],
    1009: [],
    1012: ['drained'],
    4005: ['lost'],
    4009: ['bytes', 'lifetime'],
    4010: ['handshake', 'idle'],
  };

  it('are those that a pair ends with', () => {
    assert.deepEqual(table('code', 'what the relay says by it').map(([code]) => code), Object.keys(WHY));
    for (const [code, reasons] of Object.entries(WHY)) {
      for (const why of reasons) {
        const [server, client] = [new FakeForwarding(), new FakeForwarding()];
        const pair = new Pair({ server, client, handshakeMs: 1, idleMs: 1, budget: undefined, blocks: new BlockPool(), moved: () => undefined, ended: () => undefined, gone: () => undefined });
        pair.start(undefined);
        pair.end(why);
        assert.deepEqual([server.closes, client.closes], [[`${code} `], [`${code} `]], why);
      }
    }
  });
});

describe('the refusals of section 6', () => {
  /** What each row's words mean, by status. */
  const REASONS: Readonly<Record<string, readonly (readonly [words: RegExp, reason: RefusalReason])[]>> = {
    400: [[/no key/u, 'room-key'], [/no id/u, 'room']],
    401: [[/a token is needed/u, 'no-token']],
    403: [[/token is not known/u, 'token']],
    404: [[/nobody waits/u, 'unknown']],
    410: [[/bytes/u, 'bytes'], [/time/u, 'lifetime']],
    429: [[/from this address/u, 'address'], [/of this room/u, 'connections'], [/rooms of this token/u, 'token-rooms']],
    503: [[/rooms are taken/u, 'rooms'], [/all connections are/u, 'full'], [/about to end/u, 'draining']],
    504: [[/in time/u, 'nobody']],
  };
  const rows = table('status', 'to', 'why');

  it('are those of the code, each with its status', () => {
    assert.deepEqual(rows.map(([status]) => status), Object.keys(REASONS));
    for (const [status = '', , why = ''] of rows) {
      for (const [words, reason] of REASONS[status] ?? []) {
        assert.match(why, words);
        assert.equal(REFUSALS[reason].status, Number(status), reason);
      }
    }
    // What is at no path of the relay's is not a matter of rooms.
    const told = Object.values(REASONS).flat().map(([, reason]) => reason);
    assert.deepEqual(Object.keys(REFUSALS).filter((reason) => reason !== 'path').sort(), [...told].sort());
  });

  it('are a line of text each', () => {
    for (const { text } of Object.values(REFUSALS)) assert.match(text, /^[\x20-\x7e]{1,100}$/u);
  });

  it('are final, or worth another try, as it says', () => {
    const [, list = ''] = /([\d, and]+) are final\. After any other an end MAY try again/u.exec(SENTENCES) ?? [];
    const final: readonly string[] = list.match(/\d{3}/gu) ?? [];
    assert.deepEqual([...final].sort(), ['400', '401', '403', '410']);
    for (const [status = '', to] of rows) {
      for (const end of to === 'both' ? (['server', 'client'] as const) : [to as 'server' | 'client']) {
        assert.equal(relayRefusal({ status: Number(status), text: '' }, end).retryable, !final.includes(status), `${status} to the ${end}`);
      }
    }
  });
});

describe('what else it says', () => {
  const says = (sentence: string) => assert.ok(SENTENCES.includes(sentence), sentence);

  it('is what the code does: paths, headers, numbers', () => {
    for (const path of [WAIT_PATH, JOIN_PATH]) says(`the path \`${path}\``);
    for (const header of [HOST_HEADER, ROOM_HEADER, PEER_HEADER, REMOTE_HEADER, 'Streamer-Handshake', 'Streamer-Protocol']) says(`- \`${header}`);
    says(`at most ${MESSAGE_MAX / 2 ** 20} MiB`);
    says(`${HIGH_WATER_BYTES / 1024} KiB that it has not taken`);
    says(`\`handshake\` (${RELAY_DEFAULTS.handshakeMs / 1000} s)`);
    says(`\`idle\` (${RELAY_DEFAULTS.idleMs / 60_000} min)`);
    says(`forgotten after ${ROOM_GRACE_MS / 1000} s`);
    says(`no more than ${STREAMS_MAX} at once`);
    says(`at most ${NOTICE_BYTES_MAX.toLocaleString('en')} bytes`);
    says('the info `relay host`');
  });

  it('is the notice as it is written, and read', () => {
    const [, notice = ''] = /JSON `(\{"paired".*?\}\})`/u.exec(SENTENCES) ?? [];
    const read = readPairedNotice(notice);
    assert.ok(read !== undefined, notice);
    assert.equal(String(writePairedNotice(read)), notice);
  });
});
