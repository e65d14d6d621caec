/**
 * Runs any machine: facts in, wishes carried out, in order. The only loop.
 *
 * @module
 */

/** A sans-IO machine: see `wire/sender-machine.ts`. */
export interface Machine<Input, Effect> {
  handle(input: Input): readonly Effect[];
}

/**
 * Returns a function that feeds the machine. Carrying out an effect may feed it again at once (a read that was
 * synchronous, say): such inputs wait their turn, so the machine is never entered twice.
 * @param failed told of an exception, after which nothing more is handled.
 */
export function pump<Input, Effect>(
  machine: Machine<Input, Effect>,
  perform: (effect: Effect) => void,
  failed: (error: unknown) => void,
): (input: Input) => void {
  const inputs: Input[] = [];
  let running = false;
  let dead = false;
  return (input) => {
    inputs.push(input);
    if (running) return;
    running = true;
    try {
      for (let next = inputs.shift(); next !== undefined && !dead; next = inputs.shift()) {
        for (const effect of machine.handle(next)) perform(effect);
      }
    } catch (error) {
      dead = true;
      failed(error);
    } finally {
      running = false;
    }
  };
}
