import { describe, expect, it } from 'vitest';
import { REFERENCES } from '../../src/lab/optimizers.ts';
import { mean, train } from '../../src/lab/training.ts';
import type { TrainingRequest } from '../../src/lab/training-plan.ts';
import { type Column, type Entry, EVIDENCE, FULL, hyperparameters, MORE, measure } from './evidence.ts';

/** The published comparison in everything but the number of layers and problems. */
const REDUCED = { width: 192, layers: 1, problems: 5, oldSteps: FULL.oldSteps };

/** Published differences this large, relative and absolute, must be seen; of smaller ones only that none is reversed. */
const CLEAR = { ratio: 1.5, difference: 0.01 };

describe('every ordering of the published table', () => {
  it.each(EVIDENCE.map((entry) => [entry.title, entry] as const))(
    '%s',
    { timeout: 120_000 },
    async (_, entry) => {
      const rows = entry.rows.filter(({ published }) => Object.keys(published).length > 0);
      const only = rows.flatMap(({ published }) => Object.keys(published));
      const measured = await measure({ ...entry, rows }, { sizes: REDUCED, only });
      const wrong: string[] = [];
      let clear = 0;
      for (const { sigma, published } of rows) {
        const named = Object.entries(published) as [Column, number][];
        for (const [a, x] of named)
          for (const [b, y] of named) {
            if (x >= y) continue;
            const found = [a, b].map((rule) => measured.get(sigma)!.get(rule as Column)!.byProblem);
            const { value, standardError } = mean(found[1]!.map((d, i) => d - found[0]![i]!));
            const mustShow = y / x >= CLEAR.ratio && y - x >= CLEAR.difference;
            if (mustShow) clear++;
            if (mustShow ? value <= 2 * standardError : value < -3 * standardError)
              wrong.push(`sigma ${sigma}: ${b} - ${a} is ${value} +- ${standardError}, published ${y - x}`);
          }
      }
      expect(wrong).toEqual([]);
      expect(clear).toBeGreaterThan(5);
    },
  );
});

describe('what the published table does not have', () => {
  const entry = (name: string): Entry => [...EVIDENCE, ...MORE].find(({ optimizer }) => optimizer === name)!;
  const sigmas = (name: string, ...wanted: number[]): Entry => ({
    ...entry(name),
    rows: wanted.map((sigma) => ({ sigma, published: {} })),
  });

  it('LARS follows the level of the raw gradient, as Adam does, not LAMB', async () => {
    const only = ['ema', 'noise-aware', 'sqrt'];
    const measured = await measure(sigmas('lars', 30, 300, 3000), { sizes: REDUCED, only });
    for (const columns of measured.values()) expectCloser(columns, 'noise-aware', 'ema');
  });

  it('Lion follows closer with the b1 that keeps the variance of its mixture, down and up', async () => {
    const only = ['ema', 'power-of-b1', 'literal'];
    const lion = sigmas('lion', 300);
    const down = await measure(lion, { sizes: REDUCED, only });
    const up = await measure(
      { ...lion, settings: { ...lion.settings, lr: 2e-3 / 32 } },
      { batch: [16, 512], sizes: { ...REDUCED, oldSteps: 32 * REDUCED.oldSteps }, only },
    );
    for (const columns of [down.get(300)!, up.get(300)!]) {
      expectCloser(columns, 'ema', 'literal');
      expectCloser(columns, 'ema', 'power-of-b1');
    }
  });

  it('Adagrad is no average: kappa*lr is far off where ema’s square root is right', async () => {
    const measured = await measure(sigmas('adagrad', 1), { sizes: REDUCED, only: ['ema', 'linear'] });
    expectCloser(measured.get(1)!, 'ema', 'linear');
  });
});

function expectCloser(columns: ReadonlyMap<Column, { byProblem: readonly number[] }>, a: Column, b: Column) {
  const [near, far] = [columns.get(a)!.byProblem, columns.get(b)!.byProblem];
  const { value, standardError } = mean(far.map((d, i) => d - near[i]!));
  expect(value).toBeGreaterThan(3 * standardError);
}

