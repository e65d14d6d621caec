/**
 * A Vega-Lite specification to inline SVG, without a browser.
 *
 * @module
 */
import { Error as ErrorLevel, parse, View } from 'vega';
import { compile, type Config, type TopLevelSpec } from 'vega-lite';
import { standIn, withVariables } from './palette.js';

const FONT = 'system-ui, sans-serif';

const CONFIG: Config = {
  background: 'transparent',
  font: FONT,
  axis: {
    labelColor: standIn('muted'),
    titleColor: standIn('muted'),
    gridColor: standIn('grid'),
    domain: false,
    ticks: false,
    labelFontSize: 12,
    titleFontSize: 12,
    titleFontWeight: 'normal',
    labelLimit: 260,
    labelPadding: 6,
  },
  header: { labelColor: standIn('ink'), labelFontSize: 13, labelFontWeight: 'bold', title: null, labelAnchor: 'start' },
  legend: { labelColor: standIn('ink'), titleColor: standIn('muted'), labelFontSize: 12, labelLimit: 300, symbolStrokeWidth: 3 },
  view: { stroke: null },
};

/** Draws it. Widths in the specification are those of the page at its widest; it shrinks on a narrow one. */
export async function draw(spec: TopLevelSpec, label: string): Promise<string> {
  const compiled = compile(spec, { config: CONFIG }).spec;
  const view = new View(parse(compiled), { renderer: 'none', logLevel: ErrorLevel });
  const svg = await view.toSVG();
  view.finalize();
  return withVariables(svg.replace('<svg ', `<svg role="img" aria-label="${label}" `));
}
