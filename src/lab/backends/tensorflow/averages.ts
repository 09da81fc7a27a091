import { type Alignment, align, type Step, stepsOf } from '../../theory.ts';
import type { AverageCase, AveragesRequest, AveragesResult, Control } from '../backend.ts';
import { drawWeights, forgottenOver, isSnapshot, KEPT, sharesOf } from '../block-weights.ts';
import { trajectoriesOf } from '../cpu.ts';
import { rootOf } from '../statistics.ts';
import { addMoments, type Moments, momentsOf, ratioOfRows } from './moments.ts';
import type { Device } from './noise.ts';
import type { Operations, Tensor } from './operations.ts';

// Averages as matrix products. What an average is at the end of a block is a weighted sum of the draws since the start.
// Products by weights that the host computes in float64 give it wherever it is compared in an interval of blocks, for
// many intervals and coordinates at once; another product carries what an interval leaves to those after it.

/** Steps of an interval, about: each number of a product is a sum of as many. */
const INTERVAL = 32;
/** Coordinates at a time, so that a chunk has many steps of them. */
const TILE = 2 ** 14;
/** Rows of the statistics before those of the cases: 1, sums and sums of squares of the means of old and new batches. */
const ROW = { one: 0, sum: { old: 1, now: 2 }, squares: { old: 3, now: 4 }, cases: 5 } as const;

/** Runs averages. @throws the control signal's reason when it is aborted */
export async function averagesByProducts(
  device: Device,
  request: AveragesRequest,
  control: Control,
): Promise<AveragesResult> {
  const { coordinates } = request;
  let moments: Moments | undefined;
  for (let from = 0; from < coordinates; from += TILE) {
    const count = Math.min(TILE, coordinates - from);
    const progress = (done: number) => control.progress?.((from + done * count) / coordinates);
    const tile = () => runTile(device, request, from, count, { ...control, progress });
    moments = addMoments(moments, await device.operations.scope(tile));
  }
  return resultOf(request, moments!, await trajectoriesOf(request, control));
}

function resultOf(
  { cases, mean, blocks, batch }: AveragesRequest,
  moments: Moments,
  trajectories: readonly AveragesResult['cases'][number]['trajectory'][],
): AveragesResult {
  const rows = (...weights: (readonly [row: number, weight: number])[]) => {
    const all = new Float64Array(ROW.cases + KEPT * cases.length);
    for (const [row, weight] of weights) all[row] = weight;
    return all;
  };
  const own = (i: number, row: number) => rows([ROW.cases + KEPT * i + row, 1]);
  const level = (side: 'old' | 'now') => {
    const batches = blocks * align(batch)[side];
    return rows(
      [ROW.one, mean * mean],
      [ROW.sum[side], (2 * mean) / batches],
      [ROW.squares[side], 1 / batches],
    );
  };
  return {
    cases: trajectories.map((trajectory, i) => ({
      converted: rootOf(ratioOfRows(moments, own(i, 1), own(i, 0))),
      unconverted: rootOf(ratioOfRows(moments, own(i, 2), own(i, 0))),
      trajectory,
    })),
    level: ratioOfRows(moments, level('now'), level('old')),
  };
}

/** How some coordinates are run: `blocks` in an interval, `intervals` in a chunk, `chunks` one after the other. */
interface Shape {
  readonly cases: readonly AverageCase[];
  readonly alignment: Alignment;
  readonly steps: readonly Step[];
  readonly blocks: number;
  readonly intervals: number;
  readonly chunks: number;
  /** Which case is looked at after which of an interval's blocks, from 1; every case is at the end of its last one. */
  readonly looks: readonly Look[];
}

interface Look {
  readonly index: number;
  readonly after: number;
}

function shapeOf({ batch, blocks: all, cases }: AveragesRequest, coordinates: number, chunk: number): Shape {
  const alignment = align(batch);
  const steps = stepsOf(alignment);
  const blocks = Math.max(1, Math.min(all, Math.round(INTERVAL / steps.length)));
  const looks = looksOf(cases, all, blocks);
  const numbers = blocks * Math.max(steps.length, alignment.old + alignment.now) + KEPT * looks.length;
  const total = Math.ceil(all / blocks);
  const most = Math.max(1, Math.floor(chunk / (coordinates * numbers)));
  const chunks = Math.ceil(total / most);
  return { cases, alignment, steps, blocks, intervals: Math.ceil(total / chunks), chunks, looks };
}