describe('the problem', () => {
  const plain: TrainingRequest = {
    reference: REFERENCES.sgd!,
    batch: [96, 64],
    old: hyperparameters({ lr: 0.02 }),
    regimes: [
      {
        noiseScale: 5000,
        candidates: [{ rule: 'ema', settings: hyperparameters({ lr: (0.02 * 64) / 96 }) }],
      },
    ],
    sizes: { width: 128, layers: 4, problems: 2, oldSteps: 4000 },
    seed: 3,
    noise: 'shared',
  };

  /** Mean of lr*s^2/B / (2*(2 - lr*h)) over h = exp(normal): SGD's loss once it has forgotten its start. */
  function stationaryLoss(lr: number, batch: number, noiseScale: number): number {
    let [sum, weight] = [0, 0];
    for (let z = -6; z < 6; z += 0.001) {
      const h = Math.exp(z);
      // Coordinates of more curvature than this do not occur among the 1024.
      if (lr * h > 1.6) break;
      const density = Math.exp((-z * z) / 2);
      sum += density / (2 * (2 - lr * h));
      weight += density;
    }
    return ((lr * noiseScale * 2 * Math.exp(2)) / batch) * (sum / weight);
  }

  it.each(['shared', 'independent'] as const)(
    'comes to the noise that SGD must have, %s noise',
    async (noise) => {
      const [{ oldLosses, candidates }] = (await train({ ...plain, noise })) as [
        Awaited<ReturnType<typeof train>>[0],
      ];
      const late = (path: readonly number[]) => mean(path.slice(path.length / 2)).value;
      expect(late(oldLosses) / stationaryLoss(0.02, 96, 5000)).toBeCloseTo(1, 1);
      expect(late(candidates[0]!.losses) / stationaryLoss((0.02 * 64) / 96, 64, 5000)).toBeCloseTo(1, 1);
      expect(Math.abs(late(oldLosses) / stationaryLoss(0.02, 96, 5000) - 1)).toBeLessThan(0.03);
    },
  );

  it('is the same twice, and another with another seed', async () => {
    const short = { ...plain, sizes: { ...plain.sizes, oldSteps: 40 } };
    const first = await train(short);
    expect(await train(short)).toEqual(first);
    expect(await train({ ...short, seed: 4 })).not.toEqual(first);
  });

  it('has distance 0 between equal runs, and only with shared noise', async () => {
    const same: TrainingRequest = {
      ...plain,
      batch: [64, 64],
      regimes: [{ noiseScale: 100, candidates: [{ rule: 'same', settings: plain.old }] }],
      sizes: { ...plain.sizes, oldSteps: 200 },
    };
    const distance = async (noise: 'shared' | 'independent') =>
      (await train({ ...same, noise }))[0]!.candidates[0]!.pathDistance.value;
    expect(await distance('shared')).toBe(0);
    expect(await distance('independent')).toBeGreaterThan(1e-3);
  });

  it('keeps a number for a run that leaves all bounds', async () => {
    const wild = [{ rule: 'wild', settings: hyperparameters({ lr: 10 }) }];
    const [regime] = await train({
      ...plain,
      regimes: [{ noiseScale: 1, candidates: wild }],
      sizes: { ...plain.sizes, oldSteps: 400 },
    });
    expect(regime!.candidates[0]!.pathDistance.value).toBeGreaterThan(50);
    expect(Number.isFinite(regime!.candidates[0]!.pathDistance.value)).toBe(true);
  });

  it('stops when told to', async () => {
    const controller = new AbortController();
    // Long enough that it reports progress, however fast the machine is.
    const running = train(
      { ...plain, sizes: { ...plain.sizes, oldSteps: 1_000_000 } },
      {
        signal: controller.signal,
        progress: () => controller.abort(new Error('enough')),
      },
    );
    await expect(running).rejects.toThrow('enough');
  });
});
