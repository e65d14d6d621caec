/**
 * Progress for whoever watches: a bar on a terminal, lines elsewhere, JSON for programs, nothing when quiet.
 *
 * @module
 */
import { peerText } from '../errors.js';
import type { EntryCounts, ProgressEvent, ProgressListener, RootKind, TransferResult } from '../transfer/progress.js';
import { formatDuration, formatRate, formatSize } from '../util/units.js';
import type { Failure } from './exit.js';
import { inFlags } from './flags.js';
import { visible } from './table.js';
import { TerminalBar } from './terminal-bar.js';

/** How the user wants to be told. */
export interface RenderOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** Takes what happens, to the end. */
export interface Renderer {
  readonly onProgress: ProgressListener;
  /** A line that belongs to the command's own output, such as the server's two. Without an event programs know it already. */
  print(line: string, event?: Readonly<Record<string, unknown>>): void;
  fail(failure: Failure): void;
  /** Standard output carries what is received: what would be told there is told on standard error. */
  leaveOutput(): void;
  /** Takes the bar away. */
  end(): void;
}

/** Least time between two progress lines where there is no terminal, milliseconds. */
const LINE_INTERVAL_MS = 5_000;

/** Chooses by the options and by what standard error is. */
export function createRenderer(options: RenderOptions): Renderer {
  if (options.json === true) return new JsonRenderer();
  if (options.quiet === true) return new QuietRenderer();
  return process.stderr.isTTY ? new TextRenderer(new TerminalBar(process.stderr)) : new TextRenderer(undefined);
}

/** What quotes an error of the library's, with flags in it. */
function inOurWords<Event extends ProgressEvent>(event: Event): Event {
  if (event.type === 'notice' || event.type === 'phase') return { ...event, message: inFlags(event.message) };
  return event.type === 'reconnecting' ? { ...event, reason: inFlags(event.reason) } : event;
}

/** One JSON object a line, on standard output. */
class JsonRenderer implements Renderer {
  #output: NodeJS.WriteStream = process.stdout;

  readonly onProgress: ProgressListener = (event) => {
    const { type, ...facts } = inOurWords(event);
    this.#write({ event: type, ...facts });
  };

  print(_line: string, event?: Readonly<Record<string, unknown>>): void {
    if (event !== undefined) this.#write(event);
  }

  fail({ exitCode, code, message, detail }: Failure): void {
    this.#write({ event: 'error', code, exitCode, message });
    if (detail !== undefined) process.stderr.write(`${detail}\n`);
  }

  leaveOutput(): void {
    this.#output = process.stderr;
  }

  end(): void {
    // Nothing to take away.
  }

  #write(event: Readonly<Record<string, unknown>>): void {
    // A time in nanoseconds has more digits than a JSON number keeps.
    this.#output.write(`${JSON.stringify(event, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value))}\n`);
  }
}

/** Whatever others have written into it, nothing in a text commands the terminal. Its own lines stay. */
function plain(text: string): string {
  return text.split('\n').map(visible).join('\n');
}

const NOT_ENCRYPTED = 'warning: the compat wire is not encrypted: anyone on the way can read and alter this file';

class QuietRenderer implements Renderer {
  /** Quiet about what goes well; not about a file that goes in the clear. */
  readonly onProgress: ProgressListener = (event) => {
    if (event.type === 'connected' && !event.encrypted) process.stderr.write(`${NOT_ENCRYPTED}\n`);
  };

  print(line: string): void {
    process.stdout.write(`${plain(line)}\n`);
  }

  fail(failure: Failure): void {
    writeFailure(failure);
  }

  leaveOutput(): void {
    // Only a server has anything to say there.
  }

  end(): void {
    // Nothing to take away.
  }
}

/** For people. Events go to standard error, the command's own output to standard output. */
class TextRenderer implements Renderer {
  readonly #bar: TerminalBar | undefined;
  #lastLineMs = -Infinity;
  #finishing = false;
  #root: RootKind = 'file';

  constructor(bar: TerminalBar | undefined) {
    this.#bar = bar;
  }

  readonly onProgress: ProgressListener = (event) => {
    if (event.type === 'progress') this.#progress(event);
    else if (event.type === 'done') this.#summary(event.result);
    else this.#status(inOurWords(event));
  };

