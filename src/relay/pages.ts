/**
 * What a relay answers to requests for other things than an upgrade: its health and its metrics.
 *
 * @module
 */
import type { PlainAnswer } from '../transport/listen.js';
import { placeOf } from './door.js';
import type { RelayMetrics } from './metrics.js';

/** What the pages tell. */
export interface PagesOptions {
  readonly metrics: RelayMetrics;
  /** Tell the metrics on the relay's own port. */
  readonly publicMetrics: boolean;
  /** Why it takes no new rooms now; undefined while it does. */
  readonly notReady: () => string | undefined;
}

/** See the module's head. */
export class Pages {
  readonly #options: PagesOptions;

  constructor(options: PagesOptions) {
    this.#options = options;
  }

  /** `GET /metrics`, `/healthz` and `/readyz`, for a port of their own. */
  own(path: string): Promise<PlainAnswer> | undefined {
    const { metrics, notReady } = this.#options;
    switch (path.split('?')[0]) {
      case '/healthz':
        return plain(200, 'ok');
      case '/readyz': {
        const why = notReady();
        return why === undefined ? plain(200, 'ready') : plain(503, why);
      }
      case '/metrics':
        return metrics.text().then((body) => ({ status: 200, type: metrics.contentType, body }));
      default:
        return undefined;
    }
  }

  /** The same at the relay's own port, where the metrics are not for everybody. */
  public(path: string): Promise<PlainAnswer> {
    if (/^\/metrics(?:\?|$)/u.test(path) && !this.#options.publicMetrics) return plain(404, 'Nothing here');
    return this.own(path) ?? (placeOf(path) === undefined ? plain(404, 'Nothing here') : plain(426, 'This is a relay for `streamer`'));
  }
}

function plain(status: number, text: string): Promise<PlainAnswer> {
  return Promise.resolve({ status, type: 'text/plain', body: `${text}\n` });
}
