/**
 * The Python client as programs use it: its two library calls, and pyfirecrest's own upload and download, asynchronous
 * and not, with a stand-in for the HTTP half of pyfirecrest's client. Our server is the job at the other end.
 */
import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import { randomFile, sha256, tempDir } from '../support/cli.js';
import { pythonOrSkip, startPythonScript } from '../support/python-peer.js';
import { PYTHON_PACKAGES } from '../support/python-venv.js';
import { HUNG_MS, opposite, startServerOf, targetIn } from './pairing.js';

const skip = await pythonOrSkip();
const SIZE = 12_000_000;

/** As a user's script calls the package: sys.argv is the action, the coordinates and the path. */
const LIBRARY = `
import asyncio, sys
from streamer import streamer_client as cli

action, coordinates, path = sys.argv[1:]
config = cli.set_coordinates(coordinates)
config.target = path
asyncio.run(cli.client_send(config) if action == "send" else cli.client_receive(config))
`;

/** What both of pyfirecrest's clients are asked for: how the job is, and to log. */
const STAND_IN = `
import asyncio, sys

action, coordinates, path = sys.argv[1:]
info = {
    "transferJob": {"jobId": "7", "system": "cluster"},
    "transferDirectives": {"transferMethod": "streamer", "coordinates": coordinates},
}
running = [{"status": {"state": "RUNNING"}}]
`;

const ASYNCHRONOUS = `${STAND_IN}
from firecrest.v2._async.Client import AsyncExternalDownload, AsyncExternalUpload

class Client:
    def log(self, level, message):
        pass
    async def job_info(self, system, job):
        return running

async def main():
    if action == "send":
        upload = AsyncExternalUpload(client=Client(), transfer_info=info, local_file=path)
        await upload.wait_for_streamer_job_to_listen()
        await upload.upload_file_streamer()
    else:
        download = AsyncExternalDownload(client=Client(), transfer_info=info, file_path=path)
        await download.wait_for_streamer_job_to_listen()
        await download.download_file_streamer()

asyncio.run(main())
`;

const SYNCHRONOUS = `${STAND_IN}
from firecrest.v2._sync.Client import ExternalDownload, ExternalUpload

class Client:
    def log(self, level, message):
        pass
    def job_info(self, system, job):
        return running

if action == "send":
    upload = ExternalUpload(client=Client(), transfer_info=info, local_file=path)
    upload.wait_for_streamer_job_to_listen()
    upload.upload_file_streamer()
else:
    download = ExternalDownload(client=Client(), transfer_info=info, file_path=path)
    download.wait_for_streamer_job_to_listen()
    download.download_file_streamer()
`;

const CALLERS = [
  { name: "the package's client_send and client_receive", script: LIBRARY },
  { name: `pyfirecrest ${PYTHON_PACKAGES.pyfirecrest}, asynchronous`, script: ASYNCHRONOUS },
  { name: `pyfirecrest ${PYTHON_PACKAGES.pyfirecrest}`, script: SYNCHRONOUS },
];

for (const { name, script } of CALLERS) {
  describe(`${name}, with our server`, { skip }, () => {
    for (const action of ['send', 'receive'] as const) {
      it(`${action}s ${SIZE} bytes`, async (t) => {
        const source = path.join(await tempDir(t), 'source.bin');
        const hash = await randomFile(source, SIZE);
        const { target } = await targetIn(t);
        const [local, remote] = action === 'send' ? [source, target] : [target, source];
        const server = await startServerOf(t, 'ours', opposite(action), remote);
        const ended = await startPythonScript(t, script, [action, server.coordinates, local]).exitWithin(HUNG_MS);
        assert.equal(ended.code, 0, ended.stderr);
        assert.equal((await server.child.exitWithin(HUNG_MS)).code, 0);
        assert.equal((await stat(target)).size, SIZE);
        assert.equal(await sha256(target), hash);
      });
    }
  });
}
