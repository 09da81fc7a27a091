import {
  keysOf,
  type LossPaths,
  layerTask,
  type Plan,
  planOf,
  type Run,
  STREAMS_PER_LAYER,
} from '../../layer.ts';
import { decayParts, type KernelName, MOST_FLOAT32_LOSS } from '../../optimizers.ts';
import { type LayerPaths, layerByReference, type TrainingRequest } from '../../train.ts';
import type { Control } from '../backend.ts';
import { Buffers, type Computer, dispatch, inDispatches, repeat } from './device.ts';
import { NOISE } from './noise.ts';
import { addDraw, endsBatch, STEP, stepWords } from './plan.ts';

// One workgroup is a layer with some of its runs, from the first step to the last; an invocation has some pairs of its
// coordinates in registers. In float32; averages move by weight*(new - old), because a decay near 1 would lose digits of
// its memory, and what a step's number decides is worked out in float64 here.

/** What a shader is made for. */
interface Shape {
  readonly kernel: KernelName;
  /** Runs that share a workgroup's draws. */
  readonly runs: number;
  /** Invocations of a workgroup, and pairs of coordinates of each. */
  readonly lanes: number;
  readonly pairs: number;
  /** Whether the old runs see the samples of the new ones. */
  readonly shared: boolean;
}

const SIDES = { old: 0, now: 1, none: 2 } as const;

const shader = ({ kernel, runs, lanes, pairs, shared }: Shape): string => {
  const columns = Math.ceil(Math.sqrt(lanes));
  const eachPair = (make: (p: number) => string) => repeat(pairs, make);
  const eachRun = (make: (r: number) => string) => repeat(runs, make);
  const each = (make: (id: string, r: number, p: number) => string) =>
    eachRun((r) => eachPair((p) => make(`${r}_${p}`, r, p)));
  const stateAt = (r: number, p: number) => (row: number) =>
    `state[((layer * run.runs + firstRun + ${r}u) * ${STATE_ROWS}u + ${row}u) * ${lanes * pairs}u + pair${p}]`;
  const update = (side: 'old' | 'now', r: number) =>
    `if (setting${r}.side == ${SIDES[side]}u) {
        let s = setting${r};
        let rate = rates[(firstRun + ${r}u) * run.updates + ${side}Updates];
        ${UPDATES[kernel](Array.from({ length: pairs }, (_, p) => ({ p, id: `${r}_${p}`, unit: `${side}${p}` })))}
      }`;
  return `${NOISE}
struct Run { seed: u32, nowStream: u32, oldStream: u32, index: u32, oldIndex: u32, block: u32, blocks: u32, steps: u32, every: u32, layers: u32, runs: u32, updates: u32 }
${STEP}
struct Setting { side: u32, noise: f32, coupled: f32, off: f32, first: f32, second: f32, epsilon: f32, decay: f32, lr: f32, direct: f32, ahead: f32 }
@group(0) @binding(0) var<uniform> run: Run;
@group(0) @binding(1) var<storage, read> steps: array<Step>;
@group(0) @binding(2) var<storage, read> settings: array<Setting>;
@group(0) @binding(3) var<storage, read> rates: array<vec2f>;
@group(0) @binding(4) var<storage, read> problems: array<vec2f>;
@group(0) @binding(5) var<storage, read_write> state: array<vec2f>;
@group(0) @binding(6) var<storage, read_write> losses: array<f32>;
var<workgroup> parts: array<vec2f, ${lanes}>;
var<workgroup> columns: array<vec2f, ${columns}>;

/** Sums over the workgroup, in columns and then across them: two barriers instead of one for every halving. */
fn total(x: vec2f, lane: u32) -> vec2f {
  parts[lane] = x;
  workgroupBarrier();
  if (lane < ${columns}u) {
    var column = vec2f();
    for (var i = lane; i < ${lanes}u; i += ${columns}u) { column += parts[i]; }
    columns[lane] = column;
  }
  workgroupBarrier();
  var sum = vec2f();
  for (var i = 0u; i < ${columns}u; i++) { sum += columns[i]; }
  return sum;
}

@compute @workgroup_size(${lanes})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let layer = group.x;
  let firstRun = group.y * ${runs}u;
  let nowStream = run.nowStream + ${STREAMS_PER_LAYER}u * layer;
  let oldStream = run.oldStream + ${STREAMS_PER_LAYER}u * layer;
  ${eachPair((p) => {
    const at = (row: number) => `(layer * 2u + ${row}u) * ${lanes * pairs}u + pair${p}`;
    return `let pair${p} = ${p * lanes}u + lane;
  let curvature${p} = problems[${at(0)}]; let target${p} = problems[${at(1)}];
  var old${p} = vec2f(); var now${p} = vec2f();`;
  })}
  ${eachRun((r) => `let setting${r} = settings[firstRun + ${r}u];`)}
  ${each((id, r, p) => {
    const at = stateAt(r, p);
    return `var w${id} = ${at(0)}; var m${id} = ${at(1)}; var v${id} = ${at(2)};`;
  })}
  var index = run.index;
  var oldUpdates = 0u;
  var nowUpdates = 0u;
  var snapshot = 0u;
  for (var block = 0u; block < run.blocks; block++) {
    for (var i = 0u; i < run.steps; i++) {
      let step = steps[i];
      ${eachPair(
        (p) => `let z${p} = draw(run.seed, nowStream, pair${p}, index, false);
      ${shared ? addDraw(`old${p}`, 'old', `z${p}`) : ''} ${addDraw(`now${p}`, 'now', `z${p}`)}`,
      )}
      index++;
      if (${endsBatch('old')}) {
        ${shared ? '' : eachPair((p) => `old${p} = draw(run.seed, oldStream, pair${p}, run.oldIndex + oldUpdates, false);`)}
        ${eachRun((r) => update('old', r))}
        oldUpdates++;
      }
      if (${endsBatch('now')}) {
        ${eachRun((r) => update('now', r))}
        nowUpdates++;
      }
    }
    if ((run.block + block + 1u) % run.every == 0u) {
      ${eachRun(
        (r) => `{
        var sum = vec2f();
        ${eachPair((p) => `{ let d = w${r}_${p} - target${p}; sum += curvature${p} * d * d; }`)}
        let loss = total(sum, lane);
        if (lane == 0u) { losses[(snapshot * run.runs + firstRun + ${r}u) * run.layers + layer] = 0.5 * (loss.x + loss.y); }
      }`,
      )}
      snapshot++;
    }
  }
  ${each((id, r, p) => {
    const at = stateAt(r, p);
    return `${at(0)} = w${id}; ${at(1)} = m${id}; ${at(2)} = v${id};`;
  })}
}
`;
};

