import { Chalk } from 'chalk';
import { describe, expect, it } from 'vitest';
import { type Table, tableLines, tableWidth } from '../../src/base/table.ts';

const coloured = new Chalk({ level: 1 });
const plain = new Chalk({ level: 0 });

/** Two rows with a formula that is left out, and wrapped below, where it does not fit. */
function changes(chalk = plain): Table {
  return {
    columns: [
      { title: 'line', align: 'right' },
      { title: 'field' },
      { title: 'new', paint: chalk.green },
      { title: 'rule', optional: true, paint: chalk.dim },
    ],
    rows: [
      ['7', 'lr', '0.0004', '4 * 0.0001'],
      ['1234', 'optimizer.beta2', '0.996', '0.999^4, the decay that forgets as much in a sample'],
    ],
    paintTitles: chalk.dim,
    below: {
      texts: ['4 * 0.0001', '0.999^4, the decay that forgets as much in a sample'],
      indent: '      ',
      paint: chalk.dim,
    },
  };
}
const WIDE = [
  'line  field            new     rule',
  '   7  lr               0.0004  4 * 0.0001',
  '1234  optimizer.beta2  0.996   0.999^4, the decay that forgets as much in a sample',
];
const COMPACT = [
  'line  field            new',
  '   7  lr               0.0004',
  '      4 * 0.0001',
  '1234  optimizer.beta2  0.996',
];

const NO_COLOUR = /\u001b\[\d+m/g;
const withoutColour = (lines: readonly string[]) =>
  lines.map((line) => line.replace(NO_COLOUR, '').trimEnd());

describe('a table', () => {
  it('at 200 columns has every column, as wide as its widest cell', () => {
    expect(tableLines(changes(), 200)).toEqual(WIDE);
  });

  it('at 80 columns has the optional column below each row', () => {
    expect(tableLines(changes(), 80)).toEqual([
      ...COMPACT,
      '      0.999^4, the decay that forgets as much in a sample',
    ]);
  });

  it('at 40 columns wraps what is below', () => {
    expect(tableLines(changes(), 40)).toEqual([
      ...COMPACT,
      '      0.999^4, the decay that forgets as',
      '      much in a sample',
    ]);
  });

  it('is compact from the first column that it does not fit in', () => {
    const width = Math.max(...WIDE.map((line) => line.length));
    expect(tableWidth(changes())).toBe(width);
    expect(tableLines(changes(), width)).toEqual(WIDE);
    expect(tableLines(changes(), width - 1)).not.toEqual(WIDE);
  });

  it.each([40, 80, 200])('at %i columns has the same widths in colour', (width) => {
    const lines = tableLines(changes(coloured), width);
    expect(lines.join('')).toContain('\u001b[32m0.996');
    expect(withoutColour(lines)).toEqual(tableLines(changes(), width));
  });

  it('colours a cell with its padding', () => {
    expect(tableLines(changes(coloured), 200)[2]).toContain(coloured.green('0.996 '));
  });

  it('colours row by row where a column has a list', () => {
    const table = { columns: [{ paint: [coloured.green, coloured.red] }], rows: [['best'], ['worst']] };
    expect(tableLines(table)).toEqual([coloured.green('best'), coloured.red('worst')]);
  });

  it('aligns to the right, titles too, and in the last column', () => {
    const columns = [{ title: 'rule' }, { title: 'distance', align: 'right' }] as const;
    expect(tableLines({ columns, rows: [['ema', '0.1']] })).toEqual(['rule  distance', 'ema        0.1']);
  });

  it('without rows is its titles', () => {
    expect(tableLines({ ...changes(), rows: [] }, 200)).toEqual(['line  field  new  rule']);
  });

  it('without rows and titles is nothing', () => {
    expect(tableLines({ columns: [{}, {}], rows: [] })).toEqual([]);
  });

  it('has no space at the end of a line', () => {
    const rows = [
      ['a', '', ''],
      ['bb', 'c', ''],
    ];
    expect(tableLines({ columns: [{}, {}, {}], rows, indent: '  ' })).toEqual(['  a', '  bb  c']);
  });

  it('without optional columns may be wider than the terminal', () => {
    const cell = 'x'.repeat(100);
    expect(
      tableLines(
        {
          columns: [{}, {}],
          rows: [
            [cell, 'y'],
            ['z', 'y'],
          ],
        },
        40,
      ),
    ).toEqual([`${cell}  y`, `z${' '.repeat(101)}y`]);
  });
});