/** The places in an interval where comparisons fall, and its end, in the order of time. */
function looksOf(cases: readonly AverageCase[], all: number, blocks: number): Look[] {
  const looks = cases.flatMap(({ snapshots: { first, every } }, index) => {
    const places = new Set<number>();
    for (let at = first; at <= all && places.size < blocks; at += every) places.add(((at - 1) % blocks) + 1);
    return [...places, blocks]
      .filter((after, i, list) => list.indexOf(after) === i)
      .map((after) => ({ index, after }));
  });
  return looks.sort((a, b) => a.after - b.after || a.index - b.index);
}

/** The sums of a tile: what `momentsOf` gives of the rows of the statistics. */
async function runTile(
  { operations, source, chunk: most }: Device,
  request: AveragesRequest,
  from: number,
  count: number,
  { progress, signal }: Control,
): Promise<Moments> {
  const { zeros, add } = operations;
  const shape = shapeOf(request, count, most);
  const kept = KEPT * shape.cases.length;
  const perChunk = shape.intervals * shape.blocks * shape.steps.length;
  const matrices = matricesOf(operations, shape);
  let state = [zeros([kept, count]), zeros([ROW.cases - 1 + kept, count])];
  for (let chunk = 0; chunk < shape.chunks; chunk++) {
    state = operations.replaced(state, ([before, sums]) => {
      const draws = source(chunk * perChunk, perChunk, [{ key: request.key, from, count }]);
      const found = runChunk(operations, shape, matrices, before!, draws);
      const picks = picksOf(shape, chunk, request.blocks);
      return [found.kept, add(sums!, chunkSums(operations, shape, found, picks))];
    });
    await operations.settled(state[1]!);
    progress?.((chunk + 1) / shape.chunks);
    signal?.throwIfAborted();
  }
  return momentsOf(operations, state[1]!);
}

/** The constant matrices of a tile. */
type Matrices = ReturnType<typeof matricesOf>;

/** What a chunk gives, for all its intervals. */
interface Found {
  /** The numbers of the looks, [intervals * looks, coordinates]. */
  readonly looks: Tensor;
  /** The means of the batches, [intervals * batches, coordinates]. */
  readonly means: Tensor;
  /** The numbers kept at the end of the chunk. */
  readonly kept: Tensor;
}

function runChunk(
  { reshape, matMul, add, concat, slice, transpose }: Operations,
  { cases, intervals, looks }: Shape,
  { weights, decays, means, carry }: Matrices,
  kept: Tensor,
  draws: Tensor,
): Found {
  const [count, size, rows] = [draws.shape[1]!, KEPT * cases.length, KEPT * looks.length];
  const z = reshape(draws, [intervals, draws.shape[0]! / intervals, count]);
  const added = matMul(weights, z);
  const ends = slice(added, [0, rows - size, 0], [intervals, size, count]);
  const all = concat([reshape(kept, [1, size, count]), ends], 0);
  const byCase = transpose(reshape(all, [intervals + 1, cases.length, KEPT, count]), [1, 0, 2, 3]);
  const carried = matMul(carry, reshape(byCase, [cases.length, (intervals + 1) * KEPT, count]));
  const starts = transpose(reshape(carried, [cases.length, intervals + 1, KEPT, count]), [1, 0, 2, 3]);
  const at = (from: number, many: number) =>
    slice(reshape(starts, [intervals + 1, size, count]), [from, 0, 0], [many, size, count]);
  const inBatches = matMul(means, z);
  return {
    looks: reshape(add(added, matMul(decays, at(0, intervals))), [intervals * rows, count]),
    means: reshape(inBatches, [intervals * inBatches.shape[1]!, count]),
    kept: reshape(at(intervals, 1), [size, count]),
  };
}

/** The rows of the statistics from a chunk: sums of some of its numbers, and of the squares of some. */
function chunkSums(
  { tensor, matMul, square, concat }: Operations,
  { cases }: Shape,
  { looks, means }: Found,
  picks: ReturnType<typeof picksOf>,
): Tensor {
  const batches = tensor(picks.batches, [2, means.shape[0]!]);
  const compared = tensor(picks.compared, [KEPT * cases.length, looks.shape[0]!]);
  return concat([matMul(batches, means), matMul(batches, square(means)), matMul(compared, square(looks))], 0);
}

