import { BUDGET, tooLarge } from '../../base/budget.ts';
import type { Source } from '../../base/diagnostic.ts';
import { Problem } from '../../base/problem.ts';
import { tooDeep } from '../../document/depth.ts';

/** A training log as columns of numbers. */
export interface TrainingLog {
  readonly file: string;
  /** Values by column, one for each row; NaN where a row has none. Nested names are joined by a slash. */
  readonly columns: ReadonlyMap<string, readonly number[]>;
  readonly rows: number;
  /** How many cells of a column say that there is no finite number: null, NaN, an infinity. */
  readonly blanks: ReadonlyMap<string, number>;
}

type Row = Readonly<Record<string, unknown>>;

/**
 * Reads a training log: JSON lines, a JSON array of rows, a trainer's state file with its `log_history`, or CSV as
 * trainers and dashboards export it (separated by commas, semicolons or tabs, quoted or not).
 * @throws Problem: empty, syntax
 */
export async function readTrainingLog({ file, text }: Source): Promise<TrainingLog> {
  try {
    const plain = text.replace(/^\ufeff/, '').trim();
    if (plain === '') throw new Problem('empty', 'the log is empty');
    const rows = /^[[{]/.test(plain) ? jsonRows(plain) : await csvRows(plain);
    const columns = columnsOf(rows);
    return { file, columns, rows: rows.length, blanks: blanksOf(rows, columns) };
  } catch (error) {
    if (error instanceof RangeError) throw tooDeep().in({ file, text });
    if (error instanceof Problem) error.file = file;
    throw error;
  }
}

function columnsOf(rows: readonly Row[]): Map<string, number[]> {
  const columns = new Map<string, number[]>();
  rows.forEach((row, i) => {
    for (const [name, value] of Object.entries(row)) {
      const number = numberOf(value);
      if (number === undefined) continue;
      if (name.length > BUDGET.key) throw tooLarge(`${BUDGET.key} characters in the name of a column`);
      const column = columns.get(name) ?? new Array<number>(rows.length).fill(Number.NaN);
      column[i] = number;
      columns.set(name, column);
      if (columns.size > BUDGET.columns) throw tooLarge(`${BUDGET.columns} columns`);
    }
  });
  return columns;
}

function blanksOf(rows: readonly Row[], columns: ReadonlyMap<string, unknown>): Map<string, number> {
  const blanks = new Map<string, number>();
  for (const row of rows)
    for (const [name, value] of Object.entries(row))
      if (columns.has(name) && isBlank(value)) blanks.set(name, (blanks.get(name) ?? 0) + 1);
  return blanks;
}

/** A cell that was written and holds no finite number. An empty one of a table was not. */
function isBlank(value: unknown): boolean {
  if (typeof value === 'number') return !Number.isFinite(value);
  return (
    value === null || (typeof value === 'string' && /^(?:null|none|nan|[-+]?inf(?:inity)?)$/i.test(value))
  );
}

/** A cell as a number. Python and dashboards write what is not finite as a word: the row is there, the number is not. */
function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string' || value.trim() === '') return undefined;
  const number = Number(value);
  return Number.isNaN(number) ? undefined : number;
}

/** One document, or one for each line. */
function jsonRows(text: string): Row[] {
  const whole = parsed(text);
  if (whole !== undefined) {
    const history = Array.isArray(whole) ? whole : ((whole as Row).log_history ?? [whole]);
    return (Array.isArray(history) ? history : []).filter(isRow).map((row) => flat(row));
  }
  const lines = text.split('\n').flatMap((line, i) => (line.trim() ? [{ line, number: i + 1 }] : []));
  return lines.flatMap(({ line, number }, i) => {
    const row = parsed(line);
    if (isRow(row)) return [flat(row)];
    // A run that is still writing, or was killed, leaves half a line.
    if (i === lines.length - 1 && i > 0) return [];
    // What a console prints between the rows.
    if (!line.trim().startsWith('{')) return [];
    throw new Problem('syntax', `line ${number} of the log is not JSON: "${line.trim().slice(0, 60)}"`);
  });
}

/** JSON, also with the NaN and Infinity that Python writes. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    try {
      return JSON.parse(text.replace(/([:[,]\s*)(?:NaN|-?Infinity)(?=\s*[,\]}])/g, '$1null'));
    } catch {
      return undefined;
    }
  }
}

function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function flat(row: Row, prefix = ''): Row {
  return Object.fromEntries(
    Object.entries(row).flatMap(([name, value]) =>
      isRow(value) ? Object.entries(flat(value, `${prefix}${name}/`)) : [[`${prefix}${name}`, value]],
    ),
  );
}

async function csvRows(text: string): Promise<Row[]> {
  const { parse } = await import('csv-parse/sync');
  try {
    return parse<Row>(text, {
      columns: true,
      delimiter: separatorOf(text),
      // Rows of a run whose metrics came later, or that was killed while it wrote, have other lengths.
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
    });
  } catch (error) {
    throw new Problem('syntax', `the log is neither JSON nor CSV: ${(error as Error).message}`);
  }
}

/** Of the separators in use, the one that stands most often in the line of names. */
function separatorOf(text: string): string {
  const head = text.slice(0, (text.indexOf('\n') + 1 || text.length + 1) - 1).replace(/"[^"]*"/g, '');
  const often = (separator: string) => head.split(separator).length;
  return [',', '\t', ';'].reduce((best, other) => (often(other) > often(best) ? other : best));
}
