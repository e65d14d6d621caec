/**
 * The command line that FirecREST's job script has, the lines that a server prints, and coordinates, each read by the
 * other end.
 */
import assert from 'node:assert/strict';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { parseCoordinates } from '../../src/coordinates/codec.js';
import { BIN, COORDINATES_LINE, freePort, readServerLines, startProgram, startStreamer, tempDir, type RunningServer } from '../support/cli.js';
import { pythonOrSkip, startPythonClient, startPythonScript } from '../support/python-peer.js';
import { PYTHON } from '../support/python-venv.js';
import { HUNG_MS, opposite, SECRET, startClientOf, startServerOf, targetIn, type Action, type Make } from './pairing.js';
import { connectRaw, startRawServer } from './raw-peer.js';

const skip = await pythonOrSkip();
const MAKES: readonly Make[] = ['python', 'ours'];

/** A directory with a command named `streamer`, as a job finds it on its PATH. */
async function binWith(t: TestContext, make: Make): Promise<string> {
  const directory = await tempDir(t);
  const file = path.join(directory, 'streamer');
  const words = make === 'ours' ? [process.execPath, BIN] : [PYTHON, '-m', 'streamer'];
  await writeFile(file, `#!/bin/sh\nexec ${words.map((word) => `'${word}'`).join(' ')} "$@"\n`);
  await chmod(file, 0o755);
  return directory;
}

/** FirecREST's job script, its last line: double spaces and all, as the template makes them. */
function jobLine({ first, last, action, file }: { first: number; last: number; action: Action; file: string }): string {
  return (
    `streamer server --secret ${SECRET} --host 127.0.0.1  --public-ips 127.0.0.1  --public-ips 192.0.2.7  ` +
    `--port-range ${first} ${last} --wait-timeout 86400 --inbound-transfer-limit 5368709120 ${action} --path ${file}`
  );
}

/** Runs the line as a job does, through a shell. */
async function runJob(t: TestContext, make: Make, line: string): Promise<RunningServer> {
  const directory = await binWith(t, make);
  const env = { PATH: `${directory}${path.delimiter}${process.env['PATH'] ?? ''}`, PYTHONUNBUFFERED: '1' };
  return readServerLines(startProgram(t, ['/bin/sh', '-c', `exec ${line}`], { env }));
}

interface Fields {
  readonly ports: readonly [number, number];
  readonly ips: readonly string[];
  readonly secret: string;
  readonly operation?: string;
}
/** As the Python server writes coordinates, and as its client wants them: padded. */
const encode = (fields: Fields) => Buffer.from(JSON.stringify(fields)).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
const decode = (coordinates: string) => JSON.parse(Buffer.from(coordinates, 'base64url').toString()) as Fields;

/** Takes a port, as another job on the node would. */
async function takePort(t: TestContext, port: number): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  t.after(() => server.close());
}

