import type { Measured } from '../../lab/backends/backend.ts';

/**
 * The difference that passes: a tenth of the old average's own fluctuation. Two averages whose memories differ by 14 %
 * differ by that much, while six written digits, and hand-rounded values such as .994 for .95^(1/8), stay well below.
 */
export const DEFAULT_TOLERANCE = 0.1;

/** Within a tenth of what the best decay reaches. */
const NEAR_BEST = 1.1;
/** A conversion that helps brings the difference down to a third of what leaving the decay alone gives. */
const WORTH_DOING = 1 / 3;
/** Standard errors by which measured and predicted may differ. */
const STANDARD_ERRORS = 5;
/** Differences below this are rounding. */
const ROUNDING = 1e-9;

/** What the verdict looks at: relative rms differences. */
export interface RelativeDifferences {
  /** Under the new settings. */
  readonly size: number;
  /** Under the old decay at the new batch. */
  readonly unconverted: number;
  /** The least that any decay reaches at this ratio. */
  readonly best: number;
}

/** pass; coarse: above the tolerance, but no decay comes closer; fail. */
export type Verdict = 'pass' | 'coarse' | 'fail';

/**
 * Whether an average followed the old one. A size within a tenth of the best never fails: the comparison with the
 * unconverted average is for decays that could have been better.
 * @param tolerance relative rms, above 0
 */
export function verdictOf({ size, unconverted, best }: RelativeDifferences, tolerance: number): Verdict {
  const asGoodAsItGets = size <= NEAR_BEST * best + ROUNDING;
  if (asGoodAsItGets) return size > tolerance ? 'coarse' : 'pass';
  const helped = unconverted <= tolerance || size <= WORTH_DOING * unconverted;
  return size <= tolerance && helped ? 'pass' : 'fail';
}

/** Whether a measured figure is what the closed form says. This checks the backend, not the conversion. */
export function agrees({ value, standardError }: Measured, predicted: number): boolean {
  return Math.abs(value - predicted) <= STANDARD_ERRORS * standardError + ROUNDING;
}
