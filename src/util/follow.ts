/**
 * Abort signals that follow others, and stop doing so.
 *
 * @module
 */

/**
 * Has a controller abort when the first of some signals does, with its reason. Not AbortSignal.any: node 22 and 24 keep what that
 * made for ever when it aborts while somebody listens, and with its reason all that was at work then.
 * @returns lets go of them: to be called when it is over
 */
export function follow(controller: AbortController, ...signals: readonly (AbortSignal | undefined)[]): () => void {
  const acts: (() => void)[] = [];
  const letGo = (): void => {
    for (const act of acts.splice(0)) act();
  };
  for (const signal of signals) {
    if (signal === undefined) continue;
    const abort = (): void => {
      letGo();
      controller.abort(signal.reason);
    };
    if (signal.aborted) {
      abort();
      break;
    }
    signal.addEventListener('abort', abort, { once: true });
    acts.push(() => signal.removeEventListener('abort', abort));
  }
  return letGo;
}
