/**
 * Whom a connection is counted against.
 *
 * @module
 */
import { isIP } from 'node:net';

/**
 * An IPv4 address, or the /64 of an IPv6 one: whoever has one address of it has them all (RFC 6177). The same for every way
 * to write it (RFC 4291 section 2.2). IPv4 in IPv6 (section 2.5.5.2) is IPv4.
 */
export function addressGroup(address: string): string {
  if (isIP(address) !== 6) return address;
  const words = wordsOf(address.replace(/%.*$/u, ''));
  const [high = 0, low = 0] = words.slice(6);
  if (words.slice(0, 5).every((word) => word === 0) && words[5] === 0xffff) return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
  return `${words.slice(0, 4).map((word) => word.toString(16)).join(':')}::/64`;
}

/** The eight words of an IPv6 address. */
function wordsOf(address: string): number[] {
  // The URL parser writes them all in hexadecimal, those of an IPv4 ending, too.
  const [before = [], after] = new URL(`ws://[${address}]`).hostname.slice(1, -1).split('::').map((part) => (part === '' ? [] : part.split(':')));
  if (after === undefined) return before.map(fromHex);
  const gap = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return [...before, ...gap, ...after].map(fromHex);
}

function fromHex(word: string): number {
  return Number.parseInt(word, 16);
}

/** The last address of X-Forwarded-For: the one that the proxy next to us has written. Undefined where it is none. */
export function forwardedAddress(header: string | undefined): string | undefined {
  const last = header?.split(',').at(-1)?.trim() ?? '';
  return isIP(last) === 0 ? undefined : last;
}
