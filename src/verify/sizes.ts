import type { AverageCase } from './backends/backend.ts';
import { type AveragePair, align } from './theory.ts';

/** How much to run: coordinates and aligned blocks, and for each case when to compare. */
export interface Sizes {
  readonly coordinates: number;
  readonly blocks: number;
  readonly snapshots: readonly AverageCase['snapshots'][];
}

/** Draws for one request unless told: about two seconds of the reference on one core. */
export const DEFAULT_DRAWS = 3e7;

const MOST_COORDINATES = 512;
/** Below this a standard error over coordinates is itself too uncertain for a bound of five. */
const FEWEST_COORDINATES = 48;
/** Memories of the slowest average to run, where that can be afforded, and to leave before the first comparison. */
const RUN_MEMORIES = 10;
const START_MEMORIES = 4;

/**
 * Sizes that spend the draws well: long enough for the slowest average to forget its start, then as many coordinates
 * as the rest allows. Where memory is too long for the budget the run ends earlier; the closed forms know transients.
 */
export function chooseSizes(
  batch: AveragePair['batch'],
  decays: readonly AveragePair['decay'][],
  draws = DEFAULT_DRAWS,
): Sizes {
  const { old, now } = align(batch);
  const perBlock = old + now - 1;
  const memories = decays.map(([b, c]) => Math.max(memory(b ** old), memory(Math.max(b, c) ** now)));
  const slowest = Math.max(...memories, 1);
  const wanted = Math.ceil(RUN_MEMORIES * slowest);
  const affordable = Math.max(2, Math.floor(draws / (perBlock * FEWEST_COORDINATES)));
  const least = Math.min(wanted, affordable);
  const coordinates = even(clamp(draws / (perBlock * least), FEWEST_COORDINATES, MOST_COORDINATES));
  const blocks = Math.max(least, Math.floor(draws / (perBlock * coordinates)));
  return { coordinates, blocks, snapshots: memories.map((m) => schedule(m, blocks)) };
}

/** Blocks until an average has forgotten all but 1/e. */
function memory(blockDecay: number): number {
  return blockDecay === 0 ? 0 : -1 / Math.log(blockDecay);
}

function schedule(memory: number, blocks: number): AverageCase['snapshots'] {
  const first = Math.max(1, Math.min(Math.ceil(START_MEMORIES * memory), Math.ceil(0.4 * blocks)));
  return { first, every: Math.max(1, Math.round(memory / 2)) };
}

/** The blocks at which a case is compared. */
export function snapshotBlocks({ first, every }: AverageCase['snapshots'], blocks: number): number[] {
  return Array.from(
    { length: Math.max(0, Math.floor((blocks - first) / every) + 1) },
    (_, i) => first + i * every,
  );
}

function clamp(x: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, x));
}

function even(x: number): number {
  return 2 * Math.round(x / 2);
}
