import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { Command } from 'commander';
import ts from 'typescript';
import { failureOf } from '../../../src/cli/exit.js';
import { FLAGS, inFlags } from '../../../src/cli/flags.js';
import { buildProgram } from '../../../src/cli/program.js';
import { AuthError, errorFromPeer, UsageError } from '../../../src/errors.js';
import { ROOT } from '../../support/cli.js';

/** Texts in the library's source, without comments. */
function* textsOf(file: string): Generator<string> {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.ES2022);
  const nodes: ts.Node[] = [source];
  for (let node = nodes.pop(); node !== undefined; node = nodes.pop()) {
    // An inserted word stands for a name.
    if (ts.isTemplateExpression(node)) yield [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join('…');
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) yield node.text;
    nodes.push(...node.getChildren(source));
  }
}

const src = path.join(ROOT, 'src');
const library = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts') && !/^(?:cli|relay)\//u.test(name));
const texts = library.flatMap((name) => [...textsOf(path.join(src, name))].map((text) => ({ name, text })));

/** What these write is for sbatch, a shell and pip, and for whoever looks into the log of a job. */
const SCRIPTS = /^(?:server\/(?:job-script|job-node|scheduler-directives)|control\/agent\/server-words)\.ts$/u;

describe('the messages of the library', () => {
  it('name no flags', () => {
    // A whole command, to be typed as it is, may hold them.
    const withoutCommands = (text: string) => text.replace(/"streamer [^"]*"|^streamer [a-z]+ .*$/gu, '');
    assert.deepEqual(texts.filter(({ name, text }) => !SCRIPTS.test(name) && /(?<![-\w])--[a-z]/u.test(withoutCommands(text))), []);
  });

  it('have in backticks only what the command line knows', () => {
    const unknown = texts.flatMap(({ name, text }) => [...text.matchAll(/`([^`]+)`/gu)].filter(([, code = '']) => !code.includes('…') && !FLAGS.has(code)).map(([code]) => `${name}: ${code}`));
    // A page for whoever comes with a browser, and no message.
    assert.deepEqual(unknown, ['transport/listen.ts: `streamer`']);
  });
});

function flagsOf(command: Command): string[] {
  return [...command.options.flatMap(({ long }) => long ?? []), ...command.commands.flatMap(flagsOf)];
}

describe('the command line', () => {
  it('has every flag that it names', () => {
    const known = new Set(flagsOf(buildProgram()));
    for (const flag of [...FLAGS.values()].flatMap((text) => text.match(/--[a-z-]+/gu) ?? [])) assert.ok(flag === '--public' || known.has(flag), flag);
  });

  it('says its flags in an error of any class, its own or the other end\'s', () => {
    assert.equal(failureOf(new UsageError("`windowBytes` takes a size; leave out `wire: 'compat'` or `direct: false`")).message, '--window takes a size; leave out --wire compat or --no-direct');
    assert.equal(failureOf(new AuthError('auth-certificate', 'name its authority with `ca`')).message, 'name its authority with --ca');
    assert.match(failureOf(errorFromPeer('usage', 'leave out `dryRun`')).message, /: leave out --dry-run$/u);
  });

  it('leaves what has no flag, and what is not in backticks', () => {
    for (const text of ['`constructor` of the `unknown`', 'ca wire host', '``', 'an odd ` and a wire`']) assert.equal(inFlags(text), text);
  });
});
