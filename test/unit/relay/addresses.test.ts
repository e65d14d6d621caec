import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { addressGroup, forwardedAddress } from '../../../src/relay/addresses.js';

const word = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(0xffff), fc.nat(0xf), fc.constant(0xffff));
const words = fc.oneof(
  { weight: 3, arbitrary: fc.array(word, { minLength: 8, maxLength: 8 }) },
  // IPv4 in IPv6.
  { weight: 1, arbitrary: fc.tuple(fc.nat(0xffff), fc.nat(0xffff)).map((tail) => [0, 0, 0, 0, 0, 0xffff, ...tail]) },
);

/** The ways to write an address (RFC 4291, section 2.2). */
interface Style {
  /** Which run of zeros is left out, and how much of it. */
  readonly gap: readonly [number, number] | undefined;
  /** The last 32 bits as IPv4. */
  readonly dotted: boolean;
  readonly upper: boolean;
  readonly padded: boolean;
  readonly zone: string;
}

const style: fc.Arbitrary<Style> = fc.record({
  gap: fc.option(fc.tuple(fc.nat(7), fc.integer({ min: 1, max: 8 })), { nil: undefined }),
  dotted: fc.boolean(),
  upper: fc.boolean(),
  padded: fc.boolean(),
  zone: fc.constantFrom('', '%eth0', '%1'),
});

function written(address: readonly number[], { gap, dotted, upper, padded, zone }: Style): string {
  const hex = (value: number) => {
    const text = value.toString(16).padStart(padded ? 4 : 1, '0');
    return upper ? text.toUpperCase() : text;
  };
  const [high = 0, low = 0] = address.slice(6);
  const units = dotted ? [...address.slice(0, 6).map(hex), [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.')] : address.map(hex);
  const whole = dotted ? 6 : 8;
  const [from = 0, count = 0] = gap ?? [];
  const to = Math.min(whole, from + count);
  const left = gap !== undefined && from < whole && address.slice(from, to).every((value) => value === 0);
  const text = left ? `${units.slice(0, from).join(':')}::${units.slice(to).join(':')}` : units.join(':');
  return `${text}${zone}`;
}

function naiveGroup(address: readonly number[]): string {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, high = 0, low = 0] = address;
  if ([a, b, c, d, e].every((value) => value === 0) && f === 0xffff) return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
  return `${[a, b, c, d].map((value) => value.toString(16)).join(':')}::/64`;
}

describe('whom a connection is counted against', () => {
  it('is an IPv4 address itself, also in IPv6', () => {
    assert.equal(addressGroup('192.0.2.7'), '192.0.2.7');
    for (const text of ['::ffff:192.0.2.7', '::FFFF:c000:207', '0:0:0:0:0:ffff:192.0.2.7', '0000:0000:0000:0000:0000:ffff:c000:0207']) assert.equal(addressGroup(text), '192.0.2.7', text);
  });

  it('is the /64 of an IPv6 address', () => {
    for (const text of ['2001:db8:1:2::1', '2001:DB8:1:2:ffff:ffff:ffff:ffff', '2001:0db8:0001:0002::192.0.2.1', '2001:db8:1:2:3:4:5::']) assert.equal(addressGroup(text), '2001:db8:1:2::/64', text);
    assert.equal(addressGroup('::1'), '0:0:0:0::/64');
    assert.equal(addressGroup('::'), '0:0:0:0::/64');
    assert.equal(addressGroup('fe80::1%eth0'), 'fe80:0:0:0::/64');
    assert.equal(addressGroup('::1:2:3:4:192.0.2.1'), '0:0:1:2::/64');
    assert.notEqual(addressGroup('2001:db8:1:3::1'), addressGroup('2001:db8:1:2::1'));
  });

  it('is the same however an address is written', () => {
    fc.assert(
      fc.property(words, style, (address, how) => {
        const text = written(address, how);
        assert.equal(isIP(text), 6, text);
        assert.equal(addressGroup(text), naiveGroup(address), text);
      }),
      { numRuns: 800 },
    );
  });

  it('is the text itself, where it is no address', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(isIP(text) !== 6);
        assert.equal(addressGroup(text), text);
      }),
    );
  });
});

describe('the address that the proxy next to us has written', () => {
  it('is the last of X-Forwarded-For', () => {
    assert.equal(forwardedAddress('198.51.100.1, 192.0.2.7'), '192.0.2.7');
    assert.equal(forwardedAddress('192.0.2.7'), '192.0.2.7');
    assert.equal(forwardedAddress('spoofed,2001:db8::1 '), '2001:db8::1');
  });

  it('is none where that is no address', () => {
    for (const header of [undefined, '', ',', '192.0.2.7,', 'unknown', '192.0.2.7:4711', '[2001:db8::1]', 'a, b']) assert.equal(forwardedAddress(header), undefined, header);
  });

  it('is an address, or none, for any text', () => {
    fc.assert(fc.property(fc.string(), (text) => assert.notEqual(isIP(forwardedAddress(text) ?? '::'), 0)));
  });
});
