import { keysOf, type LossPaths, layerTask, referencePaths, type Streams } from '../../layer.ts';
import { decayParts, type KernelName, MOST_FLOAT32_LOSS, REFERENCES } from '../../optimizers.ts';
import { planOf, type TrainingPlan, type TrainingRequest, type TrainingRun } from '../../training-plan.ts';
import { Arena, type Kernel } from './kernel.ts';

/** A training whose optimizer the kernel has; it crosses to another thread, which functions do not. */
export interface KernelTraining extends Omit<TrainingRequest, 'reference'> {
  readonly kernel: KernelName;
}

/** How long to run between two reports, in milliseconds. */
const SLICE = 50;

/**
 * Loss paths of the layers [from, to), one list of runs for each. Yields how much is done, 0 to 1.
 * @param request its layers' width is a multiple of GROUP
 */
export function* layersOf(
  kernel: Kernel,
  request: KernelTraining,
  from: number,
  to: number,
): Generator<number, LossPaths[]> {
  const plan = planOf(request);
  const layers: LossPaths[] = [];
  for (let index = from; index < to; index++) {
    const done = (share: number) => (index - from + share) / (to - from);
    const steps = runLayer(startLayer(kernel, request, plan, index));
    let step = steps.next();
    for (; !step.done; step = steps.next()) yield done(step.value);
    layers.push(step.value ?? (yield* byReference(request, plan, index, done)));
  }
  return layers;
}

function* byReference(
  request: KernelTraining,
  plan: TrainingPlan,
  index: number,
  done: (share: number) => number,
) {
  const reference = Object.values(REFERENCES).find(({ kernel }) => kernel === request.kernel)!;
  const steps = referencePaths(index, plan, { ...request, reference });
  let step = steps.next();
  for (; !step.done; step = steps.next()) yield done(step.value);
  return step.value;
}

/** Addresses of a run's weights and of what its optimizer remembers, all in float32. */
interface Trainee extends TrainingRun {
  readonly weights: number;
  readonly first: number;
  readonly second: number;
  readonly steps: { done: number };
}

interface KernelLayer {
  readonly kernel: Kernel;
  readonly request: KernelTraining;
  readonly plan: TrainingPlan;
  readonly keys: Streams;
  readonly count: number;
  readonly curvature: number;
  readonly target: number;
  readonly unit: number;
  readonly old: number;
  readonly now: number;
  readonly scratch: number;
  readonly runs: readonly Trainee[];
}

function startLayer(kernel: Kernel, request: KernelTraining, plan: TrainingPlan, index: number): KernelLayer {
  const { width } = request.sizes;
  const arena = new Arena(kernel);
  const keys = keysOf(request.seed, index);
  const task = layerTask(width, keys.problem, plan.runs);
  const take = () => arena.take(4 * width);
  const layer = {
    kernel,
    request,
    plan,
    keys,
    count: width,
    curvature: take(),
    target: take(),
    unit: take(),
    old: take(),
    now: take(),
    scratch: take(),
    runs: plan.runs.map((run) => ({
      ...run,
      weights: take(),
      first: take(),
      second: take(),
      steps: { done: 0 },
    })),
  };
  const put = (address: number, values: Float64Array) =>
    new Float32Array(kernel.memory.buffer, address, width).set(values);
  put(layer.curvature, task.curvature);
  put(layer.target, task.target);
  for (const [i, { weights }] of layer.runs.entries()) put(weights, task.runs[i]!.layer.weights);
  return layer;
}

/** @returns the losses at the snapshots, or undefined where one has left the range of float32 */
function* runLayer(layer: KernelLayer): Generator<number, LossPaths | undefined> {
  const { kernel, plan, runs, count, curvature, target } = layer;
  const paths = runs.map(() => new Float64Array(plan.snapshots));
  const sides = {
    old: runs.filter(({ side }) => side === 'old'),
    now: runs.filter(({ side }) => side === 'now'),
  };
  let report = performance.now() + SLICE;
  for (let block = 1; block <= plan.blocks; block++) {
    runBlock(layer, sides, block - 1);
    if (block % plan.every === 0)
      for (const [i, { weights }] of runs.entries()) {
        const loss = kernel.loss(weights, curvature, target, count) / 2;
        if (!(loss < MOST_FLOAT32_LOSS)) return undefined;
        paths[i]![block / plan.every - 1] = loss;
      }
    if (performance.now() < report) continue;
    yield block / plan.blocks;
    report = performance.now() + SLICE;
  }
  return paths;
}

