import { asPart, SLICE } from '../../slices.ts';
import { type Alignment, align, type Step, stepsOf } from '../../theory.ts';
import type { AverageCase, AveragesRequest, Trajectory } from '../backend.ts';
import type { BatchSums } from '../gradients.ts';
import { type CaseSums, TRAJECTORY_POINTS } from '../statistics.ts';
import { Arena, GROUP, type Kernel } from './kernel.ts';

/** The results of a range of coordinates. */
export interface AveragesPart {
  readonly cases: readonly CaseSums[];
  readonly old: BatchSums;
  readonly now: BatchSums;
  /** From the range that has the first coordinate. */
  readonly trajectories?: readonly Trajectory[];
}

/** Coordinates at a time: the state of a few cases then fits into a core's first or second cache. */
const TILE = 512;
/** Draws between two looks at the time, about a tenth of a millisecond. */
const LOOK = 2 ** 15;

/** Runs all blocks for the coordinates [from, to). Yields how much is done, 0 to 1. */
export function* averagesOf(
  kernel: Kernel,
  request: AveragesRequest,
  from: number,
  to: number,
): Generator<number, AveragesPart> {
  const part = emptyPart(request, to - from);
  let trajectories: readonly Trajectory[] | undefined;
  for (let at = from; at < to; at += TILE) {
    const end = Math.min(to, at + TILE);
    const tile = startTile(kernel, request, at, end);
    yield* asPart(runTile(tile), (share) => (at - from + share * (end - at)) / (to - from));
    trajectories ??= tile.trajectories;
    collect(tile, part, at - from, end - at);
  }
  return { ...part, ...(from === 0 && trajectories ? { trajectories } : {}) };
}

function emptyPart({ cases, batch, blocks }: AveragesRequest, coordinates: number) {
  const zeros = () => new Float64Array(coordinates);
  const alignment = align(batch);
  return {
    cases: cases.map(() => ({ difference: zeros(), unconvertedDifference: zeros(), own: zeros() })),
    old: { sum: zeros(), squares: zeros(), count: blocks * alignment.old },
    now: { sum: zeros(), squares: zeros(), count: blocks * alignment.now },
  };
}

/** One side's addresses: the mean of the current batch, sums over the finished ones, averages and their weights. */
interface Side {
  readonly mean: number;
  readonly level: number;
  readonly rows: number;
  readonly weights: number;
  readonly averages: number;
}

/** Some coordinates and where their state is in the kernel's memory. */
interface Tile {
  readonly kernel: Kernel;
  readonly request: AveragesRequest;
  readonly plan: readonly PlannedStep[];
  readonly firstPair: number;
  /** Coordinates, a multiple of GROUP; the last ones may be beyond the request's. */
  readonly count: number;
  readonly unit: number;
  readonly old: Side;
  /** For every case the converted average, then the unconverted one. */
  readonly now: Side;
  readonly sums: number;
  readonly trajectories: readonly { blocks: number[]; old: number[]; now: number[] }[];
}

/** A step with the weights of its unit draw in the old and in the new batch. */
interface PlannedStep extends Step {
  readonly scaleOld: number;
  readonly scaleNow: number;
}

function startTile(kernel: Kernel, request: AveragesRequest, from: number, to: number): Tile {
  const { cases } = request;
  const count = Math.ceil((to - from) / GROUP) * GROUP;
  const alignment = align(request.batch);
  const arena = new Arena(kernel);
  const row = 8 * count;
  const side = (averages: number): Side => ({
    mean: arena.take(row),
    level: arena.take(2 * row),
    rows: arena.take(averages * row),
    weights: arena.take(averages * 8),
    averages,
  });
  const tile = {
    kernel,
    request,
    plan: plannedSteps(alignment),
    firstPair: from / 2,
    count,
    unit: arena.take(row / 2),
    old: side(cases.length),
    now: side(2 * cases.length),
    sums: arena.take(3 * cases.length * row),
    trajectories: cases.map(() => ({ blocks: [], old: [], now: [] })),
  };
  const weigh = (address: number, decays: readonly number[]) =>
    new Float64Array(kernel.memory.buffer, address, decays.length).set(decays.map((decay) => 1 - decay));
  weigh(
    tile.old.weights,
    cases.map(({ decay }) => decay[0]),
  );
  weigh(
    tile.now.weights,
    cases.flatMap(({ decay }) => [decay[1], decay[0]]),
  );
  return tile;
}

