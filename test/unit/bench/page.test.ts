import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { html, join } from '../../../bench/page/html.js';
import { thin } from '../../../bench/page/lines.js';
import { toPage } from '../../../bench/page/page.js';
import type { Row } from '../../../bench/results.js';
import { judge } from '../../../bench/targets/index.js';
import { results, row, run } from './fixture.js';

const PATH = { rttMs: 50, megabitsPerSecond: 1000, lossPercent: 0.1 };

function canned(): readonly Row[] {
  const flow = { rate: [[0.5, 1e7], [1, 9e7], [1.5, 1e8]] as const, firstDataSeconds: 0.15 };
  const rss = [[0, 4e7], [1, 9e7]] as const;
  const watched = run(600, { client: { cpuSeconds: 1, peakRss: 1e8, rss }, server: { cpuSeconds: 1, peakRss: 1e8, rss } });
  return [
    row('native', [600, 610, 590]),
    row('scp <&"', [400, 410, 390]),
    row('native', [20], { scenario: 'small-files', title: '10,000 files', files: 10_000 }),
    ...[0, 0.1].map((lossPercent) =>
      row('native', [], { scenario: 'wide-area', title: `loss ${lossPercent}`, path: { ...PATH, lossPercent }, runs: [run(90 - 800 * lossPercent, { flow })] }),
    ),
    row('native-s1', [], { scenario: 'memory', title: 'memory, 1.00 GiB', runs: [watched] }),
    row('start-node', [], { scenario: 'start-up', title: 'start-up', runs: [run(1, { seconds: 0.03, bytesPerSecond: undefined, moved: 0 })] }),
  ];
}

describe('the page', () => {
  it('draws every plot for which there are figures, inline, in colours of the style sheet', async () => {
    const rows = canned();
    const page = await toPage(results(rows, { targets: judge(rows) }));
    for (const title of ['One file, by peer', 'What a GiB costs', 'Small files', 'Throughput over loss', 'Wide area, over time', 'Memory over time', 'Start-up']) {
      assert.ok(page.includes(`<h2>${title}</h2>`), title);
    }
    assert.equal(page.match(/<svg /g)?.length, 7);
    assert.match(page, /fill="var\(--ours\)"/);
    assert.doesNotMatch(page, /#0a0b/);
  });

  it('needs nothing from elsewhere and runs no script', async () => {
    const page = await toPage(results(canned()));
    assert.doesNotMatch(page, /<script|<link|<img|@import|url\((?!#)/);
    assert.doesNotMatch(page.replaceAll(/xmlns(:\w+)?="[^"]*"/g, ''), /https?:/);
  });

  it('escapes what comes from peers', async () => {
    const page = await toPage(results(canned()));
    assert.doesNotMatch(page, /scp <&"/);
    assert.match(page, /the scp &lt;&amp;/);
  });

  it('is still a page without a row', async () => {
    assert.match(await toPage(results([])), /<\/html>/);
  });
});

describe('templates of HTML', () => {
  it('escape values and leave markup alone', () => {
    assert.equal(html`<i title="${'"<'}">${join([html`<b>${1}</b>`])}</i>`.markup, '<i title="&quot;&lt;"><b>1</b></i>');
  });
});

describe('curves', () => {
  it('are thinned evenly, ends kept', () => {
    const curve = Array.from({ length: 1000 }, (_, index) => [index, index] as const);
    const few = thin(curve);
    assert.ok(few.length <= 151);
    assert.deepEqual([few[0], few.at(-1)], [curve[0], curve.at(-1)]);
  });
});
