import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import type { Io } from '../../src/base/io/streams.ts';
import { conversionOptions, conversionSettings } from '../../src/commands/options.ts';
import { compareConfigs, compareWithConversion } from '../../src/commands/verify/comparisons.ts';
import {
  type Training,
  type TrainingOptions,
  trainConfigs,
} from '../../src/commands/verify/train-configs.ts';
import { REFERENCES } from '../../src/lab/optimizers.ts';
import { mean, train } from '../../src/lab/training.ts';
import type { TrainingRequest } from '../../src/lab/training-plan.ts';
import { type ConvertOptions, ruleOf } from '../../src/pipe/convert.ts';
import { findRule } from '../../src/rules/index.ts';
import { cli } from '../helpers/cli.ts';
import { fixtures } from '../helpers/fixtures.ts';
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
    const only = ['ema', 'power-of-b1', 'kept-variance'];
    const lion = sigmas('lion', 300);
    const down = await measure(lion, { sizes: REDUCED, only });
    const up = await measure(
      { ...lion, settings: { ...lion.settings, lr: 2e-3 / 32 } },
      { batch: [16, 512], sizes: { ...REDUCED, oldSteps: 32 * REDUCED.oldSteps }, only },
    );
    for (const columns of [down.get(300)!, up.get(300)!]) {
      expectCloser(columns, 'kept-variance', 'ema');
      expectCloser(columns, 'kept-variance', 'power-of-b1');
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

describe('configs', () => {
  const text = (settings: object) => ({ text: JSON.stringify(settings), file: 'config.json' });
  const quick: TrainingOptions = { rule: findRule('ema'), seed: 1, updates: 1e6 };
  const ADAM = { batch_size: 64, optimizer: 'adamw', lr: 1e-3, betas: [0.9, 0.95], weight_decay: 0.1 };
  const SGD = { batch_size: 256, optimizer: 'sgd', lr: 0.1, momentum: 0.9, weight_decay: 1e-4 };

  it.each([
    ['adamw', ADAM],
    ['sgd', SGD],
    ['lamb', { ...ADAM, optimizer: 'lamb' }],
    ['lion', { ...ADAM, optimizer: 'lion' }],
  ])('%s: the written settings are recognised as the rule’s', async (_, settings) => {
    for (const to of [8, 96, 1024]) {
      const [comparison] = await compareWithConversion(text(settings), { to });
      const [training] = (await trainConfigs(comparison!, quick, {})) as Training[];
      expect(training!.inUse).toBe('ema');
      expect(training!.regimes.map(({ noiseScale }) => noiseScale)).toHaveLength(3);
      for (const { candidates } of training!.regimes)
        for (const { pathDistance } of candidates) expect(pathDistance.value).toBeGreaterThanOrEqual(0);
    }
  });

  it('a hand-made conversion that is no rule’s gets a row of its own, and loses', async () => {
    const now = { ...SGD, batch_size: 32, lr: 0.1 / 8, momentum: 0.9 ** (1 / 8) };
    const [comparison] = await compareConfigs(text(SGD), text(now), {});
    const options = { ...quick, noiseScale: 64, updates: 1e7 };
    const [training] = (await trainConfigs(comparison!, options, {})) as Training[];
    expect(training!.inUse).toBe('as-written');
    const [{ candidates }] = training!.regimes as [Training['regimes'][0]];
    const distance = (rule: string) => candidates.find((c) => c.rule === rule)!.pathDistance.value;
    expect(distance('as-written')).toBeCloseTo(distance('kappa-lr-converted-momentum'), 3);
    expect(distance('ema')).toBeLessThan(0.1 * distance('as-written'));
    expect(candidates.find((c) => c.rule === 'as-written')!.best).toBe(false);
  });

  it('a config of every dialect trains, and its conversion is recognised as the rule’s', {
    timeout: 120_000,
  }, async () => {
    const missing: string[] = [];
    const written: string[] = [];
    const all = fixtures();
    const first = all.filter(({ dialect }, i) => dialect !== all[i - 1]?.dialect);
    for (const { dialect, name, input, plan } of first) {
      const options = await optionsOf(plan.args);
      const source = { text: readFileSync(input, 'utf8'), file: input };
      for (const comparison of await compareWithConversion(source, options))
        for (const training of await trainConfigs(
          comparison,
          { ...options, ...quick, rule: ruleOf(options) },
          {},
        )) {
          if ('why' in training) missing.push(training.optimizer);
          else if (training.inUse !== ruleOf(options).name) written.push(`${dialect}/${name}`);
        }
    }
    // Their betas are the code's, out of the file's reach: that is what the training has to show.
    expect(written).toEqual(['latent-diffusion/lr-per-sample', 'ultralytics/adamw-above-nbs']);
    expect(missing).toEqual([]);
  });

  it('an optimizer without a reference is named, not guessed', async () => {
    const sophia = { ...ADAM, optimizer: 'sophia' };
    const [comparison] = await compareWithConversion(text(sophia), { to: 8 });
    const [training] = await trainConfigs(comparison!, quick, {});
    expect(training).toMatchObject({ optimizer: 'Sophia', why: expect.stringContaining('no reference') });
  });
});

async function optionsOf(args: readonly string[]): Promise<ConvertOptions> {
  const command = conversionOptions(new Command('convert')).allowExcessArguments().exitOverride();
  command.parse([...args], { from: 'user' });
  return conversionSettings(command.opts(), { cwd: '/' } as Io, '-');
}

it('verify --train --noise-scale', { timeout: 60_000 }, async () => {
  const input = new URL('../../fixtures/hf-trainer/adamw-64-gpus/input.yaml', import.meta.url).pathname;
  expect(readFileSync(input, 'utf8')).toContain('adam_beta2');
  const args = [
    'verify',
    input,
    '--to',
    '64',
    '--world',
    '64',
    '--train',
    '--noise-scale',
    '5e4',
    '--backend',
    'cpu',
  ];
  const json = await cli([...args, '--json']);
  expect(json).toMatchObject({ code: 0, stderr: '' });
  const { training } = JSON.parse(json.stdout) as { training: Record<string, unknown>[] };
  expect(training.map(({ rule }) => rule)).toEqual([
    'not-converted',
    'ema',
    'noise-aware',
    'sqrt',
    'linear',
    'keep-lr',
  ]);
  const used = training.find(({ inUse }) => inUse)!;
  expect(used).toMatchObject({ rule: 'noise-aware', noiseScale: 5e4, best: true });
  const human = await cli(args);
  expect(human.stdout).toMatch(/AdamW at work on a noisy quadratic/);
  expect(human.stdout).toMatch(/nothing follows the old path closer than noise-aware/);
  for (const line of human.stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
});

it('verify --train says where the learning rate leaves the path that the averages keep', {
  timeout: 60_000,
}, async () => {
  const input = new URL('../../fixtures/hf-trainer/adamw-64-gpus/input.yaml', import.meta.url).pathname;
  const args = ['verify', input, '--to', '64', '--world', '64', '--train', '--backend', 'wasm'];
  const report = join(mkdtempSync(join(tmpdir(), 'rebatch-')), 'report.html');
  const { code, stdout } = await cli([...args, '--report', report]);
  expect(code).toBe(0);
  const end = stdout.slice(stdout.indexOf('\nverified: averages')).replace(/\s+/g, ' ').trim();
  expect(end).toMatch(
    /^verified: averages keep their memory, learning rates are what ema asks for That is not to say that the learning rate fits every noise scale: trained with ema, the loss of AdamW is off its old path by \d+ % at noise scale 180 \(noise-aware [\d.]+ %\), \d+ % at noise scale 51000 \(noise-aware [\d.]+ %\)\.$/,
  );
  const page = readFileSync(report, 'utf8').replace(/<wbr>/g, '');
  const sentences = stdout
    .slice(stdout.indexOf('At noise scale'))
    .replace(/\s+/g, ' ')
    .split(/(?<=[a-z]\.) (?=At)| (?=verified)/)
    .slice(0, 3);
  for (const sentence of sentences) expect(page).toContain(sentence.trim());
  expect(page).toContain(end.slice(end.indexOf('That is not')));
  expect(page).toMatch(/<p class="verdict pass">Verified: averages keep their memory, learning rates are/);
});
