import { lookUp } from '../../../base/look-up.ts';
import { keysOf, type LossPaths, referencePaths, type Streams } from '../../layer.ts';
import { decayParts, MOST_FLOAT32_LOSS, matrixShape } from '../../optimizers.ts';
import { SLICE, workThrough } from '../../slices.ts';
import type { LayerPaths } from '../../training.ts';
import { planOf, type TrainingPlan, type TrainingRequest } from '../../training-plan.ts';
import type { Control } from '../backend.ts';
import type { DrawProblem } from '../wasm/problems.ts';
import { meansOf } from './averages.ts';
import { type Columns, type Device, MOST_BLOCK_STEPS } from './noise.ts';
import type { Operations, Tensor } from './operations.ts';
import { RULES, type Rule } from './rules.ts';

/** Trains all runs of a side at once: an update is some operations on [runs, layers, width]. */
export const layersByOperations =
  (device: Device): LayerPaths =>
  async (request, count, control) => {
    const plan = planOf(request);
    const { embeddedLayers } = await import('../wasm/load.ts');
    const { embeddedProblems } = await import('../wasm/wasm.ts');
    if (plan.steps.length > MOST_BLOCK_STEPS) {
      return embeddedLayers()(request, count, control);
    }
    const drawn = embeddedProblems();
    const { width } = request.sizes;
    const most = Math.max(
      1,
      Math.floor(device.chunk / (width * Math.max(numbersOf(plan), plan.runs.length))),
    );
    const silent = { ...control, progress: () => {} };
    const all: LossPaths[] = [];
    for (let from = 0; from < count; from += most) {
      const layers = Math.min(most, count - from);
      const progress = (done: number) => control.progress?.((from + done * layers) / count);
      const keys = Array.from({ length: layers }, (_, i) => keysOf(request.seed, from + i));
      const group = { request, plan, drawn, width, layers, keys };
      const some = await device.operations.scope(() => trainLayers(device, group, { ...control, progress }));
      for (const [i, paths] of some.entries()) {
        const inRange = paths.every((losses) => losses.every((loss) => loss < MOST_FLOAT32_LOSS));
        all.push(inRange ? paths : await workThrough(referencePaths(from + i, plan, request), silent));
      }
    }
    return all;
  };

/** Numbers of a block by coordinate: its draws, or its batches. */
function numbersOf({ steps, alignment }: TrainingPlan): number {
  return Math.max(steps.length, alignment.old + alignment.now);
}

/** Layers that are trained together. */
interface Group {
  readonly request: TrainingRequest;
  readonly plan: TrainingPlan;
  readonly drawn: DrawProblem;
  readonly width: number;
  readonly layers: number;
  readonly keys: readonly Streams[];
}

/** The losses of each layer by run; those that left float32 are infinite or no numbers. */
async function trainLayers(
  device: Device,
  group: Group,
  { progress, signal }: Control,
): Promise<LossPaths[]> {
  const { operations, chunk } = device;
  const { plan, width } = group;
  const { blocks, alignment } = plan;
  const most = Math.max(1, Math.min(blocks, Math.floor(chunk / (group.layers * width * numbersOf(plan)))));
  const problem = problemOf(operations, group);
  const sides = SIDES.map((side) => startSide(operations, group, problem, side));
  let look = performance.now() + SLICE;
  for (let at = 0; at < blocks; at += most) {
    const count = Math.min(most, blocks - at);
    const noise = noiseOf(device, group, at, count);
    for (const [i, side] of sides.entries()) {
      const rates = ratesOf(operations, side, at * alignment[side.name], noise[i]!.length);
      for (const [u, row] of noise[i]!.entries()) {
        step(operations, side, row, rates.slice(u * side.perUpdate, (u + 1) * side.perUpdate));
        const done = at + (u + 1) / alignment[side.name];
        if (done % plan.every === 0) side.losses.push(lossOf(operations, problem, side));
        if (performance.now() < look) continue;
        await operations.settled(side.state[0]!);
        progress?.((at + (i * count + done - at) / sides.length) / blocks);
        signal?.throwIfAborted();
        look = performance.now() + SLICE;
      }
      for (const tensor of [...noise[i]!, ...rates]) tensor.dispose();
    }
  }
  return lossPaths(operations, group, sides);
}

