/**
 * The results as one page that needs nothing else: no script, no font, no picture from elsewhere.
 *
 * @module
 */
import type { Results, Target } from '../results.js';
import { charts } from './charts.js';
import { draw } from './draw.js';
import { escape, html, join, trusted, type Html } from './html.js';
import { STYLE } from './style.js';
import { definitions, peersList, rowsTable, targetsTable } from './tables.js';

/** The page. */
export async function toPage(results: Results): Promise<string> {
  const plots: Html[] = [];
  for (const { title, text, spec } of charts(results)) {
    plots.push(html`<h2>${title}</h2><p class="muted">${text}</p><figure>${trusted(await draw(spec, escape(title)))}</figure>`);
  }
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>streamer, measured</title><style>${trusted(STYLE)}</style></head>
<body><main>
<h1>streamer, measured</h1>
<p class="lead">Against every other tool that was there, the same data over the same path, in one run; what arrived was compared with the source every time.</p>
${tally(results)}
${promises(results.targets)}
${join(plots)}
<h2>Every row</h2>
${rowsTable(results)}
<h2>Measured where and how</h2>
<p class="muted">Runs of the rows are interleaved, on preheated memory. Both ends share the machine’s processors; ratios within a run say more than rates.</p>
${definitions([['date', results.startedAt.slice(0, 16).replace('T', ' ')], ['took', `${(results.seconds / 60).toFixed(0)} minutes`], ...Object.entries(results.machine)])}
<h2>Peers, versions and flags</h2>
${peersList(results.rows)}
${absent(results)}
</main></body></html>
`;
  return page.markup;
}

function tally({ rows, targets }: Results): Html {
  const count = (outcome: Target['outcome']) => targets.filter((target) => target.outcome === outcome).length;
  const runs = rows.reduce((sum, row) => sum + row.runs.length, 0);
  const cell = (value: number, what: string) => html`<div><b>${value}</b><span>${what}</span></div>`;
  return html`<div class="tally">${join([cell(count('reached'), 'targets reached'), cell(count('not reached'), 'not reached'), cell(count('not measured'), 'not measured'), cell(rows.length, 'rows'), cell(runs, 'runs')])}</div>`;
}

function promises(targets: readonly Target[]): Html {
  return targets.length === 0 ? html`` : html`<h2>Promised, and measured</h2>${targetsTable(targets)}`;
}

function absent({ rows, skipped }: Results): Html {
  const failed = rows.flatMap((row) => row.failures.map((reason) => [`${row.title}: ${row.peer} ${row.direction}`, `failed: ${reason}`] as const));
  const left = skipped.map(({ peer, reason }) => [peer, reason] as const);
  return failed.length + left.length === 0 ? html`` : html`<h2>Not measured</h2>${definitions([...failed, ...left])}`;
}