type Sides = Readonly<Record<'old' | 'now', readonly Trainee[]>>;

/** As the reference's noise source, with unit normals of batches in place of those of stretches. */
function runBlock(layer: KernelLayer, sides: Sides, block: number): void {
  const { kernel, request, plan, keys, count, unit, old, now } = layer;
  const { alignment, steps } = plan;
  const shared = request.noise === 'shared';
  const draw = (out: number, { seed, stream }: Streams['now'], index: number) =>
    kernel.draw(out, count, 0, seed, stream, index);
  for (const [i, { length, old: batch, starts, ends }] of steps.entries()) {
    draw(unit, keys.now, block * steps.length + i);
    const add = (sum: number, share: number, first: boolean) =>
      kernel.addShare(sum, unit, count, Math.sqrt(share), first ? 1 : 0);
    if (shared) add(old, length / alignment.now, starts.old);
    add(now, length / alignment.old, starts.now);
    if (ends.old) {
      if (!shared) draw(old, keys.old, block * alignment.old + batch);
      for (const run of sides.old) UPDATES[request.kernel](layer, run, old);
    }
    if (ends.now) for (const run of sides.now) UPDATES[request.kernel](layer, run, now);
  }
}

/** One update of one run by the noise at `unit`: the references' formulas, constants of a step worked out in float64. */
const UPDATES: Readonly<Record<KernelName, (layer: KernelLayer, run: Trainee, unit: number) => void>> = {
  sgd({ kernel, curvature, target, count }, { weights, first, noise, settings, steps }, unit) {
    const { coupled, off } = decayParts(settings);
    const { lr, gradient: mu, dampening, nesterov } = settings;
    const share = steps.done++ === 0 ? 1 : 1 - dampening;
    const [direct, ahead] = nesterov ? [lr, lr * mu] : [0, lr];
    kernel.sgd(
      weights,
      first,
      curvature,
      target,
      unit,
      count,
      noise,
      coupled,
      off,
      1 - mu,
      share,
      direct,
      ahead,
    );
  },
  adam({ kernel, curvature, target, count }, { weights, first, second, noise, settings, steps }, unit) {
    const { coupled, off } = decayParts(settings);
    const { lr, gradient: b1, secondMoment: b2, epsilon } = settings;
    const t = ++steps.done;
    const [step, unbias] = [lr / (1 - b1 ** t), 1 / (1 - b2 ** t)];
    kernel.adam(
      weights,
      first,
      second,
      curvature,
      target,
      unit,
      count,
      noise,
      coupled,
      off,
      1 - b1,
      1 - b2,
      step,
      unbias,
      epsilon,
    );
  },
  lamb(
    { kernel, curvature, target, scratch, count },
    { weights, first, second, noise, settings, steps },
    unit,
  ) {
    const { lr, gradient: b1, secondMoment: b2, epsilon, weightDecay } = settings;
    const t = ++steps.done;
    const [scale, unbias] = [1 / (1 - b1 ** t), 1 / (1 - b2 ** t)];
    kernel.lamb(
      weights,
      first,
      second,
      curvature,
      target,
      unit,
      scratch,
      count,
      noise,
      1 - b1,
      1 - b2,
      scale,
      unbias,
      epsilon,
      weightDecay,
      lr,
    );
  },
  lion({ kernel, curvature, target, count }, { weights, first, noise, settings }, unit) {
    const { coupled, off } = decayParts(settings);
    const { lr, gradient: b1, secondMoment: b2 } = settings;
    kernel.lion(weights, first, curvature, target, unit, count, noise, coupled, off, 1 - b1, 1 - b2, lr);
  },
};
