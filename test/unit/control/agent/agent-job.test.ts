/** The job of a request: what its script says, and what its name depends on. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { agentJob, schedulerOf, type JobRequest } from '../../../../src/control/agent/agent-job.js';
import { generateIdentity, publicKeyOf } from '../../../../src/coordinates/keys.js';
import { UsageError } from '../../../../src/errors.js';

const sealTo = publicKeyOf(generateIdentity());
const DOWNLOAD: JobRequest = { direction: 'download', remote: ['/scratch/run 7'], scheduler: 'slurm', agent: {}, sealTo, program: '/scratch/alice/.streamer/streamer-agent-0123456789ab.cjs', settings: {} };
const UPLOAD: JobRequest = { ...DOWNLOAD, direction: 'upload', remote: ['/scratch/model'] };

/** The words of the server that a script runs. */
const script = (request: JobRequest) => agentJob(request).script;

describe("the agent's job", () => {
  it('runs the program that was brought, as the server of the other direction, sealed to the user', () => {
    const sends = script(DOWNLOAD);
    assert.match(sends, /^streamer=\/scratch\/alice\/\.streamer\/streamer-agent-0123456789ab\.cjs$/mu);
    assert.ok(sends.includes(`--seal-to=${sealTo}`));
    assert.match(sends, /^exec "\$@" send '\/scratch\/run 7' <\/dev\/null$/mu);
    assert.match(script(UPLOAD), /^exec "\$@" receive \/scratch\/model <\/dev\/null$/mu);
  });

  it('sends many paths from one job', () => {
    assert.match(script({ ...DOWNLOAD, remote: ['/a', "/b;c'd", '/$e'] }), /send \/a '\/b;c'\\''d' '\/\$e' <\/dev\/null$/mu);
  });

  it('waits for its client not for long, for it is paid for, and never beyond its time', () => {
    assert.match(script(DOWNLOAD), /--wait-timeout=300\b/u);
    assert.match(script({ ...DOWNLOAD, agent: { timeMs: 120_000 } }), /--wait-timeout=120\b/u);
    assert.match(script({ ...DOWNLOAD, agent: { waitTimeoutMs: 30_000 } }), /--wait-timeout=30\b/u);
  });

  it('is one of the scheduler that the system has', () => {
    assert.match(script({ ...DOWNLOAD, agent: { partition: 'debug', directives: ['--constraint=gpu'], timeMs: 600_000 } }), /#SBATCH --partition=debug\n[\s\S]*#SBATCH --time=00:10:00\n[\s\S]*#SBATCH --constraint=gpu\n/u);
    assert.match(script({ ...DOWNLOAD, scheduler: 'pbs', agent: { partition: 'debug' } }), /#PBS -q debug\n/u);
    assert.deepEqual([schedulerOf('slurm'), schedulerOf('PBS'), schedulerOf('firework')], ['slurm', 'pbs', undefined]);
  });

  it('leaves account and log to FirecREST, which has its own options for them', () => {
    assert.doesNotMatch(script(DOWNLOAD), /--account|--output|--chdir/u);
  });

  it('opens a port only where somebody can come by it', () => {
    const relay = { url: 'wss://relay.example.org', tokenFile: '/home/alice/token' };
    const site = { publicIps: ['192.0.2.7'], portRange: [5665, 5670] } as const;
    assert.match(script(DOWNLOAD), /--public-ips=\$\(hostname -f/u);
    assert.match(script({ ...DOWNLOAD, site }), /--public-ips=192\.0\.2\.7 \\\n {2}--host=0\.0\.0\.0 \\\n {2}--port-range=5665-5670/u);
    assert.match(script({ ...DOWNLOAD, site, agent: { publicIps: ['198.51.100.1'], portRange: [7000, 7001] } }), /--public-ips=198\.51\.100\.1 \\\n[\s\S]*--port-range=7000-7001/u);
    const relayed = script({ ...DOWNLOAD, agent: { relay } });
    assert.match(relayed, /--relay=wss:\/\/relay\.example\.org \\\n {2}--relay-token-file=\/home\/alice\/token/u);
    assert.doesNotMatch(relayed, /--public-ips|--host/u);
    assert.doesNotMatch(script({ ...DOWNLOAD, site, agent: { relay }, settings: { route: 'relay' } }), /--public-ips|--host/u);
    const direct = script({ ...DOWNLOAD, agent: { relay }, settings: { route: 'direct' } });
    assert.match(direct, /--public-ips=\$\(hostname -f/u);
    assert.doesNotMatch(direct, /--relay=/u);
  });

  it('tells the end that serves what it must know itself', () => {
    assert.match(script({ ...UPLOAD, settings: { existing: 'overwrite', delete: true, dryRun: true, checksum: true } }), /--overwrite \\\n {2}--delete \\\n {2}--dry-run \\\n {2}--checksum\n/u);
    assert.match(script({ ...UPLOAD, settings: { existing: 'skip' } }), /--skip-existing/u);
    assert.match(script({ ...UPLOAD, settings: { existing: 'update' } }), /--update/u);
    assert.doesNotMatch(script({ ...UPLOAD, settings: { existing: 'refuse' } }), /--overwrite/u);
    assert.match(script(UPLOAD), /--inbound-transfer-limit=9007199254740991/u);
    const sends = script({ ...DOWNLOAD, settings: { existing: 'overwrite', delete: true, digest: 'sha256', rules: [{ kind: 'exclude', pattern: '*.tmp; rm x' }, { kind: 'include', pattern: 'keep' }] } });
    assert.match(sends, /'--exclude=\*\.tmp; rm x' \\\n {2}--include=keep \\\n {2}--digest=sha256/u);
    assert.doesNotMatch(sends, /--overwrite|--delete|--inbound/u);
  });

  it('has the same name for the same request, and another for another', () => {
    const { name } = agentJob(DOWNLOAD);
    assert.match(name, /^streamer-[0-9a-f]{12}$/u);
    assert.equal(agentJob({ ...DOWNLOAD }).name, name);
    assert.ok(agentJob(DOWNLOAD).script.includes(`#SBATCH --job-name=${name}\n`));
    for (const other of [UPLOAD, { ...DOWNLOAD, remote: ['/scratch/run 8'] }, { ...DOWNLOAD, sealTo: publicKeyOf(generateIdentity()) }, { ...DOWNLOAD, settings: { digest: 'sha256' } as const }]) assert.notEqual(agentJob(other).name, name);
  });

  it('takes absolute paths only: no job begins where the user thinks', () => {
    assert.throws(() => agentJob({ ...DOWNLOAD, remote: ['/a', 'run7'] }), (error) => error instanceof UsageError && /"run7" is no absolute path/u.test(error.message));
  });
});
