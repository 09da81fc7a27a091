import type { Alignment, Step } from '../theory.ts';
import type { AverageCase } from './backend.ts';

// What the draws of aligned blocks add to averages, for backends that take whole blocks at once. Kept by case are the
// old average, old - gain*new and old - unconvertedGain*unconverted: subtracting two averages in float32 would lose
// the digits in which they differ.

/** Numbers kept by case. */
export const KEPT = 3;

/** The weights of a step's unit draw in the means of the old and of the new batch. */
export function sharesOf({ length }: Step, { old, now }: Alignment): readonly [old: number, now: number] {
  const scale = Math.sqrt(now / length);
  return [(scale * length) / now, (scale * length) / old];
}

/** What a step's unit draw adds to the three numbers of a case by the end of its block, or of a block `later`. */
export function drawWeights(
  { decay: [b, c], gain, unconvertedGain }: AverageCase,
  step: Step,
  alignment: Alignment,
  later = 0,
): readonly [number, number, number] {
  const [shareOld, shareNow] = sharesOf(step, alignment);
  const afterOld = (later + 1) * alignment.old - 1 - step.old;
  const afterNow = (later + 1) * alignment.now - 1 - step.now;
  const old = (1 - b) * b ** afterOld * shareOld;
  return [
    old,
    old - gain * (1 - c) * c ** afterNow * shareNow,
    old - unconvertedGain * (1 - b) * b ** afterNow * shareNow,
  ];
}

/**
 * How much of its three numbers a case forgets over some blocks, and how much of the old average enters the two
 * differences. With D = O - N and N' = c*N + ... the difference becomes b*O - c*N = c*D + (b - c)*O.
 */
export function forgottenOver({ decay: [b, c] }: AverageCase, { old, now }: Alignment, blocks = 1) {
  const forgotten = (decay: number, updates: number) => -Math.expm1(blocks * updates * Math.log(decay));
  const [ofOld, converted, unconverted] = [forgotten(b, old), forgotten(c, now), forgotten(b, now)];
  return {
    old: ofOld,
    converted,
    unconverted,
    intoConverted: converted - ofOld,
    intoUnconverted: unconverted - ofOld,
  };
}

/** Whether a case is compared after this many blocks. */
export function isSnapshot({ snapshots: { first, every } }: AverageCase, blocks: number): boolean {
  return blocks >= first && (blocks - first) % every === 0;
}
