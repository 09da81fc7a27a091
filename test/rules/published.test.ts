import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { OPTIMIZERS } from '../../src/optimizers/table.ts';
import { ema } from '../../src/rules/ema.ts';
import { linear } from '../../src/rules/linear.ts';
import { constant, power, ratio } from '../../src/rules/quantity.ts';
import type { OptimizerSettings } from '../../src/rules/rule.ts';
import { sqrt } from '../../src/rules/sqrt.ts';

interface Table {
  readonly id: string;
  readonly rows: readonly (readonly (number | null | string)[])[];
}

const { tables } = JSON.parse(
  readFileSync(new URL('../data/published-values.json', import.meta.url), 'utf8'),
) as { tables: Table[] };
const rows = (id: string) => tables.find((t) => t.id === id)!.rows as readonly (readonly number[])[];
const digits = (published: number, computed: number, places: number) =>
  expect(Number(computed.toFixed(places))).toBe(Number(published.toFixed(places)));
const decayPower = (decay: number, kappa: number) => power(constant(decay), ratio(kappa));
const sgd = { optimizer: OPTIMIZERS.sgd, gradientDecay: 0.9, nesterov: false };
const adam = { optimizer: OPTIMIZERS.adam, gradientDecay: 0.9, secondMomentDecay: 0.95, nesterov: false };

describe('Marek et al. 2025: beta2 at a constant half-life in tokens', () => {
  const runs = rows('marek_lm30m_adam').map(([batch, , , halfLife]) => ({
    batch: batch!,
    beta2: 0.5 ** ((batch! * 512) / halfLife!),
  }));
  it.each(runs.flatMap((a) => runs.map((b) => [a, b] as const)))('from $batch to the other', (a, b) => {
    expect(Math.abs(decayPower(a.beta2, b.batch / a.batch).value - b.beta2)).toBeLessThan(1e-12);
  });
  it('beta1 is tuned and does not follow it', () => {
    const [first, , , , , , last] = rows('marek_lm30m_adam');
    expect(decayPower(first![4]!, last![0]! / first![0]!).value).toBeLessThan(1e-10);
    expect(last![4]!).toBeGreaterThan(0.78);
  });
  it('GPT-2: .95 at 512 is .9999 at 1, as published', () =>
    digits(0.9999, decayPower(0.95, 1 / 512).value, 4));
});

it('Fast-LLM PR 539: the arms at batch 16 are made from A', () => {
  const arms = Object.fromEntries(
    tables.find((t) => t.id === 'fastllm_pr539_arms_round1')!.rows.map((r) => [r[0], r.slice(1) as number[]]),
  );
  const [batch, lr, b1, b2] = arms.A!;
  const kappa = arms.H![0]! / batch!;
  const ratio = { from: batch!, to: arms.H![0]!, kappa };
  expect(lr! * sqrt.learningRateFactor(adam, ratio, {}).value).toBeCloseTo(arms.H![1]!, 18);
  expect(decayPower(b1!, kappa).value).toBeCloseTo(arms.H![2]!, 14);
  expect(decayPower(b2!, kappa).value).toBeCloseTo(arms.H![3]!, 14);
});

it.each(rows('marin_beta2_rule'))(
  'Marin: beta2 at batch %d is %d, clipped to [.95, .9999]',
  (batch, published, exact) => {
    const clipped = Math.min(0.9999, Math.max(0.95, decayPower(0.999, batch! / 32).value));
    expect(clipped).toBeCloseTo(exact!, 11);
    digits(published!, clipped, 3);
  },
);

