import { describe, expect, it } from 'vitest';
import { generator } from '../../../src/base/random.ts';
import { compareLosses, type LossCurve } from '../../../src/commands/follow/compare-losses.ts';
import { follow } from '../../../src/commands/follow/follow.ts';
import { noiseScaleOf } from '../../../src/commands/follow/noise-of-pace.ts';

const SETTINGS = { atPoints: true, tolerance: 0.01, seed: 1 };

/** A loss that falls as a power of the way made, with noise of a relative size at each point. */
function run(options: {
  pace?: number;
  noise?: number;
  seed?: number;
  points?: number;
  lag?: number;
}): LossCurve {
  const { pace = 1, noise = 0.02, seed = 1, points = 40 } = options;
  const uniform = generator(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  const samples = Array.from({ length: points }, (_, i) => (1000 * 40 * (i + 1)) / points);
  return {
    samples,
    losses: samples.map((s) => 3 * (1 + (pace * s) / 2000) ** -0.5 * Math.exp(noise * normal())),
  };
}

describe('two runs on one path', () => {
  const outcomes = Array.from({ length: 200 }, (_, seed) =>
    compareLosses(run({ seed }), run({ seed: seed + 1000 }), SETTINGS),
  );
  const mean = (of: (o: (typeof outcomes)[0]) => number) =>
    outcomes.reduce((sum, o) => sum + of(o), 0) / outcomes.length;

  it('follow, nineteen times of twenty and more often', () => {
    expect(outcomes.filter((o) => o.verdict === 'follows').length).toBeGreaterThan(190);
  });

  it('are as far apart as the floor says, which is read from each log alone', () => {
    // Two normals of 0.02: the mean of |difference| is 0.02 * sqrt(2) * sqrt(2/pi).
    const theory = (0.02 * 2) / Math.sqrt(Math.PI);
    expect(Math.abs(mean((o) => o.distance.value) / theory - 1)).toBeLessThan(0.03);
    expect(Math.abs(mean((o) => o.floor) / theory - 1)).toBeLessThan(0.15);
  });

  it('have an error of the shift that is the spread between repetitions', () => {
    const spread = Math.sqrt(mean((o) => o.shift.value ** 2));
    const claimed = mean((o) => o.shift.standardError);
    expect(claimed / spread).toBeGreaterThan(0.75);
    expect(claimed / spread).toBeLessThan(1.25);
  });

  it('follow where one logs ten times as often, at points and as means since the last', () => {
    const dense = run({ points: 400, noise: 0 });
    expect(compareLosses(run({ noise: 0.005 }), dense, SETTINGS).verdict).toBe('follows');
    const means: LossCurve = {
      samples: run({}).samples,
      losses: run({}).samples.map(
        (_, i) => dense.losses.slice(10 * i, 10 * i + 10).reduce((a, b) => a + b, 0) / 10,
      ),
    };
    const { distance } = compareLosses(means, dense, { ...SETTINGS, atPoints: false });
    expect(distance.value).toBeLessThan(1e-12);
  });
});

describe('a run at another pace', () => {
  it.each([
    [0.5, 'behind'],
    [0.8, 'behind'],
    [1.25, 'ahead'],
    [2, 'ahead'],
  ] as const)('of %f is %s, and its pace is in the interval', (pace, verdict) => {
    let inside = 0;
    for (let seed = 0; seed < 20; seed++) {
      const outcome = compareLosses(run({ seed }), run({ seed: seed + 500, pace }), SETTINGS);
      expect(outcome.verdict).toBe(verdict);
      const [low, high] = outcome.pace!.interval;
      expect(Math.abs(outcome.pace!.value / pace - 1)).toBeLessThan(0.08);
      // The grid's steps are 1.7 % wide.
      if (low * 0.98 <= pace && pace <= high * 1.02) inside++;
    }
    expect(inside).toBeGreaterThanOrEqual(17);
  });

  it('turns about under exchange of the two: behind is ahead, and the pace is the inverse', () => {
    const [a, b] = [run({ seed: 3 }), run({ seed: 4, pace: 0.6 })];
    const [there, back] = [compareLosses(a, b, SETTINGS), compareLosses(b, a, SETTINGS)];
    expect([there.verdict, back.verdict]).toEqual(['behind', 'ahead']);
    expect(there.pace!.value * back.pace!.value).toBeCloseTo(1, 10);
    expect(there.shift.value).toBeCloseTo(-back.shift.value, 12);
    expect(there.distance.value).toBeCloseTo(back.distance.value, 12);
  });

  it('wants the inverse of its pace on its learning rate, and the noise scale that gives it', () => {
    // The old run's own rate would have kept kappa*lr*2; the new one had kappa*lr, so it goes at half the pace.
    const wanted = 2;
    const outcome = follow(run({ seed: 5 }), run({ seed: 6, pace: 1 / wanted }), {
      ...SETTINGS,
      batches: [256, 32],
    });
    const { factor, noiseScale, measured } = outcome.remedy!;
    expect(measured).toBe(false);
    expect(factor.interval[0]).toBeLessThan(wanted);
    expect(factor.interval[1]).toBeGreaterThan(wanted);
    const N = noiseScaleOf(wanted, [256, 32]);
    expect(noiseScale!.interval[0]).toBeLessThan(N);
    expect(noiseScale!.interval[1]).toBeGreaterThan(N);
  });

  it('reads from the logs what its learning rate was', () => {
    const rated = (curve: LossCurve, rate: number) => ({ ...curve, peakRate: rate });
    const outcome = follow(rated(run({ seed: 5 }), 0.8), rated(run({ seed: 6, pace: 0.8 }), 0.2), {
      ...SETTINGS,
      batches: [256, 32],
    });
    expect(outcome.remedy!.used).toBeCloseTo(2, 12);
    expect(outcome.remedy!.measured).toBe(true);
  });
});

describe('the noise scale of a factor', () => {
  const factor = (N: number, B: number, now: number) => Math.sqrt((1 + N / now) / (1 + N / B));

  it.each([
    [256, 32],
    [32, 256],
    [512, 16],
  ] as const)('is that of the rule, %i to %i', (B, now) => {
    for (const N of [1, 30, 300, 5000])
      expect(noiseScaleOf(factor(N, B, now), [B, now]) / N).toBeCloseTo(1, 9);
  });

  it('is 0 where no noise asks for it, infinite from the square root on', () => {
    expect(noiseScaleOf(0.9, [256, 32])).toBe(0);
    expect(noiseScaleOf(3, [256, 32])).toBe(Infinity);
    expect(noiseScaleOf(1.1, [32, 256])).toBe(0);
    expect(noiseScaleOf(0.3, [32, 256])).toBe(Infinity);
  });
});
