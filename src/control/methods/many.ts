/**
 * Several files as one transfer: a few at once, the rest stopped when one fails, and told of together.
 *
 * @module
 */
import { resolve } from 'node:path';
import { AbortError } from '../../errors.js';
import { NO_ENTRIES } from '../../transfer/result.js';
import type { EntryCounts, ProgressEvent, ProgressListener, TransferResult } from '../../transfer/progress.js';
import { ProgressMeter } from '../../transfer/progress.js';
import type { MoveItem, TransferRequest } from '../method.js';
import { nameOf } from '../remote-path.js';
import type { Decision } from '../settle.js';

/** What the transfer of one file is told of the others. */
export interface Part {
  readonly signal: AbortSignal;
  readonly onProgress: ProgressListener;
}

/** The wire of several files is the one that says least of them. */
const WORST_FIRST = ['compat', 'ops', 'native'] as const;

/** What was asked, as far as it matters here. */
type Asked = Pick<TransferRequest, 'direction' | 'url' | 'local' | 'items' | 'signal' | 'onProgress'>;

/**
 * Moves those that are to be moved, and tells of the end of all.
 * @throws what the first that failed has thrown, when the others have ended
 */
export async function moveMany(decisions: readonly Decision[], asked: Asked, atOnce: number, move: (item: MoveItem, part: Part) => Promise<TransferResult>): Promise<TransferResult> {
  const startMs = performance.now();
  const todo = decisions.flatMap(({ item, settled }) => (settled === undefined ? [item] : []));
  const results = await runParts(todo, asked, atOnce, move);
  const result = decisions.length === 1 && results[0] !== undefined ? results[0] : sumOf(results, decisions, asked, startMs);
  asked.onProgress({ type: 'done', result });
  return result;
}

async function runParts(todo: readonly MoveItem[], asked: Asked, atOnce: number, move: (item: MoveItem, part: Part) => Promise<TransferResult>): Promise<readonly TransferResult[]> {
  const stop = new AbortController();
  const signal = asked.signal === undefined ? stop.signal : AbortSignal.any([asked.signal, stop.signal]);
  const together = new Together(todo, asked.onProgress);
  const results: TransferResult[] = [];
  let failure: { readonly error: unknown } | undefined;
  let next = 0;
  const worker = async () => {
    for (let item = todo[next++]; item !== undefined && failure === undefined; item = todo[next++]) {
      try {
        results.push(await move(item, { signal, onProgress: todo.length === 1 ? asked.onProgress : together.listenerOf(item) }));
        if (todo.length > 1) together.ended(item);
      } catch (error) {
        failure ??= { error };
        stop.abort(new AbortError('another file of this transfer has failed'));
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, todo.length) }, worker));
  if (failure !== undefined) throw failure.error;
  return results;
}

/** Makes one progress of many. */
class Together {
  readonly #listener: ProgressListener;
  readonly #meter: ProgressMeter;
  readonly #bytes = new Map<MoveItem, number>();

  constructor(items: readonly MoveItem[], listener: ProgressListener) {
    const size = items.reduce((sum, item) => sum + item.size, 0);
    this.#listener = listener;
    this.#meter = new ProgressMeter(listener, size, 0);
    if (items.length > 1) listener({ type: 'started', root: 'tree', name: '', size, resumedBytes: 0 });
  }

  listenerOf(item: MoveItem): ProgressListener {
    return (event: ProgressEvent) => {
      if (event.type === 'progress') this.#add(item, event.bytes);
      else if (event.type !== 'started' && event.type !== 'finishing' && event.type !== 'connecting') this.#listener(event);
    };
  }

  ended(item: MoveItem): void {
    this.#meter.files += 1;
    this.#add(item, item.size);
  }

  /** A file that is begun anew has fewer bytes than it had. */
  #add(item: MoveItem, bytes: number): void {
    const before = this.#bytes.get(item) ?? 0;
    if (bytes <= before) return;
    this.#bytes.set(item, bytes);
    this.#meter.add(bytes - before);
  }
}

/** Several results, and files that need not be moved, as one. */
function sumOf(results: readonly TransferResult[], decisions: readonly Decision[], { direction, url, local, items }: Asked, startMs: number): TransferResult {
  const durationMs = performance.now() - startMs;
  const sum = (pick: (result: TransferResult) => number) => results.reduce((total, result) => total + pick(result), 0);
  const single = decisions.length === 1 ? decisions[0]?.item : undefined;
  const path = single?.local ?? local[0] ?? '.';
  const equal = decisions.filter(({ settled }) => settled === 'equal').reduce((total, { item }) => total + item.size, 0);
  const movedBytes = sum((result) => result.movedBytes);
  return {
    action: direction === 'download' ? 'receive' : 'send',
    path,
    name: single === undefined ? '' : nameOf(direction === 'download' ? single.remote : resolve(single.local)),
    root: single === undefined && items.length > 1 ? 'tree' : 'file',
    size: sum((result) => result.size) + equal,
    entries: countsOf(results, decisions),
    resumedBytes: sum((result) => result.resumedBytes),
    movedBytes,
    durationMs,
    bytesPerSecond: durationMs > 0 ? (movedBytes * 1000) / durationMs : 0,
    wire: WORST_FIRST.find((wire) => results.some((result) => result.wire === wire)) ?? 'ops',
    // Where nothing was moved, FirecREST alone was asked.
    encrypted: results.length === 0 ? url.startsWith('https:') : results.every(({ encrypted }) => encrypted),
    verified: results.every(({ verified }) => verified),
    reconnects: sum((result) => result.reconnects),
    remote: [...new Set(results.map(({ remote }) => remote))].join(', '),
  };
}

function countsOf(results: readonly TransferResult[], decisions: readonly Decision[]): EntryCounts {
  const counts: Record<keyof EntryCounts, number> = { ...NO_ENTRIES };
  for (const { entries } of results) for (const [key, count] of Object.entries(entries) as [keyof EntryCounts, number][]) counts[key] += count;
  for (const { settled } of decisions) if (settled !== undefined) counts[settled] += 1;
  return counts;
}
