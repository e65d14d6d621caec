import assert from 'node:assert/strict';
import { Command, type Option } from 'commander';
import { describe, it } from 'node:test';
import { buildProgram } from '../../../src/cli/program.js';
import { addTransferOptions, transferChoices, type TransferCommandOptions } from '../../../src/cli/transfer-options.js';
import { UsageError } from '../../../src/errors.js';

function parse(...words: string[]): TransferCommandOptions {
  const command = new Command('x').exitOverride().configureOutput({ writeErr: () => undefined });
  addTransferOptions(command);
  return command.parse(words, { from: 'user' }).opts();
}

describe('options of a transfer', () => {
  it('that are not given ask for nothing', () => {
    assert.deepEqual(transferChoices(parse()), {});
  });

  for (const [words, choices] of [
    [['--overwrite'], { existing: 'overwrite' }],
    [['--skip-existing'], { existing: 'skip' }],
    [['--update'], { existing: 'update' }],
    [['--checksum', '--delete', '-n'], { checksum: true, delete: true, dryRun: true }],
    [['--dry-run', '--digest', 'sha256'], { dryRun: true, digest: 'sha256' }],
  ] as const) {
    it(`${words.join(' ')} means ${JSON.stringify(choices)}`, () => assert.deepEqual(transferChoices(parse(...words)), choices));
  }

  it('patterns keep their order, whichever kind they are of', () => {
    const { rules } = transferChoices(parse('--exclude', '*.o', '--include', 'keep.o', '--exclude', 'tmp/', '--include', '*.c'));
    assert.deepEqual(rules, [
      { kind: 'exclude', pattern: '*.o' },
      { kind: 'include', pattern: 'keep.o' },
      { kind: 'exclude', pattern: 'tmp/' },
      { kind: 'include', pattern: '*.c' },
    ]);
    assert.deepEqual(transferChoices(parse('--include', 'a')).rules, [{ kind: 'include', pattern: 'a' }]);
    assert.deepEqual(transferChoices(parse('--exclude', 'b')).rules, [{ kind: 'exclude', pattern: 'b' }], 'one command’s patterns are not another’s');
  });

  it('for what is there already exclude each other', () => {
    for (const words of [['--overwrite', '--update'], ['--skip-existing', '--update'], ['--overwrite', '--skip-existing', '--update']]) {
      assert.throws(() => transferChoices(parse(...words)), (error: unknown) => error instanceof UsageError && /exclude each other/u.test(error.message));
    }
  });

  it('are refused where they make no sense', () => {
    for (const words of [['--rate', ''], ['--digest', 'md5'], ['--exclude']]) assert.throws(() => parse(...words));
  });
});

/** Every command, by the words that call it. */
function commands(command: Command = buildProgram(), words: readonly string[] = []): { readonly words: string; readonly command: Command }[] {
  const path = [...words, command.name()];
  return [{ words: path.join(' '), command }, ...command.commands.flatMap((child) => commands(child, path))];
}

function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  return text.replace(/\s+/gu, ' ');
}

describe('the help', () => {
  const all = commands();

  it('is there for every command', () => {
    assert.deepEqual(all.map(({ words }) => words), ['streamer', 'streamer receive', 'streamer send', 'streamer server', 'streamer server send', 'streamer server receive', 'streamer server bench', 'streamer bench', 'streamer keygen', 'streamer relay', 'streamer job-script', 'streamer job-script send', 'streamer job-script receive', 'streamer download', 'streamer upload', 'streamer login', 'streamer logout', 'streamer whoami', 'streamer profiles', 'streamer systems', 'streamer jobs', 'streamer cancel', 'streamer ls', 'streamer stat', 'streamer checksum']);
    for (const { command } of all) assert.match(command.description(), /\S{3}/u);
  });

  for (const { words, command } of all) {
    it(`of ${words} names units and defaults`, () => {
      const help = helpOf(command);
      assert.match(help, /Sizes: plain numbers are bytes; KiB, .* Durations: plain numbers are seconds/u);
      const described = (option: Option) => help.includes(option.description.replace(/\s+/gu, ' '));
      for (const option of command.options) {
        if (/--(?:help|version)/u.test(option.flags)) continue;
        assert.ok(described(option), `${option.flags} is described`);
        assert.match(option.description, /\S{3}/u, option.flags);
        // Whatever takes a number, a size or a time has a default, or says what is without it.
        if (!/<(?:size|duration|number|first last|wire|host)>/u.test(option.flags)) continue;
        const value = option.defaultValueDescription ?? (option.defaultValue === undefined ? undefined : JSON.stringify(option.defaultValue));
        assert.ok(value === undefined ? /default: /u.test(option.description) : help.includes(`(default: ${value})`), `${option.flags} has its default told`);
        if (/<size>/u.test(option.flags)) assert.match(option.description, /bytes/u, option.flags);
      }
    });
  }

  it('of send and receive has the same options for what either end may ask', () => {
    const flags = (name: string) => new Set(all.find(({ words }) => words === name)?.command.options.map(({ long }) => long));
    const shared = ['--overwrite', '--skip-existing', '--update', '--checksum', '--delete', '--dry-run', '--exclude', '--include', '--digest', '--rate', '--receipt', '--json', '--quiet'];
    for (const name of ['streamer send', 'streamer receive', 'streamer server']) for (const option of shared) assert.ok(flags(name).has(option), `${name} ${option}`);
    for (const name of ['streamer send', 'streamer receive']) assert.ok(flags(name).has('--streams'));
  });
});
