import { meanSquareRatio } from './noise-aware.ts';
import type { Ratio } from './rule.ts';

/** The gradient noise scale from a place in the run on. */
export interface NoisePhase {
  /** Samples seen over those of the whole run, in [0, 1). */
  readonly from: number;
  /** In samples, above 0. */
  readonly noiseScale: number;
}

/**
 * One noise scale for a run in which it grows: tr(Sigma)/|G|^2 averaged above and below before the ratio, where
 * tr(Sigma) stays about level and the signal falls. That is 1/mean(1/N), over samples: on two small networks 18, 23,
 * 530 and 603 where 20, 32, 345 and 555 were measured as a whole; the mean of N gives 44, 42, 751 and 702.
 * @param phases the first from 0, in order
 */
export function pooledNoiseScale(phases: readonly NoisePhase[]): number {
  const inverse = phases.reduce(
    (sum, { from, noiseScale }, i) => sum + ((phases[i + 1]?.from ?? 1) - from) / noiseScale,
    0,
  );
  return 1 / inverse;
}

/**
 * What the learning rate by the pooled noise scale is to be multiplied by in each phase, for optimizers that divide by
 * the gradient's level. Following the phases halved the distance to the old run on a language model from scratch, where
 * N grows in the first 15 % of the samples, and gained nothing on digits.
 */
export function phaseFactors(phases: readonly NoisePhase[], ratio: Ratio): number[] {
  const level = (noiseScale: number) => Math.sqrt(meanSquareRatio(ratio, noiseScale).value);
  const pooled = level(pooledNoiseScale(phases));
  return phases.map(({ noiseScale }) => level(noiseScale) / pooled);
}
