import { notNegative } from '../base/typed.ts';
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

/**
 * One noise scale as it is typed, or how it grows: `2@0,15@10%`, from which share of the run's samples on.
 * @throws RangeError whose message says what it must be
 */
export function typedNoiseScale(text: string): number | readonly NoisePhase[] {
  if (!text.includes('@')) return notNegative(text);
  const phases = text.split(',').map((part): NoisePhase => {
    const [, value, from, percent] = /^\s*(\d+\.?\d*)@(\d+\.?\d*)(%?)\s*$/.exec(part) ?? [];
    const phase = { from: Number(from) / 100, noiseScale: Number(value) };
    if (value === undefined || !(percent || phase.from === 0) || phase.from >= 1 || phase.noiseScale === 0)
      throw new RangeError(`"${part.trim()}" is not N@SHARE, such as 15@10% (N from 10 % of the run on).`);
    return phase;
  });
  if (phases[0]!.from !== 0) throw new RangeError('The first starts at 0: 2@0,15@10%.');
  if (phases.some(({ from }, i) => i > 0 && from <= phases[i - 1]!.from))
    throw new RangeError('Each starts after the one before it: 2@0,15@10%,45@20%.');
  return phases;
}