/** One pair in one run: its number in the invocation, what the names of its state end with, and its noise. */
interface Pair {
  readonly p: number;
  readonly id: string;
  readonly unit: string;
}

const gradient = ({ p, id, unit }: Pair) =>
  `let g = curvature${p} * (w${id} - target${p}) + s.noise * ${unit} + s.coupled * w${id};`;

/** The reference's updates for all pairs of an invocation: `s` are the run's settings, `rate` this step's. */
const UPDATES: Readonly<Record<KernelName, (pairs: readonly Pair[]) => string>> = {
  sgd: eachOf(
    (pair) => `{ ${gradient(pair)}
          m${pair.id} += rate.x * g - s.first * m${pair.id};
          w${pair.id} -= s.off * w${pair.id} + s.direct * g + s.ahead * m${pair.id}; }`,
  ),
  adam: eachOf(
    (pair) => `{ ${gradient(pair)}
          m${pair.id} += s.first * (g - m${pair.id});
          v${pair.id} += s.second * (g * g - v${pair.id});
          w${pair.id} -= s.off * w${pair.id} + rate.x * m${pair.id} / (sqrt(rate.y * v${pair.id}) + s.epsilon); }`,
  ),
  lamb: (pairs) => `var weights = vec2f(); var steps = vec2f();
        ${eachOf(
          (pair) => `var u${pair.p} = vec2f(); { ${gradient(pair)}
          m${pair.id} += s.first * (g - m${pair.id});
          v${pair.id} += s.second * (g * g - v${pair.id});
          u${pair.p} = rate.x * m${pair.id} / (sqrt(rate.y * v${pair.id}) + s.epsilon) + s.decay * w${pair.id};
          weights += w${pair.id} * w${pair.id}; steps += u${pair.p} * u${pair.p}; }`,
        )(pairs)}
        let sums = total(vec2f(weights.x + weights.y, steps.x + steps.y), lane);
        let length = s.lr * sqrt(sums.x) / select(sqrt(sums.y), 1.0, sums.y == 0.0);
        ${eachOf(({ p, id }) => `w${id} -= length * u${p};`)(pairs)}`,
  lion: eachOf(
    (pair) => `{ ${gradient(pair)}
          w${pair.id} -= s.off * w${pair.id} + s.lr * sign(m${pair.id} + s.first * (g - m${pair.id}));
          m${pair.id} += s.second * (g - m${pair.id}); }`,
  ),
};

