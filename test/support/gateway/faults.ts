/**
 * What a test can make the gateway do to requests instead of answering them, or besides.
 *
 * @module
 */

/** What becomes of a request. */
export type Mishap =
  /** An error in FirecREST's shape, perhaps with Retry-After. */
  | { readonly kind: 'status'; readonly status: number; readonly message?: string; readonly retryAfter?: string | number }
  /** A page, as of a proxy or a maintenance site. */
  | { readonly kind: 'html'; readonly status?: number }
  /** Any text with any content type. */
  | { readonly kind: 'text'; readonly status?: number; readonly contentType?: string; readonly text: string }
  /** No answer, ever. */
  | { readonly kind: 'hang' }
  /** The answer, but late. */
  | { readonly kind: 'late'; readonly delayMs: number }
  /** The connection is reset without an answer. */
  | { readonly kind: 'drop' }
  /** The connection ends in the middle of the answer. */
  | { readonly kind: 'cut' }
  /** What was asked for is done, and then this error is the answer: a POST that submitted its job, and says 500. */
  | { readonly kind: 'done-but'; readonly status?: number; readonly message?: string }
  /** What was asked for is done, and then the connection is reset. */
  | { readonly kind: 'done-but-dropped' };

/** A mishap, and which requests it befalls. */
export interface Fault {
  /** @default every one */
  readonly method?: string;
  /** Matched against the path, in lower case, without the query. @default every one */
  readonly path?: RegExp;
  /** How many of them; the ones before `after` are let through. @default 1 */
  readonly times?: number;
  /** @default 0 */
  readonly after?: number;
  readonly mishap: Mishap;
}

/** The faults that are to come. */
export class Faults {
  #list: { readonly fault: Fault; seen: number }[] = [];

  /** @returns what takes it back */
  add(fault: Fault): () => void {
    const entry = { fault, seen: 0 };
    this.#list.push(entry);
    return () => {
      this.#list = this.#list.filter((one) => one !== entry);
    };
  }

  clear(): void {
    this.#list = [];
  }

  /** What befalls this request, which counts as one. */
  next(method: string, path: string): Mishap | undefined {
    for (const entry of this.#list) {
      const { fault } = entry;
      if ((fault.method ?? method) !== method || !(fault.path ?? /^/u).test(path)) continue;
      entry.seen += 1;
      const { after = 0, times = 1 } = fault;
      if (entry.seen > after && entry.seen <= after + times) return fault.mishap;
    }
    return undefined;
  }
}