/** 1 where a number of a chunk counts, by row of the statistics: batches up to the run's last, and looks that compare. */
function picksOf({ cases, alignment, intervals, blocks, looks }: Shape, chunk: number, all: number) {
  const perBlock = alignment.old + alignment.now;
  const batches = new Float32Array(2 * intervals * blocks * perBlock);
  const width = KEPT * looks.length * intervals;
  const compared = new Float32Array(KEPT * cases.length * width);
  const start = chunk * intervals * blocks;
  for (let block = 0; block < Math.min(intervals * blocks, all - start); block++) {
    const [at, now] = [block * perBlock, (intervals * blocks + block) * perBlock];
    batches.fill(1, at, at + alignment.old).fill(1, now + alignment.old, now + perBlock);
  }
  for (let interval = 0; interval < intervals; interval++)
    for (const [i, { index, after }] of looks.entries()) {
      const done = start + interval * blocks + after;
      if (done > all || !isSnapshot(cases[index]!, done)) continue;
      for (let row = 0; row < KEPT; row++)
        compared[(KEPT * index + row) * width + KEPT * (interval * looks.length + i) + row] = 1;
    }
  return { batches, compared };
}

/**
 * What the draws of an interval (`weights`) and the numbers kept at its start (`decays`) add to the numbers of its
 * looks, its batches' means, and the numbers at the start of every interval by those that all before it add (`carry`).
 */
function matricesOf({ tensor }: Operations, { cases, alignment, steps, blocks, intervals, looks }: Shape) {
  const [rows, draws, kept] = [KEPT * looks.length, blocks * steps.length, KEPT * cases.length];
  const weights = matrix(rows, draws);
  const decays = matrix(rows, kept);
  for (const [i, { index, after }] of looks.entries()) {
    const one = cases[index]!;
    decays.put(KEPT * i, KEPT * index, transition(one, alignment, after));
    for (let block = 0; block < after; block++)
      for (const [t, step] of steps.entries()) {
        const column = drawWeights(one, step, alignment, after - 1 - block);
        weights.put(
          KEPT * i,
          block * steps.length + t,
          column.map((weight) => [weight]),
        );
      }
  }
  const side = KEPT * (intervals + 1);
  const carry = matrix(cases.length * side, side);
  for (const [i, one] of cases.entries())
    for (let lag = 0; lag <= intervals; lag++) {
      const by = transition(one, alignment, lag * blocks);
      for (let to = lag; to <= intervals; to++) carry.put(i * side + KEPT * to, KEPT * (to - lag), by);
    }
  return {
    weights: tensor(weights.values, [rows, draws]),
    decays: tensor(decays.values, [rows, kept]),
    means: tensor(...meansOf(alignment, steps, blocks, (step) => sharesOf(step, alignment))),
    carry: tensor(carry.values, [cases.length, side, side]),
  };
}

/** The means of the batches of some blocks from their draws. */
export function meansOf(
  alignment: Alignment,
  steps: readonly Step[],
  blocks: number,
  shares: (step: Step) => readonly [old: number, now: number],
) {
  const perBlock = alignment.old + alignment.now;
  const means = matrix(blocks * perBlock, blocks * steps.length);
  for (let block = 0; block < blocks; block++)
    for (const [t, step] of steps.entries()) {
      const [old, now] = shares(step);
      means.put(block * perBlock + step.old, block * steps.length + t, [[old]]);
      means.put(block * perBlock + alignment.old + step.now, block * steps.length + t, [[now]]);
    }
  return [means.values, means.shape] as const;
}

/** What is left of the numbers of a case after some blocks: rows by what they become, columns by what they were. */
function transition(one: AverageCase, alignment: Alignment, blocks: number): number[][] {
  if (blocks === 0) return [[1], [0, 1], [0, 0, 1]];
  const by = forgottenOver(one, alignment, blocks);
  return [[1 - by.old], [by.intoConverted, 1 - by.converted], [by.intoUnconverted, 0, 1 - by.unconverted]];
}

/** Zeros, row by row, into which blocks are put. */
function matrix(rows: number, columns: number) {
  const values = new Float32Array(rows * columns);
  return {
    values,
    shape: [rows, columns] as const,
    put(row: number, column: number, block: readonly (readonly number[])[]): void {
      for (const [i, one] of block.entries()) values.set(one, (row + i) * columns + column);
    },
  };
}
