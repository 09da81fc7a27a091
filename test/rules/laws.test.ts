import { describe, expect, it } from 'vitest';
import type { Optimizer } from '../../src/optimizers/optimizer.ts';
import { OPTIMIZERS } from '../../src/optimizers/table.ts';
import { ema } from '../../src/rules/ema.ts';
import { RULES } from '../../src/rules/index.ts';
import { noiseAware } from '../../src/rules/noise-aware.ts';
import { power } from '../../src/rules/power.ts';
import { constant } from '../../src/rules/quantity.ts';
import type { OptimizerSettings, Rule, RuleOptions } from '../../src/rules/rule.ts';
import { sqrt } from '../../src/rules/sqrt.ts';

/** Everything a rule moves, for one optimizer. */
interface State {
  readonly batch: number;
  readonly lr: number;
  readonly b1: number;
  readonly b2: number;
  readonly tau: number;
  readonly wd: number;
  readonly eps: number;
  readonly rho: number;
  readonly steps: number;
}

const START: State = {
  batch: 4096,
  lr: 1e-3,
  b1: 0.9,
  b2: 0.99,
  tau: 0,
  wd: 0.1,
  eps: 1e-8,
  rho: 0.9999,
  steps: 6400,
};
const KAPPAS = [1 / 64, 1 / 12, 1 / 2, 1, 2, 3 / 2, 16];

function settingsOf(optimizer: Optimizer, s: State): OptimizerSettings {
  return {
    optimizer,
    ...(optimizer.buffer === 'none' ? {} : { gradientDecay: s.b1 }),
    ...(optimizer.secondMoment || optimizer.mixesNewest ? { secondMomentDecay: s.b2 } : {}),
    ...(s.tau ? { dampening: s.tau } : {}),
    nesterov: false,
  };
}

function convert(rule: Rule, optimizer: Optimizer, s: State, kappa: number, options: RuleOptions): State {
  const settings = settingsOf(optimizer, s);
  const ratio = { from: s.batch, to: s.batch * kappa, kappa };
  const factor = rule.learningRateFactor(settings, ratio, options).value;
  const b1 =
    settings.gradientDecay === undefined
      ? s.b1
      : rule.decay(constant(s.b1), 'gradient', settings, kappa, options).value;
  return {
    batch: ratio.to,
    lr: s.lr * factor,
    b1,
    b2: rule.decay(constant(s.b2), 'second-moment', settings, kappa, options).value,
    tau: s.tau === s.b1 && s.tau ? b1 : s.tau,
    wd: rule.weightDecay(constant(s.wd), optimizer.weightDecay, settings, factor, ratio).value,
    eps: rule.epsilon(constant(s.eps), optimizer.epsilonInside, settings, ratio, options).value,
    rho: rule.decay(constant(s.rho), 'model-ema', undefined, kappa, options).value,
    steps: rule.count(constant(s.steps), kappa).value,
  };
}

function expectClose(actual: State, expected: State, tolerance = 1e-10) {
  for (const key of Object.keys(expected) as (keyof State)[])
    expect(
      Math.abs(actual[key] - expected[key]),
      `${key}: ${actual[key]} against ${expected[key]}`,
    ).toBeLessThanOrEqual(tolerance * Math.abs(expected[key]));
}

const optimizers: readonly Optimizer[] = [
  ...Object.values(OPTIMIZERS),
  { ...OPTIMIZERS.adamw, name: 'adamw with independent decay', weightDecay: 'independent' },
  { ...OPTIMIZERS.lamb, name: 'lamb with epsilon inside', epsilonInside: true },
];
const NOISE: RuleOptions = { noiseScale: 5000, power: 0.7 };
const table = optimizers.flatMap((optimizer) =>
  RULES.map((rule) => ({ optimizer, rule, name: `${optimizer.name} under ${rule.name}` })),
);

describe.each(table)('$name', ({ optimizer, rule }) => {
  const to = (s: State, kappa: number) => convert(rule, optimizer, s, kappa, NOISE);

  it('is the identity at kappa 1', () => expectClose(to(START, 1), START));

  it.each(KAPPAS)('composes: kappa %f, then 3/2, is their product', (kappa) => {
    expectClose(to(to(START, kappa), 3 / 2), to(START, (kappa * 3) / 2), 1e-9);
  });

  it.each(KAPPAS)('has an inverse at kappa %f', (kappa) =>
    expectClose(to(to(START, kappa), 1 / kappa), START, 1e-9),
  );

  it.each(KAPPAS)('stays in bounds at kappa %f', (kappa) => {
    const s = to(START, kappa);
    for (const decay of [s.b1, s.b2, s.rho]) {
      expect(decay).toBeGreaterThanOrEqual(0);
      expect(decay).toBeLessThan(1);
    }
    for (const positive of [s.lr, s.wd, s.eps, s.steps]) expect(positive).toBeGreaterThan(0);
  });

  it.each(KAPPAS)('is continuous at kappa %f', (kappa) =>
    expectClose(to(START, kappa * (1 + 1e-9)), to(START, kappa), 1e-6),
  );

  it.each(KAPPAS)('tells 1 - decay as exactly as the decay at kappa %f', (kappa) => {
    for (const value of [0.9, 0.999, 1 - 1e-9]) {
      const { value: decay, complement } = rule.decay(constant(value), 'model-ema', undefined, kappa, NOISE);
      expect(Math.abs(decay + complement - 1)).toBeLessThan(1e-15);
    }
  });
});

