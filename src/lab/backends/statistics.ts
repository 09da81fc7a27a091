import type { AverageResult, AveragesRequest, Measured } from './backend.ts';

/** Sums of squares over the snapshots of one case, by coordinate. */
export interface CaseSums {
  readonly difference: Float64Array;
  readonly unconvertedDifference: Float64Array;
  readonly own: Float64Array;
}

/** The coordinates of a case at a snapshot. */
export interface CaseSnapshot {
  /** The old average. */
  readonly old: Float64Array;
  /** old - gain*new, and the same for the unconverted average. */
  readonly difference: Float64Array;
  readonly unconvertedDifference: Float64Array;
}

/** Points of a trajectory at most. */
export const TRAJECTORY_POINTS = 68;

export function startSums({ coordinates }: AveragesRequest): CaseSums {
  const zeros = () => new Float64Array(coordinates);
  return { difference: zeros(), unconvertedDifference: zeros(), own: zeros() };
}

/** Adds the state of a case at a snapshot. */
export function takeSnapshot(sums: CaseSums, { old, difference, unconvertedDifference }: CaseSnapshot): void {
  for (let p = 0; p < old.length; p++) {
    sums.difference[p]! += difference[p]! ** 2;
    sums.unconvertedDifference[p]! += unconvertedDifference[p]! ** 2;
    sums.own[p]! += old[p]! ** 2;
  }
}

/** The result of a case, from its sums over all snapshots. */
export function rmsRatios(sums: CaseSums): Pick<AverageResult, 'converted' | 'unconverted'> {
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

/** The root of a figure. */
export function rootOf({ value, standardError }: Measured): Measured {
  const root = Math.sqrt(value);
  return { value: root, standardError: root === 0 ? 0 : standardError / (2 * root) };
}
