import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { CommanderError } from 'commander';
import { describe, it, type TestContext } from 'node:test';
import { readCoordinates, readKeys } from '../../../src/cli/arguments.js';
import { runClient } from '../../../src/cli/commands/client.js';
import { buildProgram } from '../../../src/cli/program.js';
import type { Context } from '../../../src/cli/action.js';
import { usageError } from '../../../src/cli/usage-error.js';
import { UsageError } from '../../../src/errors.js';
import { temporary } from '../storage/fixture.js';

/** Nothing else's text. */
const SECRET = 'Zq9vK3tW7';
const PLAIN = Buffer.from(JSON.stringify({ ports: [1, 2], ips: ['h'], secret: SECRET })).toString('base64');

/** What is said of a command line that commander does not take. */
async function saidOf(words: readonly string[]): Promise<string> {
  const error: unknown = await buildProgram().parseAsync(words, { from: 'user' }).catch((thrown: unknown) => thrown);
  assert.ok(error instanceof CommanderError);
  return usageError(error).message;
}

describe('a wrong command line', () => {
  for (const words of [
    [`streamer2.${SECRET}`],
    [PLAIN],
    [SECRET],
    [`Use these coordinates to connect: streamer2.${SECRET}`],
    [`it's\n${SECRET}`],
    ['server', SECRET],
    ['server', `--secrt=${SECRET}`],
    ['server', `--secret${SECRET}`, 'send', 'x'],
    ['server', `-s${SECRET}`, 'send', 'x'],
    ['server', `--${SECRET}`],
    ['receive', '--window', `streamer2.${SECRET}`],
    ['receive', '--digest', `streamer2.${SECRET}`],
    ['receive', '--wire', PLAIN],
    ['receive', 'x', 'y', SECRET],
  ]) {
    it(`of ${JSON.stringify(words).slice(0, 60)} shows no secret`, async () => {
      const said = await saidOf(words);
      for (const text of [SECRET, PLAIN]) assert.ok(!said.includes(text), said);
      assert.match(said, /; streamer --help shows how$/u);
    });
  }

  for (const [words, says] of [
    [['fetch'], /^unknown command 'fetch'\n\(Did you mean bench\?\); /u],
    [['recieve'], /^unknown command 'recieve'\n\(Did you mean receive\?\); /u],
    [[`streamer2.${SECRET}`], /^that is no command \(did you forget receive or send\?\); /u],
    [['@file'], /did you forget receive or send/u],
    [['x'.repeat(21)], /^that is no command; /u],
    [['server', '--secrt', 'x'], /^unknown option '--secrt'\n\(Did you mean --secret\?\); /u],
    [['server', '--secrt=x'], /^unknown option '--secrt'/u],
    [['server', '-sx'], /^unknown option '-s'; /u],
    [['receive', '--window', 'much'], /'much' is invalid/u],
    [['receive', '--window', `streamer2.${SECRET}`], /^option '--window <size>' has an invalid argument\. give bytes/u],
    [['receive', 'x', 'y', 'z'], /too many arguments for 'receive'/u],
  ] as const) {
    it(`of ${JSON.stringify(words).slice(0, 60)} says ${String(says)}`, async () => assert.match(await saidOf(words), says));
  }
});

describe('@ before what is no file', () => {
  for (const text of [`streamer2.${SECRET}`, `streamer2s.${SECRET}`, PLAIN, `streamer-identity1.${SECRET}`, ` streamer2.${SECRET}\n`]) {
    it(`${JSON.stringify(text).slice(0, 22)} is not quoted`, () => {
      const noQuote = (error: unknown) => error instanceof UsageError && !error.message.includes(SECRET) && !error.message.includes(PLAIN) && /@ is for the name of a file/u.test(error.message);
      assert.throws(() => readCoordinates(`@${text}`, {}), noQuote);
      assert.throws(() => readKeys([`@${text}`]), noQuote);
    });
  }

  it('a file of such a name is read', async (t) => {
    const before = process.cwd();
    process.chdir(await temporary(t));
    t.after(() => process.chdir(before));
    await writeFile('streamer2.txt', 'what it holds');
    assert.equal(readCoordinates('@streamer2.txt', {}), 'what it holds');
    assert.equal(readCoordinates(`@${path.resolve('streamer2.txt')}`, {}), 'what it holds');
  });
});

describe('standard input for both, coordinates and what is sent', () => {
  const context = { renderer: { leaveOutput: () => undefined } } as unknown as Context;
  const options = { wire: 'auto', connectTimeout: 1, retryTimeout: 1, streams: 'auto' } as const;
  const setCoordinates = (t: TestContext, value: string) => {
    const before = process.env['STREAMER_COORDINATES'];
    process.env['STREAMER_COORDINATES'] = value;
    t.after(() => {
      if (before === undefined) delete process.env['STREAMER_COORDINATES'];
      else process.env['STREAMER_COORDINATES'] = before;
    });
  };
  const refuses = (words: readonly string[], more: object = {}) => assert.rejects(runClient('send', words, { ...options, ...more }, context), /standard input cannot be both/u);

  it('is refused', async () => {
    await refuses(['-', '-']);
    await refuses(['-', 'a', '-']);
    await refuses(['-'], { path: '-' });
    await refuses(['-'], { coordinates: '-' });
    await refuses([], { coordinates: '-', path: '-' });
  });

  it('is refused where STREAMER_COORDINATES says so', async (t) => {
    setCoordinates(t, '-');
    await refuses([], { path: '-' });
    await refuses(['-', '-']);
    await refuses(['a', '-']);
  });
});
