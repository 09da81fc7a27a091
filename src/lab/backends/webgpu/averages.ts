import { HEAVY_UNIT, type Tails } from '../../noise.ts';
import { type Signal, signalMean, signalResponse } from '../../signals.ts';
import { type Alignment, align, type Step, stepsOf } from '../../theory.ts';
import type { AverageCase, AveragesResult, Control } from '../backend.ts';
import { trajectoriesOf } from '../cpu.ts';
import { type BatchSums, levelOf, type SyntheticRequest } from '../gradients.ts';
import { type CaseSums, figuresOf } from '../statistics.ts';
import {
  Buffers,
  type Computer,
  dispatch,
  type GpuBuffer,
  inDispatches,
  repeat,
  type Words,
} from './device.ts';
import { NOISE } from './noise.ts';
import { addDraw, endsBatch, STEP, stepWords } from './plan.ts';

/**
 * One invocation is a pair of coordinates from the first step to the last. At the end of a block its averages are what
 * they were times a power of their decays, plus the block's gradients by weights that float64 works out here. Kept are
 * the old average, old - gain*new and old - unconvertedGain*unconverted: subtracting two averages in float32 would
 * lose the digits in which they differ. Powers are kept as 1 - power, for the same reason.
 *
 * Averages are linear, so that noise and signal go apart: the noise here, the signal by its closed forms, and of a
 * square (noise + signal)^2 the shader sums noise^2 and noise*signal. Float32 would drown the noise in a long drift.
 */
const shader = (cases: number, moving: boolean): string => `${NOISE}
struct Run { seed: u32, stream: u32, heavy: u32, pairs: u32, index: u32, blocks: u32, steps: u32, nowSignals: u32 }
${STEP}
/** What a block leaves nothing of in the old average and the two differences, and how much of the old one they take up. */
struct Case { old: f32, converted: f32, unconverted: f32, intoConverted: f32, intoUnconverted: f32 }
/** 1 where it is time to compare, and the signal's part in the differences then. */
struct Snapshot { taken: f32, converted: f32, unconverted: f32 }
@group(0) @binding(0) var<uniform> run: Run;
@group(0) @binding(1) var<storage, read> steps: array<Step>;
@group(0) @binding(2) var<storage, read> weights: array<f32>;
@group(0) @binding(3) var<storage, read> cases: array<Case>;
@group(0) @binding(4) var<storage, read> snapshots: array<Snapshot>;
@group(0) @binding(5) var<storage, read_write> state: array<vec2f>;
@group(0) @binding(6) var<storage, read_write> sums: array<vec2f>;
${moving ? '@group(0) @binding(7) var<storage, read> signals: array<f32>;' : ''}

@compute @workgroup_size(${LANES})
fn main(@builtin(global_invocation_id) id: vec3u) {
  let pair = id.x;
  if (pair >= run.pairs) { return; }
  ${repeat(KEPT * cases, (i) => `var average${i} = state[${i}u * run.pairs + pair];`)}
  ${rowsOf(cases, moving)
    .map((name) => `var ${name} = vec2f();`)
    .join(' ')}
  var oldMean = vec2f();
  var nowMean = vec2f();
  var index = run.index;
  ${moving ? 'var oldBatch = 0u; var nowBatch = run.nowSignals;' : ''}
  for (var block = 0u; block < run.blocks; block++) {
    ${repeat(KEPT * cases, (i) => `var added${i} = vec2f();`)}
    for (var i = 0u; i < run.steps; i++) {
      let step = steps[i];
      let z = draw(run.seed, run.stream, pair, index, run.heavy != 0u);
      index++;
      ${repeat(KEPT * cases, (i) => `added${i} += weights[i * ${KEPT * cases}u + ${i}u] * z;`)}
      ${(['old', 'now'] as const)
        .map((side) => {
          const moved = `${side}Moved += signals[${side}Batch] * ${side}Mean; ${side}Batch++;`;
          return `${addDraw(`${side}Mean`, side, 'z')}
      if (${endsBatch(side)}) {
        ${side}Sum += ${side}Mean; ${side}Squares += ${side}Mean * ${side}Mean; ${moving ? moved : ''}
      }`;
        })
        .join('\n')}
    }
    ${repeat(cases, (i) => {
      const [old, converted, unconverted] = [0, 1, 2].map((row) => `average${KEPT * i + row}`);
      const [addedOld, addedConverted, addedUnconverted] = [0, 1, 2].map((row) => `added${KEPT * i + row}`);
      const moved = `convertedMoved${i} += at.converted * ${converted}; unconvertedMoved${i} += at.unconverted * ${unconverted};`;
      return `{
      let by = cases[${i}u];
      let before = ${old};
      ${old} += ${addedOld} - by.old * before;
      ${converted} += ${addedConverted} + by.intoConverted * before - by.converted * ${converted};
      ${unconverted} += ${addedUnconverted} + by.intoUnconverted * before - by.unconverted * ${unconverted};
      let at = snapshots[block * ${cases}u + ${i}u];
      own${i} += at.taken * ${old} * ${old};
      converted${i} += at.taken * ${converted} * ${converted};
      unconverted${i} += at.taken * ${unconverted} * ${unconverted};
      ${moving ? moved : ''}
    }`;
    })}
  }
  ${repeat(KEPT * cases, (i) => `state[${i}u * run.pairs + pair] = average${i};`)}
  ${rowsOf(cases, moving)
    .map((name, i) => `sums[${i}u * run.pairs + pair] = ${name};`)
    .join(' ')}
}
`;

