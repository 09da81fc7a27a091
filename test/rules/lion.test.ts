import { expect, it } from 'vitest';
import { varianceKeepingBeta1 } from '../../src/rules/lion.ts';

/** Variance of Lion's update b1*m + (1-b1)*g in pure noise, from the weights of each batch, per sample of a batch of B. */
function variance(b1: number, b2: number, batch: number): number {
  let sum = (1 - b1) ** 2;
  for (let age = 1; age < 20000; age++) sum += (b1 * (1 - b2) * b2 ** (age - 1)) ** 2;
  return sum / batch;
}

it.each([
  [0.9, 0.99, 1 / 8],
  [0.9, 0.98, 1 / 32],
  [0.95, 0.98, 1 / 2],
  [0.9, 0.99, 2],
  [0.9, 0.99, 4],
])('b1 %f, b2 %f at kappa %f: the update’s variance per sample is kept', (b1, b2, kappa) => {
  const kept = varianceKeepingBeta1(b1, b2, kappa);
  expect(kept).toBeGreaterThanOrEqual(0);
  expect(variance(kept, b2 ** kappa, kappa) / variance(b1, b2, 1)).toBeCloseTo(1, 9);
});

it('is the identity at kappa 1 and composes', () => {
  expect(varianceKeepingBeta1(0.9, 0.99, 1)).toBeCloseTo(0.9, 12);
  const half = varianceKeepingBeta1(0.9, 0.99, 1 / 2);
  expect(varianceKeepingBeta1(half, 0.99 ** (1 / 2), 1 / 4)).toBeCloseTo(
    varianceKeepingBeta1(0.9, 0.99, 1 / 8),
    12,
  );
});
