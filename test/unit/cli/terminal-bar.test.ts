import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { TerminalBar } from '../../../src/cli/terminal-bar.js';
import { fakeClock } from '../../support/fake-clock.js';

/** A terminal of so many columns; its lines are what was written between two returns to the first column. */
function terminal(columns: number | undefined): { stream: NodeJS.WriteStream; lines: () => string[] } {
  let written = '';
  const stream = {
    isTTY: true,
    columns,
    write: (text: string) => ((written += text), true),
    cursorTo: () => ((written += '\r'), true),
    clearLine: () => true,
  };
  return { stream: stream as unknown as NodeJS.WriteStream, lines: () => written.replaceAll('\x1b[K', '').split('\r').filter((line) => line !== '') };
}

const GIB = 2 ** 30;
const ALSO = ['1234567 files', '16 streams'];

function barAt(columns: number | undefined, bytes = GIB / 2): string {
  const { stream, lines } = terminal(columns);
  new TerminalBar(stream).progress(bytes, GIB, 123_456_789, ALSO);
  return lines().at(-1) ?? '';
}

describe('a bar', () => {
  it('is never as long as the terminal is wide, and is as wide as it may be', () => {
    for (let columns = 4; columns <= 200; columns += 1) {
      const line = barAt(columns);
      assert.ok(line.length < columns, `${columns}: ${line}`);
      assert.match(line, /^\[=* *\]/u);
    }
  });

  it('leaves out what there is no room for, the least wanted first', () => {
    assert.match(barAt(200), /^\[={15} {15}\] {2}50% {2}512 MiB of 1\.00 GiB {2}123 MB\/s {2}\S+ s left {2}1234567 files {2}16 streams$/u);
    assert.match(barAt(80), /^\[=+ +\] {2}50% {2}512 MiB of 1\.00 GiB {2}123 MB\/s {2}\S+ s left$/u);
    assert.match(barAt(40), /^\[=+ +\] {2}50% {2}123 MB\/s {2}\S+ s left$/u);
    assert.match(barAt(30), /^\[=+ +\] {2}50% {2}123 MB\/s$/u);
    assert.match(barAt(20), /^\[=+ +\] {2}50%$/u);
  });

  it('follows a terminal that becomes narrower, and a whole that grows', () => {
    const { stream, lines } = terminal(120);
    const bar = new TerminalBar(stream);
    bar.progress(GIB / 2, GIB / 2, 1, []);
    assert.match(lines().at(-1) ?? '', /^\[={30}\] 100%/u);
    stream.columns = 40;
    bar.progress(GIB / 2, GIB, 1, []);
    const line = lines().at(-1) ?? '';
    assert.ok(line.length < 40 && /^\[=+ +\] {2}50%/u.test(line), line);
  });

  it('is words alone on a terminal that does not tell its width', () => {
    for (const columns of [undefined, 0]) assert.match(barAt(columns), /^50% {2}512 MiB of 1\.00 GiB {2}.*16 streams$/u);
  });
});

describe('other lines', () => {
  const LONG = 'looking for the server, which is far away (12 addresses)';

  it('are cut to the width', () => {
    const { stream, lines } = terminal(40);
    new TerminalBar(stream).text(LONG);
    assert.deepEqual(lines(), [LONG.slice(0, 39)]);
  });

  it('of what is waited for keep the time', (t: TestContext) => {
    const clock = fakeClock(t);
    const { stream, lines } = terminal(40);
    const bar = new TerminalBar(stream);
    bar.waiting(LONG);
    clock.sleep(75_000);
    bar.clear();
    assert.deepEqual(lines().map((line) => line.length), [39, 39]);
    assert.match(lines()[0] ?? '', /…$/u);
    assert.match(lines()[1] ?? '', /^looking for the server.*… 1 min 15 s$/u);
  });
});
