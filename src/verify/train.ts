import type { Control, Measured } from './backends/backend.ts';
import { fillNoise } from './noise.ts';
import { type Hyperparameters, type Layer, newLayer, type Reference } from './optimizers.ts';
import { type Alignment, type AveragePair, align, type Stretch, stretches } from './theory.ts';

/**
 * Optimizers at work on a noisy quadratic: loss h*(w-w*)^2/2 by coordinate with curvature h = exp(normal), w and w*
 * standard normal, and a batch gradient h*(w-w*) + sigma/sqrt(B)*normal. Layers are what LAMB and its kind normalise
 * over; they share nothing else, so each is trained by itself, from start to end, while its state is in the cache.
 */

/** E[h^2 (w-w*)^2] at the start: exp(2) * 2. The noise scale in samples is sigma^2 over it. */
const MEAN_SQUARE_SIGNAL = 2 * Math.exp(2);

/** One way to set an optimizer for the new batch. */
export interface Candidate {
  readonly rule: string;
  readonly settings: Hyperparameters;
}

/** How much to run. */
export interface TrainingSizes {
  /** Coordinates of a layer (an even number), and layers of a problem. */
  readonly width: number;
  readonly layers: number;
  /** Independent problems, 2 or more: standard errors are taken over them. */
  readonly problems: number;
  /** Optimizer steps under the old settings; whole aligned blocks of them are run. */
  readonly oldSteps: number;
}

/** One optimizer under old settings and several new ones. */
export interface TrainingRequest {
  readonly reference: Reference;
  readonly batch: AveragePair['batch'];
  readonly old: Hyperparameters;
  /** Candidates may differ by the noise scale (samples, above 0). */
  readonly regimes: readonly { readonly noiseScale: number; readonly candidates: readonly Candidate[] }[];
  readonly sizes: TrainingSizes;
  /** Unsigned 32-bit. */
  readonly seed: number;
  /**
   * `shared`: both runs see the same samples, so that their distance is the rule's and not luck's. `independent`: as
   * two trainings with data in different order; the distance then has a floor that no rule goes below.
   */
  readonly noise: 'shared' | 'independent';
}

/** How well one candidate followed the old run. */
export interface CandidateResult {
  readonly rule: string;
  /** Mean of |log(loss_new/loss_old)| over aligned sample counts; 0 is the same path. */
  readonly pathDistance: Measured;
  /** The distance in each problem; all candidates have the same problems. */
  readonly byProblem: readonly number[];
  /** Nothing in this regime is closer by more than three standard errors of the difference. */
  readonly best: boolean;
  readonly losses: readonly number[];
}

/** Everything at one noise scale. The losses are means over coordinates and problems, at the same sample counts. */
export interface RegimeResult {
  readonly noiseScale: number;
  readonly samples: readonly number[];
  readonly oldLosses: readonly number[];
  readonly candidates: readonly CandidateResult[];
}

/** Points of a loss path at most. */
const MOST_SNAPSHOTS = 500;
/** How long to run before looking up: progress, Ctrl-C. In milliseconds. */
const SLICE = 50;

/**
 * Trains under all settings and compares the loss paths.
 * @throws the control signal's reason when it is aborted
 */
export async function train(request: TrainingRequest, control: Control = {}): Promise<RegimeResult[]> {
  const plan = planOf(request);
  const problems: LossPaths[] = [];
  const { problems: count, layers } = request.sizes;
  for (let problem = 0; problem < count; problem++) {
    const paths: LossPaths = plan.runs.map(() => new Float64Array(plan.snapshots));
    for (let layer = 0; layer < layers; layer++) {
      const index = problem * layers + layer;
      const progress = (done: number) => control.progress?.((index + done) / (count * layers));
      await trainLayer(index, plan, request, paths, { ...control, progress });
      // A layer may be over before its first look at the clock.
      progress(1);
      control.signal?.throwIfAborted();
    }
    problems.push(paths);
  }
  return regimeResults(plan, problems, request);
}

/** Losses of each run at the snapshots. */
type LossPaths = Float64Array[];

/** One optimizer with one setting on one side, at one noise scale. */
interface Run {
  readonly side: 'old' | 'now';
  readonly settings: Hyperparameters;
  /** Standard deviation of a batch gradient's noise. */
  readonly noise: number;
}

interface Plan {
  readonly alignment: Alignment;
  readonly stretches: readonly Stretch[];
  readonly blocks: number;
  /** Blocks from one comparison of the losses to the next, and how many comparisons there are. */
  readonly every: number;
  readonly snapshots: number;
  /** Old runs and those of the distinct settings, and where each regime's are among them. */
  readonly runs: readonly Run[];
  readonly regimes: readonly { readonly old: number; readonly candidates: readonly number[] }[];
}

function planOf({ batch, old, regimes, sizes }: TrainingRequest): Plan {
  const alignment = align(batch);
  const blocks = Math.max(1, Math.floor(sizes.oldSteps / alignment.old));
  const every = Math.ceil(blocks / MOST_SNAPSHOTS);
  const runs: Run[] = [];
  const add = (run: Run) => runs.push(run) - 1;
  const planned = regimes.map(({ noiseScale, candidates }) => {
    const [noiseOld, noiseNow] = batch.map((size) => Math.sqrt((noiseScale * MEAN_SQUARE_SIGNAL) / size));
    const distinct = new Map<string, number>();
    const indices = candidates.map(({ settings }) => {
      const key = JSON.stringify(settings);
      const known = distinct.get(key) ?? add({ side: 'now', settings, noise: noiseNow! });
      distinct.set(key, known);
      return known;
    });
    return { old: add({ side: 'old', settings: old, noise: noiseOld! }), candidates: indices };
  });
  const snapshots = Math.floor(blocks / every);
  return {
    alignment,
    stretches: [...stretches(alignment)],
    blocks,
    every,
    snapshots,
    runs,
    regimes: planned,
  };
}

