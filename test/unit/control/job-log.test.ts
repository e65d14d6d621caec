import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { endedTooSoon, receiverVouches, tellingLines } from '../../../src/control/job-log.js';
import { FakeSite } from '../../support/fake-site.js';
import { exchange } from '../../support/recorded.js';

/** What ops/tail has answered. */
const recordedLog = (name: string) => (exchange(name).response.body as { readonly output: { readonly content: string } }).output.content;

describe('the lines of a job', () => {
  it('are told without pip, progress bars and coordinates: recorded logs', () => {
    assert.deepEqual(tellingLines(recordedLog('failed-outputlog-tail')).slice(-1), ['Error: source file does not exist.']);
    assert.deepEqual(tellingLines(recordedLog('upload-into-missing-directory-outputlog-tail')).slice(-1), ["An error occurred: [Errno 2] No such file or directory: '/scratch/home/alice/nodir/x.bin'."]);
    for (const name of ['after-completed-outputlog-tail', 'cancelled-running-outputlog-tail', 'while-server-is-listening-outputlog-tail']) {
      const lines = tellingLines(recordedLog(name)).join('\n');
      assert.doesNotMatch(lines, /eyJ|coordinates|Downloading|Collecting|Successfully installed|%|█|━|Clean up/u, name);
      assert.notEqual(lines, '');
    }
  });

  it('say that the hash was compared only where it was', () => {
    assert.equal(receiverVouches(recordedLog('upload-streamer-text-eof-framing-outputlog-tail')), true);
    // The reference's own client: nothing is compared, and the file is not what was sent.
    assert.equal(receiverVouches(recordedLog('upload-streamer-reference-client-framing-outputlog-tail')), false);
    assert.equal(receiverVouches('File received successfully.\nHash mismatch!\n'), false);
    assert.equal(receiverVouches('Hash mismatch!\nFile /x received successfully.\n'), false);
    assert.equal(receiverVouches(''), false);
  });

  it("are in the error of a job that ended too soon, the scheduler's own words first", async () => {
    const site = new FakeSite();
    site.logs = { '/out': 'Starting firecrest streamer in send mode...\nUse these coordinates to connect: eyJzZWNyZXQi\n', '/err': 'slurmstepd: error: *** JOB 7 ON node1 CANCELLED AT now DUE TO TIME LIMIT ***\n' };
    const error = await endedTooSoon({ jobId: '7', name: '', state: 'TIMEOUT', over: true, exitCode: 0 }, 'before its server could be reached', { outputLog: '/out', errorLog: '/err' }, site, 'daint');
    assert.equal(error.code, 'control-job');
    assert.equal(error.message, 'job 7 ended (TIMEOUT) before its server could be reached; it says: slurmstepd: error: *** JOB 7 ON node1 CANCELLED AT now DUE TO TIME LIMIT *** | Starting firecrest streamer in send mode... (daint:/out)');
    site.logs = {};
    const silent = await endedTooSoon({ jobId: '7', name: '', state: 'FAILED', over: true, exitCode: 2 }, 'soon', { outputLog: '/out', errorLog: '/err' }, site, 'daint');
    assert.match(silent.message, /\(FAILED, exit status 2\) soon; it has written nothing/u);
  });
});