function eachOf(make: (pair: Pair) => string): (pairs: readonly Pair[]) => string {
  return (pairs) => pairs.map(make).join('\n');
}

const MOST_RUNS = 4;
const MOST_LANES = 256;
const MOST_PAIRS = 16;
/** Blocks of more steps than this are not for a dispatch that has to end soon. */
const MOST_STEPS = 2 ** 12;
/** Updates of a run in one dispatch, by which their table is bounded. */
const MOST_UPDATES = 2 ** 14;

/** A way to share out a layer's coordinates, or nothing where there is no good one. */
function lanesFor(width: number, limit: number): Pick<Shape, 'lanes' | 'pairs'> | undefined {
  const all = width / 2;
  if (!Number.isInteger(all)) return undefined;
  for (let lanes = Math.min(all, limit); lanes * MOST_PAIRS >= all; lanes--)
    if (all % lanes === 0) return { lanes, pairs: all / lanes };
  return undefined;
}

/** Trains on a device what there is a kernel for, the rest by the kernel of every install. */
export const layersOnDevice =
  (computer: Computer): LayerPaths =>
  async (request, count, control) => {
    const { kernel } = request.reference;
    const { limits } = computer.device;
    const split = lanesFor(
      request.sizes.width,
      Math.min(MOST_LANES, limits.maxComputeInvocationsPerWorkgroup!),
    );
    const plan = planOf(request);
    if (!kernel || !split || plan.steps.length > MOST_STEPS) {
      const { embeddedLayers } = await import('../wasm/wasm.ts');
      return embeddedLayers()(request, count, control);
    }
    const shape = {
      kernel,
      ...split,
      runs: Math.min(MOST_RUNS, plan.runs.length),
      shared: request.noise === 'shared',
    };
    const perLayer = 4 * STATE_ROWS * padded(plan.runs.length, shape.runs) * request.sizes.width;
    const most = Math.min(
      Math.floor(limits.maxStorageBufferBindingSize! / perLayer),
      limits.maxComputeWorkgroupsPerDimension!,
    );
    const layers: LossPaths[] = [];
    for (let from = 0; from < count; from += most) {
      const to = Math.min(count, from + most);
      const progress = (done: number) => control.progress?.((from + done * (to - from)) / count);
      const some = await trainLayers({ computer, request, plan, shape, from, to }, { ...control, progress });
      for (const [i, paths] of some.entries())
        layers.push(
          paths ?? (await layerByReference(from + i, plan, request, { ...control, progress: () => {} })),
        );
    }
    return layers;
  };

/** Weights and two averages. */
const STATE_ROWS = 3;
/** Words of the shader's structures. */
const RUN_WORDS = 12;
const SETTING_WORDS = 11;

const padded = (runs: number, group: number) => Math.ceil(runs / group) * group;

interface Task {
  readonly computer: Computer;
  readonly request: TrainingRequest;
  readonly plan: Plan;
  readonly shape: Shape;
  readonly from: number;
  readonly to: number;
}

