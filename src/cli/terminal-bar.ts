/**
 * One line at the foot of a terminal: the bar (package `progress`), or what is being waited for and how long.
 *
 * @module
 */
import ProgressBar from 'progress';
import { formatDuration, formatRate, formatSize } from '../util/units.js';

/** Columns of the bar itself: at the most, and what is left out of the line's words until it has that many. */
const BAR_COLUMNS = 30;
const BAR_COLUMNS_WANTED = 8;

/** See the module's head. */
export class TerminalBar {
  readonly #stream: NodeJS.WriteStream;
  #bar: ProgressBar | undefined;
  #waiting: { readonly text: string; readonly sinceMs: number; readonly remainingMs: number | undefined; readonly timer: NodeJS.Timeout } | undefined;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  /** @param also what else to say, such as the number of files. */
  progress(bytes: number, size: number, bytesPerSecond: number, also: readonly string[] = []): void {
    this.#stopWaiting();
    if (size === 0) return;
    const share = ` ${`${Math.floor((bytes / size) * 100)}%`.padStart(4)}`;
    const moved = `${formatSize(bytes)} of ${formatSize(size)}`;
    const speed = formatRate(bytesPerSecond);
    const left = bytesPerSecond > 0 ? [`${formatDuration(Math.ceil((size - bytes) / bytesPerSecond) * 1000)} left`] : [];
    // A line that is longer than the terminal is wide wraps, and cannot be taken away again.
    const lines = [[share, moved, speed, ...left, ...also], [share, moved, speed, ...left], [share, speed, ...left], [share, speed], [share]].map((words) => words.join('  '));
    const room = this.#columns - '[]'.length;
    const words = (lines.find((line) => line.length + BAR_COLUMNS_WANTED <= room) ?? share).slice(0, Math.max(0, room));
    // The package fails on a terminal that does not tell its width.
    if (room === Infinity) {
      this.text(words.trimStart());
      return;
    }
    this.#bar ??= new ProgressBar('[:bar]:words', {
      total: size,
      width: BAR_COLUMNS,
      incomplete: ' ',
      stream: this.#stream,
      renderThrottle: 0,
      clear: true,
    });
    this.#bar.curr = bytes;
    // The package would count the words' names in place of the words.
    Object.assign(this.#bar, { total: size, width: Math.max(0, Math.min(BAR_COLUMNS, room - words.length)) });
    this.#bar.render({ words });
  }

  /** Columns that a line may fill; the last stays free, for some terminals wrap as soon as it is written. */
  get #columns(): number {
    const { columns } = this.#stream;
    return columns > 0 ? columns - 1 : Infinity;
  }

  /** A line in place of the bar, where there is no whole to have a share of. */
  text(text: string): void {
    this.#stopWaiting();
    this.#stream.write(`\r\x1b[K${text.slice(0, this.#columns)}`);
    this.#flowing = true;
  }

  #flowing = false;

  /** @param remainingMs how long it can go on at the most: then that is counted down. */
  waiting(text: string, remainingMs?: number): void {
    this.clear();
    const timer = setInterval(() => this.#show(), 1000);
    timer.unref();
    this.#waiting = { text, sinceMs: performance.now(), remainingMs, timer };
    this.#show();
  }

  /** What is being waited for, and for how long by now. A bar shows itself with the next progress. */
  #show(): void {
    if (this.#waiting === undefined) return;
    const { text, sinceMs, remainingMs } = this.#waiting;
    const seconds = Math.round((performance.now() - sinceMs) / 1000);
    const left = remainingMs === undefined ? '' : `, ${formatDuration(Math.max(0, Math.round(remainingMs / 1000) - seconds) * 1000)} left`;
    const time = `…${seconds === 0 ? '' : ` ${formatDuration(seconds * 1000)}`}${left}`;
    this.#stream.write(`\r\x1b[K${text.slice(0, Math.max(0, this.#columns - time.length))}${time.slice(0, this.#columns)}`);
  }

  /** A line that ends what was shown. */
  interrupt(text: string): void {
    this.clear();
    this.#stream.write(`${text}\n`);
  }

  /** Lets something be written above what is shown, which goes on. */
  above(write: () => void): void {
    this.#stream.write('\r\x1b[K');
    write();
    this.#show();
  }

  clear(): void {
    this.#stopWaiting();
    if (this.#bar !== undefined || this.#flowing) this.#stream.write('\r\x1b[K');
    this.#bar = undefined;
    this.#flowing = false;
  }

  #stopWaiting(): void {
    if (this.#waiting === undefined) return;
    clearInterval(this.#waiting.timer);
    this.#waiting = undefined;
    this.#stream.write('\r\x1b[K');
  }
}
