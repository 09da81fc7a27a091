import { fillNoise } from '../noise.ts';
import { signalMean } from '../signals.ts';
import { type Alignment, type Step, type Stretch, stepsOf } from '../theory.ts';
import type { AveragesRequest, Measured } from './backend.ts';
import { FEWEST_COORDINATES, ratioOfSums } from './statistics.ts';

/** A request whose gradients are drawn. */
export interface SyntheticRequest extends AveragesRequest {
  readonly gradients: Extract<AveragesRequest['gradients'], { kind: 'synthetic' }>;
}

/**
 * A request for a kernel, or nothing: recordings are read, not computed, and few coordinates have statistics of their
 * own, so that the reference takes both.
 */
export function drawn(request: AveragesRequest): SyntheticRequest | undefined {
  const { gradients, coordinates } = request;
  return gradients.kind === 'synthetic' && coordinates >= FEWEST_COORDINATES
    ? { ...request, gradients }
    : undefined;
}

/** The gradients of a request in the order of time, in float64: what every backend averages. */
export interface Gradients {
  /** The steps of one aligned block. */
  readonly plan: readonly Step[];
  /** The latest step's gradients about their mean, by coordinate. */
  readonly values: Float64Array;
  /** Means of the batches under way; that of a batch is right after the step that ends it. */
  readonly old: Float64Array;
  readonly now: Float64Array;
  /** Draws a step; steps are drawn in order. @returns the mean of the gradients over the step */
  draw(block: number, index: number): number;
  /** E[(mean + z)^2] of the new batches drawn so far over that of the old ones. */
  level(): Measured;
}

export function gradientsOf(request: AveragesRequest, alignment: Alignment): Gradients {
  const plan = stepsOf(alignment);
  const values = new Float64Array(request.coordinates);
  const draw = sourceOf(request, alignment, plan, values);
  const [old, now] = [batchMeans(request.coordinates), batchMeans(request.coordinates)];
  return {
    plan,
    values,
    old: old.mean,
    now: now.mean,
    draw(block, index) {
      const step = plan[index]!;
      const mean = draw(block, index);
      accumulate(old, values, mean, step.length / alignment.now, step.starts.old);
      accumulate(now, values, mean, step.length / alignment.old, step.starts.now);
      if (step.ends.old) count(old);
      if (step.ends.now) count(now);
      return mean;
    },
    level: () => levelOf(old, now, request.mean),
  };
}

/** Fills `values` with the noise of a step and returns the signal's mean over it. */
function sourceOf(
  { gradients }: AveragesRequest,
  alignment: Alignment,
  plan: readonly Stretch[],
  values: Float64Array,
): Gradients['draw'] {
  const blockLength = alignment.old * alignment.now;
  const starts = new Float64Array(plan.length);
  for (let i = 1; i < plan.length; i++) starts[i] = starts[i - 1]! + plan[i - 1]!.length;
  if (gradients.kind === 'recorded') {
    const { values: rows, columns } = gradients.recording;
    const means = columnMeans(gradients.recording);
    return (block, index) => {
      const { length } = plan[index]!;
      values.fill(0);
      const first = block * blockLength + starts[index]!;
      for (let row = first; row < first + length; row++)
        for (let p = 0; p < values.length; p++) values[p]! += (rows[row * columns + p]! - means[p]!) / length;
      return 0;
    };
  }
  const { key, tails, signal } = gradients;
  return (block, index) => {
    const { length } = plan[index]!;
    fillNoise(values, key, block * plan.length + index, Math.sqrt(alignment.now / length), tails);
    const from = (block * blockLength + starts[index]!) / alignment.now;
    return signalMean(signal, from, from + length / alignment.now);
  };
}

function columnMeans({ rows, columns, values }: { rows: number; columns: number; values: Float64Array }) {
  const means = new Float64Array(columns);
  for (let row = 0; row < rows; row++)
    for (let p = 0; p < columns; p++) means[p]! += values[row * columns + p]! / rows;
  return means;
}

/** Sums over the finished batches by coordinate, for the level of their squares. */
export interface BatchSums {
  readonly sum: Float64Array;
  readonly squares: Float64Array;
  readonly count: number;
}

/** The mean of the batch under way, and what the finished ones come to. */
interface BatchMeans extends BatchSums {
  readonly mean: Float64Array;
  count: number;
}

function batchMeans(coordinates: number): BatchMeans {
  const zeros = () => new Float64Array(coordinates);
  return { mean: zeros(), sum: zeros(), squares: zeros(), count: 0 };
}

function accumulate(
  { mean }: BatchMeans,
  values: Float64Array,
  signal: number,
  share: number,
  starts: boolean,
): void {
  if (starts) for (let p = 0; p < mean.length; p++) mean[p] = share * (values[p]! + signal);
  else for (let p = 0; p < mean.length; p++) mean[p]! += share * (values[p]! + signal);
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
