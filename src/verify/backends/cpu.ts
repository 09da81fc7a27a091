import { fillNoise } from '../noise.ts';
import { signalMean, signalResponse } from '../signals.ts';
import { type Alignment, align, type Stretch, stretches } from '../theory.ts';
import type {
  AverageCase,
  AverageResult,
  AveragesRequest,
  AveragesResult,
  Backend,
  Control,
  Measured,
} from './backend.ts';

/** The float64 reference: the averages' own recurrences, step by step, on typed arrays. */
export const cpu: Backend = { name: 'cpu', device: 'CPU, float64', averages };

/** How long to run before looking up: progress, Ctrl-C. In milliseconds. */
const SLICE = 50;

async function averages(request: AveragesRequest, control: Control): Promise<AveragesResult> {
  const { blocks, coordinates } = request;
  const alignment = align(request.batch);
  const gradients = gradientSource(request, alignment);
  const [old, now] = [batchMeans(coordinates), batchMeans(coordinates)];
  const runs = request.cases.map((one) => startCase(one, request));
  const plan = [...stretches(alignment)];
  let lookUp = performance.now() + SLICE;
  for (let block = 0; block < blocks; block++) {
    for (const [i, stretch] of plan.entries()) {
      gradients.draw(block, i, stretch);
      const startsOld = plan[i - 1]?.old !== stretch.old;
      const startsNow = plan[i - 1]?.now !== stretch.now;
      accumulate(old, gradients.values, stretch.length / alignment.now, startsOld);
      accumulate(now, gradients.values, stretch.length / alignment.old, startsNow);
      if (plan[i + 1]?.old !== stretch.old) endOfOldBatch(old, runs);
      if (plan[i + 1]?.now !== stretch.now) endOfNewBatch(now, runs);
    }
    for (const run of runs) snapshot(run, block + 1, request, alignment);
    if (performance.now() < lookUp) continue;
    control.progress?.((block + 1) / blocks);
    await new Promise((resolve) => setImmediate(resolve));
    control.signal?.throwIfAborted();
    lookUp = performance.now() + SLICE;
  }
  return { cases: runs.map(resultOf), level: levelOf(old, now, request.mean) };
}

/** Gradients of the stretches in order; `values` holds the mean over the latest, by coordinate. */
interface GradientSource {
  readonly values: Float64Array;
  draw(block: number, index: number, stretch: Stretch): void;
}

function gradientSource(request: AveragesRequest, alignment: Alignment): GradientSource {
  const { gradients, coordinates } = request;
  const values = new Float64Array(coordinates);
  const blockLength = alignment.old * alignment.now;
  const starts: number[] = [];
  for (const { length } of stretches(alignment)) starts.push((starts.at(-1) ?? 0) + length);
  const start = (index: number) => starts[index - 1] ?? 0;
  if (gradients.kind === 'recorded') {
    const { values: rows, columns } = gradients.recording;
    const means = columnMeans(gradients.recording);
    const draw = (block: number, index: number, { length }: Stretch) => {
      values.fill(0);
      const first = block * blockLength + start(index);
      for (let row = first; row < first + length; row++)
        for (let p = 0; p < columns; p++) values[p]! += (rows[row * columns + p]! - means[p]!) / length;
    };
    return { values, draw };
  }
  const { key, tails, signal } = gradients;
  const draw = (block: number, index: number, { length }: Stretch) => {
    fillNoise(values, key, block * starts.length + index, Math.sqrt(alignment.now / length), tails);
    if (signal.kind === 'constant') return;
    const from = (block * blockLength + start(index)) / alignment.now;
    const mean = signalMean(signal, from, from + length / alignment.now);
    for (let p = 0; p < values.length; p++) values[p]! += mean;
  };
  return { values, draw };
}

function columnMeans({ rows, columns, values }: { rows: number; columns: number; values: Float64Array }) {
  const means = new Float64Array(columns);
  for (let row = 0; row < rows; row++)
    for (let p = 0; p < columns; p++) means[p]! += values[row * columns + p]! / rows;
  return means;
}

