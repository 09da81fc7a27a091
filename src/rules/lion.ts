import {
  atLeast,
  constant,
  inLetters,
  minus,
  over,
  plus,
  power,
  type Quantity,
  ratio,
  times,
} from './quantity.ts';
import type { Scaled } from './rule.ts';

/** Variance of an exponential average of unit noise, per update: (1-b)/(1+b). */
function varianceOf({ complement }: Quantity): number {
  return complement / (2 - complement);
}

/**
 * Lion's update is c = b1*m + (1-b1)*g: b1 keeps no history of its own, it weighs the buffer, whose decay is b2,
 * against the newest gradient. The new b1 keeps the variance of c, so that its sign is right as often:
 * (1-b1')^2 + b1'^2*q(b2^kappa) = kappa*((1-b1)^2 + b1^2*q(b2)) with q(b) = (1-b)/(1+b). Derived here; on noisy
 * quadratics and on real networks its worst case is the smallest (docs/which-rule.md).
 * @param b1 in [0, 1)
 * @param b2 decay of the buffer, in (0, 1)
 * @param kappa new batch over old, above 0
 * @returns the smaller root; at least 0, where one new batch alone has less variance than c had; at most 1/(1+q), where
 * no mixture has as little; undefined where b1 is above that and more weight on the newest gradient lowers the variance
 */
export function keepsVariance(b1: Quantity, b2: Quantity, kappa: number): Scaled | undefined {
  const [before, now] = [varianceOf(b2), varianceOf(power(b2, ratio(kappa)))];
  if (b1.value * (1 + before) > 1) return undefined;
  const variance = kappa * (b1.complement ** 2 + b1.value ** 2 * before);
  const root = Math.sqrt(Math.max(0, variance * (1 + now) - now));
  const one = constant(1);
  const solution = over(minus(one, constant(root)), plus(one, constant(now)));
  return {
    ...inLetters('(1-sqrt(kappa*v*(1+q)-q))/(1+q)', atLeast(constant(0), solution)),
    reason:
      'beta1 weighs the newest gradient against the buffer, and the variance per sample of that mixture is kept: q = (1-b2’)/(1+b2’), v = (1-b1)^2 + b1^2*(1-b2)/(1+b2)',
  };
}

/**
 * The same by the letter of beta^kappa: what an older gradient weighs in c, b1*b2^(age-1)*(1-b2), is kept exactly, and
 * its noise is not.
 * @returns undefined where that is no decay
 */
export function keepsWeights(b1: Quantity, b2: Quantity, kappa: number): Scaled | undefined {
  const mixing = times(b1, power(b2, ratio(kappa - 1)));
  if (mixing.value >= 1) return undefined;
  return {
    ...inLetters('b1*b2^(kappa-1)', mixing),
    reason:
      'beta1 only weighs the newest gradient against the buffer, whose decay is beta2; older samples keep their weight',
  };
}

/**
 * Variance per sample of Lion's update in pure noise, new over old.
 * @param old b1 and b2, in [0, 1)
 * @param now b1' and b2'
 */
export function updateVariance(
  old: readonly [number, number],
  now: readonly [number, number],
  kappa: number,
): number {
  const of = ([b1, b2]: readonly [number, number]) => (1 - b1) ** 2 + b1 ** 2 * varianceOf(constant(b2));
  return of(now) / (kappa * of(old));
}
