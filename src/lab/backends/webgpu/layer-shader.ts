import { RUN_CONSTANTS } from '../../kernel-updates.ts';
import { STREAMS_PER_LAYER } from '../../layer.ts';
import type { KernelName } from '../../optimizers.ts';
import { repeat } from './device.ts';
import { NOISE } from './noise.ts';
import { addDraw, endsBatch, STEP } from './steps.ts';

// One workgroup is a layer with some of its runs, from the first step to the last; an invocation has some pairs of its
// coordinates in registers.

/** The parameters of a shader. */
export interface WorkgroupShape {
  readonly kernel: KernelName;
  /** Runs that share a workgroup's draws. */
  readonly runs: number;
  /** Invocations of a workgroup, and pairs of coordinates of each. */
  readonly lanes: number;
  readonly pairs: number;
  /** Whether the old runs see the samples of the new ones. */
  readonly shared: boolean;
}

export const SIDES = { old: 0, now: 1, none: 2 } as const;
/** Weights and two averages. */
export const STATE_ROWS = 3;

export function layerShader(shape: WorkgroupShape): string {
  const { runs, lanes, pairs } = shape;
  const eachRun = (make: (r: number) => string) => repeat(runs, make);
  const each = (make: (id: string, at: (row: number) => string) => string) =>
    eachRun((r) => repeat(pairs, (p) => make(`${r}_${p}`, (row) => stateAt(shape, r, p, row))));
  return `${declarations(lanes)}
@compute @workgroup_size(${lanes})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let layer = group.x;
  let firstRun = group.y * ${runs}u;
  let nowStream = run.nowStream + ${STREAMS_PER_LAYER}u * layer;
  let oldStream = run.oldStream + ${STREAMS_PER_LAYER}u * layer;
  ${repeat(pairs, (p) => problemOf(shape, p))}
  ${eachRun((r) => `let setting${r} = settings[firstRun + ${r}u];`)}
  ${each((id, at) => `var w${id} = ${at(0)}; var m${id} = ${at(1)}; var v${id} = ${at(2)};`)}
  var index = run.index;
  var oldUpdates = 0u;
  var nowUpdates = 0u;
  var snapshot = 0u;
  for (var block = 0u; block < run.blocks; block++) {
    for (var i = 0u; i < run.steps; i++) {
      let step = steps[i];
      ${stepText(shape)}
    }
    if ((run.block + block + 1u) % run.every == 0u) {
      ${eachRun((r) => lossText(shape, r))}
      snapshot++;
    }
  }
  ${each((id, at) => `${at(0)} = w${id}; ${at(1)} = m${id}; ${at(2)} = v${id};`)}
}
`;
}

function declarations(lanes: number): string {
  const columns = Math.ceil(Math.sqrt(lanes));
  return `${NOISE}
struct Run { seed: u32, nowStream: u32, oldStream: u32, index: u32, oldIndex: u32, block: u32, blocks: u32, steps: u32, every: u32, layers: u32, runs: u32, updates: u32 }
${STEP}
struct Setting { side: u32, ${RUN_CONSTANTS.map((name) => `${name}: f32`).join(', ')} }
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
`;
}

/** Where a row of a run's state is for a pair of coordinates. */
function stateAt({ lanes, pairs }: WorkgroupShape, r: number, p: number, row: number): string {
  return `state[((layer * run.runs + firstRun + ${r}u) * ${STATE_ROWS}u + ${row}u) * ${lanes * pairs}u + pair${p}]`;
}

function problemOf({ lanes, pairs }: WorkgroupShape, p: number): string {
  const at = (row: number) => `problems[(layer * 2u + ${row}u) * ${lanes * pairs}u + pair${p}]`;
  return `let pair${p} = ${p * lanes}u + lane;
  let curvature${p} = ${at(0)}; let target${p} = ${at(1)};
  var old${p} = vec2f(); var now${p} = vec2f();`;
}

/** One step of a block: its draws, and the updates of the batches that end with it. */
function stepText({ kernel, runs, pairs, shared }: WorkgroupShape): string {
  const updates = (side: 'old' | 'now') => repeat(runs, (r) => updateText(kernel, pairs, side, r));
  const ownDraw = (p: number) => `old${p} = draw(run.seed, oldStream, pair${p}, run.oldIndex + oldUpdates);`;
  return `${repeat(
    pairs,
    (p) => `let z${p} = draw(run.seed, nowStream, pair${p}, index);
      ${shared ? addDraw(`old${p}`, 'old', `z${p}`) : ''} ${addDraw(`now${p}`, 'now', `z${p}`)}`,
  )}
      index++;
      if (${endsBatch('old')}) {
        ${shared ? '' : repeat(pairs, ownDraw)}
        ${updates('old')}
        oldUpdates++;
      }
      if (${endsBatch('now')}) {
        ${updates('now')}
        nowUpdates++;
      }`;
}

function updateText(kernel: KernelName, count: number, side: 'old' | 'now', r: number): string {
  const pairs = Array.from({ length: count }, (_, p) => ({ p, id: `${r}_${p}`, unit: `${side}${p}` }));
  return `if (setting${r}.side == ${SIDES[side]}u) {
        let s = setting${r};
        let rate = rates[(firstRun + ${r}u) * run.updates + ${side}Updates];
        ${UPDATES[kernel](pairs)}
      }`;
}

function lossText({ pairs }: WorkgroupShape, r: number): string {
  return `{
        var sum = vec2f();
        ${repeat(pairs, (p) => `{ let d = w${r}_${p} - target${p}; sum += curvature${p} * d * d; }`)}
        let loss = total(sum, lane);
        if (lane == 0u) { losses[(snapshot * run.runs + firstRun + ${r}u) * run.layers + layer] = 0.5 * (loss.x + loss.y); }
      }`;
}

/** One pair in one run: its number in the invocation, the suffix of its state's names, and its noise. */
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
