/** What a job's log says: coordinates for one reader, or why there are none. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { coordinatesIn, failureIn, unsentIn } from '../../../../src/control/agent/job-log.js';
import { generateIdentity, publicKeyOf } from '../../../../src/coordinates/keys.js';
import { sealCoordinates } from '../../../../src/coordinates/sealed.js';
import { CoordinatesError } from '../../../../src/errors.js';

const identity = generateIdentity();
const sealed = (text: string) => `Use these coordinates to connect: ${sealCoordinates(text, [publicKeyOf(identity)])}\n`;

describe('the coordinates in a log', () => {
  it('are opened, whatever stands around them', () => {
    assert.equal(coordinatesIn(`Loading module\nServer is listening on ws://0.0.0.0:5665\n${sealed('one')}connected\n`, identity), 'one');
    assert.equal(coordinatesIn(sealed('one').replace('\n', '\r\n'), identity), 'one');
  });

  it('are the last ones, where a server published twice', () => {
    assert.equal(coordinatesIn(sealed('one') + sealed('two'), identity), 'two');
  });

  it('are not there yet, where a part of them is', () => {
    const whole = sealed('one').trimEnd();
    for (let length = 0; length < whole.length; length += 1) assert.equal(coordinatesIn(whole.slice(0, length), identity), undefined);
  });

  it('are not taken in the clear, in which anybody could have read them or written them', () => {
    assert.equal(coordinatesIn('Use these coordinates to connect: streamer2.gaF2Ag\n', identity), undefined);
    assert.equal(coordinatesIn('Use these coordinates to connect: eyJwb3J0cyI6WzEsMV0sImlwcyI6WyJ4Il0sInNlY3JldCI6InkifQ==\n', identity), undefined);
  });

  it('of another reader are an error', () => {
    assert.throws(() => coordinatesIn(sealed('one'), generateIdentity()), (error) => error instanceof CoordinatesError && error.code === 'coordinates-sealed');
  });

  it('are found or not in any text, and nothing is thrown', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => coordinatesIn(`Use these coordinates to connect: streamer2s.${text}`, identity) === undefined));
  });
});

describe('a job that has ended too early', () => {
  const job = { jobId: '7', state: 'FAILED', exitCode: 1 };
  const why = (log: string | undefined, reached = false) => failureIn(log, job, { reached, kept: 'daint:/scratch/alice/.streamer/run-1/job.log' });

  it('fails as its server did', () => {
    const error = why('Some module\nstreamer: /scratch/x is there already; allow replacing it with --overwrite [storage-exists]\n');
    assert.deepEqual([error.code, error.exitCode], ['storage-exists', 8]);
    assert.match(error.message, /^the other end reports: \/scratch\/x is there already/u);
  });

  it('fails as its script did, and says what to do', () => {
    const error = why('streamer job: there is no node in PATH: see --node\n');
    assert.deepEqual([error.code, error.exitCode], ['control-job', 11]);
    assert.match(error.message, /^job 7 could not begin: there is no node in PATH: see --node \(`node`: an environment module, a file, or venv.*\); its log: daint:\/scratch\/.*job\.log$/u);
    assert.doesNotMatch(why('streamer job: pip could not get Node\n').message, /`node`/u);
  });

  it('fails with its last words otherwise, in one line without control characters', () => {
    const error = why('one\ntwo\nthree\n\u001b[2Jslurmstepd: error: *** JOB 7 CANCELLED\n');
    assert.match(error.message, /^job 7 ended \(FAILED, exit status 1\) before it could be reached; its log ends with: two \| three \| \[2Jslurmstepd: error: \*\*\* JOB 7 CANCELLED; it is kept: daint:/u);
    assert.doesNotMatch(error.message, /\p{Cc}/u);
    assert.match(why('x', true).message, /during the transfer, of which what has arrived is kept; its log ends with: x/u);
    for (const log of ['', '\n\n', undefined]) assert.match(why(log).message, /its log is empty/u);
  });

  it('does not believe a code that there is none of', () => {
    assert.equal(why('streamer: something [no-such-code]\n').code, 'control-job');
  });

  it('has one line for any log', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (log) => !/[\r\n]/u.test(why(log).message)));
  });
});

describe('what a server could not send', () => {
  const summary = 'streamer: 2 entries could not be moved, as told above; everything else was. Mend that and run the same command again [storage-incomplete]';

  it('is told entry by entry, and is an error', () => {
    const unsent = unsentIn(`connected to 1.2.3.4 [x]\ncannot read a: it belongs to another user [storage-denied]\nskipped: b\u001b[2J: no\nsent tree: 1 FAILED\n${summary}\n`);
    assert.deepEqual(unsent?.told, ['skipped: b [2J: no'], 'the other is told by the wire');
    assert.deepEqual([unsent.error.code, unsent.error.exitCode], ['storage-incomplete', 8]);
  });

  it('is told in a few lines, however much it is', () => {
    const unsent = unsentIn(`${'skipped: it: no\n'.repeat(70)}${summary}`);
    assert.deepEqual([unsent?.told.length, unsent?.told.at(-1)], [21, 'and 50 more']);
  });

  it('is nothing where it failed otherwise, after its client had everything, or not at all', () => {
    for (const log of ['', 'done\n', 'streamer: the link is lost [connect-lost]\n']) assert.equal(unsentIn(log), undefined);
  });
});