/** The curvatures and minima of the layers, and how far the weights are from their minima at the start. */
function problemOf({ tensor }: Operations, { drawn, width, layers, keys }: Group) {
  const [curvature, target, away] = [0, 1, 2].map(() => new Float32Array(width * layers)) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  for (const [layer, { problem }] of keys.entries()) {
    const one = drawn(width, problem);
    curvature.set(one.curvature, layer * width);
    target.set(one.target, layer * width);
    away.set(
      one.start.map((w, p) => w - one.target[p]!),
      layer * width,
    );
  }
  const shape = [layers, width];
  return { curvature: tensor(curvature, shape), target: tensor(target, shape), away };
}

type Problem = ReturnType<typeof problemOf>;

const SIDES = ['old', 'now'] as const;

/** The runs of a side. Their numbers are [runs, 1, 1]; what is left out is 0 for all of them, or 1. */
interface Side {
  readonly name: (typeof SIDES)[number];
  readonly rule: Rule;
  /** Where each run is in the plan. */
  readonly runs: readonly number[];
  readonly constants: Readonly<Record<string, Tensor>>;
  readonly rates: readonly ((t: number) => readonly number[])[];
  /** How many rates an update has. */
  readonly perUpdate: number;
  /** The noise of a batch, where it differs by run. */
  readonly noise?: Tensor;
  /** The gradient is slope*x + pull + noise, where x is the distance of the weights from the minimum. */
  readonly slope: Tensor;
  readonly pull?: Tensor;
  /** What weight decay takes off the weights. */
  readonly off?: Tensor;
  readonly target: Tensor;
  /** The distance, and what the optimizer keeps. */
  state: Tensor[];
  readonly losses: Tensor[];
}

function startSide(
  operations: Operations,
  { request, plan, width, layers }: Group,
  problem: Problem,
  name: Side['name'],
): Side {
  const { tensor, add, mul } = operations;
  const rule = RULES[request.reference.name];
  const runs = [...plan.runs.keys()].filter((i) => plan.runs[i]!.side === name);
  const settings = runs.map((i) => plan.runs[i]!.settings);
  const column = (values: readonly number[]) => tensor(Float32Array.from(values), [runs.length, 1, 1]);
  const some = (values: readonly number[]) => (values.every((x) => x === 0) ? undefined : column(values));
  const parts = settings.map((by) => (rule.ownDecay ? { coupled: 0, off: 0 } : decayParts(by)));
  const coupled = some(parts.map((part) => part.coupled));
  const off = some(parts.map((part) => part.off));
  const numbers = settings.map((by) => rule.constants(by));
  const rates = settings.flatMap((by) => rule.rates?.(by) ?? []);
  return {
    name,
    rule,
    runs,
    constants: Object.fromEntries(
      Object.keys(numbers[0] ?? {}).map((key) => [key, column(numbers.map((of) => lookUp(of, key)!))]),
    ),
    rates,
    perUpdate: rule.rates ? rule.rates(settings[0]!)(1).length : 0,
    ...(commonNoise(plan, name) === undefined ? { noise: column(runs.map((i) => plan.runs[i]!.noise)) } : {}),
    slope: coupled ? add(problem.curvature, coupled) : problem.curvature,
    ...(coupled ? { pull: mul(coupled, problem.target) } : {}),
    ...(off ? { off } : {}),
    target: problem.target,
    state: [
      tensor(repeated(problem.away, runs.length), [runs.length, layers, width]),
      ...rule.kept.map(({ start, by }) => {
        const shape = [runs.length, layers, ...keptShape(by, width)];
        return tensor(new Float32Array(shape.reduce((a, b) => a * b)).fill(start), shape);
      }),
    ],
    losses: [],
  };
}

function keptShape(by: Rule['kept'][number]['by'], width: number): readonly number[] {
  const [rows, columns] = matrixShape(width);
  return { coordinate: [width], layer: [1], row: [rows, 1], column: [1, columns] }[by];
}

function repeated(values: Float32Array, times: number): Float32Array {
  const all = new Float32Array(values.length * times);
  for (let i = 0; i < times; i++) all.set(values, i * values.length);
  return all;
}

