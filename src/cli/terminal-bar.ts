/**
 * One line at the foot of a terminal: the bar (package `progress`), or what is being waited for and how long.
 *
 * @module
 */
import ProgressBar from 'progress';
import { formatDuration, formatRate, formatSize } from '../util/units.js';

/** See the module's head. */
export class TerminalBar {
  readonly #stream: NodeJS.WriteStream;
  #bar: ProgressBar | undefined;
  #waiting: { readonly text: string; readonly sinceMs: number; readonly timer: NodeJS.Timeout } | undefined;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  /** @param also what else to say, such as the number of files. */
  progress(bytes: number, size: number, bytesPerSecond: number, also: readonly string[] = []): void {
    this.#stopWaiting();
    if (size === 0) return;
    this.#bar ??= new ProgressBar('[:bar] :share  :moved of :whole  :speed  :left:also', {
      total: size,
      width: 30,
      incomplete: ' ',
      stream: this.#stream,
      renderThrottle: 0,
      clear: true,
    });
    const left = bytesPerSecond > 0 ? `${formatDuration(Math.ceil((size - bytes) / bytesPerSecond) * 1000)} left` : '';
    this.#bar.curr = bytes;
    this.#bar.render({
      share: `${Math.floor((bytes / size) * 100)}%`.padStart(4),
      moved: formatSize(bytes),
      whole: formatSize(size),
      speed: formatRate(bytesPerSecond),
      left,
      also: also.map((text) => `  ${text}`).join(''),
    });
  }

  /** A line in place of the bar, where there is no whole to have a share of. */
  text(text: string): void {
    this.#stopWaiting();
    this.#stream.write(`\r\x1b[K${text}`);
    this.#flowing = true;
  }

  #flowing = false;

  waiting(text: string): void {
    this.clear();
    const timer = setInterval(() => this.#show(), 1000);
    timer.unref();
    this.#waiting = { text, sinceMs: performance.now(), timer };
    this.#show();
  }

  /** What is being waited for, and for how long by now. A bar shows itself with the next progress. */
  #show(): void {
    if (this.#waiting === undefined) return;
    const { text, sinceMs } = this.#waiting;
    const seconds = Math.round((performance.now() - sinceMs) / 1000);
    this.#stream.write(`\r\x1b[K${text}…${seconds === 0 ? '' : ` ${formatDuration(seconds * 1000)}`}`);
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
