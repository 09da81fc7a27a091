/** Variance of an exponential average of unit noise, per update: (1-b)/(1+b). */
function varianceOf(decay: number): number {
  return (1 - decay) / (1 + decay);
}

/**
 * The beta1' with which Lion's update c = b1*m + (1-b1)*g keeps its variance at the new batch, so that its sign is
 * right as often: (1-b1')^2 + b1'^2*q(b2^kappa) = kappa*((1-b1)^2 + b1^2*q(b2)). Derived here, and checked on noisy
 * quadratics (docs/which-rule.md): where noise counts it follows the old path closer than b1*b2^(kappa-1), which
 * keeps the weight of every older sample instead.
 * @param b1 weight of the buffer in the update, in [0, 1)
 * @param b2 decay of the buffer, in (0, 1)
 * @param kappa new batch over old, above 0
 * @returns the smaller root, at least 0
 */
export function varianceKeepingBeta1(b1: number, b2: number, kappa: number): number {
  const q = varianceOf(b2 ** kappa);
  const variance = kappa * ((1 - b1) ** 2 + b1 ** 2 * varianceOf(b2));
  const discriminant = Math.max(0, 1 - (1 + q) * (1 - variance));
  return Math.max(0, (1 - Math.sqrt(discriminant)) / (1 + q));
}
