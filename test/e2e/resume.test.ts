/**
 * What was interrupted goes on. In one file, so that those who wait for a silent link do so beside the others.
 */
import { describe } from 'node:test';
import { describeHalfOpen } from './half-open.js';
import { tellKillPoints } from './kill-points.js';
import { describeGone } from './link-gone.js';
import { describeChanges } from './resume-changed.js';
import { describeKills, KILL_POINTS } from './resume-kill.js';
import { describeLinks } from './resume-link.js';

describe('resume', { concurrency: 4 }, () => {
  describeHalfOpen();
  describeLinks();
  describeGone();
  describeKills();
  describeChanges();
});

tellKillPoints(KILL_POINTS);
