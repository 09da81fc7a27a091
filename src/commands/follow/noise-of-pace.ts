/**
 * The noise scale at which a factor on the linearly scaled learning rate keeps an Adam-like run on its path: the N of
 * f = sqrt((1+N/B')/(1+N/B)), the correction of the `noise-aware` rule, solved for N.
 * @param factor f, on kappa*lr
 * @param batches old and new global batch size, in samples
 * @returns samples; infinite from the square root on (f = 1/sqrt(kappa)), 0 where no noise would ask for the factor
 */
export function noiseScaleOf(factor: number, [old, now]: readonly [number, number]): number {
  const square = factor ** 2;
  const least = Math.min(1, old / now);
  const most = Math.max(1, old / now);
  // Between 1 (no noise) and old/now (nothing but noise), whichever way the batch goes.
  if (now < old ? square >= most : square <= least) return Infinity;
  if (now < old ? square <= 1 : square >= 1) return 0;
  return (square - 1) / (1 / now - square / old);
}