/** The mean of the batch under way, and sums over the finished ones for the level of the squares. */
interface BatchMeans {
  readonly mean: Float64Array;
  readonly sum: Float64Array;
  readonly squares: Float64Array;
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

function endOfBatch(batch: BatchMeans): void {
  const { mean, sum, squares } = batch;
  for (let p = 0; p < mean.length; p++) {
    sum[p]! += mean[p]!;
    squares[p]! += mean[p]! * mean[p]!;
  }
  batch.count++;
}

function endOfOldBatch(batch: BatchMeans, runs: readonly CaseRun[]): void {
  endOfBatch(batch);
  for (const { old, decay } of runs) step(old, decay[0], batch.mean);
}

function endOfNewBatch(batch: BatchMeans, runs: readonly CaseRun[]): void {
  endOfBatch(batch);
  for (const { now, unconverted, decay } of runs) {
    step(now, decay[1], batch.mean);
    step(unconverted, decay[0], batch.mean);
  }
}

function step(average: Float64Array, decay: number, gradient: Float64Array): void {
  const weight = 1 - decay;
  for (let p = 0; p < average.length; p++) average[p] = decay * average[p]! + weight * gradient[p]!;
}

/** The state of one case and its sums over snapshots: by replicate, which is a coordinate or a piece of the time. */
interface CaseRun extends AverageCase {
  readonly old: Float64Array;
  readonly now: Float64Array;
  readonly unconverted: Float64Array;
  readonly difference: Float64Array;
  readonly unconvertedDifference: Float64Array;
  readonly own: Float64Array;
  readonly trajectory: { blocks: number[]; old: number[]; now: number[] };
}

/** With fewer coordinates than this, as in a recording, the standard error is taken over pieces of the time. */
const FEWEST_COORDINATES = 8;
const PIECES_OF_TIME = 8;
/** Points of a trajectory: what a terminal is wide. */
export const TRAJECTORY_POINTS = 68;

function startCase(one: AverageCase, { coordinates }: AveragesRequest): CaseRun {
  const zeros = (n = coordinates) => new Float64Array(n);
  const replicates = coordinates < FEWEST_COORDINATES ? PIECES_OF_TIME : coordinates;
  return {
    ...one,
    old: zeros(),
    now: zeros(),
    unconverted: zeros(),
    difference: zeros(replicates),
    unconvertedDifference: zeros(replicates),
    own: zeros(replicates),
    trajectory: { blocks: [], old: [], now: [] },
  };
}

function snapshot(run: CaseRun, block: number, request: AveragesRequest, alignment: Alignment): void {
  const { first, every, pace } = run.snapshots;
  if (block < first) return;
  const { trajectory } = run;
  if ((block - first) % pace === 0 && trajectory.blocks.length < TRAJECTORY_POINTS) {
    trajectory.blocks.push(block);
    trajectory.old.push(run.old[0]!);
    trajectory.now.push(run.gain * run.now[0]!);
  }
  if ((block - first) % every !== 0) return;
  const { gradients, blocks, coordinates } = request;
  const own =
    gradients.kind === 'synthetic'
      ? signalResponse(gradients.signal, 1, run.decay[0], block * alignment.old)
      : 0;
  const piece =
    coordinates < FEWEST_COORDINATES
      ? Math.min(
          PIECES_OF_TIME - 1,
          Math.floor((PIECES_OF_TIME * (block - first)) / Math.max(1, blocks - first)),
        )
      : undefined;
  for (let p = 0; p < coordinates; p++) {
    const to = piece ?? p;
    run.difference[to]! += (run.old[p]! - run.gain * run.now[p]!) ** 2;
    run.unconvertedDifference[to]! += (run.old[p]! - run.unconvertedGain * run.unconverted[p]!) ** 2;
    run.own[to]! += (run.old[p]! - own) ** 2;
  }
}

function resultOf(run: CaseRun): AverageResult {
  return {
    converted: rootOf(ratioOfSums(run.difference, run.own)),
    unconverted: rootOf(ratioOfSums(run.unconvertedDifference, run.own)),
    trajectory: run.trajectory,
  };
}

/** Ratio of the sums of two lists over replicates, with the standard error of a ratio estimator. */
export function ratioOfSums(top: Float64Array, bottom: Float64Array): Measured {
  const n = top.length;
  const total = bottom.reduce((sum, x) => sum + x, 0);
  const value = top.reduce((sum, x) => sum + x, 0) / total;
  let squares = 0;
  for (let i = 0; i < n; i++) squares += (top[i]! - value * bottom[i]!) ** 2;
  return { value, standardError: Math.sqrt((squares * n) / (n - 1)) / total };
}

function rootOf({ value, standardError }: Measured): Measured {
  const root = Math.sqrt(value);
  return { value: root, standardError: root === 0 ? 0 : standardError / (2 * root) };
}

/** E[(mean + z)^2] of new batches over that of old ones. */
function levelOf(old: BatchMeans, now: BatchMeans, mean: number): Measured {
  const squares = ({ sum, squares, count }: BatchMeans) =>
    squares.map((square, p) => (square + 2 * mean * sum[p]!) / count + mean * mean);
  return ratioOfSums(squares(now), squares(old));
}