describe('what ema keeps', () => {
  const averaging = optimizers.filter((o) => o.buffer !== 'none' && !o.mixesNewest);

  it.each(averaging.map((o) => [o.name, o] as const))(
    '%s: the bias correction at aligned sample counts',
    (_, optimizer) => {
      for (const kappa of KAPPAS) {
        const s = convert(ema, optimizer, START, kappa, {});
        for (const steps of [1, 7, 100]) {
          expect(1 - s.b1 ** (steps / kappa)).toBeCloseTo(1 - START.b1 ** steps, 10);
          expect(1 - s.b2 ** (steps / kappa)).toBeCloseTo(1 - START.b2 ** steps, 10);
        }
      }
    },
  );

  it('Smith & Le’s noise scale lr/(B(1-mu)) of heavy-ball SGD, for either buffer', () => {
    for (const kappa of KAPPAS)
      for (const tau of [0, START.b1, 0.5]) {
        const old = { ...START, tau };
        const s = convert(ema, OPTIMIZERS.sgd, old, kappa, {});
        const noise = (x: State) => (x.lr * (1 - x.tau)) / (x.batch * (1 - x.b1));
        expect(noise(s) / noise(old)).toBeCloseTo(1, 10);
      }
  });

  it.each(RULES.filter((r) => r.name !== 'linear').map((r) => [r.name, r] as const))(
    '%s: lr times decoupled weight decay per sample, for every optimizer that has it',
    (_, rule) => {
      for (const optimizer of optimizers.filter((o) => o.weightDecay === 'times-lr' && !o.decayInTrustRatio))
        for (const kappa of KAPPAS) {
          const s = convert(rule, optimizer, START, kappa, NOISE);
          expect((s.lr * s.wd) / s.batch / ((START.lr * START.wd) / START.batch)).toBeCloseTo(1, 10);
        }
    },
  );

  it('independent weight decay compounds to the same per sample', () => {
    const optimizer = optimizers.find((o) => o.weightDecay === 'independent')!;
    for (const kappa of KAPPAS)
      expect((1 - convert(ema, optimizer, START, kappa, {}).wd) ** (1 / kappa)).toBeCloseTo(0.9, 12);
  });

  it('Lion by the letter: the weight of every older sample in the update', () => {
    for (const kappa of [2, 4, 1 / 2, 1 / 4]) {
      const s = convert(ema, OPTIMIZERS.lion, START, kappa, { literal: true });
      const older = (x: State, age: number) => x.b1 * x.b2 ** (age - 1);
      for (const blocks of [1, 3, 10]) {
        const samples = blocks * Math.max(1, kappa);
        expect(older(s, samples / kappa)).toBeCloseTo(older(START, samples), 12);
      }
    }
  });
});

describe('a power of kappa runs from ema to sqrt', () => {
  it.each(optimizers.map((o) => [o.name, o] as const))('%s', (_, optimizer) => {
    const follows = optimizer.normalises === 'second-moment' && !optimizer.accumulatesForever;
    for (const kappa of KAPPAS) {
      const plain = convert(ema, optimizer, START, kappa, {});
      if (!optimizer.accumulatesForever)
        expectClose(convert(power, optimizer, START, kappa, { power: 1 }), plain);
      if (follows)
        expectClose(
          convert(power, optimizer, START, kappa, { power: 1 / 2 }),
          convert(sqrt, optimizer, START, kappa, {}),
        );
      if (optimizer.normalises === 'after-momentum')
        expect(convert(power, optimizer, START, kappa, { power: 0.7 }).lr).toBe(plain.lr);
    }
  });
});

describe('noise-aware runs from ema to sqrt', () => {
  it.each(optimizers.map((o) => [o.name, o] as const))('%s', (_, optimizer) => {
    for (const kappa of KAPPAS) {
      expectClose(
        convert(noiseAware, optimizer, START, kappa, { noiseScale: 0 }),
        convert(ema, optimizer, START, kappa, {}),
        1e-9,
      );
      expectClose(
        convert(noiseAware, optimizer, START, kappa, { noiseScale: 1e12 }),
        convert(sqrt, optimizer, START, kappa, {}),
        1e-7,
      );
    }
  });
});
