import { describe, expect, it } from 'vitest';
import {
  align,
  bestDecay,
  levelRatio,
  relativeRms,
  spreadOf,
  stepsOf,
  stretchCount,
  stretches,
} from '../../src/lab/theory.ts';

/** Weights of every gcd-sized microbatch, newest first, by the definition of the average. */
function weights(batch: number, decay: number, count: number): number[] {
  return Array.from({ length: count }, (_, age) => ((1 - decay) * decay ** Math.floor(age / batch)) / batch);
}

/** Kahan's sum: the reference must be better than what it checks. */
function sum(values: readonly number[]): number {
  let [total, lost] = [0, 0];
  for (const value of values) {
    const y = value - lost;
    const t = total + y;
    lost = t - total - y;
    total = t;
  }
  return total;
}

function bruteForce(batch: [number, number], decay: [number, number], blocks: number, gain: number): number {
  const { old, now } = align(batch);
  const count = blocks * old * now;
  const w = weights(now, decay[0], count);
  const v = weights(old, decay[1], count).map((x) => gain * x);
  return Math.sqrt(sum(w.map((x, u) => (x - v[u]!) ** 2)) / sum(w.map((x) => x * x)));
}

const BATCHES: [number, number][] = [
  [1, 2],
  [1, 8],
  [8, 1],
  [32, 1],
  [96, 64],
  [64, 96],
  [7, 5],
  [30, 42],
  [512, 16],
  [3, 1000],
];

describe('the relative rms difference equals exact weight sums to 1e-12', () => {
  const cases = BATCHES.flatMap((batch) =>
    [0.5, 0.9, 0.99].flatMap((decay) => {
      const power = decay ** (batch[1] / batch[0]);
      return [power, decay, power ** 1.1, 0].map((now) => ({
        batch,
        decay: [decay, now] as [number, number],
      }));
    }),
  ).concat([
    // The old average forgets within a block, and the new one does not.
    { batch: [7, 500], decay: [0.5, 0.999] },
    // The old average is its newest batch.
    { batch: [1, 2], decay: [0, 0.5] },
    { batch: [2, 1], decay: [0, 0.5] },
  ]);

  it.each([1, 2, 5])('after %i blocks from zero', (blocks) => {
    for (const { batch, decay } of cases)
      for (const gain of [1, 0.7]) {
        const expected = bruteForce(batch, decay, blocks, gain);
        expect(
          Math.abs(relativeRms({ batch, decay, gain }, [blocks]) - expected),
          `${batch} ${decay}`,
        ).toBeLessThan(1e-12);
      }
  });

  it('in the steady state', () => {
    for (const { batch, decay } of cases) {
      const { old, now } = align(batch);
      const slowest = Math.max(decay[0] ** old, decay[1] ** now);
      const blocks = Math.min(4000, Math.ceil(-40 / Math.log(slowest)) + 1);
      if (blocks * old * now > 2e6) continue;
      const exact = bruteForce(batch, decay, blocks, 1);
      const error = Math.abs(relativeRms({ batch, decay }) - exact) / Math.max(1, exact);
      expect(error, `${batch} ${decay}`).toBeLessThan(1e-12);
    }
  });
});

it('keeps its digits where the averages almost agree', () => {
  // E(m_old - m_new)^2 = Var_old - Var_new when the batch doubles: 1 - tanh(th)/(2 tanh(th/2)) = tanh(th/2)^2 / (1 + tanh(th/2)^2)
  for (const decay of [0.999, 0.99999]) {
    const t2 = Math.tanh(-Math.log(decay) / 2) ** 2;
    const exact = Math.sqrt(t2 / (1 + t2));
    expect(relativeRms({ batch: [1, 2], decay: [decay, decay ** 2] }) / exact).toBeCloseTo(1, 7);
  }
});

it('keeps its digits where two decays almost agree', () => {
  // Weights (1-b)b^q and (1-c)c^q: the sum of squared differences is 2(b-c)^2 / ((1+b)(1+c)(1-bc)).
  const [b, c] = [0.99999, 0.99999 - 1e-12];
  const exact = Math.sqrt((2 * (b - c) ** 2) / ((1 + c) * (1 - b * c) * (1 - b)));
  expect(relativeRms({ batch: [1, 1], decay: [b, c] }) / exact).toBeCloseTo(1, 7);
});

it('reproduces the published figures', () => {
  const table: [number, number, number, number?][] = [
    [0.9, 2, 0.053, 0.41],
    [0.9, 4, 0.117, 0.672],
    [0.9, 8, 0.233, 0.827],
    [0.9, 32, 0.668, 0.955],
    [0.99, 8, 0.023, 0.825],
    [0.99, 32, 0.092, 0.954],
    [0.999, 32, 0.009, 0.954],
  ];
  for (const [decay, kappa, converted, unconverted] of table) {
    expect(relativeRms({ batch: [1, kappa], decay: [decay, decay ** kappa] }).toFixed(3)).toBe(
      converted.toFixed(3),
    );
    if (unconverted)
      expect(relativeRms({ batch: [1, kappa], decay: [decay, decay] }).toFixed(3)).toBe(
        unconverted.toFixed(3),
      );
  }
});