describe("FirecREST's job script line, unchanged,", { skip, concurrency: 2 }, () => {
  for (const action of ['send', 'receive'] as const) {
    it(`${action}: prints the same two lines as the reference, and serves the Python client`, async (t) => {
      const { directory, target } = await targetIn(t);
      const source = path.join(directory, 'source.bin');
      await writeFile(source, 'content');
      const [local, remote] = action === 'receive' ? [source, target] : [target, source];
      const first = await freePort();
      const line = jobLine({ first, last: first + 5, action, file: remote });
      const [python, ours] = [await runJob(t, 'python', line), await runJob(t, 'ours', line)];
      const shown = (server: RunningServer) => server.child.stdout.replace(String(server.port), 'PORT').replace(server.coordinates, 'COORDINATES');
      assert.equal(shown(ours), shown(python));
      assert.equal(shown(ours), 'Server is listening on ws://127.0.0.1:PORT\nUse these coordinates to connect: COORDINATES\n');
      const theirs = decode(python.coordinates);
      assert.deepEqual(theirs, { ports: [first, first + 5], ips: ['127.0.0.1', '192.0.2.7'], secret: SECRET });
      assert.deepEqual(decode(ours.coordinates), { ...theirs, ports: [ours.port, ours.port], operation: action });
      await python.child.stop();
      await startPythonClient(t, opposite(action), ours.coordinates, local).exitWithin(HUNG_MS);
      assert.equal((await ours.child.exitWithin(HUNG_MS)).code, 0);
      assert.equal(await readFile(target, 'utf8'), 'content');
    });
  }

  it('takes the next port where the first is taken', async (t) => {
    const { target } = await targetIn(t);
    const first = await freePort();
    await takePort(t, first);
    const servers = await Promise.all(MAKES.map((make) => runJob(t, make, jobLine({ first, last: first + 9, action: 'receive', file: target }))));
    for (const { port } of servers) assert.ok(port > first && port <= first + 9);
  });

  it("is found by the coordinates that FirecREST makes beforehand, with the job's whole range of ports", async (t) => {
    const { directory, target } = await targetIn(t);
    const source = path.join(directory, 'source.bin');
    await writeFile(source, 'content');
    const first = await freePort();
    await takePort(t, first);
    const server = await runJob(t, 'ours', jobLine({ first, last: first + 9, action: 'send', file: source }));
    const made = encode({ ports: [first + 1, first + 9], ips: ['127.0.0.1'], secret: SECRET });
    const python = await startPythonClient(t, 'receive', made, target).exitWithin(HUNG_MS);
    assert.equal((await server.child.exitWithin(HUNG_MS)).code, 0, python.stdout);
    assert.equal(await readFile(target, 'utf8'), 'content');
  });
});

describe('coordinates', { skip, concurrency: 2 }, () => {
  const SHOW = `
import dataclasses, json, sys
from streamer.streamer_client import set_coordinates
print(json.dumps(dataclasses.asdict(set_coordinates(sys.argv[1]))))
`;

  it('of our server are read by the Python set_coordinates', async (t) => {
    const { target } = await targetIn(t);
    const server = await startServerOf(t, 'ours', 'receive', target, { args: ['--public-ips', 'node1.example.org', '--public-ips', '192.0.2.7'] });
    const { stdout, stderr } = await startPythonScript(t, SHOW, [server.coordinates]).exitWithin(HUNG_MS);
    assert.equal(stderr, '');
    assert.deepEqual(JSON.parse(stdout), { target: '', port_range: [server.port, server.port], ip_list: ['127.0.0.1', 'node1.example.org', '192.0.2.7'], secret: SECRET });
  });

  for (const length of [1, 2, 3, 4]) {
    it(`of our server are read by the Python set_coordinates, with a secret of ${length}: every length of padding`, async (t) => {
      const { target } = await targetIn(t);
      const secret = 'x'.repeat(length);
      const server = await startServerOf(t, 'ours', 'receive', target, { secret });
      const { stdout } = await startPythonScript(t, SHOW, [server.coordinates]).exitWithin(HUNG_MS);
      assert.equal((JSON.parse(stdout) as { secret: string }).secret, secret);
    });
  }

  it('of the Python server are read by our parser, alone and in all that it printed', async (t) => {
    const { target } = await targetIn(t);
    const { child, coordinates, port } = await startServerOf(t, 'python', 'receive', target);
    const expected = { version: 1, ports: [port, port], ips: ['127.0.0.1'], secret: SECRET };
    for (const text of [coordinates, child.stdout, coordinates.replaceAll('=', '')]) assert.deepEqual({ ...parseCoordinates(text) }, expected);
  });

  it("of the Python server are taken as its whole output, from a file, by our client's @file", async (t) => {
    const { directory, target } = await targetIn(t);
    const source = path.join(directory, 'source.bin');
    const log = path.join(directory, 'job.log');
    await writeFile(source, 'content');
    const { child } = await startServerOf(t, 'python', 'send', source);
    await child.waitForLine(COORDINATES_LINE);
    await writeFile(log, `some words of the job\n${child.stdout}`);
    const ended = await startStreamer(t, ['receive', `@${log}`, target]).exitWithin(HUNG_MS);
    assert.equal(ended.code, 0, ended.stderr);
    assert.equal(await readFile(target, 'utf8'), 'content');
  });
});

