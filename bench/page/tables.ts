/**
 * The page's tables: promises, rows, and what was measured with what.
 *
 * @module
 */
import { ceiling, formatSpread, verified } from '../report.js';
import type { Results, Row, Target } from '../results.js';
import { html, join, type Html } from './html.js';

const OUTCOMES: Readonly<Record<Target['outcome'], { readonly mark: string; readonly style: string }>> = {
  'reached': { mark: '✓ reached', style: 'reached' },
  'not reached': { mark: '✗ not reached', style: 'missed' },
  'not measured': { mark: '– not measured', style: 'open' },
};

/** Promises, each with what came of it. */
export function targetsTable(targets: readonly Target[]): Html {
  const lines = targets.map(({ text, source, outcome, figures }) => {
    const { mark, style } = OUTCOMES[outcome];
    return html`<tr><td>${text}</td><td class="${style}">${mark}</td><td>${figures}</td><td class="muted">${source}</td></tr>`;
  });
  return html`<div class="scroll"><table><thead><tr><th>promised</th><th></th><th>measured</th><th>asked by</th></tr></thead><tbody>${join(lines)}</tbody></table></div>`;
}

/** Every row, under its scenario's title. */
export function rowsTable({ rows }: Results): Html {
  const head = html`<thead><tr><th>peer</th><th>way</th><th class="n">MB/s [min–max] n</th><th class="n">files/s</th><th class="n">CPU s/GiB<br>client / server (/ relay)</th><th class="n">peak MiB<br>client / server (/ relay)</th><th class="n">of raw TCP</th><th>bytes</th></tr></thead>`;
  const titles = [...new Set(rows.map(({ title }) => title))];
  const tables = titles.map((title) => {
    const lines = rows.filter((row) => row.title === title).map((row) => line(row, ceiling(rows, row)));
    return html`<details><summary>${title}</summary><div class="scroll"><table>${head}<tbody>${join(lines)}</tbody></table></div></details>`;
  });
  return join(tables);
}

function line(row: Row, ceilingRate: number | undefined): Html {
  const { megabytesPerSecond: rate, filesPerSecond, cpuSecondsPerGiB: cpu, peakRss, seconds, between } = row.summary;
  const share = rate === undefined || ceilingRate === undefined ? '–' : (rate.median / ceilingRate).toFixed(2);
  const main = rate === undefined && seconds !== undefined ? `${(seconds.median * 1000).toFixed(0)} ms` : formatSpread(rate);
  return html`<tr class="${row.ours.length > 0 ? 'ours' : ''}"><td>${row.peer}</td><td>${row.direction}</td><td class="n">${main}</td><td class="n">${filesPerSecond?.median.toFixed(0) ?? '–'}</td><td class="n">${all([cpu.client, cpu.server, ...(between === undefined ? [] : [between.cpuSecondsPerGiB])], 1, 2)}</td><td class="n">${all([peakRss.client, peakRss.server, ...(between === undefined ? [] : [between.peakRss])], 2 ** 20, 0)}</td><td class="n">${share}</td><td>${verified(row)}</td></tr>`;
}

function all(values: readonly (number | undefined)[], unit: number, decimals: number): string {
  return values.map((value) => (value === undefined ? '–' : (value / unit).toFixed(decimals))).join(' / ');
}

/** Peers with version and flags, each once. */
export function peersList(rows: readonly Row[]): Html {
  const known = new Map(rows.map(({ peer, version, flags }) => [peer, `${version}; ${flags}`]));
  return definitions([...known]);
}

/** Names and what they stand for. */
export function definitions(pairs: readonly (readonly [string, string])[]): Html {
  return html`<dl>${join(pairs.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`))}</dl>`;
}
