/**
 * What was interrupted goes on. In one file, so that those who wait for a silent link do so beside the others.
 */
import { describe } from 'node:test';
import { tellKillPoints } from './kill-points.js';
import { describeChanges } from './resume-changed.js';
import { describeKills, KILL_POINTS } from './resume-kill.js';
import { describeLinks } from './resume-link.js';

describe('resume', { concurrency: 4 }, () => {
  describeLinks();
  describeKills();
  describeChanges();
});

tellKillPoints(KILL_POINTS);
