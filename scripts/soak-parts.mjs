// Runs the parts of a soak one after the other, and says what came of them.

/** What a part ends with that cannot run here: automake's status for a test that is skipped. */
export const SKIPPED = 77;

/**
 * @param parts names, in their order
 * @param run runs one. Returns its exit status.
 * @param optional whether a part may be skipped; one that was asked for by name, or where everything must run, may not.
 * @returns the exit status of all.
 */
export function runParts(parts, run, { optional, say = console.log }) {
  const skipped = [];
  const failed = [];
  for (const part of parts) {
    say(`\nsoak: ${part}`);
    const status = run(part);
    if (status === SKIPPED && optional) skipped.push(part);
    else if (status !== 0) failed.push(part);
  }
  say(failed.length === 0 ? '\nsoak: nothing was lost' : `\nsoak: FAILED: ${failed.join(', ')}`);
  if (skipped.length > 0) say(`soak: SKIPPED, each has said why: ${skipped.join(', ')}`);
  return failed.length === 0 ? 0 : 1;
}
