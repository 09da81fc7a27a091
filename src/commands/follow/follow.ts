import type { Comparison, LossCurve, Pace } from './compare-losses.ts';
import { compareLosses } from './compare-losses.ts';
import { noiseScaleOf } from './noise-of-pace.ts';

/** A value, and where it lies with 95 %. */
export interface Ranged {
  readonly value: number;
  readonly interval: readonly [low: number, high: number];
}

/** What would have to be changed for the new run to go as fast as the old one. */
export interface Remedy {
  /** On the new run's learning rate, if the losses went in proportion to it. */
  readonly factor: Ranged;
  /** They go less than in proportion where steps are not small: so the factor needed is further from 1 than this one. */
  readonly bound: 'at-least' | 'at-most';
  /** The new run's learning rate over kappa times the old one's: read from the logs, or taken to be 1. */
  readonly used: number;
  readonly measured: boolean;
  /** The gradient noise scale, in samples, at which Adam and its kin want that: factor * used. */
  readonly noiseScale?: Ranged;
}

export interface Follow extends Comparison {
  readonly remedy?: Remedy;
}

export interface FollowSettings {
  readonly atPoints: boolean;
  readonly tolerance: number;
  readonly seed: number;
  readonly batches?: readonly [old: number, now: number];
}

/** Losses with the highest learning rate of the run, where its log has it. */
type RatedCurve = LossCurve & { readonly peakRate?: number };

/**
 * Whether the new run follows the old one, and what learning rate would explain the difference. While steps are small,
 * the way along the losses is lr times steps: a run that gets c times as far in the same samples had c times the rate
 * that it should have had. So the factor is 1/c for small steps, and further from 1 for larger ones, which get on less than
 * in proportion to lr: on digits the pace went with lr^0.75, on a character transformer with lr^0.2.
 * @throws Problem: usage
 */
export function follow(old: RatedCurve, now: RatedCurve, settings: FollowSettings): Follow {
  const comparison = compareLosses(old, now, settings);
  const remedy = comparison.pace && remedyOf(comparison.pace, old, now, settings.batches);
  return { ...comparison, ...(remedy ? { remedy } : {}) };
}

function remedyOf(pace: Pace, old: RatedCurve, now: RatedCurve, batches: FollowSettings['batches']): Remedy {
  const inverse = (c: number) => 1 / c;
  const factor = turned(pace, inverse);
  const bound = factor.value > 1 ? 'at-least' : 'at-most';
  const [before, after] = [old.peakRate, now.peakRate];
  const measured = before !== undefined && after !== undefined && batches !== undefined;
  const used = measured ? after / before / (batches[1] / batches[0]) : 1;
  if (!batches || batches[0] === batches[1]) return { factor, bound, used, measured };
  const scales = [factor.value, ...factor.interval].map((f) => noiseScaleOf(f * used, batches));
  const [value, ...ends] = scales as [number, number, number];
  return {
    factor,
    bound,
    used,
    measured,
    noiseScale: { value, interval: [Math.min(...ends), Math.max(...ends)] },
  };
}

/** Through a function that falls. */
function turned({ value, interval }: Ranged, by: (x: number) => number): Ranged {
  return { value: by(value), interval: [by(interval[1]), by(interval[0])] };
}
