import { expect } from 'vitest';
import type {
  AveragesRequest,
  AveragesResult,
  Measured,
  Trajectory,
} from '../../src/lab/backends/backend.ts';
import { averagesRequest } from '../../src/lab/sizes.ts';
import type { RegimeResult } from '../../src/lab/training.ts';
import type { TrainingRequest } from '../../src/lab/training-plan.ts';
import { trainingRequest } from './training-request.ts';

// What backends are compared on, and how far they may be apart.

export type Batch = [number, number];

export function requestFor(batch: Batch, decays: readonly [number, number][], draws = 2e5): AveragesRequest {
  return averagesRequest({
    batch,
    averages: decays.map((decay, i) => ({
      decay,
      gain: i % 2 ? 0.9 : 1,
      unconvertedGain: i % 3 ? 1.25 : 1,
    })),
    mean: 0.7,
    key: { seed: 42, stream: 3 },
    draws,
  });
}

/** Right, a little off, left alone; slow and fast; none at all. */
export function decaysFor([old, now]: Batch): [number, number][] {
  const kappa = now / old;
  return [0.9, 0.999].flatMap((b): [number, number][] => [
    [b, b ** kappa],
    [b, b ** (1.2 * kappa)],
    [b, b],
    [b, 0],
  ]);
}

export const REQUESTS: Record<string, () => AveragesRequest> = {
  ...Object.fromEntries(
    (
      [
        [1, 2],
        [8, 1],
        [1, 32],
        [96, 64],
        [5, 7],
        [1000, 1001],
      ] as Batch[]
    ).map((batch) => [`batch ${batch.join(' -> ')}`, () => requestFor(batch, decaysFor(batch))]),
  ),
  'more averages than a shader takes at a time': () =>
    requestFor([2, 3], [...decaysFor([2, 3]), [0.99, 0.985], [0.5, 0.35]]),
  'an average longer than a chunk': () => requestFor([1, 2], [[0.9999, 0.9998]], 5e6),
};

function figures({ cases, level }: AveragesResult): Measured[] {
  return [...cases.flatMap(({ converted, unconverted }) => [converted, unconverted]), level];
}

/** Where two averages are the same to the last digit, float64 leaves some 1e-16 of them and float32 nothing. */
const NOTHING = 1e-12;

export function furthest(found: AveragesResult, reference: AveragesResult): number {
  const [a, b] = [figures(found), figures(reference)];
  expect(a).toHaveLength(b.length);
  return Math.max(
    ...a.map(({ value }, i) => Math.abs(value - b[i]!.value) / Math.max(b[i]!.value, NOTHING / 1e-6)),
    ...a.map(
      ({ standardError }, i) =>
        // A standard error is a small difference of large figures: four digits of it are as good as six of them.
        Math.abs(standardError - b[i]!.standardError) / Math.max(100 * b[i]!.standardError, NOTHING / 1e-6),
    ),
  );
}

/** The same points to what float32 draws leave of them, which a plot does not show. */
export function expectSameCurves(found: Trajectory, reference: Trajectory): void {
  expect(found.blocks).toEqual(reference.blocks);
  for (const side of ['old', 'now'] as const)
    for (const [i, value] of reference[side].entries())
      expect(Math.abs(found[side][i]! - value)).toBeLessThan(1e-6 * Math.max(1, Math.abs(value)));
}

/** A training under an old and two new settings, by what is special about it. */
export const TRAININGS: Record<string, () => TrainingRequest> = {
  SGD: () => trainingRequest('sgd'),
  'SGD, Nesterov, coupled decay': () =>
    trainingRequest('sgd', { nesterov: true, weightDecayForm: 'coupled' }),
  'SGD, dampened': () => trainingRequest('sgd', { dampening: 0.9, lr: 0.1 }),
  AdamW: () => trainingRequest('adamw'),
  'Adam, coupled decay, long memory': () =>
    trainingRequest('adam', { weightDecayForm: 'coupled', secondMoment: 0.9999 }),
  'AdamW, an epsilon that counts': () => trainingRequest('adamw', { epsilon: 0.3 }),
  LAMB: () => trainingRequest('lamb'),
  'LAMB, wide layers': () => trainingRequest('lamb', {}, { width: 1024, layers: 1, oldSteps: 200 }),
  Lion: () => trainingRequest('lion', { lr: 1e-3 }),
  'AdamW, layers that no workgroup divides': () =>
    trainingRequest('adamw', {}, { width: 2 * 509, layers: 1, oldSteps: 200 }),
};

/** How far loss paths lie apart. */
export function pathsApart(found: readonly RegimeResult[], reference: readonly RegimeResult[]): number {
  const all = (results: readonly RegimeResult[]) =>
    results.flatMap(({ oldLosses, candidates }) => [oldLosses, ...candidates.map((c) => c.losses)].flat());
  const [a, b] = [all(found), all(reference)];
  expect(a).toHaveLength(b.length);
  return Math.max(...a.map((x, i) => Math.abs(x / b[i]! - 1)));
}
