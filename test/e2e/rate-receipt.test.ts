/**
 * `--rate` and its changes while a transfer runs, and `--receipt`, of one file, a tree and a pipe.
 */
import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { TransferResult } from '../../src/transfer/progress.js';
import { sha256, startProgram, startStreamer, streamerArgv } from '../support/cli.js';
import { ACTIONS, assertMoved, bothDone, bothOver, clientJson, eventsOf, HUNG_MS, MIB, move, placeFor, resultOf, serveJson } from './moving.js';
import { forSender, pathsOf, run, treeFor } from './tree-moving.js';

/** Bytes per second. */
const RATE = 4_000_000;

interface Receipt {
  readonly receipt: number;
  readonly agent: string;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly entries: readonly { readonly path: string; readonly kind?: string; readonly how: string; readonly size?: number; readonly mtime?: string; readonly settledAt?: string; readonly digest?: string; readonly sha256?: string; readonly why?: string }[];
  readonly result: TransferResult;
}

async function receiptAt(file: string): Promise<Receipt> {
  return JSON.parse(await readFile(file, 'utf8')) as Receipt;
}

describe('--rate', { concurrency: 2 }, () => {
  for (const action of ACTIONS) {
    for (const who of ['client', 'server'] as const) {
      it(`at the ${who}, while the client ${action}s, keeps to its average, whatever the number of connections`, async (t) => {
        const size = 8_000_000;
        const place = await placeFor(t, size);
        const words = ['--rate', '4MB'];
        const ended = await move(t, action, place, { args: who === 'server' ? words : [], clientArgs: ['--streams', '4', ...(who === 'client' ? words : [])] });
        await assertMoved(place, ended);
        const { durationMs } = resultOf(ended.client);
        // A quarter of a second of credit, and what a window takes in before its receiver counts it.
        assert.ok(durationMs > (size / RATE - 1) * 1000, `${durationMs} ms`);
      });
    }
  }

  it('from a file, and again from it on SIGUSR2: what was slow becomes fast', async (t) => {
    const place = await placeFor(t, 24 * MIB);
    const file = path.join(place.directory, 'rate');
    await writeFile(file, '1MB\n');
    const server = await serveJson(t, 'send', place.source, { args: ['--rate', `@${file}`] });
    const client = clientJson(t, 'receive', server.coordinates, place.target);
    await client.waitForLine(/^\{"event":"progress","bytes":[1-9]/);
    const startMs = performance.now();
    await writeFile(file, 'nonsense');
    server.child.kill('SIGUSR2');
    await server.child.waitForLine(/"notice".*the rate stays: /);
    await writeFile(file, '0');
    server.child.kill('SIGUSR2');
    await server.child.waitForLine(/"notice".*no limit/);
    const ended = await bothDone(client, server.child);
    await assertMoved(place, ended);
    assert.ok(performance.now() - startMs < 20_000, 'not the 24 s that it would have taken');
  });

  it('that is no rate: exit 2, before anyone is called', async (t) => {
    const place = await placeFor(t, 1);
    const server = await serveJson(t, 'send', place.source);
    const end = await clientJson(t, 'receive', server.coordinates, place.target, ['--rate', 'fast']).exitWithin(HUNG_MS);
    assert.equal(end.code, 2);
    assert.doesNotMatch(server.child.stdout, /"connected"/);
  });
});

for (const action of ACTIONS) {
  describe(`--receipt, while the client ${action}s:`, { concurrency: 2 }, () => {
    it('of one file, at both ends: size, digest and time', async (t) => {
      const place = await placeFor(t, MIB + 5);
      const [ours, theirs] = [path.join(place.directory, 'ours.json'), path.join(place.directory, 'theirs.json')];
      const sums = ['--digest', 'sha256'];
      const ended = await move(t, action, place, { args: ['--receipt', theirs, ...(action === 'send' ? [] : sums)], clientArgs: ['--receipt', ours, ...(action === 'send' ? sums : [])] });
      await assertMoved(place, ended);
      for (const [file, end] of [[ours, ended.client], [theirs, ended.server]] as const) {
        const { receipt, agent, startedAt, endedAt, entries, result } = await receiptAt(file);
        assert.deepEqual([receipt, agent.startsWith('streamer ')], [1, true]);
        assert.ok(Date.parse(startedAt) <= Date.parse(endedAt));
        assert.deepEqual(result, resultOf(end));
        const [entry] = entries;
        assert.equal(entries.length, 1);
        assert.ok(entry !== undefined);
        assert.deepEqual([entry.how, entry.size, entry.digest, entry.sha256], ['done', MIB + 5, resultOf(end).digest?.hex, place.sha256]);
        const { mtimeNs } = await stat(place.source, { bigint: true });
        assert.equal(entry.mtime, `${mtimeNs / 1_000_000_000n}.${String(mtimeNs % 1_000_000_000n).padStart(9, '0')}`);
        assert.ok(Date.parse(entry.settledAt ?? '') >= Date.parse(startedAt));
      }
    });

    it('of a tree: every file with size, digest and SHA-256 that are right, and what was skipped', async (t) => {
      const { directory, source, target } = await treeFor(t);
      const receipts = ['sender.json', 'receiver.json'].map((name) => path.join(directory, name)) as [string, string];
      const [ours, theirs] = action === 'send' ? receipts : ([...receipts].reverse() as [string, string]);
      const sums = forSender(action, '--digest', 'sha256');
      await run(t, action, [source, target], { client: ['--receipt', ours, ...(sums.client ?? [])], server: ['--receipt', theirs, ...(sums.server ?? [])] });
      const [sent, received] = await Promise.all(receipts.map(receiptAt)) as [Receipt, Receipt];
      assert.deepEqual(sent.entries.filter(({ how }) => how === 'skipped').map(({ path: at }) => at), ['fifo']);
      for (const { entries } of [sent, received]) {
        const names = entries.filter(({ how, path: at }) => how !== 'skipped' && at !== '').map(({ path: at }) => at).sort();
        assert.deepEqual(names, await pathsOf(source));
        for (const entry of entries.filter(({ kind }) => kind === 'file')) {
          assert.equal(entry.size, (await stat(path.join(source, entry.path))).size);
          assert.match(entry.digest ?? '', /^[0-9a-f]{64}$/, entry.path);
          assert.equal(entry.sha256, await sha256(path.join(source, entry.path)), entry.path);
        }
      }
      const digests = ({ entries }: Receipt): Map<string, string | undefined> => new Map(entries.filter(({ kind }) => kind === 'file').map(({ path: at, digest }) => [at, digest]));
      assert.deepEqual(new Map([...digests(sent)].sort()), new Map([...digests(received)].sort()), 'the same at both ends');
      // Nothing is moved the second time, and the receipt says so.
      await run(t, action, [source, target], { client: ['--receipt', ours] });
      assert.deepEqual([...new Set((await receiptAt(ours)).entries.filter(({ kind }) => kind === 'file').map(({ how }) => how))], ['equal']);
    });
  });
}

describe('--receipt', { concurrency: 2 }, () => {
  it('of a stream says how long it was', async (t) => {
    const place = await placeFor(t, MIB + 1);
    const server = await serveJson(t, 'receive', place.target);
    const words = streamerArgv(['send', server.coordinates, '-', '--receipt', path.join(place.directory, 'receipt.json')]);
    const ended = await bothOver(startProgram(t, ['sh', '-c', 'exec "$@" < "$0"', place.source, ...words]), server.child);
    assert.deepEqual([ended.client.code, ended.server.code], [0, 0], ended.client.stderr);
    const { entries, result } = await receiptAt(path.join(place.directory, 'receipt.json'));
    assert.deepEqual([entries[0]?.size, result.size], [MIB + 1, MIB + 1]);
  });

  it('that names a directory: exit 2 before anything is begun, at the client and at the server', async (t) => {
    const place = await placeFor(t, 10);
    const words = ['--receipt', place.inbox];
    const server = await serveJson(t, 'send', place.source);
    const client = await startStreamer(t, ['receive', ...words, server.coordinates, place.target]).exitWithin(HUNG_MS);
    const other = await startStreamer(t, ['server', 'receive', '--host', '127.0.0.1', ...words, '--path', place.target]).exitWithin(HUNG_MS);
    for (const end of [client, other]) {
      assert.equal(end.code, 2);
      assert.match(end.stderr, /--receipt .*inbox is a directory: name a file in it \[usage\]/u);
      assert.equal(end.stdout, '');
    }
    assert.doesNotMatch(server.child.stdout, /"connected"/u);
    assert.deepEqual(await readdir(place.inbox), []);
  });

  it('of a transfer that fails is not there, nor a draft of it', async (t) => {
    const place = await placeFor(t, 10);
    await writeFile(place.target, 'old');
    const receipts = path.join(place.directory, 'receipts');
    await mkdir(receipts);
    const server = await serveJson(t, 'send', place.source);
    const end = await clientJson(t, 'receive', server.coordinates, place.target, ['--receipt', path.join(receipts, 'one.json')]).exitWithin(HUNG_MS);
    assert.equal(end.code, 8);
    assert.deepEqual(await readdir(receipts), []);
  });

  it('that cannot be written: exit 8 before anything is moved', async (t) => {
    const place = await placeFor(t, 10);
    const server = await serveJson(t, 'receive', place.target);
    const end = await clientJson(t, 'send', server.coordinates, place.source, ['--receipt', path.join(place.directory, 'none', 'receipt.json')]).exitWithin(HUNG_MS);
    assert.equal(end.code, 8);
    assert.match(end.stdout, /cannot write the receipt/);
    assert.doesNotMatch(server.child.stdout, /"connected"/);
  });

  it('counts what failed', async (t) => {
    const { directory, source, target } = await treeFor(t);
    await mkdir(path.join(target, 'small/in the way'), { recursive: true });
    const receipt = path.join(directory, 'receipt.json');
    const { receiver } = await run(t, 'receive', [source, target], { client: ['--receipt', receipt], codes: [8, 8] });
    const { entries, result } = await receiptAt(receipt);
    const failed = entries.filter(({ how }) => how === 'failed').map(({ path: at }) => at).sort();
    assert.deepEqual(failed, ['small', 'sub/small-too'].filter((name) => failed.includes(name)));
    assert.ok(failed.length > 0);
    assert.equal(result.entries.failed, failed.length);
    assert.equal(eventsOf(receiver).filter(({ event, how }) => event === 'entry' && how === 'failed').length, failed.length);
  });
});

