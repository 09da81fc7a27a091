import { fillNoise } from '../noise.ts';
import { type Alignment, type Step, stepsOf } from '../theory.ts';
import type { AveragesRequest, Measured } from './backend.ts';
import { ratioOfSums } from './statistics.ts';

/** The gradients of a request in the order of time, in float64: what every backend averages. */
export interface Gradients {
  /** The steps of one aligned block. */
  readonly plan: readonly Step[];
  /** The latest step's gradients about their mean, by coordinate. */
  readonly values: Float64Array;
  /** Means of the current batches; that of a batch is right after the step that ends it. */
  readonly old: Float64Array;
  readonly now: Float64Array;
  /** Draws a step; steps are drawn in order. */
  draw(block: number, index: number): void;
  /** E[(mean + z)^2] of the new batches drawn so far over that of the old ones. */
  level(): Measured;
}

export function gradientsOf({ coordinates, key, mean }: AveragesRequest, alignment: Alignment): Gradients {
  const plan = stepsOf(alignment);
  const values = new Float64Array(coordinates);
  const [old, now] = [batchMeans(coordinates), batchMeans(coordinates)];
  return {
    plan,
    values,
    old: old.mean,
    now: now.mean,
    draw(block, index) {
      const { length, starts, ends } = plan[index]!;
      fillNoise(values, key, block * plan.length + index, Math.sqrt(alignment.now / length));
      accumulate(old, values, length / alignment.now, starts.old);
      accumulate(now, values, length / alignment.old, starts.now);
      if (ends.old) count(old);
      if (ends.now) count(now);
    },
    level: () => levelOf(old, now, mean),
  };
}

/** Sums over the finished batches by coordinate, for the level of their squares. */
export interface BatchSums {
  readonly sum: Float64Array;
  readonly squares: Float64Array;
  readonly count: number;
}

/** The mean of the current batch, and sums over the finished ones. */
interface BatchMeans extends BatchSums {
  readonly mean: Float64Array;
  count: number;
}

function batchMeans(coordinates: number): BatchMeans {
  const zeros = () => new Float64Array(coordinates);
  return { mean: zeros(), sum: zeros(), squares: zeros(), count: 0 };
}

function accumulate({ mean }: BatchMeans, values: Float64Array, share: number, starts: boolean): void {
  if (starts) for (let p = 0; p < mean.length; p++) mean[p] = share * values[p]!;
  else for (let p = 0; p < mean.length; p++) mean[p]! += share * values[p]!;
}

function count(batch: BatchMeans): void {
  const { mean, sum, squares } = batch;
  for (let p = 0; p < mean.length; p++) {
    sum[p]! += mean[p]!;
    squares[p]! += mean[p]! * mean[p]!;
  }
  batch.count++;
}

/** E[(mean + z)^2] of the new batches over that of the old ones. */
export function levelOf(old: BatchSums, now: BatchSums, mean: number): Measured {
  return ratioOfSums(meanSquares(now, mean), meanSquares(old, mean));
}

function meanSquares({ sum, squares, count }: BatchSums, mean: number): Float64Array {
  return squares.map((square, p) => (square + 2 * mean * sum[p]!) / count + mean * mean);
}