describe('a client of either make', { skip, concurrency: 2 }, () => {
  for (const client of MAKES) {
    it(`${client}: goes on past addresses where nobody, somebody else, and another job is`, async (t) => {
      const { directory, target } = await targetIn(t);
      const source = path.join(directory, 'source.bin');
      await writeFile(source, 'content');
      const port = await freePort();
      // Of 127.0.0.0/8 every address is this machine: four places with one port.
      const stranger = createServer((socket) => socket.on('error', () => undefined).end('220 mail.example.org ESMTP\r\n'));
      await new Promise<void>((resolve, reject) => stranger.once('error', reject).listen(port, '127.0.0.3', resolve));
      t.after(() => stranger.close());
      const serve = (host: string, secret: string) => readServerLines(startStreamer(t, ['server', '--secret', secret, '--host', host, '--port-range', String(port), String(port), '--wire', 'compat', 'send', '--path', source]));
      await serve('127.0.0.4', 'another-secret');
      const server = await serve('127.0.0.5', SECRET);
      const coordinates = encode({ ports: [port, port], ips: ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5'], secret: SECRET });
      await startClientOf(t, client, 'receive', coordinates, target).exitWithin(HUNG_MS);
      assert.equal((await server.child.exitWithin(HUNG_MS)).code, 0);
      assert.equal(await readFile(target, 'utf8'), 'content');
    });
  }
});

describe('our client', { skip, concurrency: 2 }, () => {
  it('asks without the secret first, and never offers permessage-deflate', async (t) => {
    const { target } = await targetIn(t);
    const server = await startRawServer(t, (socket) => socket.close(3003, '{"type": "error", "error": "FileNotFoundError"}'));
    await startStreamer(t, ['receive', server.coordinates, target]).exitWithin(HUNG_MS);
    assert.deepEqual(server.requests.map(({ headers }) => headers.authorization), [undefined, `Bearer ${SECRET}`]);
    for (const { headers } of server.requests) assert.equal(headers['sec-websocket-extensions'], undefined);
  });

  it('asks once, with the secret, when told to use the compat wire', async (t) => {
    const { target } = await targetIn(t);
    const server = await startRawServer(t, (socket) => socket.close(3003, '{"type": "error", "error": "FileNotFoundError"}'));
    await startStreamer(t, ['receive', '--wire', 'compat', server.coordinates, target]).exitWithin(HUNG_MS);
    assert.deepEqual(server.requests.map(({ headers }) => headers.authorization), [`Bearer ${SECRET}`]);
    assert.equal(server.requests[0]?.headers['streamer-protocol'], undefined);
  });

  for (const action of ['send', 'receive'] as const) {
    it(`${action}s with the Python server on --wire compat, as on auto`, async (t) => {
      const { directory, target } = await targetIn(t);
      const source = path.join(directory, 'source.bin');
      await writeFile(source, 'content');
      const [local, remote] = action === 'send' ? [source, target] : [target, source];
      const server = await startServerOf(t, 'python', opposite(action), remote);
      const ended = await startClientOf(t, 'ours', action, server.coordinates, local, ['--wire', 'compat']).exitWithin(HUNG_MS);
      assert.equal(ended.code, 0, ended.stderr);
      await server.child.exitWithin(HUNG_MS);
      assert.equal(await readFile(target, 'utf8'), 'content');
    });
  }

  it('does not talk to the Python server when encryption is required, and leaves it unused', async (t) => {
    const { target } = await targetIn(t);
    const { directory } = await targetIn(t);
    const source = path.join(directory, 'source.bin');
    await writeFile(source, 'content');
    const server = await startServerOf(t, 'python', 'send', source);
    const ended = await startStreamer(t, ['receive', '--require-encryption', server.coordinates, target]).exitWithin(HUNG_MS);
    assert.equal(ended.code, 4, ended.stderr);
    assert.match(ended.stderr, /\[auth-not-encrypted\]/);
    assert.equal((await connectRaw(t, server.port)).upgraded, true);
  });
});
