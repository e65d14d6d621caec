/**
 * Colours of the page and its plots. A plot is drawn once, for light and dark alike: vega gets a stand-in for each
 * colour, which becomes a variable of the page's style sheet.
 *
 * @module
 */

interface Colour {
  /** What vega is given; no colour that it would make by itself. */
  readonly standIn: string;
  readonly light: string;
  readonly dark: string;
}

/** Lines of a plot take these in turn. */
export const LINES = ['line0', 'line1', 'line2', 'line3', 'line4', 'line5', 'line6', 'line7'] as const;

const COLOURS = {
  ink: { standIn: '#0a0b01', light: '#1b2430', dark: '#e4e9f0' },
  muted: { standIn: '#0a0b02', light: '#5c6875', dark: '#95a1b0' },
  grid: { standIn: '#0a0b03', light: '#e3e7ec', dark: '#2a323d' },
  ours: { standIn: '#0a0b04', light: '#0b6e99', dark: '#4cb8e6' },
  ours2: { standIn: '#0a0b05', light: '#7db9d3', dark: '#28708f' },
  other: { standIn: '#0a0b06', light: '#a9b2bd', dark: '#667282' },
  other2: { standIn: '#0a0b07', light: '#d2d8de', dark: '#3e4855' },
  line0: { standIn: '#0a0b10', light: '#0b6e99', dark: '#4cb8e6' },
  line1: { standIn: '#0a0b11', light: '#c2571a', dark: '#f0954f' },
  line2: { standIn: '#0a0b12', light: '#3f8f4f', dark: '#78cf88' },
  line3: { standIn: '#0a0b13', light: '#8a5cb8', dark: '#bd97e6' },
  line4: { standIn: '#0a0b14', light: '#b8860b', dark: '#e3bd4a' },
  line5: { standIn: '#0a0b15', light: '#c23b5a', dark: '#f07a95' },
  line6: { standIn: '#0a0b16', light: '#5c6875', dark: '#95a1b0' },
  line7: { standIn: '#0a0b17', light: '#2a9d8f', dark: '#5fd3c5' },
} as const satisfies Readonly<Record<string, Colour>>;

/** A colour's name. */
export type ColourName = keyof typeof COLOURS;

const NAMES = Object.keys(COLOURS) as ColourName[];

/** What to give vega for a colour. */
export function standIn(name: ColourName): string {
  return COLOURS[name].standIn;
}

/** Puts the style sheet's variables in place of the stand-ins. */
export function withVariables(svg: string): string {
  return NAMES.reduce((text, name) => text.replaceAll(COLOURS[name].standIn, `var(--${name})`), svg);
}

/** Declarations of the variables. */
export function declarations(scheme: 'light' | 'dark'): string {
  return NAMES.map((name) => `--${name}:${COLOURS[name][scheme]};`).join('');
}
