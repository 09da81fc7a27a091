import { RUN_CONSTANTS, runConstants, updateRates } from '../../kernel-updates.ts';
import { keysOf, type LossPaths, referencePaths } from '../../layer.ts';
import { type KernelName, MOST_FLOAT32_LOSS } from '../../optimizers.ts';
import { workThrough } from '../../slices.ts';
import type { LayerPaths } from '../../training.ts';
import { planOf, type TrainingPlan, type TrainingRequest, type TrainingRun } from '../../training-plan.ts';
import type { Control } from '../backend.ts';
import type { DrawProblem } from '../wasm/problems.ts';
import { Buffers, type Computer, dispatch, type GpuBuffer, inDispatches } from './device.ts';
import { layerShader, SIDES, STATE_ROWS, type WorkgroupShape } from './layer-shader.ts';
import { stepWords } from './steps.ts';

const MOST_RUNS = 4;
const MOST_LANES = 256;
const MOST_PAIRS = 16;
/** Longer blocks (in steps) would make a dispatch too long. */
const MOST_STEPS = 2 ** 12;
/** Updates of a run in one dispatch, by which their table is bounded. */
const MOST_UPDATES = 2 ** 14;

/** How to split a layer's coordinates among invocations; undefined where no split is good. */
function lanesFor(width: number, limit: number): Pick<WorkgroupShape, 'lanes' | 'pairs'> | undefined {
  const all = width / 2;
  if (!Number.isInteger(all)) return undefined;
  for (let lanes = Math.min(all, limit); lanes * MOST_PAIRS >= all; lanes--)
    if (all % lanes === 0) return { lanes, pairs: all / lanes };
  return undefined;
}

/** Trains optimizers that have a shader on the device, the others by the embedded kernel. */
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
    const { embeddedLayers } = await import('../wasm/load.ts');
    const { embeddedProblems } = await import('../wasm/wasm.ts');
    if (!kernel || !split || plan.steps.length > MOST_STEPS) {
      return embeddedLayers()(request, count, control);
    }
    const drawn = embeddedProblems();
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
    const silent = { ...control, progress: () => {} };
    const layers: LossPaths[] = [];
    for (let from = 0; from < count; from += most) {
      const to = Math.min(count, from + most);
      const progress = (done: number) => control.progress?.((from + done * (to - from)) / count);
      const some = await trainLayers(
        { computer, request, plan, shape, drawn, from, to },
        { ...control, progress },
      );
      for (const [i, paths] of some.entries())
        layers.push(paths ?? (await workThrough(referencePaths(from + i, plan, request), silent)));
    }
    return layers;
  };

/** Words of the shader's structures. */
const RUN_WORDS = 12;
const SETTING_WORDS = 1 + RUN_CONSTANTS.length;

const padded = (runs: number, group: number) => Math.ceil(runs / group) * group;

interface LayerDispatches {
  readonly computer: Computer;
  readonly request: TrainingRequest;
  readonly plan: TrainingPlan;
  readonly shape: WorkgroupShape;
  readonly drawn: DrawProblem;
  readonly from: number;
  readonly to: number;
}

