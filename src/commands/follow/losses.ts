import { type Column, findColumn, namedColumn, problemIn } from '../../pipe/training-log/columns.ts';
import type { TrainingLog } from '../../pipe/training-log/read.ts';
import type { LossCurve } from './compare-losses.ts';

/** The losses of a log, and what they were read from. */
export interface RunLosses extends LossCurve {
  readonly column: string;
  /** Measured on held-out data, so at a point of the run. */
  readonly heldOut: boolean;
  /** The highest learning rate, where the log has it: rows with a loss on held-out data often have none. */
  readonly peakRate?: number;
}

export interface WhichLosses {
  /** The column to take; found by its name where none is given. */
  readonly column?: string | undefined;
  /** Global batch size, to turn steps into samples; not needed where the log counts samples. */
  readonly batch?: number | undefined;
}

/** Points that a column needs to be preferred. */
const ENOUGH = 8;

/**
 * The losses of both logs by samples seen. The same kind of loss is taken from both: on held-out data where both have
 * enough of it, since it is the less noisy one, else that of training.
 * @throws Problem: usage
 */
export function lossesOf(
  logs: readonly [TrainingLog, TrainingLog],
  which: readonly [WhichLosses, WhichLosses],
): [RunLosses, RunLosses] {
  const held = logs.map((log) => findColumn(log, 'heldOutLoss')) as [Column?, Column?];
  const preferred = held.every((column) => column && column.values.filter(Number.isFinite).length >= ENOUGH);
  return logs.map((log, side) => {
    const { column, batch } = which[side]!;
    const found =
      column === undefined
        ? preferred
          ? held[side]
          : (findColumn(log, 'trainLoss') ?? held[side])
        : namedColumn(log, column);
    if (!found)
      throw problemIn(
        log,
        `no loss found; the columns with numbers are ${[...log.columns.keys()].join(', ')}. Name one with --column`,
      );
    return curveOf(log, found, batch);
  }) as [RunLosses, RunLosses];
}

function curveOf(log: TrainingLog, { name, values }: Column, batch: number | undefined): RunLosses {
  const samples = samplesOf(log, batch);
  const rows = values
    .map((loss, i) => ({ loss, samples: samples[i]! }))
    .filter(({ loss, samples }) => Number.isFinite(loss) && Number.isFinite(samples))
    .sort((a, b) => a.samples - b.samples);
  // A run that goes on from a checkpoint logs some steps twice: the later row is the one that counted.
  const kept = rows.filter(({ samples }, k) => samples !== rows[k + 1]?.samples);
  const peakRate = peakRateOf(log);
  return {
    samples: kept.map((row) => row.samples),
    losses: kept.map((row) => row.loss),
    column: name,
    heldOut: isHeldOut(name),
    ...(peakRate === undefined ? {} : { peakRate }),
  };
}

function samplesOf(log: TrainingLog, batch: number | undefined): readonly number[] {
  const counted = findColumn(log, 'samples');
  if (counted) return counted.values;
  const steps = findColumn(log, 'step');
  if (!steps) throw problemIn(log, 'the log counts neither steps nor samples, so runs cannot be aligned');
  if (batch === undefined)
    throw problemIn(
      log,
      'the log counts steps: give the global batch size of each log, the old one first: --batch N --batch N',
    );
  return steps.values.map((step) => step * batch);
}

/** Several learning rates (of parts of the model) move together, so the first will do. */
function peakRateOf(log: TrainingLog): number | undefined {
  const found = [...log.columns].find(([name]) => /(?:^|[/ ])(?:learning_rate|lr)(?:[-_/].*)?$/i.test(name));
  const rates = found?.[1].filter((rate) => rate > 0) ?? [];
  return rates.length ? rates.reduce((a, b) => Math.max(a, b)) : undefined;
}

function isHeldOut(name: string): boolean {
  return /(?:^|[^a-z])(?:eval|val|valid|validation|test)(?:[^a-z]|$)/i.test(name);
}
