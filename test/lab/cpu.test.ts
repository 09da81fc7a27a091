import { describe, expect, it } from 'vitest';
import { cpu } from '../../src/lab/backends/cpu.ts';
import { averagesRequest, snapshotBlocks } from '../../src/lab/sizes.ts';
import { levelRatio, relativeRms } from '../../src/lab/theory.ts';

type Batch = [number, number];

async function measure(
  batch: Batch,
  decays: readonly [number, number][],
  { mean = 0, draws = 1e6, gain = 1, seed = 1 } = {},
) {
  const averages = decays.map((decay) => ({ decay, gain }));
  const request = averagesRequest({ batch, averages, mean, key: { seed, stream: 0 }, draws });
  const result = await cpu.averages(request, {});
  return {
    result,
    rows: request.cases.map(({ decay, snapshots }, i) => {
      const at = snapshotBlocks(snapshots, request.blocks);
      return {
        measured: result.cases[i]!,
        theory: relativeRms({ batch, decay, gain }, at),
        unconvertedTheory: relativeRms({ batch, decay: [decay[0], decay[0]] }, at),
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
    const outcome = await measure([from, to], pairs, { draws: 2e6, seed: from * 100 + to });
    expect(Math.max(...errorsOff(outcome))).toBeLessThan(5);
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

it('standard errors are honest: over 60 seeds the scatter is what they say', async () => {
  const off: number[] = [];
  for (let seed = 0; seed < 60; seed++)
    off.push(...errorsOff(await measure([1, 4], [[0.9, 0.6561]], { seed, draws: 5e4 })));
  const rms = Math.sqrt(off.reduce((sum, x) => sum + x * x, 0) / off.length);
  expect(rms).toBeGreaterThan(0.75);
  expect(rms).toBeLessThan(1.3);
});

it('stops when told to', async () => {
  const averages = [{ decay: [0.9, 0.81] as const }];
  const request = averagesRequest({
    batch: [1, 2],
    averages,
    mean: 0,
    key: { seed: 0, stream: 0 },
    draws: 1e9,
  });
  const controller = new AbortController();
  const control = { signal: controller.signal, progress: () => controller.abort(new Error('enough')) };
  await expect(cpu.averages(request, control)).rejects.toThrow('enough');
});