/** @returns the losses of each layer, or undefined for one that has left the range of float32 */
async function trainLayers(one: LayerDispatches, control: Control): Promise<(LossPaths | undefined)[]> {
  const { computer, request, plan, shape, from, to } = one;
  const { device } = computer;
  const layers = to - from;
  const runs = padded(plan.runs.length, shape.runs);
  const { alignment, steps, every } = plan;
  const perBlock = Math.max(alignment.old, alignment.now);
  const most = Math.max(1, Math.floor(MOST_UPDATES / perBlock));
  const paths = Array.from({ length: layers }, () => plan.runs.map(() => new Float64Array(plan.snapshots)));
  const buffers = new Buffers(device);
  try {
    const room = Math.ceil(most / every) * runs * layers;
    const [run, table] = [buffers.uniform(RUN_WORDS), buffers.storage(2 * runs * most * perBlock)];
    const [result, readable] = [buffers.storage(room), buffers.readable(room)];
    const bindings = [run, ...bindingsOf(buffers, one, runs, table), result];
    const pipeline = await computer.pipeline(layerShader(shape));
    const groups = [layers, runs / shape.runs] as const;
    const { now, old } = keysOf(request.seed, from);
    let taken = 0;
    await inDispatches(plan.blocks, most, control, async (at, count) => {
      const updates = count * perBlock;
      const streams = [request.seed, now.stream, old.stream, at * steps.length, at * alignment.old];
      const numbers = [...streams, at, count, steps.length, every, layers, runs, updates];
      device.queue.writeBuffer(run, 0, Uint32Array.from(numbers));
      device.queue.writeBuffer(table, 0, rateWords(shape.kernel, plan, at, count, updates));
      const due = Math.floor((at + count) / every) - Math.floor(at / every);
      const words = due * runs * layers;
      const found = await dispatch(device, { pipeline, bindings, groups, result, readable, words });
      for (const [layer, path] of paths.entries())
        for (const [r, losses] of path.entries())
          for (let i = 0; i < due; i++) losses[taken + i] = found[(i * runs + r) * layers + layer]!;
      taken += due;
    });
  } finally {
    buffers.release();
  }
  const inRange = (layer: LossPaths) =>
    layer.every((losses) => losses.every((loss) => loss < MOST_FLOAT32_LOSS));
  return paths.map((layer) => (inRange(layer) ? layer : undefined));
}

/** The shader's bindings after its numbers and before its losses. */
function bindingsOf(buffers: Buffers, one: LayerDispatches, runs: number, table: GpuBuffer): GpuBuffer[] {
  const { plan } = one;
  const { old, now } = plan.alignment;
  const { problems, state } = startLayers(one, runs);
  return [
    buffers.filled(stepWords(plan.steps, ({ length }) => [Math.sqrt(length / now), Math.sqrt(length / old)])),
    buffers.filled(settingWords(plan.runs, runs)),
    table,
    buffers.filled(problems),
    buffers.filled(state),
  ];
}

/** The problems of some layers, curvature and target, and every run's state at its start. */
function startLayers({ request, drawn, from, to }: LayerDispatches, runs: number) {
  const { width } = request.sizes;
  const problems = new Float32Array(2 * width * (to - from));
  const state = new Float32Array(STATE_ROWS * width * runs * (to - from));
  for (let layer = 0; layer < to - from; layer++) {
    const { curvature, start, target } = drawn(width, keysOf(request.seed, from + layer).problem);
    problems.set(curvature, 2 * layer * width);
    problems.set(target, (2 * layer + 1) * width);
    for (let r = 0; r < runs; r++) state.set(start, STATE_ROWS * (layer * runs + r) * width);
  }
  return { problems, state };
}

function settingWords(runs: readonly TrainingRun[], count: number) {
  const floats = new Float32Array(SETTING_WORDS * count);
  const words = new Uint32Array(floats.buffer);
  for (let r = 0; r < count; r++) {
    const at = SETTING_WORDS * r;
    const run = runs[r];
    words[at] = SIDES[run?.side ?? 'none'];
    if (!run) continue;
    const constants = runConstants(run);
    for (const [i, name] of RUN_CONSTANTS.entries()) floats[at + 1 + i] = constants[name];
  }
  return floats;
}

/** The rates of the updates of some blocks, run by run, each run with room for `updates`. */
function rateWords(
  kernel: KernelName,
  { runs, alignment }: TrainingPlan,
  from: number,
  blocks: number,
  updates: number,
) {
  const words = new Float32Array(2 * updates * runs.length);
  for (const [r, { side, settings }] of runs.entries())
    for (let i = 0; i < blocks * alignment[side]; i++)
      words.set(updateRates(kernel, settings, from * alignment[side] + i + 1), 2 * (r * updates + i));
  return words;
}