it('variances follow the known forms, and the mean square difference is |Var - Var| for whole ratios', () => {
  for (const [kappa, decay] of [
    [4, 0.9],
    [0.25, 0.9],
    [32, 0.99],
  ] as const) {
    const power = decay ** kappa;
    const { old, now, difference } = spreadOf({ batch: [1, kappa], decay: [decay, power] })(
      Number.POSITIVE_INFINITY,
    );
    expect(old).toBeCloseTo((1 - decay) / (1 + decay), 13);
    expect(now).toBeCloseTo((1 - power) / (1 + power) / kappa, 13);
    expect(difference).toBeCloseTo(Math.abs(old - now), 13);
  }
});

describe('the best decay', () => {
  it('is decay^kappa exactly where the batch grows by a whole factor', () => {
    for (const [decay, kappa] of [
      [0.9, 4],
      [0.99, 32],
      [0.5, 2],
    ] as const) {
      const best = bestDecay([1, kappa], decay);
      expect(best.decay).toBeCloseTo(decay ** kappa, 5);
      expect(best.relativeRms).toBeCloseTo(
        relativeRms({ batch: [1, kappa], decay: [decay, decay ** kappa] }),
        10,
      );
    }
  });

  it('is slightly above it where the batch shrinks', () => {
    expect(bestDecay([32, 1], 0.9).decay).toBeCloseTo(0.996722, 5);
    expect(bestDecay([4, 1], 0.5).decay).toBeCloseTo(0.8548, 3);
  });

  it('of an average that is its newest batch is the same where the batch stays', () => {
    expect(bestDecay([4, 4], 0)).toEqual({ decay: 0, relativeRms: 0 });
  });

  it.each<[[number, number], number]>([
    [[3, 2], 0.7],
    [[2, 3], 0.95],
    [[64, 5], 0.9],
  ])('from %j no other decay is closer', (batch, decay) => {
    const best = bestDecay(batch, decay);
    for (const factor of [0.5, 0.9, 0.99, 1.01, 1.1, 2])
      expect(relativeRms({ batch, decay: [decay, best.decay ** factor] })).toBeGreaterThan(best.relativeRms);
  });
});

it('the level of squared gradients goes from 1/kappa to 1 as the noise falls', () => {
  expect(levelRatio([64, 512], Number.POSITIVE_INFINITY)).toBe(1 / 8);
  expect(levelRatio([64, 512], 64)).toBeCloseTo((1 + 1 / 8) / 2, 15);
  expect(levelRatio([64, 512], 0)).toBe(1);
});

describe('alignment', () => {
  it('counts updates to the least common multiple', () => {
    expect(align([96, 64])).toEqual({ old: 2, now: 3 });
    expect(align([512, 16])).toEqual({ old: 1, now: 32 });
    expect(align([0.5, 2])).toEqual({ old: 4, now: 1 });
  });

  it('cuts a block at every boundary of either batch', () => {
    for (const [old, now] of [
      [1, 1],
      [1, 8],
      [2, 3],
      [7, 5],
      [1001, 1000],
    ] as const)
      expect([...stretches({ old, now })]).toHaveLength(stretchCount({ old, now }));
    expect([...stretches({ old: 2, now: 3 })]).toEqual([
      { length: 2, old: 0, now: 0 },
      { length: 1, old: 0, now: 1 },
      { length: 1, old: 1, now: 1 },
      { length: 2, old: 1, now: 2 },
    ]);
  });

  it('says where each batch begins and ends', () => {
    for (const alignment of [
      { old: 2, now: 3 },
      { old: 1, now: 8 },
      { old: 7, now: 5 },
      { old: 1, now: 1 },
    ]) {
      const [starts, ends] = [
        { old: 0, now: 0 },
        { old: 0, now: 0 },
      ];
      let at = 0;
      for (const step of stepsOf(alignment)) {
        for (const side of ['old', 'now'] as const) {
          const size = side === 'old' ? alignment.now : alignment.old;
          expect(step.starts[side]).toBe(at === step[side] * size);
          expect(step.ends[side]).toBe(at + step.length === (step[side] + 1) * size);
          if (step.starts[side]) starts[side]++;
          if (step.ends[side]) ends[side]++;
        }
        at += step.length;
      }
      expect({ starts, ends }).toEqual({ starts: alignment, ends: alignment });
    }
  });

  it.each<[[number, number], { old: number; now: number }]>([
    [[0.0001, 1], { old: 10_000, now: 1 }],
    [[1, 0.0003], { old: 3, now: 10_000 }],
    [[1e6 * (1 + 9e-10), 5e5], { old: 1, now: 2 }],
    [[5e5, 1e6 * (1 - 9e-10)], { old: 2, now: 1 }],
    [[1e6 * (1 - 9e-10), 5e5], { old: 1, now: 2 }],
    [[2 * 9_999_999, 2], { old: 1, now: 9_999_999 }],
  ])('%j: four decimals, whole but for rounding, up to ten million updates', (batch, expected) =>
    expect(align(batch)).toEqual(expected),
  );

  it.each<[number, number]>([
    [Math.PI, 1],
    [1, 0.00001],
    [1e6 * (1 + 11e-10), 5e5],
    [5e5, 1e6 * (1 + 11e-10)],
    [1e7, 1],
    [0, 1],
    [1, 0],
  ])('refuses %f and %f, which never come level', (old, now) => {
    expect(() => align([old, now])).toThrow(RangeError);
  });
});
