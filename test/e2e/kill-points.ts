/**
 * How many kill points a test file had: moments drawn by chance at which a process was killed or told to end. The table of
 * docs/reliability.md counts them.
 *
 * @module
 */
import assert from 'node:assert/strict';
import { it } from 'node:test';

let points = 0;

/** One more has come. */
export function killPoint(): void {
  points += 1;
}

/** Registers, as the last of a file's tests, one that tells them: fewer than there are to be is a failure. */
export function tellKillPoints(wanted: number): void {
  it(`${wanted} kill points`, (t) => {
    t.diagnostic(`${points} kill points; the seed of each stands at its test`);
    assert.equal(points, wanted);
  });
}