/** The sums that the shader leaves, by name. */
function rowsOf(cases: number, moving: boolean): string[] {
  const perSide = ['Sum', 'Squares', ...(moving ? ['Moved'] : [])];
  const perCase = [
    'own',
    'converted',
    'unconverted',
    ...(moving ? ['convertedMoved', 'unconvertedMoved'] : []),
  ];
  return [
    ...['old', 'now'].flatMap((side) => perSide.map((sum) => side + sum)),
    ...Array.from({ length: cases }, (_, i) => perCase.map((sum) => sum + i)).flat(),
  ];
}

/** The old average and two differences from it. */
const KEPT = 3;
const LANES = 64;
/** Cases at a time: what an invocation keeps has to fit into its registers. */
const MOST_CASES = 8;
/** Float32 sums over a dispatch, float64 goes on from there: so many terms keep seven digits or nearly. */
const MOST_TERMS = 2 ** 14;
/** Blocks of more steps than this are not for a dispatch that has to end soon. */
export const MOST_STEPS = 2 ** 16;

/** Runs averages on a device. @throws the control signal's reason when it is aborted */
export async function averagesOnDevice(
  computer: Computer,
  request: SyntheticRequest,
  control: Control,
): Promise<AveragesResult> {
  const groups: AverageCase[][] = [];
  for (let i = 0; i < request.cases.length; i += MOST_CASES)
    groups.push(request.cases.slice(i, i + MOST_CASES));
  const sums: Sums[] = [];
  for (const [i, cases] of groups.entries()) {
    const progress = (done: number) => control.progress?.((i + done) / groups.length);
    sums.push(await sumsOf(computer, { ...request, cases }, { ...control, progress }));
  }
  const trajectories = await trajectoriesOf(request, control);
  return {
    cases: sums
      .flatMap(({ cases }) => cases)
      .map((one, i) => ({ ...figuresOf(one), trajectory: trajectories[i]! })),
    level: levelOf(sums[0]!.old, sums[0]!.now, request.mean),
  };
}

interface Sums {
  readonly cases: readonly CaseSums[];
  readonly old: BatchSums;
  readonly now: BatchSums;
}

async function sumsOf(computer: Computer, request: SyntheticRequest, control: Control): Promise<Sums> {
  const { device } = computer;
  const { cases, coordinates, blocks, gradients } = request;
  const alignment = align(request.batch);
  const steps = stepsOf(alignment);
  const pairs = Math.ceil(coordinates / 2);
  const moving = gradients.signal.kind !== 'constant';
  const rows = rowsOf(cases.length, moving);
  const totals = new Map(rows.map((name) => [name, new Float64Array(coordinates)]));
  const signal = new SignalSums(cases.length);
  const most = Math.max(1, Math.floor(MOST_TERMS / steps.length));
  const buffers = new Buffers(device);
  try {
    const words = 2 * rows.length * pairs;
    const run = buffers.uniform(RUN_WORDS);
    const snapshots = buffers.storage(most * cases.length * SNAPSHOT_WORDS);
    const sums = buffers.storage(words);
    const signals = moving ? [buffers.storage(most * (alignment.old + alignment.now))] : [];
    const bindings = [
      run,
      buffers.filled(stepWords(steps, (step) => sharesOf(step, alignment, gradients.tails))),
      buffers.filled(weightsOf(request, steps, alignment)),
      buffers.filled(caseWords(cases, alignment)),
      snapshots,
      buffers.storage(2 * KEPT * cases.length * pairs),
      sums,
      ...signals,
    ];
    const readable = buffers.readable(words);
    const groups = [Math.ceil(pairs / LANES), 1] as const;
    const pipeline = await computer.pipeline(shader(cases.length, moving));
    const write = (buffer: GpuBuffer, data: Words) => device.queue.writeBuffer(buffer, 0, data);
    await inDispatches(blocks, most, control, async (from, count) => {
      const { seed, stream } = gradients.key;
      const heavy = gradients.tails === 'heavy' ? 1 : 0;
      const nowSignals = count * alignment.old;
      write(
        run,
        Uint32Array.of(seed, stream, heavy, pairs, from * steps.length, count, steps.length, nowSignals),
      );
      write(snapshots, signal.snapshots(request, alignment, from, count));
      if (signals[0]) write(signals[0], signal.batches(gradients.signal, alignment, from, count));
      const found = await dispatch(device, { pipeline, bindings, groups, result: sums, readable, words });
      for (const [row, total] of [...totals.values()].entries())
        for (let p = 0; p < coordinates; p++) total[p]! += found[2 * row * pairs + p]!;
    });
  } finally {
    buffers.release();
  }
  /** Sums of (noise + signal)^2. */
  const squares = (name: string, moved: string, ofSignal: number) => {
    const cross = totals.get(moved);
    return totals.get(name)!.map((x, p) => x + 2 * (cross?.[p] ?? 0) + ofSignal);
  };
  const level = (side: 'old' | 'now'): BatchSums => ({
    sum: totals.get(`${side}Sum`)!.map((x) => x + signal.sum[side]),
    squares: squares(`${side}Squares`, `${side}Moved`, signal.squares[side]),
    count: blocks * alignment[side],
  });
  return {
    cases: cases.map((_, i) => ({
      own: totals.get(`own${i}`)!,
      difference: squares(`converted${i}`, `convertedMoved${i}`, signal.converted[i]!),
      unconvertedDifference: squares(`unconverted${i}`, `unconvertedMoved${i}`, signal.unconverted[i]!),
    })),
    old: level('old'),
    now: level('now'),
  };
}

