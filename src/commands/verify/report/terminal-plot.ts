/** Two curves and their difference as plain text, for terminals and logs. */
export interface Plot {
  readonly title: string;
  readonly old: readonly number[];
  readonly now: readonly number[];
  /** Columns of text, points included; a point takes one column. */
  readonly columns: number;
}

const ROWS = 9;
const DIFFERENCE_ROWS = 5;
const MARGIN = 9;

/** Draws old (o), new (x) and both in one place (*), and below them old - new on its own scale, where there is any. */
export function plotText({ title, old, now, columns }: Plot): string {
  const points = Math.min(old.length, columns - MARGIN - 1);
  const [a, b] = [old.slice(0, points), now.slice(0, points)];
  const difference = a.map((x, i) => x - b[i]!);
  return [
    title,
    ...panel(
      [
        { mark: 'o', values: a },
        { mark: 'x', values: b },
      ],
      ROWS,
    ),
    ...(difference.some((x) => x !== 0)
      ? ['old - new, on a scale of its own', ...panel([{ mark: '.', values: difference }], DIFFERENCE_ROWS)]
      : ['old - new: 0 everywhere']),
  ]
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}

interface Curve {
  readonly mark: string;
  readonly values: readonly number[];
}

/** A scale around zero, so that a curve's sign shows. */
function panel(curves: readonly Curve[], rows: number): string[] {
  const all = curves.flatMap(({ values }) => values);
  const most = Math.max(...all.map(Math.abs), Number.MIN_VALUE);
  const half = (rows - 1) / 2;
  const rowOf = (value: number) => Math.round(half - (value / most) * half);
  const width = Math.max(...curves.map(({ values }) => values.length));
  return Array.from({ length: rows }, (_, row) => {
    const cells = Array.from({ length: width }, (__, i) => {
      const here = curves.filter(({ values }) => values[i] !== undefined && rowOf(values[i]) === row);
      return here.length > 1 ? '*' : (here[0]?.mark ?? (row === half ? '-' : ' '));
    });
    const label = row === 0 ? short(most) : row === half ? '0' : row === rows - 1 ? short(-most) : '';
    return `${label.padStart(MARGIN - 1)} ${cells.join('')}`;
  });
}

function short(x: number): string {
  return String(Number(x.toPrecision(2)));
}
