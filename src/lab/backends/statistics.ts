import { signalResponse } from '../signals.ts';
import type { Alignment } from '../theory.ts';
import type { AverageCase, AverageResult, AveragesRequest, Measured } from './backend.ts';

/** Sums over the snapshots of one case: by replicate, which is a coordinate or a piece of the time. */
export interface CaseSums {
  readonly difference: Float64Array;
  readonly unconvertedDifference: Float64Array;
  readonly own: Float64Array;
}

/** One coordinate of a case at a snapshot. */
export interface Compared {
  /** The old average. */
  readonly old: Float64Array;
  /** old - gain*new, and the same for the unconverted average. */
  readonly difference: Float64Array;
  readonly unconvertedDifference: Float64Array;
}

/** With fewer coordinates than this, as in a recording, the standard error is taken over pieces of the time. */
export const FEWEST_COORDINATES = 8;
const PIECES_OF_TIME = 8;

/** Points of a trajectory: what a terminal is wide. */
export const TRAJECTORY_POINTS = 68;

export function startSums({ coordinates }: AveragesRequest): CaseSums {
  const zeros = () => new Float64Array(coordinates < FEWEST_COORDINATES ? PIECES_OF_TIME : coordinates);
  return { difference: zeros(), unconvertedDifference: zeros(), own: zeros() };
}

/** Adds what a case looks like after `block` aligned blocks. */
export function addSnapshot(
  sums: CaseSums,
  one: Pick<AverageCase, 'decay' | 'snapshots'>,
  block: number,
  compared: Compared,
  { gradients, blocks, coordinates }: AveragesRequest,
  alignment: Alignment,
): void {
  const { first } = one.snapshots;
  const mean =
    gradients.kind === 'synthetic'
      ? signalResponse(gradients.signal, 1, one.decay[0], block * alignment.old)
      : 0;
  const run = Math.max(1, blocks - first);
  const piece =
    coordinates < FEWEST_COORDINATES
      ? Math.min(PIECES_OF_TIME - 1, Math.floor((PIECES_OF_TIME * (block - first)) / run))
      : undefined;
  for (let p = 0; p < coordinates; p++) {
    const to = piece ?? p;
    sums.difference[to]! += compared.difference[p]! ** 2;
    sums.unconvertedDifference[to]! += compared.unconvertedDifference[p]! ** 2;
    sums.own[to]! += (compared.old[p]! - mean) ** 2;
  }
}

/** What came of a case, from its sums over all snapshots. */
export function figuresOf(sums: CaseSums): Pick<AverageResult, 'converted' | 'unconverted'> {
  return {
    converted: rootOf(ratioOfSums(sums.difference, sums.own)),
    unconverted: rootOf(ratioOfSums(sums.unconvertedDifference, sums.own)),
  };
}

/** Ratio of the sums of two lists over replicates, with the standard error of a ratio estimator. */
export function ratioOfSums(top: Float64Array, bottom: Float64Array): Measured {
  const n = top.length;
  const total = bottom.reduce((sum, x) => sum + x, 0);
  const value = top.reduce((sum, x) => sum + x, 0) / total;
  let squares = 0;
  for (let i = 0; i < n; i++) squares += (top[i]! - value * bottom[i]!) ** 2;
  return { value, standardError: Math.sqrt((squares * n) / (n - 1)) / total };
}

function rootOf({ value, standardError }: Measured): Measured {
  const root = Math.sqrt(value);
  return { value: root, standardError: root === 0 ? 0 : standardError / (2 * root) };
}
