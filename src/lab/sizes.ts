import type { AverageCase, AveragesRequest } from './backends/backend.ts';
import { type Alignment, type AveragePair, align, stretchCount } from './theory.ts';

/** How much to run: coordinates and aligned blocks, and for each case when to compare. */
export interface Sizes {
  readonly coordinates: number;
  readonly blocks: number;
  readonly snapshots: readonly AverageCase['snapshots'][];
}

/** Draws for one request by default: a quarter of a second of the reference on one core, for errors below 1 %. */
const DEFAULT_DRAWS = 4e6;
/** By which factor a long memory may exceed the budget before its run is cut short. */
const PATIENCE = 15;

const MOST_COORDINATES = 512;
/** Below this a standard error over coordinates is itself too uncertain for a bound of five. */
const FEWEST_COORDINATES = 48;
/** Memories of the slowest average to run, where that can be afforded, and to leave before the first comparison. */
const RUN_MEMORIES = 10;
const START_MEMORIES = 4;
/** At most this many comparisons, since each needs a prediction. */
const MOST_SNAPSHOTS = 2000;

/**
 * Sizes for a budget of draws: long enough for the slowest average to forget its start, then as many coordinates
 * as the rest allows. Where memory is too long for the budget the run ends earlier; the closed forms cover transients.
 */
export function chooseSizes(
  batch: AveragePair['batch'],
  decays: readonly AveragePair['decay'][],
  draws = DEFAULT_DRAWS,
): Sizes {
  const alignment = align(batch);
  const perBlock = stretchCount(alignment);
  const memories = decays.map((decay) => memoryOf(decay, alignment));
  const slowest = Math.max(...memories, 1);
  const wanted = Math.ceil(RUN_MEMORIES * slowest);
  const affordable = Math.max(2, Math.floor((PATIENCE * draws) / (perBlock * FEWEST_COORDINATES)));
  const least = Math.min(wanted, affordable);
  const coordinates = even(clamp(draws / (perBlock * least), FEWEST_COORDINATES, MOST_COORDINATES));
  const blocks = Math.max(least, Math.floor(draws / (perBlock * coordinates)));
  return { coordinates, blocks, snapshots: memories.map((m) => schedule(m, blocks)) };
}

/** Normals that a request draws. */
export function drawsOf({ batch, coordinates, blocks }: AveragesRequest): number {
  return coordinates * blocks * stretchCount(align(batch));
}

/** The parameters of a request. */
export interface AveragesSetup extends Pick<AveragesRequest, 'batch' | 'key' | 'mean'> {
  /** Gains are 1 by default. */
  readonly averages: readonly (Pick<AverageCase, 'decay'> & Partial<AverageCase>)[];
  /** Normals to draw. */
  readonly draws?: number | undefined;
}

/** A request of the size that `chooseSizes` gives. */
export function averagesRequest({ averages, draws, ...setup }: AveragesSetup): AveragesRequest {
  const decays = averages.map(({ decay }) => decay);
  const { snapshots, ...sizes } = chooseSizes(setup.batch, decays, draws);
  const cases = averages.map((average, i) => ({
    gain: 1,
    unconvertedGain: 1,
    ...average,
    snapshots: snapshots[i]!,
  }));
  return { ...setup, ...sizes, cases };
}

/** Blocks until the slowest of the old, the new and the unconverted average has forgotten all but 1/e. */
function memoryOf([b, c]: AveragePair['decay'], { old, now }: Alignment): number {
  const memory = (blockDecay: number) => (blockDecay === 0 ? 0 : -1 / Math.log(blockDecay));
  return Math.max(memory(b ** old), memory(Math.max(b, c) ** now));
}

/**
 * When to compare an average with this memory, in blocks: first when it has forgotten its start or, in a run too short
 * for that, when two fifths are over; then twice in a memory, where comparisons hardly repeat each other.
 */
function schedule(memory: number, blocks: number): AverageCase['snapshots'] {
  const first = Math.max(1, Math.min(Math.ceil(START_MEMORIES * memory), Math.ceil(0.4 * blocks)));
  const every = Math.max(1, Math.round(memory / 2), Math.floor(blocks / MOST_SNAPSHOTS));
  return { first, every, pace: Math.max(1, Math.round(memory / 6)) };
}

/** The blocks at which a case is compared. */
export function snapshotBlocks(
  { first, every }: Pick<AverageCase['snapshots'], 'first' | 'every'>,
  blocks: number,
): number[] {
  const count = Math.max(0, Math.floor((blocks - first) / every) + 1);
  return Array.from({ length: count }, (_, i) => first + i * every);
}

function clamp(x: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, x));
}

function even(x: number): number {
  return 2 * Math.round(x / 2);
}
