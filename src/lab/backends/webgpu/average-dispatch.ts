import { type Alignment, align, type Step, stepsOf } from '../../theory.ts';
import type { AverageCase, AveragesRequest, AveragesResult, Control } from '../backend.ts';
import { drawWeights, forgottenOver, KEPT, sharesOf } from '../block-weights.ts';
import { trajectoriesOf } from '../cpu.ts';
import { type BatchSums, levelOf } from '../gradients.ts';
import { type CaseSums, rmsRatios } from '../statistics.ts';
import { AVERAGE_LANES, averageShader, sumRows } from './average-shader.ts';
import { Buffers, type Computer, dispatch, inDispatches, MOST_GROWTH } from './device.ts';
import { stepWords } from './steps.ts';

/** Cases at a time: an invocation's state has to fit into its registers. */
const MOST_CASES = 8;
/** Float32 sums over some dispatches, float64 goes on from there: this many terms keep nearly seven digits. */
const MOST_TERMS = 2 ** 14;
/** Longer blocks (in steps) would make a dispatch too long. */
export const MOST_BLOCK_STEPS = 2 ** 16;

/** Runs averages on a device. @throws the control signal's reason when it is aborted */
export async function averagesOnDevice(
  computer: Computer,
  request: AveragesRequest,
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
      .map((one, i) => ({ ...rmsRatios(one), trajectory: trajectories[i]! })),
    level: levelOf(sums[0]!.old, sums[0]!.now, request.mean),
  };
}

interface Sums {
  readonly cases: readonly CaseSums[];
  readonly old: BatchSums;
  readonly now: BatchSums;
}

async function sumsOf(computer: Computer, request: AveragesRequest, control: Control): Promise<Sums> {
  const { device } = computer;
  const { cases, coordinates, blocks, key } = request;
  const alignment = align(request.batch);
  const steps = stepsOf(alignment);
  const pairs = Math.ceil(coordinates / 2);
  const rows = sumRows(cases.length);
  const totals = new Map(rows.map((name) => [name, new Float64Array(coordinates)]));
  const most = Math.max(1, Math.floor(MOST_TERMS / steps.length));
  const words = 2 * rows.length * pairs;
  const buffers = new Buffers(device);
  try {
    const run = buffers.uniform(RUN_WORDS);
    const snapshots = buffers.storage(most * cases.length);
    const result = buffers.storage(words);
    const bindings = [
      run,
      buffers.filled(stepWords(steps, (step) => sharesOf(step, alignment))),
      buffers.filled(weightWords(cases, steps, alignment)),
      buffers.filled(caseWords(cases, alignment)),
      snapshots,
      buffers.storage(2 * KEPT * cases.length * pairs),
      result,
    ];
    const readable = buffers.readable(words);
    const groups = [Math.ceil(pairs / AVERAGE_LANES), 1] as const;
    const pipeline = await computer.pipeline(averageShader(cases.length));
    let held = 0;
    await inDispatches(blocks, most, control, async (from, count) => {
      const goesOn = held > 0 ? 1 : 0;
      const start = [key.seed, key.stream, pairs, from * steps.length, count, steps.length, goesOn];
      device.queue.writeBuffer(run, 0, Uint32Array.from(start));
      device.queue.writeBuffer(snapshots, 0, snapshotWords(cases, from, count));
      held += count;
      // To read the sums of many coordinates takes as long as a dispatch: they stay on the device while float32 may sum.
      const goingOn = from + count < blocks && held + MOST_GROWTH * count <= most;
      const shape = { pipeline, bindings, groups, result, readable, words: goingOn ? 0 : words };
      const found = await dispatch(device, shape);
      if (goingOn) return;
      held = 0;
      for (const [row, total] of [...totals.values()].entries())
        for (let p = 0; p < coordinates; p++) total[p]! += found[2 * row * pairs + p]!;
    });
  } finally {
    buffers.release();
  }
  return sumsByName(totals, cases.length, { old: blocks * alignment.old, now: blocks * alignment.now });
}

/** @param counts batches that were summed over */
function sumsByName(
  totals: ReadonlyMap<string, Float64Array>,
  cases: number,
  counts: Readonly<Record<'old' | 'now', number>>,
): Sums {
  const total = (name: string) => totals.get(name)!;
  const level = (side: 'old' | 'now'): BatchSums => ({
    sum: total(`${side}Sum`),
    squares: total(`${side}Squares`),
    count: counts[side],
  });
  return {
    cases: Array.from({ length: cases }, (_, i) => ({
      own: total(`own${i}`),
      difference: total(`converted${i}`),
      unconvertedDifference: total(`unconverted${i}`),
    })),
    old: level('old'),
    now: level('now'),
  };
}

/** Words of the shader's structure. */
const RUN_WORDS = 7;

/** What a unit draw in each stretch of a block adds to each row of each case. */
function weightWords(cases: readonly AverageCase[], steps: readonly Step[], alignment: Alignment) {
  return Float32Array.from(
    steps.flatMap((step) => cases.flatMap((one) => drawWeights(one, step, alignment))),
  );
}

function caseWords(cases: readonly AverageCase[], alignment: Alignment) {
  return Float32Array.from(cases.flatMap((one) => Object.values(forgottenOver(one, alignment))));
}

/** For blocks (from, from + count], by block and case: 1 where the case is compared, else 0. */
function snapshotWords(cases: readonly AverageCase[], from: number, count: number) {
  const words = new Float32Array(count * cases.length);
  for (const [i, { snapshots }] of cases.entries()) {
    const { first, every } = snapshots;
    const late = Math.max(0, Math.ceil((from + 1 - first) / every));
    for (let block = first + late * every; block <= from + count; block += every)
      words[(block - from - 1) * cases.length + i] = 1;
  }
  return words;
}
