/**
 * Ends the search for a job's server when the job is over: nobody need look for one that is gone.
 *
 * @module
 */
import { AbortError } from '../../errors.js';
import { awaitEnd } from '../job.js';
import type { SiteJob } from '../site.js';
import { followed, type SiteJobContext } from './site-job.js';

/** See the module's head. */
export class JobWatch {
  readonly #jobId: string;
  readonly #context: SiteJobContext;
  readonly #gone: AbortController;
  #stop: AbortController | undefined;
  over: SiteJob | undefined;

  constructor(jobId: string, context: SiteJobContext, gone: AbortController) {
    this.#jobId = jobId;
    this.#context = context;
    this.#gone = gone;
  }

  begin(): void {
    if (this.#stop !== undefined) return;
    const stop = new AbortController();
    this.#stop = stop;
    awaitEnd(followed(this.#jobId, this.#context, stop.signal)).then(
      (job) => {
        if (stop.signal.aborted) return;
        this.over = job;
        this.#gone.abort(new AbortError('the job is over'));
      },
      // The search goes on without: it has a limit of its own.
      () => undefined,
    );
  }

  end(): void {
    this.#stop?.abort();
    this.#stop = undefined;
  }
}
