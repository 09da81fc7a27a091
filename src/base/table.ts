import { printable } from './diagnostic.ts';
import { hanging } from './text.ts';

type Paint = (text: string) => string;

export interface Column {
  readonly title?: string;
  readonly align?: 'left' | 'right';
  /** Colours the padded cells, so that escape codes do not count as width; a list has one for each row. */
  readonly paint?: Paint | readonly Paint[];
  /** Left out where a line would be wider than the terminal. */
  readonly optional?: boolean;
}

export interface Table {
  readonly columns: readonly Column[];
  /** One text for each column, made printable here. */
  readonly rows: readonly (readonly string[])[];
  readonly indent?: string;
  readonly paintTitles?: Paint;
  /** What stands below each row, wrapped, where the optional columns are left out. */
  readonly below?: { readonly texts: readonly string[]; readonly indent: string; readonly paint: Paint };
}

const GAP = '  ';

/**
 * Lays out a table: titles (if any), then the rows, every column as wide as its widest cell.
 * @param width columns of the terminal; what is left without the optional columns may still be wider
 */
export function tableLines(given: Table, width = Number.POSITIVE_INFINITY): string[] {
  const table = { ...given, rows: given.rows.map((cells) => cells.map(cellText)) };
  const { columns, rows, indent = '', paintTitles = String, below } = table;
  const compact = tableWidth(table) > width;
  const titles = columns.map(({ title = '' }) => title);
  const shown = [...columns.keys()].filter((c) => !(compact && columns[c]!.optional));
  const widths = widthsOf(table);
  const line = (cells: readonly string[], paint: (cell: string, column: number) => string) => {
    const end = shown.findLastIndex((c) => cells[c] !== '');
    const padded = shown.slice(0, end + 1).map((c, i) => {
      if (columns[c]!.align === 'right') return paint(cells[c]!.padStart(widths[c]!), c);
      return paint(i === end ? cells[c]! : cells[c]!.padEnd(widths[c]!), c);
    });
    return indent + padded.join(GAP);
  };
  return [
    ...(titles.some(Boolean) ? [paintTitles(line(titles, String))] : []),
    ...rows.flatMap((cells, row) => [
      line(cells, (cell, c) => paintOf(columns[c]!, row)(cell)),
      ...(compact && below
        ? below.paint(below.indent + hanging(below.texts[row]!, width, below.indent)).split('\n')
        : []),
    ]),
  ];
}

/** The width of a table with all its columns. */
export function tableWidth(table: Table): number {
  const outside = (table.indent ?? '').length + GAP.length * (table.columns.length - 1);
  return widthsOf(table).reduce((sum, width) => sum + width, outside);
}

/** Every row is as wide as the widest cell. */
const WIDEST_CELL = 500;

function cellText(text: string): string {
  const shown = printable(text);
  return shown.length > WIDEST_CELL ? `${shown.slice(0, WIDEST_CELL - 1)}…` : shown;
}

function widthsOf({ columns, rows }: Table): number[] {
  return columns.map(({ title = '' }, c) => Math.max(title.length, ...rows.map((cells) => cells[c]!.length)));
}

function paintOf({ paint = String }: Column, row: number): Paint {
  return typeof paint === 'function' ? paint : paint[row]!;
}
