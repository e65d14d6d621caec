/**
 * What answers over HTTP may bring: bodies that say that they are FirecREST's, error answers of whatever stands before it, waits
 * that they ask for, and what a job has written. Only our errors come of it, in one line, and only what was promised.
 *
 * @module
 */
import assert from 'node:assert/strict';
import { answerFailure } from '../../../src/control/firecrest/answer-failure.js';
import { parseChecksum, parseEntries, parseStat, parseTail, parseView } from '../../../src/control/firecrest/files.js';
import { parseJobs, parseMetadata, parseSubmitted } from '../../../src/control/firecrest/jobs.js';
import { parseSystems, parseUserInfo } from '../../../src/control/firecrest/systems.js';
import { parseTransferJob } from '../../../src/control/firecrest/transfers.js';
import { receiverVouches, tellingLines } from '../../../src/control/job-log.js';
import { RETRY_AFTER_MOST_MS, retryAfterMs } from '../../../src/control/retry-after.js';
import { StreamerError } from '../../../src/errors.js';
import { headed, orRefused, type FuzzTarget } from '../target.js';

const PARSERS: readonly ((answer: unknown) => unknown)[] = [parseSystems, parseUserInfo, parseJobs, parseMetadata, parseSubmitted, parseTransferJob, parseEntries, parseStat, parseChecksum, parseTail, parseView];
/** Heads beyond the parsers'. */
const [FAILURE, WAIT, LOG] = [PARSERS.length, PARSERS.length + 1, PARSERS.length + 2];
const HEADS = PARSERS.length + 3;

const isRefusal = (error: unknown) => error instanceof StreamerError;
const seed = (head: number, body: unknown): Buffer => Buffer.concat([Buffer.of(head), Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))]);

const SYSTEM = {
  name: 'daint',
  ssh: { host: 'h', port: 22 },
  scheduler: { type: 'slurm', version: '24.05', timeout: 10 },
  servicesHealth: [{ serviceType: 'scheduler', lastChecked: 'x', latency: 0.1, healthy: true, message: null, nodes: { available: 1, total: 2 } }, { serviceType: 'filesystem', healthy: false, path: '/home' }],
  fileSystems: [{ path: '/home', dataType: 'users', defaultWorkDir: true }],
  datatransferJobsDirectives: ['#SBATCH --time=10'],
  maxOpsFileSize: 5_242_880,
  dataOperation: { maxOpsFileSize: 5_242_880, dataTransfer: { serviceType: 'streamer', host: 'h', portRange: [5665, 5670], publicIps: ['192.0.2.1'], waitTimeout: 86_400, inboundTransferLimit: 5_368_709_120 } },
};
const JOB = { jobId: 1, name: 'x', status: { state: 'RUNNING', stateReason: 'None', exitCode: 0, interruptSignal: 0 }, account: 'a', allocationNodes: 1, cluster: 'c', group: 'g', nodes: 'n', partition: 'p', priority: 1, user: 'u', workingDirectory: '/home/u', time: { elapsed: 1, start: 1, end: null, suspended: 0, limit: 60 } };
const ENTRY = { name: 'x', type: '-', linkTarget: null, user: 'u', group: 'g', permissions: 'rw-r--r--', lastModified: '2026-01-01T00:00:00', size: '5' };

export const target: FuzzTarget = {
  maxBytes: 4096,
  seeds: () => [
    seed(0, { systems: [SYSTEM] }),
    seed(1, { user: { id: '1', name: 'u' }, group: { id: '1', name: 'g' }, groups: [{ id: '1', name: 'g' }] }),
    seed(2, { jobs: [JOB] }),
    seed(3, { jobs: [{ jobId: 1, script: '#!/bin/sh', standardInput: null, standardOutput: '/o', standardError: '/e' }] }),
    seed(4, { jobId: 5 }),
    seed(5, { transferJob: { jobId: 5, system: 's', workingDirectory: '/w', logs: { outputLog: '/o', errorLog: '/e' } }, transferDirectives: { transferMethod: 'streamer', coordinates: 'eyJ' } }),
    seed(6, { output: [ENTRY] }),
    seed(7, { output: { mode: 33_188, ino: 1, dev: 1, nlink: 1, uid: 1, gid: 1, size: 5, atime: 1, ctime: 1, mtime: 1 } }),
    seed(8, { output: { algorithm: 'SHA256', checksum: 'a'.repeat(64) } }),
    seed(9, { output: { content: 'text', contentType: 'lines', startPosition: 1, endPosition: 2 } }),
    seed(10, { output: 'text' }),
    ...[400, 401, 404, 408, 413, 429, 500, 502, 503].flatMap((status) => [
      Buffer.concat([Buffer.of(FAILURE, status >> 8, status & 255), Buffer.from('{"errorType":"error","message":"Job not found.","causedBy":["x"],"data":null}')]),
      Buffer.concat([Buffer.of(FAILURE, status >> 8, status & 255), Buffer.from('<html>no</html>')]),
    ]),
    seed(WAIT, '120'),
    seed(WAIT, 'Wed, 21 Oct 2026 07:28:00 GMT'),
    seed(LOG, 'Collecting x\nUse these coordinates to connect: eyJ\nslurmstepd: error: CANCELLED\nFile received successfully.\n'),
  ],
  fuzz: (data) => {
    const [head, rest] = headed(data);
    const text = rest.toString('utf8');
    switch (head % HEADS) {
      case FAILURE: {
        const status = rest.length < 2 ? 500 : rest.readUInt16BE(0);
        const error = answerFailure({ status, text: rest.subarray(2).toString('utf8'), origin: 'https://firecrest.example', clockAheadMs: status % 2 === 0 ? undefined : 3_600_000 });
        assert.ok(error instanceof StreamerError && !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(error.message) && error.message.length < 1500, error.message);
        return;
      }
      case WAIT: {
        const [value = '', date = null] = text.split('\n');
        const wait = retryAfterMs(value, date, 1_000_000);
        assert.ok(wait === undefined || (wait >= 0 && wait <= RETRY_AFTER_MOST_MS));
        return;
      }
      case LOG:
        receiverVouches(text);
        for (const line of tellingLines(text)) assert.ok(!/[\p{Cc}\p{Zl}\p{Zp}]/u.test(line) && !line.startsWith('eyJ'));
        return;
      default: {
        let answer: unknown;
        try {
          answer = JSON.parse(text);
        } catch {
          answer = text;
        }
        orRefused(() => PARSERS[head % HEADS]?.(answer), isRefusal);
      }
    }
  },
};