  print(line: string): void {
    const write = () => process.stdout.write(`${plain(line)}\n`);
    if (this.#bar === undefined) write();
    else this.#bar.above(write);
  }

  fail(failure: Failure): void {
    this.end();
    writeFailure(failure);
  }

  leaveOutput(): void {
    // Only a server has anything to say there.
  }

  end(): void {
    this.#bar?.clear();
  }

  #progress({ bytes, size, bytesPerSecond, files = 0, streams = 1 }: Extract<ProgressEvent, { type: 'progress' }>): void {
    const also = [...(this.#root === 'tree' ? [`${files} files`] : []), ...(streams > 1 ? [`${streams} streams`] : [])];
    if (this.#root === 'pipe') {
      this.#flowing(`${formatSize(bytes)}, ${formatRate(bytesPerSecond)}`);
      return;
    }
    if (this.#bar !== undefined) {
      this.#bar.progress(bytes, size, bytesPerSecond, also);
      return;
    }
    const now = performance.now();
    if (now - this.#lastLineMs < LINE_INTERVAL_MS) return;
    this.#lastLineMs = now;
    const percent = size === 0 ? 100 : Math.floor((bytes / size) * 100);
    const left = bytesPerSecond > 0 ? `, ${formatDuration(Math.ceil((size - bytes) / bytesPerSecond) * 1000)} left` : '';
    this.#line([`${percent}% ${formatSize(bytes)} of ${formatSize(size)}`, ...also, `${formatRate(bytesPerSecond)}${left}`].join(', '));
  }

  /** Of a pipe it is not known how much is to come. */
  #flowing(text: string): void {
    if (this.#bar !== undefined) {
      this.#bar.text(text);
      return;
    }
    const now = performance.now();
    if (now - this.#lastLineMs < LINE_INTERVAL_MS) return;
    this.#lastLineMs = now;
    this.#line(text);
  }

  /** One file needs no line of its own; in a tree only what did not go as usual has one, and in a dry run everything. */
  #entry({ path, kind, how, error }: Extract<ProgressEvent, { type: 'entry' }>): void {
    if (how === 'would') this.#notice(`would ${kind === 'file' ? 'move' : 'make'} ${path === '' ? '.' : peerText(path)}${kind === 'directory' ? '/' : ''}`);
    else if (how === 'failed') this.#notice(`${peerText(error?.message ?? path)} [${error?.code ?? ''}]`);
  }

  #status(event: Exclude<ProgressEvent, { type: 'progress' | 'done' }>): void {
    switch (event.type) {
      case 'phase':
        this.#phase(event);
        break;
      // Told by the command's own lines.
      case 'listening':
      case 'at-relay':
        break;
      case 'waiting':
        this.#waiting(`waiting ${event.again ? "for the client's return" : 'for a client'}, up to ${formatDuration(event.timeoutMs)}`);
        break;
      case 'connecting':
        if (event.attempt === 1) this.#waiting(`looking for the server (${event.candidates} address${event.candidates === 1 ? '' : 'es'})`);
        break;
      case 'connected':
        this.#line(`connected to ${event.remote}${event.agent === undefined ? '' : ` (${peerText(event.agent)})`}${event.relay === undefined ? '' : `, a relay: ${peerText(event.relay)}`}, ${event.wire} wire, ${event.encrypted ? 'encrypted' : 'NOT encrypted'}`);
        if (!event.encrypted) this.#line(NOT_ENCRYPTED);
        break;
      case 'started':
        this.#finishing = false;
        this.#lastLineMs = performance.now();
        this.#root = event.root;
        if (event.root === 'file') this.#line(`${peerText(event.name)}: ${formatSize(event.size)}${event.resumedBytes > 0 ? `, resuming at ${formatSize(event.resumedBytes)}` : ''}`);
        break;
      case 'entry':
        if (this.#root === 'tree' || event.how === 'would') this.#entry(event);
        break;
      case 'skipped':
        this.#notice(`skipped: ${peerText(event.path)}: ${peerText(event.what)}`);
        break;
      case 'extra':
        this.#notice(`not in what is sent: ${peerText(event.path)}`);
        break;
      case 'streams':
        break;
      case 'finishing':
        if (!this.#finishing) this.#waiting('verifying and writing to disk');
        this.#finishing = true;
        break;
      case 'reconnecting':
        this.#line(`${event.reason}; trying again`);
        break;
      case 'notice':
        this.#notice(event.message);
        break;
    }
  }

  #phase({ phase, message, remainingMs }: Extract<ProgressEvent, { type: 'phase' }>): void {
    if (phase === 'method' || phase === 'verified') this.#line(message);
    else if (this.#bar !== undefined) this.#bar.waiting(plain(message), remainingMs);
    else this.#line(remainingMs === undefined ? message : `${message}, up to ${formatDuration(remainingMs)}`);
  }

  #summary(result: TransferResult): void {
    this.#bar?.clear();
    process.stderr.write(`${plain(summaryOf(result))}\n`);
  }

  /** Something that goes on until the next event: on a terminal it shows how long. */
  #waiting(text: string): void {
    if (this.#bar === undefined) this.#line(text);
    else this.#bar.waiting(plain(text));
  }

  /** Something beside the way: what goes on goes on. */
  #notice(text: string): void {
    const line = plain(text);
    if (this.#bar === undefined) this.#line(line);
    else this.#bar.above(() => process.stderr.write(`${line}\n`));
  }

  #line(text: string): void {
    const line = plain(text);
    if (this.#bar === undefined) process.stderr.write(`${line}\n`);
    else this.#bar.interrupt(line);
  }
}

/** The summary at the end, two lines. */
export function summaryOf(result: TransferResult): string {
  const { wire, encrypted, cipher, digest, sha256, verified } = result;
  const secrecy = encrypted ? `encrypted (${cipher ?? 'TLS'})` : 'NOT encrypted';
  const trust = verified ? 'verified' : wire === 'ops' ? 'not verified' : 'the receiver does not confirm on this wire';
  const hashes = [...(digest === undefined ? [] : [`${digest.algorithm} ${digest.hex}`]), ...(sha256 === undefined ? [] : [`sha256 ${sha256}`])];
  return [movedLine(result), [wire === 'ops' ? 'through FirecREST' : `${wire} wire`, secrecy, ...hashes, trust].join(', ')].join('\n');
}

function movedLine(result: TransferResult): string {
  const { action, root, name, size, entries, movedBytes, resumedBytes, durationMs, bytesPerSecond, reconnects } = result;
  const done = entries.would > 0 ? `would have ${action === 'send' ? 'sent' : 'received'}` : action === 'send' ? 'sent' : 'received';
  const where = action === 'receive' && result.path !== '-' ? ` as ${result.path.replace(/\p{Cc}+/gu, ' ')}` : '';
  const what = root === 'pipe' ? 'a stream' : name === '' ? 'a tree' : peerText(name);
  const single = root !== 'tree' && entries.moved > 0;
  const moved = resumedBytes > 0 || !single ? ` (${formatSize(movedBytes)} in this run)` : '';
  const links = reconnects > 0 ? `, link lost and had again ${reconnects} time${reconnects === 1 ? '' : 's'}` : '';
  const counts = single ? '' : `, ${countsOf(entries)}`;
  return `${done} ${what}${where}: ${formatSize(size)} (${size} bytes)${moved}${counts} in ${formatDuration(durationMs)}, ${formatRate(bytesPerSecond)}${links}`;
}

/** What became of the entries, in words, without what there is none of. */
export function countsOf(entries: EntryCounts): string {
  const words: readonly (readonly [keyof EntryCounts, string])[] = [
    ['moved', 'files moved'],
    ['equal', 'equal'],
    ['kept', 'left alone'],
    ['placed', 'directories and links'],
    ['would', 'to do'],
    ['special', 'special files skipped'],
    ['removed', 'removed'],
    ['failed', 'FAILED'],
  ];
  const told = words.filter(([key]) => entries[key] > 0).map(([key, word]) => `${entries[key]} ${word}`);
  return told.length === 0 ? 'nothing to do' : told.join(', ');
}

function writeFailure({ message, code, detail }: Failure): void {
  process.stderr.write(`streamer: ${plain(message)} [${code}]\n`);
  if (detail !== undefined) process.stderr.write(`${detail}\n`);
}