/** The noise that all runs of a side have. */
function commonNoise({ runs }: TrainingPlan, name: Side['name']): number | undefined {
  const all = new Set(runs.filter(({ side }) => side === name).map(({ noise }) => noise));
  return all.size === 1 ? [...all][0] : undefined;
}

/** The noise of the batches of some blocks: for each update of a side [layers, width], times what all its runs have. */
function noiseOf({ operations, source }: Device, group: Group, at: number, count: number): Tensor[][] {
  const { tidy, tensor, reshape, matMul, slice, mul, rows } = operations;
  const { request, plan, width, layers, keys } = group;
  const { alignment, steps } = plan;
  const columns = (use: Side['name']): Columns[] =>
    keys.map((one) => ({ key: one[use], from: 0, count: width }));
  return tidy(() => {
    const drawn = source(at * steps.length, count * steps.length, columns('now'));
    const unit = ({ length }: { readonly length: number }) =>
      [Math.sqrt(length / alignment.now), Math.sqrt(length / alignment.old)] as const;
    const batches = matMul(
      tensor(...meansOf(alignment, steps, 1, unit)),
      reshape(drawn, [count, steps.length, layers * width]),
    );
    return SIDES.map((side) => {
      const size = [count, alignment[side], layers * width];
      const own = side === 'old' && request.noise === 'independent';
      const all = own
        ? source(at * alignment.old, count * alignment.old, columns('old'))
        : slice(batches, [0, side === 'old' ? 0 : alignment.old, 0], size);
      const scaled = mul(all, tensor(Float32Array.of(commonNoise(plan, side) ?? 1), []));
      return rows(reshape(scaled, [count * alignment[side], layers, width]));
    });
  });
}

/** The rates of some updates of a side, one after the other, each [runs, 1, 1]. */
function ratesOf(
  { tidy, tensor, rows }: Operations,
  { rates, perUpdate, runs }: Side,
  from: number,
  count: number,
): Tensor[] {
  if (perUpdate === 0) return [];
  const table = new Float32Array(count * perUpdate * runs.length);
  for (let u = 0; u < count; u++)
    for (const [r, of] of rates.entries())
      for (const [i, rate] of of(from + u + 1).entries()) table[(u * perUpdate + i) * runs.length + r] = rate;
  return tidy(() => rows(tensor(table, [count * perUpdate, runs.length, 1, 1])));
}

/** One update of all runs of a side. */
function step(operations: Operations, side: Side, row: Tensor, rates: readonly Tensor[]): void {
  const { add, sub, mul } = operations;
  side.state = operations.replaced(side.state, ([x, ...kept]) => {
    const noise = side.noise ? mul(side.noise, row) : row;
    const pulled = add(mul(side.slope, x!), noise);
    const gradient = side.pull ? add(pulled, side.pull) : pulled;
    let known: Tensor | undefined;
    const weights = () => {
      known ??= add(x!, side.target);
      return known;
    };
    const { constants } = side;
    const [move, ...next] = side.rule.update({ operations, gradient, kept, constants, rates, weights });
    return [sub(x!, side.off ? add(move, mul(side.off, weights())) : move), ...next];
  });
}

/** Twice the loss of every run in every layer, [1, runs, layers, 1]. */
function lossOf(
  { tidy, mul, square, sum, reshape }: Operations,
  { curvature }: Problem,
  { state, runs }: Side,
): Tensor {
  return tidy(() => {
    const losses = sum(mul(curvature, square(state[0]!)), [2]);
    return reshape(losses, [1, runs.length, curvature.shape[0]!, 1]);
  });
}

async function lossPaths(
  { tidy, concat, read }: Operations,
  { plan, layers }: Group,
  sides: readonly Side[],
): Promise<LossPaths[]> {
  const paths = Array.from({ length: layers }, () => plan.runs.map(() => new Float64Array(plan.snapshots)));
  for (const { losses, runs } of sides) {
    if (losses.length === 0 || runs.length === 0) continue;
    const found = await read(tidy(() => concat(losses, 0)));
    for (const [i, twice] of found.entries()) {
      const [snapshot, run, layer] = [
        Math.floor(i / (runs.length * layers)),
        runs[Math.floor(i / layers) % runs.length]!,
        i % layers,
      ];
      paths[layer]![run]![snapshot] = twice / 2;
    }
  }
  return paths;
}
