import { describe, expect, it } from 'vitest';
import type { AverageCase } from '../../src/lab/backends/backend.ts';
import { cpu } from '../../src/lab/backends/cpu.ts';
import { pairsOf, predictRelativeRms } from '../../src/lab/predict.ts';
import { type Signal, signalMean, signalNamed, signalResponse } from '../../src/lab/signals.ts';
import { chooseSizes, snapshotBlocks } from '../../src/lab/sizes.ts';
import { align, levelRatio } from '../../src/lab/theory.ts';

type Batch = [number, number];

async function measure(
  batch: Batch,
  decays: readonly [number, number][],
  {
    signal = { kind: 'constant' } as Signal,
    tails = 'normal' as const,
    mean = 0,
    draws = 1e6,
    gain = 1,
    seed = 1,
    jump = false,
  } = {},
) {
  const { snapshots, ...sizes } = chooseSizes(batch, decays, draws);
  const { old, now } = align(batch);
  const cases = decays.map(
    (decay, i): AverageCase => ({ decay, gain, unconvertedGain: 1, snapshots: snapshots[i]! }),
  );
  const used = jump ? signalNamed('jump', Math.floor(sizes.blocks / 2) * old) : signal;
  const result = await cpu.averages(
    {
      ...sizes,
      batch,
      cases,
      mean,
      gradients: { kind: 'synthetic', key: { seed, stream: 0 }, tails, signal: used },
    },
    {},
  );
  return {
    ...sizes,
    result,
    old,
    now,
    rows: cases.map((one, i) => {
      const pairs = pairsOf(batch, one);
      const at = snapshotBlocks(one.snapshots, sizes.blocks);
      const measured = result.cases[i]!;
      return {
        one,
        measured,
        theory: predictRelativeRms(pairs.converted, used, at),
        unconvertedTheory: predictRelativeRms(pairs.unconverted, used, at),
      };
    }),
  };
}

function errorsOff({ rows }: Awaited<ReturnType<typeof measure>>): number[] {
  return rows.flatMap(({ measured: { converted, unconverted }, theory, unconvertedTheory }) => [
    Math.abs(converted.value - theory) / converted.standardError,
    Math.abs(unconverted.value - unconvertedTheory) / unconverted.standardError,
  ]);
}

describe('measured equals predicted within 5 standard errors', () => {
  const decays = [0.5, 0.8, 0.9, 0.95, 0.99, 0.995, 0.998, 0.999];
  const ratios: Batch[] = [
    [1, 2],
    [2, 1],
    [1, 8],
    [8, 1],
    [1, 32],
    [32, 1],
    [96, 64],
    [64, 96],
    [5, 7],
  ];
  // Right, a little off, and left alone: 9 ratios x 8 decays x 3 = 216 cases.
  it.each(ratios)('batch %i -> %i', async (from, to) => {
    const kappa = to / from;
    const pairs = decays.flatMap((decay) => {
      const power = decay ** kappa;
      return [power, power ** 1.2, decay].map((now): [number, number] => [decay, now]);
    });
    for (const tails of ['normal', 'heavy'] as const) {
      const outcome = await measure([from, to], pairs, {
        tails: tails as 'normal',
        draws: 2e6,
        seed: from * 100 + to,
      });
      expect(Math.max(...errorsOff(outcome))).toBeLessThan(5);
    }
  });

  it.each(['drift', 'sinusoid', 'jump'] as const)('under a %s', async (name) => {
    for (const batch of [
      [1, 4],
      [4, 1],
      [96, 64],
    ] as Batch[]) {
      const kappa = batch[1] / batch[0];
      const pairs = [0.9, 0.99].flatMap((d): [number, number][] => [
        [d, d ** kappa],
        [d, d],
        [d, 0.5 * d],
      ]);
      const outcome = await measure(batch, pairs, { signal: signalNamed(name, 0), jump: name === 'jump' });
      expect(Math.max(...errorsOff(outcome))).toBeLessThan(5);
    }
  });

  it('with a gain', async () => {
    const outcome = await measure([1, 4], [[0.9, 0.6561]], { gain: 0.7 });
    expect(outcome.rows[0]!.theory).toBeGreaterThan(0.2);
    expect(Math.max(...errorsOff(outcome))).toBeLessThan(5);
  });

  it('for the level of the squares', async () => {
    for (const [batch, noiseScale] of [
      [[64, 512], 64],
      [[512, 64], 5000],
      [[96, 64], 10],
    ] as [Batch, number][]) {
      const { result } = await measure(batch, [[0.9, 0.9]], { mean: Math.sqrt(batch[0] / noiseScale) });
      const { value, standardError } = result.level;
      expect(Math.abs(value - levelRatio(batch, noiseScale)) / standardError).toBeLessThan(5);
      expect(standardError).toBeLessThan(0.05 * value);
    }
  });
});

describe('signals', () => {
  it.each([signalNamed('drift', 0), signalNamed('sinusoid', 0), signalNamed('jump', 12)])(
    '$kind: the closed form is what the recurrence gives',
    (signal) => {
      for (const batch of [1, 4, 1.5])
        for (const decay of [0.3, 0.9]) {
          let average = 0;
          for (let i = 0; i < 40; i++) {
            const mean = signalMean(signal, i * batch, (i + 1) * batch);
            average = decay * average + (1 - decay) * mean;
          }
          expect(average).toBeCloseTo(signalResponse(signal, batch, decay, 40), 11);
        }
    },
  );
});

it('standard errors are honest: over 60 seeds the scatter is what they say', async () => {
  const off: number[] = [];
  for (let seed = 0; seed < 60; seed++)
    off.push(...errorsOff(await measure([1, 4], [[0.9, 0.6561]], { seed, draws: 5e4 })));
  const rms = Math.sqrt(off.reduce((sum, x) => sum + x * x, 0) / off.length);
  expect(rms).toBeGreaterThan(0.75);
  expect(rms).toBeLessThan(1.3);
});

it('stops when told to', async () => {
  const { snapshots, ...sizes } = chooseSizes([1, 2], [[0.9, 0.81]], 1e9);
  const controller = new AbortController();
  const running = cpu.averages(
    {
      ...sizes,
      batch: [1, 2],
      mean: 0,
      cases: [{ decay: [0.9, 0.81], gain: 1, unconvertedGain: 1, snapshots: snapshots[0]! }],
      gradients: {
        kind: 'synthetic',
        key: { seed: 0, stream: 0 },
        tails: 'normal',
        signal: { kind: 'constant' },
      },
    },
    { signal: controller.signal, progress: () => controller.abort(new Error('enough')) },
  );
  await expect(running).rejects.toThrow('enough');
});
