import { describe, expect, it } from 'vitest';
import { stableCurvature } from '../../src/rules/optimizer-advice.ts';

/** How far heavy ball is from the minimum of h*w^2/2 after some thousand steps from 1. */
function distance(lr: number, mu: number, curvature: number): number {
  let [w, buffer] = [1, 0];
  for (let step = 0; step < 5000; step++) {
    buffer = mu * buffer + curvature * w;
    w -= lr * buffer;
  }
  return Math.abs(w);
}

describe('the largest curvature that heavy ball is stable at', () => {
  it.each([
    [0.1, 0],
    [0.1, 0.5],
    [0.1, 0.9],
    [1.3756, 0.6561],
    [3, 0.99],
  ])('divides converging from diverging: lr %d, mu %d', (lr, mu) => {
    const limit = stableCurvature(lr, mu);
    expect(distance(lr, mu, 0.99 * limit)).toBeLessThan(1e-3);
    // Beyond all bounds, or no number any more.
    expect(distance(lr, mu, 1.01 * limit)).not.toBeLessThan(1e3);
  });
});
