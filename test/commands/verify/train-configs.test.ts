import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Chalk } from 'chalk';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { readSource } from '../../../src/base/io/files.ts';
import type { Io } from '../../../src/base/io/streams.ts';
import { conversionOptions, conversionSettings } from '../../../src/commands/options.ts';
import { compareConfigs, compareWithConversion } from '../../../src/commands/verify/comparisons.ts';
import { trainingText } from '../../../src/commands/verify/report/training-text.ts';
import {
  type Training,
  type TrainingOptions,
  trainConfigs,
} from '../../../src/commands/verify/train-configs.ts';
import { type ConvertOptions, ruleOf } from '../../../src/pipe/plan.ts';
import { ema } from '../../../src/rules/ema.ts';
import { findRule, rulesFor } from '../../../src/rules/index.ts';
import { constant, power as powerOf } from '../../../src/rules/quantity.ts';
import type { Rule } from '../../../src/rules/rule.ts';
import { cli } from '../../helpers/cli.ts';
import { fixtures } from '../../helpers/fixtures.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

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
      const [comparison] = await compareWithConversion(text(settings), { to, world: 1 });
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
      const source = await readSource(input, { cwd: process.cwd() } as Io);
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
    expect(written).toEqual([
      'diffusion-pipe/half-life',
      'dino/flags',
      'fast-reid/adam-defaults',
      'jepa/betas-in-the-code',
      'latent-diffusion/lr-per-sample',
      'lavis/own-beta2',
      'ltx-trainer/defaults',
      'mae/finetuning-dump',
      'mistral-finetune/all-by-default',
      'ml-agents/proximal',
      'reid-baseline/adam-with-center',
      'rl-zoo/off-policy',
      'torchvision/dump',
      'ultralytics/adamw-above-nbs',
    ]);
    // Of these there is no reference.
    expect(missing).toEqual(['ADOPT']);
  });

  it('a rule that is new is compared as all others are', async () => {
    const mine: Rule = {
      ...ema,
      name: 'mine',
      title: 'kappa^0.7',
      learningRateFactor: (_, { kappa }) => ({
        ...powerOf(constant(kappa), constant(0.7)),
        reason: 'In-house sweep',
      }),
    };
    const [comparison] = await compareWithConversion(text(ADAM), { to: 8, world: 1, rule: mine });
    const [training] = (await trainConfigs(comparison!, { ...quick, rule: mine }, {})) as Training[];
    expect(training!.inUse).toBe('mine');
    for (const { candidates } of training!.regimes)
      expect(candidates.map(({ rule }) => rule)).toEqual([
        'not-converted',
        ...rulesFor({}).map(({ name }) => name),
        'mine',
      ]);
    expect(trainingText([training!], new Chalk({ level: 0 }))).toMatch(/^mine \(in use\) /m);
  });

  it('an optimizer without a reference is named, not guessed', async () => {
    const sophia = { ...ADAM, optimizer: 'sophia' };
    const [comparison] = await compareWithConversion(text(sophia), { to: 8, world: 1 });
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
  const input = new URL('../../../fixtures/hf-trainer/adamw-64-gpus/input.yaml', import.meta.url).pathname;
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
    ...rulesFor({}).map(({ name }) => name),
  ]);
  const used = training.find(({ inUse }) => inUse)!;
  expect(used).toMatchObject({ rule: 'noise-aware', noiseScale: 5e4, best: true });
  const human = await cli(args);
  expect(human.stdout).toMatch(/AdamW on a noisy quadratic/);
  expect(human.stdout.replace(/\s+/g, ' ')).toMatch(
    /under noise-aware is off its old path by [\d.]+ % at N 50000 $/,
  );
  for (const line of human.stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
});

it('verify --train says where the learning rate leaves the path that the averages keep', {
  timeout: 60_000,
}, async () => {
  const input = new URL('../../../fixtures/hf-trainer/adamw-64-gpus/input.yaml', import.meta.url).pathname;
  const args = ['verify', input, '--to', '64', '--world', '64', '--train', '--backend', 'wasm'];
  const report = join(temporaryFolder(), 'report.html');
  const { code, stdout } = await cli([...args, '--report', report]);
  expect(code).toBe(0);
  const end = stdout.slice(stdout.indexOf('\nverified: ')).replace(/\s+/g, ' ').trim();
  const figures =
    /^verified: the averages keep their memory\. Not proven: learning_rate 2\.5e-06\. .* On a noisy quadratic of gradient noise scale N the loss of AdamW under ema is off its old path by [\d.]+ % at N 0\.64, \d+ % at N 180 \(noise-aware: [\d.]+ %\), \d+ % at N 51000 \(noise-aware: [\d.]+ %\)$/;
  expect(end).toMatch(figures);
  expect(readFileSync(report, 'utf8').replaceAll('<wbr>', '')).toContain(
    end.slice(end.indexOf('Not proven')),
  );
});
