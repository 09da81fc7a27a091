import { fillNoise, type NoiseKey } from './noise.ts';
import { type Layer, newLayer } from './optimizers.ts';
import { SLICE } from './slices.ts';
import type { TrainingPlan, TrainingRequest, TrainingRun } from './training-plan.ts';

// One layer of a training, by the float64 reference; src/lab/training.ts describes the problem.

/** Losses of each run at the snapshots. */
export type LossPaths = Float64Array[];

/** Streams of the generator, three for each layer, apart from those that averages draw from. */
const FIRST_STREAM = 0x7a000000;
const STREAMS = { problem: 0, now: 1, old: 2 } as const;
export const STREAMS_PER_LAYER = 3;

/** The streams of a layer's problem and of the noise of its runs. */
export type Streams = Readonly<Record<keyof typeof STREAMS, NoiseKey>>;

export function keysOf(seed: number, index: number): Streams {
  const key = (use: keyof typeof STREAMS) => ({
    seed,
    stream: FIRST_STREAM + STREAMS_PER_LAYER * index + STREAMS[use],
  });
  return { problem: key('problem'), now: key('now'), old: key('old') };
}

/** A layer's problem, and one copy of the layer for every run. */
interface LayerTask extends Omit<ReturnType<typeof problemOf>, 'start'> {
  readonly runs: readonly { readonly run: TrainingRun; readonly layer: Layer }[];
}

/** Trains one layer by the reference. Yields periodically how much is done, 0 to 1. */
export function* referencePaths(
  index: number,
  plan: TrainingPlan,
  request: TrainingRequest,
): Generator<number, LossPaths> {
  const { width } = request.sizes;
  const { update } = request.reference;
  const keys = keysOf(request.seed, index);
  const { start, ...problem } = problemOf(width, keys.problem);
  const task: LayerTask = { ...problem, runs: plan.runs.map((run) => ({ run, layer: newLayer(start) })) };
  const noise = noiseSource(width, plan, request.noise, keys);
  const gradient = new Float64Array(width);
  const paths = plan.runs.map(() => new Float64Array(plan.snapshots));
  const old = task.runs.filter(({ run }) => run.side === 'old');
  const now = task.runs.filter(({ run }) => run.side === 'now');
  const step = (side: LayerTask['runs'], unit: Float64Array) => {
    for (const { run, layer } of side) {
      gradientAt(gradient, layer, task, unit, run.noise);
      update(layer, gradient, run.settings);
    }
  };
  let lookUp = performance.now() + SLICE;
  for (let block = 1; block <= plan.blocks; block++) {
    noise.block(
      block - 1,
      (unit) => step(old, unit),
      (unit) => step(now, unit),
    );
    if (block % plan.every === 0)
      for (const [i, { layer }] of task.runs.entries())
        paths[i]![block / plan.every - 1] = lossOf(layer, task);
    if (performance.now() < lookUp) continue;
    yield block / plan.blocks;
    lookUp = performance.now() + SLICE;
  }
  return paths;
}

/** The problem of a layer: its curvatures, the weights of every run at the start, and its minimum. */
export function problemOf(width: number, key: NoiseKey) {
  const normals = (index: number) => {
    const values = new Float64Array(width);
    fillNoise(values, key, index, 1);
    return values;
  };
  return { curvature: normals(0).map(Math.exp), start: normals(1), target: normals(2) };
}

function gradientAt(
  out: Float64Array,
  { weights }: Layer,
  { curvature, target }: LayerTask,
  unit: Float64Array,
  noise: number,
): void {
  for (let p = 0; p < out.length; p++) out[p] = curvature[p]! * (weights[p]! - target[p]!) + noise * unit[p]!;
}

/** The loss of a run that diverged, so that its distance stays finite. */
const DIVERGED = 1e300;

function lossOf({ weights }: Layer, { curvature, target }: LayerTask): number {
  let sum = 0;
  for (let p = 0; p < weights.length; p++) {
    const off = weights[p]! - target[p]!;
    sum += curvature[p]! * off * off;
  }
  return Number.isFinite(sum) ? Math.min(sum / 2, DIVERGED) : DIVERGED;
}

/** Calls back at the end of every batch of a block with a unit normal for each coordinate: the batch's noise. */
interface NoiseSource {
  block(index: number, endOfOld: (unit: Float64Array) => void, endOfNow: (unit: Float64Array) => void): void;
}

/** One normal for each stretch between two batch boundaries; a batch's noise is their sum by the roots of their shares. */
function noiseSource(
  width: number,
  { alignment, steps }: TrainingPlan,
  noise: TrainingRequest['noise'],
  keys: Streams,
): NoiseSource {
  const [drawn, old, now] = [new Float64Array(width), new Float64Array(width), new Float64Array(width)];
  const block: NoiseSource['block'] = (index, endOfOld, endOfNow) => {
    for (const [i, { length, old: batch, starts, ends }] of steps.entries()) {
      fillNoise(drawn, keys.now, index * steps.length + i, 1);
      if (noise === 'shared') addShare(old, drawn, Math.sqrt(length / alignment.now), starts.old);
      addShare(now, drawn, Math.sqrt(length / alignment.old), starts.now);
      if (ends.old) {
        if (noise === 'independent') fillNoise(old, keys.old, index * alignment.old + batch, 1);
        endOfOld(old);
      }
      if (ends.now) endOfNow(now);
    }
  };
  return { block };
}

function addShare(sum: Float64Array, drawn: Float64Array, share: number, starts: boolean): void {
  if (starts) for (let p = 0; p < sum.length; p++) sum[p] = share * drawn[p]!;
  else for (let p = 0; p < sum.length; p++) sum[p]! += share * drawn[p]!;
}