/** Words of the shader's structures. */
const RUN_WORDS = 8;
const SNAPSHOT_WORDS = 3;

/** What a step's unit draw counts in the old and in the new batch; the shader's heavy draws are still too wide. */
function sharesOf({ length }: Step, { old, now }: Alignment, tails: Tails): readonly [number, number] {
  const scale = Math.sqrt(now / length) * (tails === 'heavy' ? HEAVY_UNIT : 1);
  return [(scale * length) / now, (scale * length) / old];
}

/** What a unit draw in each stretch of a block adds to each row of each case. */
function weightsOf({ cases, gradients }: SyntheticRequest, steps: readonly Step[], alignment: Alignment) {
  const weights = new Float32Array(steps.length * KEPT * cases.length);
  let at = 0;
  for (const step of steps) {
    const [shareOld, shareNow] = sharesOf(step, alignment, gradients.tails);
    const [afterOld, afterNow] = [alignment.old - 1 - step.old, alignment.now - 1 - step.now];
    for (const { decay, gain, unconvertedGain } of cases) {
      const [b, c] = decay;
      const old = (1 - b) * b ** afterOld * shareOld;
      weights[at++] = old;
      weights[at++] = old - gain * (1 - c) * c ** afterNow * shareNow;
      weights[at++] = old - unconvertedGain * (1 - b) * b ** afterNow * shareNow;
    }
  }
  return weights;
}

function caseWords(cases: readonly AverageCase[], { old, now }: Alignment) {
  return Float32Array.from(
    cases.flatMap(({ decay: [b, c] }) => {
      const forgotten = (decay: number, updates: number) => -Math.expm1(updates * Math.log(decay));
      const [ofOld, ofNow, ofUnconverted] = [forgotten(b, old), forgotten(c, now), forgotten(b, now)];
      return [ofOld, ofNow, ofUnconverted, ofNow - ofOld, ofUnconverted - ofOld];
    }),
  );
}

/** The signal's own part in everything that is compared, and sums of its squares. */
class SignalSums {
  readonly sum = { old: 0, now: 0 };
  readonly squares = { old: 0, now: 0 };
  readonly converted: Float64Array;
  readonly unconverted: Float64Array;

  constructor(cases: number) {
    this.converted = new Float64Array(cases);
    this.unconverted = new Float64Array(cases);
  }

  /** Snapshots by block and case. */
  snapshots(
    { cases, gradients: { signal } }: SyntheticRequest,
    { old, now }: Alignment,
    from: number,
    count: number,
  ): Float32Array<ArrayBuffer> {
    const words = new Float32Array(SNAPSHOT_WORDS * count * cases.length);
    for (const [i, { snapshots, decay, gain, unconvertedGain }] of cases.entries()) {
      const { first, every } = snapshots;
      const late = Math.max(0, Math.ceil((from + 1 - first) / every));
      for (let block = first + late * every; block <= from + count; block += every) {
        const ofOld = signalResponse(signal, 1, decay[0], block * old);
        const response = (by: number) => signalResponse(signal, old / now, by, block * now);
        const converted = ofOld - gain * response(decay[1]);
        const unconverted = ofOld - unconvertedGain * response(decay[0]);
        this.converted[i]! += converted ** 2;
        this.unconverted[i]! += unconverted ** 2;
        words.set([1, converted, unconverted], SNAPSHOT_WORDS * ((block - from - 1) * cases.length + i));
      }
    }
    return words;
  }

  /** Means over the old batches of some blocks, then over the new ones. */
  batches(signal: Signal, alignment: Alignment, from: number, count: number): Float32Array<ArrayBuffer> {
    const begin = from * alignment.old;
    const means = (side: 'old' | 'now', length: number) =>
      Array.from({ length: count * alignment[side] }, (_, i) => {
        const mean = signalMean(signal, begin + i * length, begin + (i + 1) * length);
        this.sum[side] += mean;
        this.squares[side] += mean ** 2;
        return mean;
      });
    return Float32Array.from([...means('old', 1), ...means('now', alignment.old / alignment.now)]);
  }
}
