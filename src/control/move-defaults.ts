/**
 * Defaults of downloads and uploads that the command line shows: apart, since its start must load nothing that only they need.
 *
 * @module
 */

/** How long a job may wait in the queue, milliseconds: transfer jobs are short, and nobody looks at a terminal for longer. */
export const START_TIMEOUT_MS = 3_600_000;
