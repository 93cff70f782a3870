import { parseArgs } from 'node:util';
import { SHAPES, type Shape } from './make-database.ts';
import type { Side } from './side.ts';
import { SIDES } from './sides.ts';

export interface Options {
  readonly sizeBytes: number;
  readonly shape: Shape;
  readonly rounds: number;
  readonly sides: readonly Side[];
  readonly serverMajor: number;
  readonly clientMajor: number;
  /** Whether the figures go into bench/results.json and the pages. */
  readonly write: boolean;
}

const UNITS: Readonly<Record<string, number>> = { '': 1, KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 };

export const USAGE = `npm run bench -- [options]

  --size 200MB          bytes of table data (KB, MB, GB are powers of ten)
  --shape mixed         ${SHAPES.join(', ')}
  --rounds 3            how often each side runs; what is shown are medians
  --sides a,b           these sides alone, in this order; a name may end in *
  --server-major 15     major of the throw-away server
  --client-major 15     major of pg_dump; the sides with zstd take 16 or newer
  --write               put the figures into bench/results.json and docs/performance*.md
  --list                the names of the sides
  --help

TMPDIR chooses the disk: some four times the size must be free there, half as much without restore-j2 and drill.
`;

/** What the command line asks for; a string is to be printed instead. Throws an Error that says what is wrong with it. */
export function readOptions(args: readonly string[]): Options | string {
  const { values } = parseArgs({
    args: [...args],
    options: {
      size: { type: 'string', default: '200MB' },
      shape: { type: 'string', default: 'mixed' },
      rounds: { type: 'string', default: '3' },
      sides: { type: 'string', default: '*' },
      'server-major': { type: 'string', default: '15' },
      'client-major': { type: 'string' },
      write: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return USAGE;
  if (values.list) return SIDES.map(({ name, title }) => `${name.padEnd(30)}${title.en}\n`).join('');
  const shape = SHAPES.find((known) => known === values.shape);
  if (!shape) throw new Error(`--shape ${values.shape} is none of ${SHAPES.join(', ')}`);
  const serverMajor = wholeNumber('server-major', values['server-major']);
  return {
    sizeBytes: bytesOf(values.size),
    shape,
    rounds: wholeNumber('rounds', values.rounds),
    sides: sidesNamed(values.sides),
    serverMajor,
    clientMajor: wholeNumber('client-major', values['client-major'] ?? String(serverMajor)),
    write: values.write,
  };
}

function bytesOf(text: string): number {
  const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?) ?([KMGT]B)?$/i.exec(text) ?? [];
  const bytes = Math.round(Number(digits) * (UNITS[unit.toUpperCase()] ?? 0));
  if (bytes < 1e6) throw new Error(`--size ${text} is no size of 1MB or more, such as 200MB or 1.8GB`);
  return bytes;
}

function wholeNumber(option: string, text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new Error(`--${option} ${text} is no whole number`);
  return Number(text);
}

function sidesNamed(names: string): Side[] {
  const chosen = names.split(',').flatMap((name) => {
    const pattern = new RegExp(`^${RegExp.escape(name).replaceAll('\\*', '.*')}$`);
    const found = SIDES.filter((side) => pattern.test(side.name));
    if (found.length === 0) throw new Error(`--sides ${name} is no side; --list shows their names`);
    return found;
  });
  return [...new Set(chosen)];
}
