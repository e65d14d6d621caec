/**
 * pyfirecrest, which nobody here wrote, against the gateway: what works for it with FirecREST works with the gateway. Its own
 * transfers add 98 bytes to every file when both ends are the Python package; see src/compat/PROTOCOL.md.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { skipUnless } from '../e2e/abilities.js';
import { randomFile, sha256, tempDir } from '../support/cli.js';
import { startGateway, type GatewayOptions } from '../support/gateway/gateway.js';
import { SlurmScheduler } from '../support/gateway/slurm-scheduler.js';
import { pythonOrSkip, startPythonScript } from '../support/python-peer.js';
import { PYTHON_PACKAGES } from '../support/python-venv.js';
import { slurmLacks, startCluster } from '../support/slurm.js';

const skip = await pythonOrSkip();
const HUNG_MS = 120_000;
const SIZE = 6_000_000;
/** `{"type": "eof", "sha256_hash": "…"}`, which the Python receiver takes for a piece of the file. */
const TRAILER = 98;

/** What both need: a client, and what it says when it is done. */
const CLIENT = `
import json, sys, time
from firecrest.v2 import Firecrest

url, token, home, local = sys.argv[1:]

class Bearer:
    def get_access_token(self):
        return token

client = Firecrest(url, Bearer())
`;

/** Every call that the gateway has a route for, with small things. */
const SMALL = `${CLIENT}
system = client.systems()[0]["name"]
said = {"system": system, "user": client.userinfo(system)["user"]["name"], "nodes": len(client.nodes(system)), "partitions": len(client.partitions(system)), "reservations": client.reservations(system)}
client.mkdir(system, home + "/a/b", create_parents=True)
client.upload(system, local + "/small.bin", home + "/a/b", "small.bin")
said["names"] = [entry["name"] for entry in client.list_files(system, home + "/a", recursive=True)]
said["size"] = client.stat(system, home + "/a/b/small.bin")["size"]
said["checksum"] = client.checksum(system, home + "/a/b/small.bin")["checksum"]
said["mode"] = client.chmod(system, home + "/a/b/small.bin", "600")["permissions"]
client.download(system, home + "/a/b/small.bin", local + "/back.bin")
job = client.submit(system, home, script_str="#!/bin/bash\\n#SBATCH --output=out-%j.txt\\nfor i in 1 2 3; do echo $WORD $i; done\\n", env_vars={"WORD": "line"})["jobId"]
said["state"] = client.wait_for_job(system, job)[0]["status"]["state"]
out = home + "/out-" + job + ".txt"
said["head"] = client.head(system, out, num_lines=1)["content"]
said["tail"] = client.tail(system, out, num_lines=1)["content"]
said["view"] = client.view(system, out)
said["listed"] = job in [one["jobId"] for one in client.job_info(system)]
said["script"] = client.job_metadata(system, job)[0]["script"].split("\\n")[0]
sleeper = client.submit(system, home, script_str="#!/bin/bash\\nsleep 600\\n")["jobId"]
client.cancel_job(system, sleeper)
said["cancelled"] = client.wait_for_job(system, sleeper)[0]["status"]["state"].split(" ")[0]
client.rm(system, home + "/a")
said["left"] = [entry["name"] for entry in client.list_files(system, home) if entry["name"] == "a"]
print(json.dumps(said))
`;

/**
 * A large file there and back. The client tries the ports once when the job runs, and says nothing when nobody listens yet:
 * hence again until something has moved, by the same calls that it makes itself.
 */
const LARGE = `${CLIENT}
import os
system = client.systems()[0]["name"]
target = home + "/large.bin"

def there():
    return any(entry["name"] == "large.bin" for entry in client.list_files(system, home))

upload = client.upload(system, local + "/large.bin", home, "large.bin", transfer_method="streamer", blocking=False)
upload.wait_for_streamer_job_to_listen()
while not there():
    upload.upload_file_streamer()
    time.sleep(0.1)
client.wait_for_job(system, upload.transfer_data["transferJob"]["jobId"])

download = client.download(system, target, local + "/again.bin", transfer_method="streamer", blocking=False)
download.wait_for_streamer_job_to_listen()
while not os.path.exists(local + "/again.bin"):
    download.download_file_streamer()
    time.sleep(0.1)
state = client.wait_for_job(system, download.transfer_data["transferJob"]["jobId"])[0]["status"]["state"]
print(json.dumps({"size": client.stat(system, target)["size"], "state": state}))
`;

/** Runs a script against a gateway. @returns what it said, and where its files and the user's are */
async function run(t: TestContext, script: string, options: GatewayOptions, size: number, name: string): Promise<{ said: Readonly<Record<string, unknown>>; local: string; home: string; hash: string }> {
  const local = await tempDir(t);
  const hash = await randomFile(path.join(local, name), size);
  const gateway = await startGateway(t, options);
  const ended = await startPythonScript(t, script, [gateway.url, gateway.tokenFor('alice'), gateway.home, local]).exitWithin(HUNG_MS);
  assert.equal(ended.code, 0, ended.stderr);
  return { said: JSON.parse(ended.stdout.trim().split('\n').at(-1) ?? '') as Readonly<Record<string, unknown>>, local, home: gateway.home, hash };
}

async function small(t: TestContext, options: GatewayOptions): Promise<void> {
  const { said, local, hash } = await run(t, SMALL, options, 70_000, 'small.bin');
  assert.deepEqual(said, {
    system: 'cluster', user: 'alice', nodes: 1, partitions: said['partitions'], reservations: [], names: ['b', 'b/small.bin'], size: 70_000, checksum: hash, mode: 'rw-------', state: 'COMPLETED',
    head: 'line 1\n', tail: 'line 3\n', view: 'line 1\nline 2\nline 3\n', listed: true, script: '#!/bin/bash', cancelled: 'CANCELLED', left: [],
  });
  assert.equal(await sha256(path.join(local, 'back.bin')), hash);
}

async function large(t: TestContext, options: GatewayOptions, added: number): Promise<void> {
  const { said, local, home } = await run(t, LARGE, options, SIZE, 'large.bin');
  assert.deepEqual(said, { size: SIZE + added, state: 'COMPLETED' });
  const source = await readFile(path.join(local, 'large.bin'));
  const there = await readFile(path.join(home, 'large.bin'));
  const again = await readFile(path.join(local, 'again.bin'));
  assert.deepEqual([there.length, again.length], [SIZE + added, SIZE + 2 * added]);
  for (const copy of [there, again]) assert.ok(copy.subarray(0, SIZE).equals(source));
}

describe(`pyfirecrest ${PYTHON_PACKAGES.pyfirecrest} and the gateway`, { skip }, () => {
  it('do all the small things', (t) => small(t, {}));
  it('move a large file to and from the Python streamer', (t) => large(t, {}, TRAILER));
  it('move a large file to and from our own', (t) => large(t, { systems: [{ streamer: 'ours' }] }, 0));

  describe('with real Slurm', { skip: skipUnless(slurmLacks() === '', `no Slurm: ${slurmLacks()}`) }, () => {
    const slurm = async (t: TestContext): Promise<GatewayOptions> => {
      const cluster = await startCluster(t);
      return { scheduler: (places) => SlurmScheduler.open(cluster, places) };
    };
    it('do all the small things', async (t) => small(t, await slurm(t)));
    it('move a large file to and from the Python streamer', async (t) => large(t, await slurm(t), TRAILER));
  });
});
