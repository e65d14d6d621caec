/**
 * src/compat/PROTOCOL.md as data, and test/vectors/compat.json.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../../support/cli.js';

const TEXT = readFileSync(path.join(ROOT, 'src/compat/PROTOCOL.md'), 'utf8');

/** A message of test/vectors/compat.json: what is in it, and its bytes in hex. */
export interface MessageVector {
  readonly name: string;
  readonly of: 'init' | 'eof';
  readonly by: 'ours' | 'reference';
  /** Bytes that an init announces. */
  readonly size?: number;
  /** The file's content that an eof ends, in hex. */
  readonly content?: string;
  readonly hex: string;
}

/** A close frame's payload. */
export interface CloseVector {
  readonly name: string;
  readonly by: 'ours' | 'reference';
  /** Code of the error that it means at the other end; null for a good end. */
  readonly means: string | null;
  readonly peerIs?: 'sender' | 'receiver';
  readonly hex: string;
}

/** One websocket frame of a session, header and all. */
export interface FrameVector {
  readonly name: string;
  readonly opcode: 'binary' | 'text';
  readonly hex: string;
}

/** What the file holds. */
export interface Vectors {
  readonly messages: readonly MessageVector[];
  readonly closes: readonly CloseVector[];
  readonly session: readonly FrameVector[];
}

export const VECTORS = JSON.parse(readFileSync(path.join(ROOT, 'test/vectors/compat.json'), 'utf8')) as Vectors;

/** Names and hex of the block under a heading: a name on a line, its hex on the indented lines below. */
export function hexBlock(heading: string): Map<string, string> {
  const start = TEXT.indexOf(`\n### ${heading}\n`);
  const block = /```\n([^]*?)```/.exec(TEXT.slice(start))?.[1];
  if (start === -1 || block === undefined) throw new Error(`PROTOCOL.md has no block under ${heading}`);
  const found = new Map<string, string>();
  let name = '';
  for (const line of block.trimEnd().split('\n')) {
    if (!line.startsWith('  ')) name = line;
    else found.set(name, (found.get(name) ?? '') + line.trim());
  }
  return found;
}

/** Cells of the table whose header begins with these columns, without backticks. */
export function table(...columns: readonly string[]): string[][] {
  const lines = TEXT.split('\n');
  const at = lines.findIndex((line) => line.startsWith(`| ${columns.join(' | ')} |`));
  if (at === -1) throw new Error(`PROTOCOL.md has no table of ${columns.join(', ')}`);
  const body = lines.slice(at + 2);
  const end = body.findIndex((line) => !line.startsWith('|'));
  return body.slice(0, end === -1 ? undefined : end).map((line) => line.split('|').slice(1, -1).map((cell) => cell.trim().replaceAll('`', '')));
}