/** @returns the losses of each layer, or undefined for one that has left the range of float32 */
async function trainLayers(
  { computer, request, plan, shape, from, to }: Task,
  control: Control,
): Promise<(LossPaths | undefined)[]> {
  const { device } = computer;
  const layers = to - from;
  const runs = padded(plan.runs.length, shape.runs);
  const { alignment, steps, every } = plan;
  const perBlock = Math.max(alignment.old, alignment.now);
  const most = Math.max(1, Math.floor(MOST_UPDATES / perBlock));
  const rates = plan.runs.map((run) => ratesOf(shape.kernel, run));
  const paths = Array.from({ length: layers }, () => plan.runs.map(() => new Float64Array(plan.snapshots)));
  const buffers = new Buffers(device);
  try {
    const { problems, state } = startLayers(request, plan, runs, from, to);
    const run = buffers.uniform(RUN_WORDS);
    const table = buffers.storage(2 * runs * most * perBlock);
    const snapshots = Math.ceil(most / every);
    const losses = buffers.storage(snapshots * runs * layers);
    const readable = buffers.readable(snapshots * runs * layers);
    const bindings = [
      run,
      buffers.filled(
        stepWords(steps, ({ length }) => [
          Math.sqrt(length / alignment.now),
          Math.sqrt(length / alignment.old),
        ]),
      ),
      buffers.filled(settingWords(plan.runs, runs)),
      table,
      buffers.filled(problems),
      buffers.filled(state),
      losses,
    ];
    const pipeline = await computer.pipeline(shader(shape));
    const groups = [layers, runs / shape.runs] as const;
    const keys = keysOf(request.seed, from);
    let taken = 0;
    await inDispatches(plan.blocks, most, control, async (at, count) => {
      const updates = count * perBlock;
      device.queue.writeBuffer(
        run,
        0,
        Uint32Array.of(
          request.seed,
          keys.now.stream,
          keys.old.stream,
          at * steps.length,
          at * alignment.old,
          at,
          count,
          steps.length,
          every,
          layers,
          runs,
          updates,
        ),
      );
      device.queue.writeBuffer(table, 0, rateWords(rates, plan, count, updates));
      const due = Math.floor((at + count) / every) - Math.floor(at / every);
      const words = due * runs * layers;
      const found = await dispatch(device, { pipeline, bindings, groups, result: losses, readable, words });
      for (let snapshot = 0; snapshot < due; snapshot++)
        for (const r of plan.runs.keys())
          for (let layer = 0; layer < layers; layer++)
            paths[layer]![r]![taken + snapshot] = found[(snapshot * runs + r) * layers + layer]!;
      taken += due;
    });
  } finally {
    buffers.release();
  }
  return paths.map((layer) =>
    layer.every((losses) => losses.every((loss) => loss < MOST_FLOAT32_LOSS)) ? layer : undefined,
  );
}

/** The problems of some layers, curvature and target, and every run's state at its start. */
function startLayers(request: TrainingRequest, plan: Plan, runs: number, from: number, to: number) {
  const { width } = request.sizes;
  const problems = new Float32Array(2 * width * (to - from));
  const state = new Float32Array(STATE_ROWS * width * runs * (to - from));
  for (let layer = 0; layer < to - from; layer++) {
    const task = layerTask(width, keysOf(request.seed, from + layer).problem, plan.runs.slice(0, 1));
    problems.set(task.curvature, 2 * layer * width);
    problems.set(task.target, (2 * layer + 1) * width);
    const { weights } = task.runs[0]!.layer;
    for (let r = 0; r < runs; r++) state.set(weights, STATE_ROWS * (layer * runs + r) * width);
  }
  return { problems, state };
}

function settingWords(runs: readonly Run[], count: number) {
  const floats = new Float32Array(SETTING_WORDS * count);
  const words = new Uint32Array(floats.buffer);
  for (let r = 0; r < count; r++) {
    const at = SETTING_WORDS * r;
    const run = runs[r];
    words[at] = SIDES[run?.side ?? 'none'];
    if (!run) continue;
    const { lr, gradient, secondMoment, epsilon, weightDecay, nesterov } = run.settings;
    const { coupled, off } = decayParts(run.settings);
    const [direct, ahead] = nesterov ? [lr, lr * gradient] : [0, lr];
    floats.set(
      [run.noise, coupled, off, 1 - gradient, 1 - secondMoment, epsilon, weightDecay, lr, direct, ahead],
      at + 1,
    );
  }
  return floats;
}

/** Writes the two numbers that a step's number decides, step after step. */
type Rates = (out: Float32Array, at: number) => void;

function ratesOf(kernel: KernelName, { settings }: Run): Rates {
  const { lr, gradient: b1, secondMoment: b2, dampening } = settings;
  if (kernel === 'lion') return () => {};
  if (kernel === 'sgd') {
    let share = 1;
    return (out, at) => {
      out[at] = share;
      share = 1 - dampening;
    };
  }
  const size = kernel === 'adam' ? lr : 1;
  let [first, second] = [1, 1];
  return (out, at) => {
    first *= b1;
    second *= b2;
    out[at] = size / (1 - first);
    out[at + 1] = 1 / (1 - second);
  };
}

function rateWords(rates: readonly Rates[], { runs, alignment }: Plan, blocks: number, updates: number) {
  const words = new Float32Array(2 * updates * rates.length);
  for (const [r, write] of rates.entries())
    for (let i = 0; i < blocks * alignment[runs[r]!.side]; i++) write(words, 2 * (r * updates + i));
  return words;
}
