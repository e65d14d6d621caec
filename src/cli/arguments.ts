/**
 * Words of the command line to values, and the two habits of the reference's command line that commander lacks.
 *
 * @module
 */
import { existsSync } from 'node:fs';
import { InvalidArgumentError } from 'commander';
import { UsageError } from '../errors.js';
import { WIRE_CHOICES, type WireChoice } from '../options.js';
import { linesOf } from '../util/lines.js';
import { WORKERS_MAX } from '../util/spare-processors.js';
import { parseDuration, parseSize } from '../util/units.js';
import { readTextFile } from './text-file.js';

/**
 * `--port-range 5665 5670`, and `--agent-port-range`, takes two words, as the reference's does; commander's options take one, or all that follow.
 * So the two become one word before commander sees them.
 */
export function joinPortRange(words: readonly string[]): string[] {
  const joined: string[] = [];
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i] ?? '';
    const [, name = '', value] = /^(--(?:agent-)?port-range)(?:=(.*))?$/s.exec(word) ?? [];
    const first = name === word ? words[i + 1] : value;
    const secondAt = name === word ? i + 2 : i + 1;
    const second = words[secondAt];
    if (first !== undefined && second !== undefined && /^\d+$/.test(first) && /^\d+$/.test(second)) {
      joined.push(name, `${first}-${second}`);
      i = secondAt;
    } else joined.push(word);
  }
  return joined;
}

/** For commander: a size in bytes. */
export function sizeArgument(text: string): number {
  const bytes = parseSize(text);
  if (bytes === undefined) throw new InvalidArgumentError('give bytes, or a size such as 5GiB.');
  return bytes;
}

/** For commander: a duration, in milliseconds. A plain number is seconds. */
export function durationArgument(text: string): number {
  const milliseconds = parseDuration(text);
  if (milliseconds === undefined) throw new InvalidArgumentError('give seconds, or a duration such as 24h, 90s or 1h30m.');
  return milliseconds;
}

/** For commander: two ports, or one. */
export function portRangeArgument(text: string): [number, number] {
  const match = /^(\d{1,5})(?:[-:, ](\d{1,5}))?$/.exec(text);
  if (match === null) throw new InvalidArgumentError('give the first and the last port, such as 5665 5670.');
  const first = Number(match[1]);
  return [first, match[2] === undefined ? first : Number(match[2])];
}

/** For commander: a value that stays the text it is, once it was looked at. */
export function asText(look: (text: string) => unknown): (text: string) => string {
  return (text) => {
    look(text);
    return text;
  };
}

/** For commander: a number of connections, or auto. */
export function streamsArgument(text: string): number | 'auto' {
  if (text === 'auto') return text;
  if (!/^\d{1,3}$/.test(text)) throw new InvalidArgumentError('give auto, or a number from 1 to 64.');
  return Number(text);
}

/** For commander: a number of threads. */
export function workersArgument(text: string): number {
  if (!/^\d{1,2}$/u.test(text) || Number(text) > WORKERS_MAX) throw new InvalidArgumentError(`give a number from 0 to ${WORKERS_MAX}.`);
  return Number(text);
}

/** For commander: a number of things. */
export function countArgument(text: string): number {
  if (!/^[1-9]\d{0,8}$/u.test(text)) throw new InvalidArgumentError('give a number from 1 on.');
  return Number(text);
}

/** For commander: `host:port`, IPv6 in brackets. */
export function placeArgument(text: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^\s:[\]]+)):(\d{1,5})$/u.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) throw new InvalidArgumentError('give host:port, such as 0.0.0.0:443 or [::]:443.');
  return { host: match[1] ?? match[2] ?? '', port };
}

/** For commander: a wire. */
export function wireArgument(text: string): WireChoice {
  const wire = WIRE_CHOICES.find((choice) => choice === text);
  if (wire === undefined) throw new InvalidArgumentError(`give one of ${WIRE_CHOICES.join(', ')}.`);
  return wire;
}

/** For commander: an option that may be repeated, or hold several values between commas. */
export function collect(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), ...text.split(',').map((part) => part.trim())];
}

/** For commander: the same, where commas are the value's own. */
export function collectWhole(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), text];
}

/** The coordinates that the user gave: the text itself, `@file`, `-` for standard input, or STREAMER_COORDINATES. */
export function readCoordinates(given: string | undefined, env: NodeJS.ProcessEnv): string {
  const source = given ?? env['STREAMER_COORDINATES'];
  if (source === undefined || source === '') {
    throw new UsageError('no coordinates: give them as an argument, as @file, as - for standard input, or in STREAMER_COORDINATES');
  }
  if (source === '-') return readTextFile(0, 'standard input');
  if (source.startsWith('@')) return readNamedFile(source.slice(1));
  return source;
}

/** What `@file` means. A secret after the @ is not quoted as the name of a file that is not there. */
function readNamedFile(file: string): string {
  if (isSecretText(file) && !existsSync(file)) throw new UsageError('@ is for the name of a file: leave it out to give the text itself');
  return readTextFile(file, file);
}

/** Whether a word that should name a file is the text that such a file holds: coordinates, or an identity. */
export function isSecretText(word: string): boolean {
  return /(?:^|\s)streamer(?:\d+s?|-identity\d+)\./u.test(word) || /^\s*eyJ[\w+/-]{20,}={0,2}\s*$/u.test(word);
}

/** Whether a word can only be meant as coordinates, not as a path. */
export function looksLikeCoordinates(word: string): boolean {
  return word === '-' || word.startsWith('@') || /^streamer\d+s?\./.test(word) || /^eyJ[\w-]{20,}={0,2}$/.test(word);
}

/** The server's secret: the option, a file, or STREAMER_SECRET; undefined when one is to be generated. */
export function readSecret(options: { readonly secret?: string; readonly secretFile?: string }, env: NodeJS.ProcessEnv): string | undefined {
  if (options.secret !== undefined && options.secretFile !== undefined) throw new UsageError('give --secret or --secret-file, not both');
  if (options.secret !== undefined) return options.secret;
  if (options.secretFile !== undefined) return readTextFile(options.secretFile, options.secretFile).trim();
  const fromEnv = env['STREAMER_SECRET'];
  return fromEnv === '' ? undefined : fromEnv;
}

/** The token for a relay: a file, or STREAMER_RELAY_TOKEN. */
export function readRelayToken(file: string | undefined, env: NodeJS.ProcessEnv): string | undefined {
  if (file !== undefined) return readTextFile(file, file).trim();
  const fromEnv = env['STREAMER_RELAY_TOKEN'];
  return fromEnv === '' ? undefined : fromEnv;
}

/** The public keys of `--seal-to`: each itself, or `@file` with one on each line. */
export function readKeys(given: readonly string[] | undefined): readonly string[] | undefined {
  return given?.flatMap((word) => (word.startsWith('@') ? linesOf(readNamedFile(word.slice(1))) : [word]));
}