describe('WeatherGenerator: the linear form', () => {
  it.each(rows('weathergenerator_linear_form'))('%d at kappa %d is %d', (base, kappa, published) => {
    expect(sqrt.decay(constant(base!), 'gradient', adam, kappa!, { literal: true }).value).toBeCloseTo(
      published!,
      12,
    );
  });
  it('keeps lr/(1-mu) per sample for buffers that sum, with the momentum it writes', () => {
    const heavy = { ...sgd, gradientDecay: 0.9 };
    const rmsprop = { optimizer: OPTIMIZERS.rmsprop, gradientDecay: 0.9, nesterov: false };
    const ratio = { from: 64, to: 128, kappa: 2 };
    const mu = sqrt.decay(constant(0.9), 'gradient', heavy, 2, { literal: true }).value;
    const step = (settings: OptimizerSettings) =>
      (sqrt.learningRateFactor(settings, ratio, { literal: true }).value * (1 - 0.9)) / (1 - mu);
    expect(mu).toBeCloseTo(0.8, 12);
    expect(step(heavy)).toBeCloseTo(2, 12);
    expect(step(rmsprop)).toBeCloseTo(Math.SQRT2, 12);
  });
  it('is refused where it goes negative: beta2 .9875 above kappa 80', () => {
    expect(sqrt.decay(constant(0.9875), 'second-moment', adam, 80, { literal: true }).value).toBeCloseTo(
      0,
      12,
    );
    expect(() => sqrt.decay(constant(0.9875), 'second-moment', adam, 81, { literal: true })).toThrow(
      /not a decay: the linear form holds up to kappa 80/,
    );
  });
});

it('Goyal et al. 2017: 0.1 at 256 is 3.2 at 8192', () => {
  expect(0.1 * linear.learningRateFactor(sgd, { from: 256, to: 8192, kappa: 32 }, {}).value).toBeCloseTo(
    3.2,
    12,
  );
});

describe('Detectron: the four equivalent schedules', () => {
  const schedules = tables.find((t) => t.id === 'detectron_equivalent_schedules')!.rows as unknown as [
    number,
    number,
    number,
    number[],
  ][];
  it.each(schedules)('%d GPUs', (gpus, lr, iterations, steps) => {
    const [one] = schedules;
    const ratio = { from: 1, to: gpus, kappa: gpus };
    expect(one![1] * linear.learningRateFactor(sgd, ratio, {}).value).toBeCloseTo(lr, 12);
    expect(linear.count(constant(one![2]), gpus).value).toBe(iterations);
    expect(one![3].map((s) => linear.count(constant(s), gpus).value)).toEqual(steps);
  });
});

it.each(tables.find((t) => t.id === 'nvlabs_ema')!.rows as unknown as [string, number, number, number][])(
  'NVlabs %s: the weight average of batch %d with half-life %d images',
  (_, batch, halfLife, published) => {
    expect(Math.abs(decayPower(0.5 ** (1 / halfLife), batch).value - published)).toBeLessThan(1e-12);
    expect(
      Math.abs(
        ema.decay(constant(0.5 ** (32 / halfLife)), 'model-ema', undefined, batch / 32, {}).value - published,
      ),
    ).toBeLessThan(1e-12);
  },
);

it.each(rows('derived_sgd'))(
  'SGD: lr %d, mu %d, batch %d, kappa %d',
  (lr, mu, batch, kappa, newLr, newMu) => {
    const settings = { ...sgd, gradientDecay: mu! };
    const factor = ema.learningRateFactor(
      settings,
      { from: batch!, to: batch! * kappa!, kappa: kappa! },
      {},
    ).value;
    expect(Number((lr! * factor).toPrecision(6))).toBe(newLr);
    expect(Number(ema.decay(constant(mu!), 'gradient', settings, kappa!, {}).value.toPrecision(6))).toBe(
      newMu,
    );
  },
);

it.each(rows('derived_lion'))('Lion by the letter: b1 %d, b2 %d, kappa %d', (b1, b2, kappa, newB1, newB2) => {
  const settings = {
    optimizer: OPTIMIZERS.lion,
    gradientDecay: b1!,
    secondMomentDecay: b2!,
    nesterov: false,
  };
  expect(ema.decay(constant(b1!), 'gradient', settings, kappa!, { literal: true }).value).toBeCloseTo(
    newB1!,
    12,
  );
  expect(ema.decay(constant(b2!), 'second-moment', settings, kappa!, {}).value).toBeCloseTo(newB2!, 12);
});

it.each(rows('derived_bn'))('BatchNorm: torch momentum %d, kappa %d', (momentum, kappa, expected) => {
  expect(ema.decay(constant(1 - momentum!), 'batch-norm', undefined, kappa!, {}).complement).toBeCloseTo(
    expected!,
    12,
  );
});
