// `npm run demo`: the whole way, for real, on this machine: an OpenID provider, a FirecREST (the tests' stand-in), a relay, and
// jobs. Sign in, look at the systems, upload, download with the client killed half-way, and a directory both ways by a system
// that offers no transfer service. Everything listens on 127.0.0.1 and ends by itself.
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { run, show, start, stopAll } from './demo/command.mjs';
import { makeTree, randomFile, sha256, treeDigest } from './demo/files.mjs';
import { startSite } from './demo/site.mjs';

const MIB = 1024 * 1024;
const SIZE = 192 * MIB;
/** So that there is something to kill. */
const KILLED_RATE = '40MB';
const TREE = { folders: 10, files: 50, small: 4096, large: 32 * MIB };

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const directory = mkdtempSync(path.join(tmpdir(), 'streamer-demo-'));
const here = (name) => path.join(directory, name);
/** The demo's own configuration, and nobody's proxy. */
const env = { XDG_CONFIG_HOME: here('config'), STREAMER_PROFILE: 'demo', FIRECREST_URL: '', FIRECREST_TOKEN: '', FIRECREST_CLIENT_ID: '' };

function equal(what, source, copy) {
  console.log(`  sha256   ${source}  source\n           ${copy}  copy`);
  if (source !== copy) throw new Error(`${what}: the digests differ`);
  console.log('  equal');
}

function tell(title, events) {
  const result = events.find(({ event }) => event === 'done')?.result;
  if (result === undefined) throw new Error(`${title}: no result`);
  console.log(`\n${title}`);
  for (const { event, message } of events) if (event === 'phase') console.log(`  ${message}`);
  console.log(`  moved    ${result.movedBytes} of ${result.size} bytes, ${result.wire} wire, ${result.encrypted ? result.cipher : 'NOT encrypted'}`);
  if (result.resumedBytes > 0) console.log(`  resumed  ${result.resumedBytes} bytes were there from the run that was killed`);
  return result;
}

/** As its user would, who sees a link and signs in behind it. */
async function signIn(site, relay) {
  console.log(`\n$ streamer login --profile demo --url ${site.url} --issuer ${site.issuer} --client-id ${site.clientId} --relay ${relay}`);
  const login = start(['login', '--profile', 'demo', '--url', site.url, '--issuer', site.issuer, '--client-id', site.clientId, '--flow', 'browser', '--no-open', '--redirect-port', String(site.redirectPort), '--relay', relay], env);
  const { url } = await login.until(({ event }) => event === 'sign-in-link');
  console.log('  the link is opened, and alice signs in behind it');
  await site.signIn(url);
  const { code } = await login.exit;
  if (code !== 0) throw new Error(`login ended with ${code}`);
  await show(['whoami'], env);
  await show(['systems'], env);
}

/** One file up; then down, with the client killed half-way and started again. */
async function oneFile() {
  await randomFile(here('model.bin'), SIZE);
  tell('upload to daint, by the site\'s transfer job', await run(['upload', here('model.bin'), 'daint:model.bin'], env));
  console.log('\ndownload from daint: the client is killed half-way (kill -9), and the same command run again …');
  const words = ['download', 'daint:model.bin', here('copy.bin')];
  const first = start([...words, '--rate', KILLED_RATE], env);
  await first.until(({ event, bytes }) => event === 'progress' && bytes > SIZE / 3);
  first.child.kill('SIGKILL');
  await first.exit;
  if (existsSync(here('copy.bin'))) throw new Error('a file has its final name before it is whole');
  const { resumedBytes } = tell('download, resumed', await run(words, env));
  if (resumedBytes === 0) throw new Error('nothing was resumed');
  equal('file', await sha256(here('model.bin')), await sha256(here('copy.bin')));
}

/** A directory up and down by a job of our own: the system has no transfer service, and its node opens no port. */
async function directoryByAgent() {
  await makeTree(here('run7'), TREE);
  tell('a directory up to eiger, which offers no transfer service: by a job of our own and the relay', await run(['upload', here('run7'), 'eiger:run7', '--via-relay'], env));
  tell('and down again', await run(['download', 'eiger:run7', here('run7-copy'), '--via-relay'], env));
  equal('directory', await treeDigest(here('run7')), await treeDigest(here('run7-copy')));
}

async function main() {
  if (!existsSync(path.join(root, 'dist/bundle/streamer.cjs'))) throw new Error('not built: run npm ci first');
  const begun = performance.now();
  mkdirSync(here('site'));
  const site = await startSite(here('site'));
  const relay = start(['relay', '--open', '--listen', '127.0.0.1:0'], env);
  const { port } = await relay.until(({ event }) => event === 'listening');
  try {
    await signIn(site, `ws://127.0.0.1:${port}`);
    await oneFile();
    await directoryByAgent();
    const live = await site.live();
    if (live > 0) throw new Error(`${live} jobs are left`);
    console.log(`\nno job is left. ${((performance.now() - begun) / 1000).toFixed(0)} s in all.`);
  } finally {
    relay.child.kill('SIGTERM');
    await site.stop();
  }
}

try {
  await main();
} catch (error) {
  console.error(`demo: ${error.message}`);
  process.exitCode = 1;
} finally {
  stopAll();
  rmSync(directory, { recursive: true, force: true });
}