/** Streams of the generator, three for each layer, apart from those that averages draw from. */
const FIRST_STREAM = 0x7a000000;
const STREAMS = { problem: 0, now: 1, old: 2 } as const;

/** What a layer has to learn, and one copy of it for every run. */
interface LayerTask {
  readonly curvature: Float64Array;
  readonly target: Float64Array;
  readonly runs: readonly { readonly run: Run; readonly layer: Layer }[];
}

async function trainLayer(
  index: number,
  plan: Plan,
  request: TrainingRequest,
  paths: LossPaths,
  control: Control,
): Promise<void> {
  const { width } = request.sizes;
  const { update } = request.reference;
  const key = (use: keyof typeof STREAMS) => ({
    seed: request.seed,
    stream: FIRST_STREAM + 3 * index + STREAMS[use],
  });
  const task = layerTask(width, key('problem'), plan.runs);
  const noise = noiseSource(width, plan, request.noise, key);
  const gradient = new Float64Array(width);
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
        paths[i]![block / plan.every - 1]! += lossOf(layer, task);
    if (performance.now() < lookUp) continue;
    control.progress?.(block / plan.blocks);
    await new Promise((resolve) => setImmediate(resolve));
    control.signal?.throwIfAborted();
    lookUp = performance.now() + SLICE;
  }
}

function layerTask(width: number, key: { seed: number; stream: number }, runs: readonly Run[]): LayerTask {
  const normals = (index: number) => {
    const values = new Float64Array(width);
    fillNoise(values, key, index, 1, 'normal');
    return values;
  };
  const start = normals(1);
  return {
    curvature: normals(0).map(Math.exp),
    target: normals(2),
    runs: runs.map((run) => ({ run, layer: newLayer(start) })),
  };
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

/** A run that has left all bounds counts as this, so that its distance stays a number. */
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
  { alignment, stretches: plan }: Plan,
  noise: TrainingRequest['noise'],
  key: (use: 'now' | 'old') => { seed: number; stream: number },
): NoiseSource {
  const [drawn, old, now] = [new Float64Array(width), new Float64Array(width), new Float64Array(width)];
  const [keyNow, keyOld] = [key('now'), key('old')];
  const block: NoiseSource['block'] = (index, endOfOld, endOfNow) => {
    for (const [i, stretch] of plan.entries()) {
      fillNoise(drawn, keyNow, index * plan.length + i, 1, 'normal');
      const [before, after] = [plan[i - 1], plan[i + 1]];
      if (noise === 'shared')
        addShare(old, drawn, Math.sqrt(stretch.length / alignment.now), before?.old !== stretch.old);
      addShare(now, drawn, Math.sqrt(stretch.length / alignment.old), before?.now !== stretch.now);
      if (after?.old !== stretch.old) {
        if (noise === 'independent') fillNoise(old, keyOld, index * alignment.old + stretch.old, 1, 'normal');
        endOfOld(old);
      }
      if (after?.now !== stretch.now) endOfNow(now);
    }
  };
  return { block };
}

function addShare(sum: Float64Array, drawn: Float64Array, share: number, starts: boolean): void {
  if (starts) for (let p = 0; p < sum.length; p++) sum[p] = share * drawn[p]!;
  else for (let p = 0; p < sum.length; p++) sum[p]! += share * drawn[p]!;
}

function regimeResults(plan: Plan, problems: readonly LossPaths[], request: TrainingRequest): RegimeResult[] {
  const { batch, sizes } = request;
  const perBlock = plan.alignment.old * batch[0];
  const samples = Array.from({ length: plan.snapshots }, (_, i) => (i + 1) * plan.every * perBlock);
  const coordinates = problems.length * sizes.layers * sizes.width;
  const meanPath = (run: number) =>
    samples.map((_, i) => problems.reduce((sum, paths) => sum + paths[run]![i]!, 0) / coordinates);
  return plan.regimes.map(({ old, candidates }, r) => {
    const { noiseScale, candidates: named } = request.regimes[r]!;
    const distances = candidates.map((run) => problems.map((paths) => distance(paths[run]!, paths[old]!)));
    const least = distances.reduce((a, b) => (mean(b).value < mean(a).value ? b : a), distances[0] ?? []);
    return {
      noiseScale,
      samples,
      oldLosses: meanPath(old),
      candidates: named.map(({ rule }, i) => ({
        rule,
        pathDistance: mean(distances[i]!),
        byProblem: distances[i]!,
        best: asClose(distances[i]!, least),
        losses: meanPath(candidates[i]!),
      })),
    };
  });
}

/** Mean of |log(a/b)|. */
function distance(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(Math.log(a[i]! / b[i]!));
  return sum / a.length;
}

/** The mean of independent figures, with its standard error. */
export function mean(values: readonly number[]): Measured {
  const n = values.length;
  const value = values.reduce((sum, x) => sum + x, 0) / n;
  const squares = values.reduce((sum, x) => sum + (x - value) ** 2, 0);
  return { value, standardError: Math.sqrt(squares / (n * (n - 1))) };
}

const STANDARD_ERRORS = 3;

/** The same problems under two rules: whether the first is further from the old run than chance explains. */
function asClose(distances: readonly number[], least: readonly number[]): boolean {
  const { value, standardError } = mean(distances.map((d, i) => d - least[i]!));
  return value <= STANDARD_ERRORS * standardError;
}
