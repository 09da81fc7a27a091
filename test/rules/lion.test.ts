import { expect, it } from 'vitest';
import { keepsVariance, updateVariance } from '../../src/rules/lion.ts';
import { constant } from '../../src/rules/quantity.ts';

/** Variance of Lion's update b1*m + (1-b1)*g in pure noise, from the weights of each batch, per sample of a batch of B. */
function variance(b1: number, b2: number, batch: number): number {
  let sum = (1 - b1) ** 2;
  for (let age = 1; age < 20000; age++) sum += (b1 * (1 - b2) * b2 ** (age - 1)) ** 2;
  return sum / batch;
}

const converted = (b1: number, b2: number, kappa: number) =>
  keepsVariance(constant(b1), constant(b2), kappa)!.value;

it.each([
  [0.9, 0.99, 1 / 8],
  [0.9, 0.99, 1 / 4],
  [0.9, 0.98, 1 / 32],
  [0.95, 0.98, 1 / 2],
  [0.9, 0.99, 2],
  [0.9, 0.99, 4],
])('b1 %f, b2 %f at kappa %f: the update’s variance per sample is kept', (b1, b2, kappa) => {
  const kept = converted(b1, b2, kappa);
  expect(kept).toBeGreaterThanOrEqual(0);
  const [old, now] = [variance(b1, b2, 1), variance(kept, b2 ** kappa, kappa)];
  expect(now / old).toBeCloseTo(1, 9);
  expect(updateVariance([b1, b2], [kept, b2 ** kappa], kappa)).toBeCloseTo(now / old, 9);
});

it('is the identity at kappa 1 and composes', () => {
  expect(converted(0.9, 0.99, 1)).toBeCloseTo(0.9, 12);
  const half = converted(0.9, 0.99, 1 / 2);
  expect(converted(half, 0.99 ** (1 / 2), 1 / 4)).toBeCloseTo(converted(0.9, 0.99, 1 / 8), 12);
});

it('where no beta1 keeps it, the nearest: one batch alone going far up, the least noise going far down', () => {
  expect(converted(0.9, 0.99, 200)).toBe(0);
  const [b1, b2, kappa] = [0.994, 0.99, 1 / 4];
  const least = converted(b1, b2, kappa);
  expect(variance(least, b2 ** kappa, kappa)).toBeGreaterThan(variance(b1, b2, 1));
  for (const other of [least - 1e-4, least + 1e-4])
    expect(variance(other, b2 ** kappa, kappa)).toBeGreaterThan(variance(least, b2 ** kappa, kappa));
});

it('has no answer where the newest gradient weighs less than in the buffer itself', () => {
  expect(keepsVariance(constant(0.99), constant(0.9), 1 / 2)).toBeUndefined();
});
