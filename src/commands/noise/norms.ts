import { type Column, findColumn, namedColumn, problemIn } from '../../pipe/training-log/columns.ts';
import type { TrainingLog } from '../../pipe/training-log/read.ts';
import type { NormSeries, PairedNorms } from './noise-scale.ts';

/** The two norms of one run, with what they were read from. */
export interface RunNorms extends PairedNorms {
  readonly columns: readonly [small: string, big: string];
  /** Where each row stands: the run's steps where the log has them, else the rows. */
  readonly steps: readonly number[];
  readonly counted: 'steps' | 'rows';
  /** Rows left out since their batch was another one, such as an epoch's last. */
  readonly leftOut: number;
  /** Cells of both columns without a finite number; their rows are left out, too. */
  readonly skipped: number;
}

/**
 * The gradient norms of a log of one batch size.
 * @param column the column to take; found by its name where none is given
 * @throws Problem: usage
 */
export function normsOf(log: TrainingLog, batch: number, column?: string): NormSeries {
  const found = column === undefined ? findColumn(log, 'stepNorm') : namedColumn(log, column);
  if (!found) throw noNorm(log, 'no gradient norm found');
  const squaredNorms = squares(found).filter(Number.isFinite);
  if (squaredNorms.length === 0) throw noNorm(log, `"${found.name}" holds no number`);
  return { batch, squaredNorms, skipped: log.blanks.get(found.name) ?? 0 };
}

/**
 * The gradient norms at two batch sizes that one run logged: of a micro-batch before accumulation and all-reduce, and of
 * the whole batch.
 * @param named two columns, the smaller batch's first; none to find them by name
 * @param batches their batch sizes in samples; none to read them from the log, as `--snippet` writes them
 * @throws Problem: usage
 */
export function pairedNormsOf(
  log: TrainingLog,
  named: readonly string[],
  batches: readonly number[],
): RunNorms {
  const [small, big] = named.length ? named.map((name) => namedColumn(log, name)) : foundPair(log);
  if (!small || !big) throw problemIn(log, 'one log needs two columns: --column SMALL --column BIG');
  const sizes = batches.length ? undefined : sizesOf(log);
  if (!sizes && batches.length !== 2)
    throw problemIn(
      log,
      `the log does not say its batch sizes: give both, that of "${small.name}" first: --batch N --batch N`,
    );
  const norms = [squares(small), squares(big)] as const;
  const whole = rowsWhere(log, (i) => Number.isFinite(norms[0][i]) && Number.isFinite(norms[1][i]));
  if (whole.length === 0)
    throw problemIn(log, `no row has both "${small.name}" and "${big.name}": log them in the same step`);
  const usual = sizes ? mostCommon(whole.map((i) => `${sizes[0][i]} ${sizes[1][i]}`)) : '';
  const rows = sizes ? whole.filter((i) => `${sizes[0][i]} ${sizes[1][i]}` === usual) : whole;
  const step = findColumn(log, 'step', '--column')?.values;
  return {
    batches: (sizes ? usual.split(' ').map(Number) : batches) as unknown as [number, number],
    squaredNorms: [rows.map((i) => norms[0][i]!), rows.map((i) => norms[1][i]!)],
    columns: [small.name, big.name],
    steps: rows.map((i) => step?.[i] ?? i),
    counted: step ? 'steps' : 'rows',
    leftOut: whole.length - rows.length,
    skipped: (log.blanks.get(small.name) ?? 0) + (log.blanks.get(big.name) ?? 0),
  };
}

function foundPair(log: TrainingLog): [Column, Column] {
  const small = findColumn(log, 'microNorm', '--column SMALL --column BIG');
  const big = findColumn(log, 'stepNorm', '--column SMALL --column BIG');
  if (small && big) return [small, big];
  throw noNorm(
    log,
    small || big ? `only one gradient norm found, "${(small ?? big)!.name}"` : 'no gradient norm found',
  );
}

/** Batch sizes by row, as the log has them. */
function sizesOf(log: TrainingLog): [readonly number[], readonly number[]] | undefined {
  const [micro, step] = [findColumn(log, 'microBatch'), findColumn(log, 'stepBatch')];
  return micro && step ? [micro.values, step.values] : undefined;
}

/** Norms squared, unless the column's name says that they are. */
function squares({ name, values }: Column): number[] {
  return /(?:^|[^a-z])(?:sq|sqr|square|squared)(?:[^a-z]|$)/i.test(name)
    ? [...values]
    : values.map((n) => n * n);
}

function rowsWhere({ rows }: TrainingLog, holds: (row: number) => boolean): number[] {
  return Array.from({ length: rows }, (_, i) => i).filter(holds);
}

function mostCommon(values: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].reduce((best, other) => (other[1] > best[1] ? other : best))[0];
}

function noNorm(log: TrainingLog, what: string) {
  const there = [...log.columns.keys()];
  const columns = there.length ? `the columns with numbers are ${there.join(', ')}` : 'it has no numbers';
  return problemIn(
    log,
    `${what}: ${columns}. Name them with --column; or log the norms of a micro-batch and of the step: rebatch noise --snippet torch prints the lines for it`,
  );
}
