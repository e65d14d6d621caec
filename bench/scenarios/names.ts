/**
 * The scenarios' names, for the command line and the results.
 *
 * @module
 */

/** All of them, in the order of the table. */
export const SCENARIO_NAMES = ['one-file', 'small-files', 'wide-area', 'sessions', 'slow-receiver', 'relay-load', 'memory', 'start-up'] as const;

/** One of them. */
export type ScenarioName = (typeof SCENARIO_NAMES)[number];

/** Those of a bench that is not told which: the wide-area grid takes half an hour. */
export const QUICK_SCENARIOS: readonly ScenarioName[] = SCENARIO_NAMES.filter((name) => name !== 'wide-area');

/** Whether there is such a scenario. */
export function isScenarioName(text: string): text is ScenarioName {
  return (SCENARIO_NAMES as readonly string[]).includes(text);
}
