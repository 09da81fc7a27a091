import { describe, expect, it } from 'vitest';
import { generator } from '../../../src/base/random.ts';
import {
  estimateFromOneRun,
  estimateNoiseScale,
  type PairedNorms,
  phasesOf,
} from '../../../src/commands/noise/noise-scale.ts';

/** A run's steps: gradients in 16 coordinates, Gaussian, with |G|^2 and tr(Sigma) as given at each step. */
function gaussianRun(
  batches: readonly [number, number],
  steps: readonly { signal: number; noise: number }[],
  seed: number,
): PairedNorms {
  const uniform = generator(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  const parts = batches[1] / batches[0];
  const rows = steps.map(({ signal, noise }) => {
    const [mean, scale] = [Math.sqrt(signal / 16), Math.sqrt(noise / 16 / batches[0])];
    // The bigger batch consists of the smaller ones, as in a run that accumulates.
    const micro = Array.from({ length: parts }, () =>
      Array.from({ length: 16 }, () => mean + scale * normal()),
    );
    const step = micro[0]!.map((_, i) => micro.reduce((sum, g) => sum + g[i]!, 0) / parts);
    const square = (g: readonly number[]) => g.reduce((sum, x) => sum + x * x, 0);
    return [micro.reduce((sum, g) => sum + square(g), 0) / parts, square(step)] as const;
  });
  return { batches, squaredNorms: [rows.map(([a]) => a), rows.map(([, b]) => b)] };
}

const level = (steps: number, signal: number, noise: number) =>
  Array.from({ length: steps }, () => ({ signal, noise }));

/** |G|^2 falls a hundredfold, tr(Sigma) fourfold: N grows 25-fold. */
const falling = (steps: number) =>
  Array.from({ length: steps }, (_, i) => ({
    signal: 100 ** (-i / steps),
    noise: 50 * 4 ** (-i / steps),
  }));

function pooled(steps: readonly { signal: number; noise: number }[]): number {
  const sum = (key: 'signal' | 'noise') => steps.reduce((total, step) => total + step[key], 0);
  return sum('noise') / sum('signal');
}

describe('the estimate of a run', () => {
  it('has no bias: the mean of |G|^2 and of tr(Sigma) over many runs is what the gradients were drawn with', () => {
    const runs = Array.from({ length: 2000 }, (_, i) => gaussianRun([4, 32], level(2, 1, 40), i));
    const estimates = runs.map((run) => phasesOf({ ...run }, 1)[0]!);
    const signals = estimates.map(({ signal }) => signal);
    const noises = estimates.map(({ noise }) => noise);
    for (const [values, truth] of [
      [signals, 1],
      [noises, 40],
    ] as const) {
      const mean = values.reduce((a, b) => a + b, 0) / values.length;
      const spread = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length ** 2);
      expect(Math.abs(mean - truth)).toBeLessThan(4 * spread);
    }
  });

  it('is the ratio of means, which is the noise scale of the run; the mean of ratios is not', () => {
    const steps = falling(4000);
    const { noiseScale } = estimateFromOneRun(gaussianRun([8, 128], steps, 3));
    expect(Math.abs(noiseScale / pooled(steps) - 1)).toBeLessThan(0.05);
    const ratios = steps.reduce((sum, { signal, noise }) => sum + noise / signal, 0) / steps.length;
    expect(ratios / pooled(steps)).toBeGreaterThan(2);
  });

  it.each([
    ['a level run of 60 steps', () => level(60, 1, 40), [8, 64]],
    ['a level run of 400 steps', () => level(400, 1, 40), [8, 64]],
    ['a run whose gradient falls a hundredfold', () => falling(400), [8, 64]],
    ['a long run, drawn in blocks', () => falling(3000), [8, 16]],
  ] as const)(
    'has an interval that contains the truth nineteen times of twenty: %s',
    { timeout: 240_000 },
    (_, make, batches) => {
      const steps = make();
      const runs = steps.length > 1000 ? 60 : 200;
      let inside = 0;
      for (let seed = 0; seed < runs; seed++) {
        const [phase] = phasesOf(gaussianRun(batches, steps, 7919 * seed + 1), 1, seed);
        const [low, high] = phase!.interval!;
        if (low <= pooled(steps) && pooled(steps) <= high) inside++;
      }
      // Three binomial standard errors around 0.95, and 0.02 for the percentile method with few steps.
      const error = 3 * Math.sqrt((0.95 * 0.05) / runs);
      process.stderr.write(`coverage of ${_}: ${inside}/${runs}\n`);
      expect(inside / runs).toBeGreaterThan(0.95 - error - 0.02);
      expect(inside / runs).toBeLessThan(Math.min(1, 0.95 + error + 0.02) + 1e-9);
    },
  );

  it('grows by thirds where the noise scale grows', () => {
    const steps = falling(1500);
    const thirds = phasesOf(gaussianRun([8, 128], steps, 5), 3);
    thirds.forEach(({ from, to, interval }, i) => {
      expect([from, to]).toEqual([500 * i, 500 * i + 500]);
      const truth = pooled(steps.slice(from, to));
      expect(interval![0]).toBeLessThan(truth);
      expect(interval![1]).toBeGreaterThan(truth);
    });
    expect(thirds[2]!.interval![0]).toBeGreaterThan(thirds[0]!.interval![1]);
  });

  it('is a lower bound where the batch is nearly all noise, and the truth is above it', () => {
    for (let seed = 0; seed < 20; seed++) {
      const estimate = estimateFromOneRun(gaussianRun([8, 64], level(100, 1, 20_000), seed + 100), seed);
      expect(estimate.bound).toBe('at-least');
      expect(estimate.interval![1]).toBe(Infinity);
      expect(estimate.interval![0]).toBeLessThan(20_000);
      expect(estimate.interval![0]).toBeGreaterThan(64);
    }
  });
});

describe('two runs', () => {
  const series = (batch: number, signal: number, noise: number, seed: number) => ({
    batch,
    squaredNorms: gaussianRun([batch, 2 * batch], level(300, signal, noise), seed).squaredNorms[0],
  });

  it('find the noise scale where both are at the same weights', () => {
    const { noiseScale, interval } = estimateNoiseScale([series(8, 1, 80, 1), series(64, 1, 80, 2)]);
    expect(interval![0]).toBeLessThan(80);
    expect(interval![1]).toBeGreaterThan(80);
    expect(Math.abs(noiseScale / 80 - 1)).toBeLessThan(0.3);
  });

  it('are refused where their norms are further apart than their batch sizes', () => {
    // The gradients of the smaller batch are twice as large: its run is at another place.
    const apart = () => estimateNoiseScale([series(8, 4, 3200, 1), series(64, 1, 800, 2)]);
    expect(apart).toThrow(
      /times that at batch 64, where at the same weights it lies between 1 and 8\. The logs are not from the same weights/,
    );
  });

  it('give a lower bound where the ratio is near that of the batch sizes', () => {
    const estimate = estimateNoiseScale([series(8, 1, 8000, 1), series(64, 1, 8000, 2)]);
    expect(estimate.bound).toBe('at-least');
    expect(estimate.interval![0]).toBeLessThan(8000);
  });

  it('give an upper bound where there is hardly any noise', () => {
    const estimate = estimateNoiseScale([series(64, 1, 0.05, 1), series(128, 1, 0.05, 2)]);
    expect(estimate.bound).toBe('at-most');
    expect(estimate.interval![1]).toBeGreaterThan(0.05);
  });
});
