import { type RunConstants, runConstants, updateRates } from '../../kernel-updates.ts';
import { keysOf, type LossPaths, problemOf, referencePaths, type Streams } from '../../layer.ts';
import { type KernelName, MOST_FLOAT32_LOSS, REFERENCES, type ReferenceName } from '../../optimizers.ts';
import { asPart, SLICE } from '../../slices.ts';
import { planOf, type TrainingPlan, type TrainingRequest, type TrainingRun } from '../../training-plan.ts';
import { Arena, GROUP, type Kernel } from './kernel.ts';

/** A training without functions, so that it can be sent to a thread. */
export interface NamedTraining extends Omit<TrainingRequest, 'reference'> {
  readonly optimizer: ReferenceName;
}

/** The same, of an optimizer that the kernel has. */
interface KernelTraining extends NamedTraining {
  readonly kernel: KernelName;
}

/**
 * Loss paths of the layers [from, to), one list of runs for each: by the kernel where it has the optimizer and the width
 * suits it, else by the reference. Yields how much is done, 0 to 1.
 */
export function* layersOf(
  kernel: Kernel,
  named: NamedTraining,
  from: number,
  to: number,
): Generator<number, LossPaths[]> {
  const reference = REFERENCES[named.optimizer]!;
  const request = { ...named, reference };
  const plan = planOf(request);
  const layers: LossPaths[] = [];
  for (let index = from; index < to; index++) {
    const done = (share: number) => (index - from + share) / (to - from);
    const suits = reference.kernel && named.sizes.width % GROUP === 0;
    const losses = suits
      ? yield* asPart(runLayer(startLayer(kernel, { ...named, kernel: reference.kernel }, plan, index)), done)
      : undefined;
    layers.push(losses ?? (yield* asPart(referencePaths(index, plan, request), done)));
  }
  return layers;
}

/** Addresses of a run's weights and of what its optimizer keeps, all in float32. */
interface Trainee extends TrainingRun {
  readonly w: number;
  readonly m: number;
  readonly v: number;
  readonly constants: RunConstants;
  readonly updates: { done: number };
}

interface KernelLayer {
  readonly kernel: Kernel;
  readonly request: KernelTraining;
  readonly plan: TrainingPlan;
  readonly keys: Streams;
  readonly count: number;
  readonly h: number;
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
  const problem = problemOf(width, keys.problem);
  const take = () => arena.take(4 * width);
  const layer = {
    kernel,
    request,
    plan,
    keys,
    count: width,
    h: take(),
    target: take(),
    unit: take(),
    old: take(),
    now: take(),
    scratch: take(),
    runs: plan.runs.map((run) => ({
      ...run,
      w: take(),
      m: take(),
      v: take(),
      constants: runConstants(run),
      updates: { done: 0 },
    })),
  };
  const put = (address: number, values: Float64Array) =>
    new Float32Array(kernel.memory.buffer, address, width).set(values);
  put(layer.h, problem.curvature);
  put(layer.target, problem.target);
  for (const { w } of layer.runs) put(w, problem.start);
  return layer;
}

/** @returns the losses at the snapshots, or undefined where one has left the range of float32 */
function* runLayer(layer: KernelLayer): Generator<number, LossPaths | undefined> {
  const { kernel, plan, runs, count, h, target } = layer;
  const paths = runs.map(() => new Float64Array(plan.snapshots));
  const sides = {
    old: runs.filter(({ side }) => side === 'old'),
    now: runs.filter(({ side }) => side === 'now'),
  };
  let report = performance.now() + SLICE;
  for (let block = 1; block <= plan.blocks; block++) {
    runBlock(layer, sides, block - 1);
    if (block % plan.every === 0)
      for (const [i, { w }] of runs.entries()) {
        const loss = kernel.loss(w, h, target, count) / 2;
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
  const update = (run: Trainee, noise: number) => {
    const rates = updateRates(request.kernel, run.settings, ++run.updates.done);
    UPDATES[request.kernel](layer, run, noise, rates);
  };
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
      for (const run of sides.old) update(run, old);
    }
    if (ends.now) for (const run of sides.now) update(run, now);
  }
}

type KernelUpdate = (
  layer: KernelLayer,
  run: Trainee,
  unit: number,
  rates: ReturnType<typeof updateRates>,
) => void;

/** One update of one run by the noise at `unit`; names are those of kernel/updates.ts. */
const UPDATES: Readonly<Record<KernelName, KernelUpdate>> = {
  sgd({ kernel, h, target, count }, { w, m, constants }, unit, [share]) {
    const { noise, coupled, off, first, direct, ahead } = constants;
    kernel.sgd(w, m, h, target, unit, count, noise, coupled, off, first, share, direct, ahead);
  },
  adam({ kernel, h, target, count }, { w, m, v, constants }, unit, [step, unbias]) {
    const { noise, coupled, off, first, second, epsilon } = constants;
    kernel.adam(w, m, v, h, target, unit, count, noise, coupled, off, first, second, step, unbias, epsilon);
  },
  lamb({ kernel, h, target, scratch, count }, { w, m, v, constants }, unit, [scale, unbias]) {
    const { noise, first, second, epsilon, decay, lr } = constants;
    const sizes = [scale, unbias, epsilon, decay, lr] as const;
    kernel.lamb(w, m, v, h, target, unit, scratch, count, noise, first, second, ...sizes);
  },
  lion({ kernel, h, target, count }, { w, m, constants }, unit) {
    const { noise, coupled, off, first, second, lr } = constants;
    kernel.lion(w, m, h, target, unit, count, noise, coupled, off, first, second, lr);
  },
};