function plannedSteps(alignment: Alignment): PlannedStep[] {
  return stepsOf(alignment).map((step) => {
    const deviation = Math.sqrt(alignment.now / step.length);
    return {
      ...step,
      scaleOld: (step.length / alignment.now) * deviation,
      scaleNow: (step.length / alignment.old) * deviation,
    };
  });
}

function* runTile(tile: Tile): Generator<number, void> {
  const { request, plan, count } = tile;
  let unlooked = 0;
  let report = performance.now() + SLICE;
  for (let block = 0; block < request.blocks; block++) {
    for (let i = 0; i < plan.length; i++) {
      runStep(tile, plan[i]!, block * plan.length + i);
      unlooked += count;
      if (unlooked < LOOK) continue;
      unlooked = 0;
      if (performance.now() < report) continue;
      yield (block + i / plan.length) / request.blocks;
      report = performance.now() + SLICE;
    }
    for (let i = 0; i < request.cases.length; i++) lookAtCase(tile, i, block + 1);
  }
}

function runStep(
  { kernel, request, unit, count, old, now, firstPair }: Tile,
  step: PlannedStep,
  index: number,
) {
  const { seed, stream } = request.key;
  kernel.draw(unit, count, firstPair, seed, stream, index);
  const add = (side: Side, scale: number, starts: boolean, ends: boolean) => {
    kernel.addStretch(side.mean, unit, count, scale, starts ? 1 : 0);
    if (ends) kernel.endBatch(side.mean, side.level, side.rows, side.weights, side.averages, count);
  };
  add(old, step.scaleOld, step.starts.old, step.ends.old);
  add(now, step.scaleNow, step.starts.now, step.ends.now);
}

/** Takes a snapshot and a point of the trajectory, where it is time for them. */
function lookAtCase(tile: Tile, index: number, block: number): void {
  const { kernel, request, count, old, now, sums } = tile;
  const { snapshots, gain, unconvertedGain } = request.cases[index]!;
  const { first, every, pace } = snapshots;
  if (block < first) return;
  const row = 8 * count;
  const [a, b] = [old.rows + index * row, now.rows + 2 * index * row];
  const trajectory = tile.trajectories[index]!;
  if ((block - first) % pace === 0 && tile.firstPair === 0 && trajectory.blocks.length < TRAJECTORY_POINTS) {
    const values = new Float64Array(kernel.memory.buffer);
    trajectory.blocks.push(block);
    trajectory.old.push(values[a / 8]!);
    trajectory.now.push(gain * values[b / 8]!);
  }
  if ((block - first) % every !== 0) return;
  kernel.addSnapshot(sums + 3 * index * row, a, b, b + row, count, gain, unconvertedGain);
}

/** Copies a tile's sums into the range's. */
function collect(
  { kernel, count, old, now, sums }: Tile,
  part: AveragesPart,
  at: number,
  size: number,
): void {
  const copy = (to: Float64Array, address: number, row: number) =>
    to.set(new Float64Array(kernel.memory.buffer, address + 8 * row * count, size), at);
  for (const [i, { difference, unconvertedDifference, own }] of part.cases.entries())
    for (const [j, to] of [difference, unconvertedDifference, own].entries()) copy(to, sums, 3 * i + j);
  for (const [from, to] of [[old, part.old] as const, [now, part.now] as const]) {
    copy(to.sum, from.level, 0);
    copy(to.squares, from.level, 1);
  }
}

/** Puts the parts of all ranges together, in the order of their coordinates. */
export function joined(parts: readonly AveragesPart[], cases: readonly AverageCase[]) {
  const all = (pick: (part: AveragesPart) => Float64Array) => {
    const arrays = parts.map(pick);
    const whole = new Float64Array(arrays.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const array of arrays) {
      whole.set(array, at);
      at += array.length;
    }
    return whole;
  };
  const level = (side: 'old' | 'now'): BatchSums => ({
    sum: all((part) => part[side].sum),
    squares: all((part) => part[side].squares),
    count: parts[0]![side].count,
  });
  return {
    sums: cases.map((_, i) => ({
      difference: all((part) => part.cases[i]!.difference),
      unconvertedDifference: all((part) => part.cases[i]!.unconvertedDifference),
      own: all((part) => part.cases[i]!.own),
    })),
    old: level('old'),
    now: level('now'),
    trajectories: parts[0]!.trajectories!,
  };
}
