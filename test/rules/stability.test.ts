import { describe, expect, it } from 'vitest';
import { stableCurvature } from '../../src/rules/optimizer-advice.ts';

/** How far heavy ball, or Nesterov’s, is from the minimum of h*w^2/2 after some thousand steps from 1. */
function distance(lr: number, mu: number, curvature: number, nesterov: boolean): number {
  let [w, buffer] = [1, 0];
  for (let step = 0; step < 5000; step++) {
    buffer = mu * buffer + curvature * w;
    w -= lr * (nesterov ? curvature * w + mu * buffer : buffer);
  }
  return Math.abs(w);
}

describe.each([
  ['heavy ball', false],
  ['Nesterov’s', true],
])('the largest curvature that %s is stable at', (_, nesterov) => {
  it.each([
    [0.1, 0],
    [0.1, 0.5],
    [0.1, 0.9],
    [1.3756, 0.6561],
    [3, 0.99],
  ])('divides converging from diverging: lr %d, mu %d', (lr, mu) => {
    const limit = stableCurvature(lr, mu, nesterov);
    expect(distance(lr, mu, 0.99 * limit, nesterov)).toBeLessThan(1e-3);
    // Beyond all bounds, or no number any more.
    expect(distance(lr, mu, 1.01 * limit, nesterov)).not.toBeLessThan(1e3);
  });
});
