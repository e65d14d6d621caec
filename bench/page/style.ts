/**
 * The page's style sheet: one column, light or dark as the reader's system is.
 *
 * @module
 */
import { declarations } from './palette.js';

/** All of it. */
export const STYLE = `
:root{color-scheme:light dark;${declarations('light')}--paper:#fff;--card:#f6f8fa;--good:#1a7f45;--bad:#b3372f;}
@media(prefers-color-scheme:dark){:root{${declarations('dark')}--paper:#12161c;--card:#1a2029;--good:#5fcf8a;--bad:#f0857c;}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,sans-serif;font-variant-numeric:tabular-nums}
main{max-width:1020px;margin:0 auto;padding:48px 24px 96px}
h1{font-size:34px;line-height:1.15;letter-spacing:-.02em;margin:0 0 8px}
h2{font-size:22px;letter-spacing:-.01em;margin:56px 0 4px}
p{margin:0 0 16px;max-width:70ch}
.lead{color:var(--muted);font-size:18px}
.muted{color:var(--muted)}
.tally{display:flex;gap:12px;flex-wrap:wrap;margin:28px 0 0}
.tally div{background:var(--card);border-radius:10px;padding:14px 20px;min-width:150px}
.tally b{display:block;font-size:28px;line-height:1.1}
.tally span{color:var(--muted);font-size:14px}
figure{margin:16px 0 0;overflow-x:auto}
svg{display:block;max-width:100%;height:auto}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:14px;margin-top:12px}
th{text-align:left;color:var(--muted);font-weight:500;padding:6px 12px 6px 0;border-bottom:1px solid var(--grid);white-space:nowrap}
td{padding:7px 12px 7px 0;border-bottom:1px solid var(--grid);vertical-align:top}
td.n{text-align:right;white-space:nowrap}
th.n{text-align:right}
tr.ours td{color:var(--ours)}
.reached{color:var(--good);font-weight:600;white-space:nowrap}
.missed{color:var(--bad);font-weight:600;white-space:nowrap}
.open{color:var(--muted);white-space:nowrap}
dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 20px;font-size:14px;margin:12px 0 0}
dt{color:var(--muted)}dd{margin:0}
details{margin-top:12px}summary{cursor:pointer;color:var(--muted)}
@media(max-width:640px){main{padding:24px 16px 64px}h1{font-size:27px}dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:8px}}
`;
