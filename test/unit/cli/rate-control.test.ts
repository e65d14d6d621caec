import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { controlRate } from '../../../src/cli/rate-control.js';
import { StorageError, UsageError } from '../../../src/errors.js';
import type { ProgressEvent } from '../../../src/transfer/progress.js';
import { until } from '../../support/fake-events.js';

// Node 24's test runner has a listener for SIGUSR2, which writes a report of the process beside whatever is there.
process.report.reportOnSignal = false;

const quiet = () => undefined;
const given = (option: string | undefined) => {
  const control = controlRate(option, false, quiet);
  control.end();
  return control.rate.bytesPerSecond;
};

async function rateFile(t: TestContext, text: string): Promise<string> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'streamer-rate-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const file = path.join(directory, 'rate');
  await writeFile(file, text);
  return file;
}

describe('--rate', () => {
  for (const [option, bytes] of [
    [undefined, undefined],
    ['1000', 1_000],
    ['50MB', 50e6],
    ['50MB/s', 50e6],
    [' 1MiB ', 2 ** 20],
    ['none', undefined],
    ['0', undefined],
    ['0MB', undefined],
  ] as const) {
    it(`${JSON.stringify(option)} is ${bytes === undefined ? 'no limit' : `${bytes} bytes per second`}`, () => assert.equal(given(option), bytes));
  }

  it('that is none says so', () => {
    for (const option of ['fast', '-5', '1 MB per s', '1e9', 'NaN']) assert.throws(() => given(option), (error: unknown) => error instanceof UsageError && /--rate takes bytes per second/u.test(error.message), option);
  });

  it('from a file is what is in it, and in it must be one', async (t) => {
    const file = await rateFile(t, '20MB\n');
    assert.equal(given(`@${file}`), 20e6);
    await writeFile(file, 'much');
    assert.throws(() => given(`@${file}`), UsageError);
    assert.throws(() => given(`@${file}.none`), (error: unknown) => error instanceof StorageError && error.code === 'storage-missing');
    assert.equal(process.listenerCount('SIGUSR2'), 0);
  });

  it('from a file is read again on SIGUSR2, and stays what it is when that is none', async (t) => {
    const file = await rateFile(t, '20MB');
    const events: ProgressEvent[] = [];
    const control = controlRate(`@${file}`, false, (event) => events.push(event));
    t.after(() => control.end());
    const signal = async (text: string) => {
      await writeFile(file, text);
      const before = events.length;
      process.kill(process.pid, 'SIGUSR2');
      await until(() => events.length > before);
      const event = events.at(-1);
      return event?.type === 'notice' ? event.message : assert.fail();
    };
    assert.match(await signal('1MB'), /at most 1\.00 MB\/s/u);
    assert.equal(control.rate.bytesPerSecond, 1e6);
    assert.match(await signal('nonsense'), /the rate stays: --rate takes/u);
    assert.equal(control.rate.bytesPerSecond, 1e6);
    await rm(file);
    const before = events.length;
    process.kill(process.pid, 'SIGUSR2');
    await until(() => events.length > before);
    assert.equal(control.rate.bytesPerSecond, 1e6);
    assert.match(await signal('none'), /no limit/u);
    assert.equal(control.rate.bytesPerSecond, undefined);
    control.end();
    assert.equal(process.listenerCount('SIGUSR2'), 0);
  });

  it('without a file leaves SIGUSR2 alone, and without a terminal the keys', () => {
    const control = controlRate('1MB', true, quiet);
    assert.equal(process.listenerCount('SIGUSR2'), 0);
    assert.equal(process.stdin.listenerCount('data'), 0);
    control.end();
  });
});

describe('keys at a terminal', () => {
  /** Standard input and error as a terminal, with what was asked of it. */
  function terminal(t: TestContext): { press: (keys: string) => void; raw: boolean[] } {
    const { stdin } = process;
    const raw: boolean[] = [];
    const set = (of: object, name: string, value: unknown) => {
      const before = Object.getOwnPropertyDescriptor(of, name);
      Object.defineProperty(of, name, { configurable: true, writable: true, value });
      t.after(() => {
        if (before === undefined) Reflect.deleteProperty(of, name);
        else Object.defineProperty(of, name, before);
      });
    };
    for (const stream of [stdin, process.stderr]) set(stream, 'isTTY', true);
    set(stdin, 'setRawMode', (on: boolean) => raw.push(on));
    for (const name of ['resume', 'pause', 'unref']) set(stdin, name, () => stdin);
    return { raw, press: (keys) => stdin.emit('data', Buffer.from(keys)) };
  }

  it('raise and lower the rate, take it away, and let go of the terminal at the end', (t) => {
    const { press, raw } = terminal(t);
    const events: ProgressEvent[] = [];
    const control = controlRate('10MB', true, (event) => events.push(event));
    press('+');
    assert.equal(control.rate.bytesPerSecond, 12.5e6);
    press('--');
    assert.equal(control.rate.bytesPerSecond, 8e6);
    press('0');
    assert.equal(control.rate.bytesPerSecond, undefined);
    press('+');
    assert.equal(control.rate.bytesPerSecond, undefined, 'more than no limit is none');
    press('-');
    assert.equal(control.rate.bytesPerSecond, 80e6);
    press('q\x1b[A');
    assert.equal(events.length, 5);
    assert.ok(events.every(({ type }) => type === 'notice'));
    control.end();
    assert.deepEqual(raw, [true, false]);
    press('+');
    assert.equal(events.length, 5);
  });

  it('leave Ctrl-C what it is', (t) => {
    const { press } = terminal(t);
    const killed: unknown[][] = [];
    t.mock.method(process, 'kill', (...call: unknown[]) => killed.push(call));
    const control = controlRate(undefined, true, quiet);
    press('\x03');
    control.end();
    assert.deepEqual(killed, [[process.pid, 'SIGINT']]);
  });
});
