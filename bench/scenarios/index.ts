/**
 * The scenarios, by name.
 *
 * @module
 */
import { memory } from './memory.js';
import type { ScenarioName } from './names.js';
import { oneFile } from './one-file.js';
import type { Scenario } from './scenario.js';
import { relayLoad } from './relay-load.js';
import { sessions } from './sessions.js';
import { slowReceiver } from './slow-receiver.js';
import { smallFiles } from './small-files.js';
import { startUp } from './start-up.js';
import { wideArea } from './wide-area.js';

/** Every scenario. To add one: write a file of this folder, and name it here and in `names.ts`. */
export const SCENARIOS: Readonly<Record<ScenarioName, Scenario>> = {
  'one-file': oneFile,
  'small-files': smallFiles,
  'wide-area': wideArea,
  'sessions': sessions,
  'slow-receiver': slowReceiver,
  'relay-load': relayLoad,
  'memory': memory,
  'start-up': startUp,
};
