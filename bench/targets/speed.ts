/**
 * What issues 3 and 4 promise of one file and of small files.
 *
 * @module
 */
import type { Direction } from '../peers/peer.js';
import type { ScenarioName } from '../scenarios/names.js';
import { cpuOfBoth, FILES, RATE, rowOf, type Kind, type Which } from './figures.js';
import { limit, ratio, type Promised } from './promise.js';

interface Against {
  readonly issue: 3 | 4;
  readonly id: string;
  readonly atLeast: number;
  /** Ids of the others; the fastest counts. */
  readonly than: readonly string[];
  readonly name: string;
  /** nginx serves downloads only, so both directions are held against that. */
  readonly onlyDown?: boolean;
}

const ONE_FILE: readonly Against[] = [
  { issue: 4, id: 'native', atLeast: 1.2, than: ['https'], name: 'HTTPS with curl', onlyDown: true },
  { issue: 4, id: 'native', atLeast: 1.5, than: ['scp'], name: 'scp aes-gcm' },
  { issue: 4, id: 'native', atLeast: 0.5, than: ['gridftp-p1', 'gridftp-p8'], name: 'GridFTP in the clear' },
  { issue: 4, id: 'native', atLeast: 0.65, than: ['gridftp-p1', 'gridftp-p8'], name: 'GridFTP in the clear (the aim)' },
  { issue: 4, id: 'native', atLeast: 25, than: ['python-pair'], name: 'the Python pair' },
  { issue: 4, id: 'compat', atLeast: 0.9, than: ['https'], name: 'HTTPS with curl', onlyDown: true },
  { issue: 3, id: 'native', atLeast: 0.65, than: ['https'], name: 'HTTPS with curl', onlyDown: true },
  { issue: 3, id: 'compat', atLeast: 20, than: ['python-pair'], name: 'the Python pair' },
  { issue: 3, id: 'our-client-python-server', atLeast: 12, than: ['python-pair'], name: 'the Python pair' },
  { issue: 3, id: 'python-client-our-server', atLeast: 12, than: ['python-pair'], name: 'the Python pair' },
];

const SMALL_FILES: readonly Against[] = [
  { issue: 4, id: 'native', atLeast: 1.2, than: ['tar-ssh'], name: 'tar over ssh' },
  { issue: 4, id: 'native', atLeast: 2, than: ['rsync'], name: 'rsync over ssh' },
];

const NAMES: Readonly<Record<string, string>> = {
  'native': 'ours',
  'compat': 'ours on the compat wire',
  'our-client-python-server': 'our client and a Python server',
  'python-client-our-server': 'a Python client and our server',
};

/** CPU seconds for a GiB, both ends together. */
const CPU_LIMIT = 2.8;
const DIRECTIONS: readonly Direction[] = ['down', 'up'];

function against(scenario: ScenarioName, what: string, kind: Kind, list: readonly Against[]): readonly Promised[] {
  return list.flatMap(({ issue, id, atLeast, than, name, onlyDown }) =>
    DIRECTIONS.map((direction) => {
      const other = onlyDown === true ? 'down' : direction;
      const text = `${what}, ${NAMES[id] ?? id} ${direction}: at least ${atLeast}x ${name}`;
      const which = (of: string, way: Direction): Which => ({ scenario, id: of, direction: way });
      return ratio({ source: `issue ${issue}`, text, own: which(id, direction), others: than.map((of) => which(of, other)), atLeast, kind });
    }),
  );
}

function cpu(direction: Direction): Promised {
  return limit({
    source: 'issue 4',
    text: `one file, ours ${direction}: under ${CPU_LIMIT} CPU seconds per GiB, both ends together`,
    below: CPU_LIMIT,
    figure(rows) {
      const row = rowOf(rows, { scenario: 'one-file', id: 'native', direction });
      const value = row === undefined ? undefined : cpuOfBoth(row.summary);
      return value === undefined ? ['native'] : { value };
    },
    show: (value) => `${value.toFixed(2)} s/GiB`,
  });
}

/** The promises. */
export const SPEED: readonly Promised[] = [
  ...against('one-file', 'one file', RATE, ONE_FILE),
  ...DIRECTIONS.map(cpu),
  ...against('small-files', 'small files', FILES, SMALL_FILES),
];
