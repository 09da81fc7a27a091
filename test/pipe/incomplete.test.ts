import { describe, expect, it } from 'vitest';
import { checkPair } from '../../src/commands/check/check.ts';
import { compareConfigs } from '../../src/commands/verify/comparisons.ts';
import { convertConfig } from '../../src/pipe/convert.ts';
import type { ConvertOptions } from '../../src/pipe/plan.ts';

const converted = (text: string, options: ConvertOptions = {}) =>
  convertConfig({ text, file: 'x.yaml' }, { to: 16, world: 1, ...options });

const lineOf = (text: string, { offset = 0 }: { offset?: number }) =>
  text.slice(0, offset).split('\n').length;

describe('refused, at the place that lacks something', () => {
  it.each<[string, string, ConvertOptions, string, number, RegExp]>([
    [
      'a rate alone',
      'batch_size: 64\nlr: 0.1\n',
      {},
      'unknown-optimizer',
      2,
      /--optimizer NAME \(adamw, sgd/,
    ],
    [
      'a weight decay that Adam and AdamW take otherwise',
      'batch_size: 64\nlr: 0.1\nbetas: [0.9, 0.99]\nweight_decay: 0.1\n',
      { rule: 'sqrt' },
      'unknown-optimizer',
      4,
      /betas mean Adam or AdamW, and weight_decay/,
    ],
    [
      'a momentum without its rate',
      'batch_size: 64\noptimizer: {type: SGD, momentum: 0.9}\nhidden: 1\n',
      {},
      'half-converted',
      2,
      /optimizer\.momentum would move alone: no learning rate/,
    ],
    ['a batch alone', 'batch_size: 64\nhidden: 512\n', {}, 'half-converted', 1, /the batch would move alone/],
    [
      'a rate that is elsewhere',
      'batch_size: 64\noptimizer: {type: adamw, lr: "${oc.env:LR}", betas: [0.9, 0.99]}\n',
      {},
      'half-converted',
      2,
      /optimizer\.lr, is .*\$\{oc\.env:LR\}/,
    ],
    [
      'an average alone',
      'ema_decay: 0.999\n',
      { from: 64 },
      'half-converted',
      1,
      /ema_decay would move alone: no learning rate/,
    ],
    [
      'a rate that is only where the schedule ends, at 0',
      'batch_size: 64\noptimizer: {type: SGD, momentum: 0.9}\nscheduler: {min_lr: 0.0}\n',
      {},
      'half-converted',
      2,
      /optimizer\.momentum would move alone/,
    ],
    [
      'one of two optimizers without a rate',
      'batch_size: 64\noptim_g: {type: Adam, lr: 0.1, betas: [0.5, 0.9]}\noptim_d: {type: Adam, betas: [0.4, 0.9]}\n',
      {},
      'half-converted',
      3,
      /optim_d\.betas\[0\], optim_d\.betas\[1\] would move alone/,
    ],
  ])('%s', async (_, text, options, code, line, message) => {
    const problem = await converted(text, options).then(
      () => undefined,
      (error) => error,
    );
    expect(problem).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(lineOf(text, problem)).toBe(line);
  });
});

describe('converted, since nothing hangs on it', () => {
  it.each<[string, string, ConvertOptions]>([
    ['the batch stays', 'batch_size: 64\nlr: 0.1\n', { to: 64 }],
    ['the rule keeps every rate', 'batch_size: 64\nlr: 0.1\n', { rule: 'keep-lr' }],
    ['the rule moves every rate alike', 'batch_size: 64\nlr: 0.1\n', { rule: 'linear' }],
    ['the optimizer is declared', 'batch_size: 64\nlr: 0.1\n', { optimizer: 'adamw' }],
    [
      'a half is asked for',
      'batch_size: 64\noptimizer: {type: SGD, momentum: 0.9}\nlr_: 1\n',
      { partial: true },
    ],
    ['nothing in the file moves', 'optimizer: {type: adamw}\n', { from: 64, dialect: 'generic' }],
    ['it builds on another file, which is named', '_BASE_: a.yaml\nbatch_size: 64\nema_decay: 0.99\n', {}],
  ])('%s', async (_, text, options) => {
    await expect(converted(text, options)).resolves.toBeDefined();
  });

  it('a companion says where the rest is', async () => {
    const text =
      '{"train_batch_size": 64, "zero_optimization": {"stage": 2}, "optimizer": {"type": "Adam", "params": {"lr": "auto", "betas": [0.9, 0.99]}}}';
    const { warnings } = await convertConfig({ text, file: 'ds.json' }, { to: 16 });
    expect(warnings.find(({ code }) => code === 'companion')?.message).toMatch(
      /convert that one to the same batch/,
    );
  });
});

describe('the other commands say the same', () => {
  const [old, now] = ['batch_size: 64\nlr: 0.4\n', 'batch_size: 16\nlr: 0.1\n'].map((text) => ({
    text,
    file: 'x.yaml',
  }));

  it('check fails', async () => {
    const checked = await checkPair(old!, now!, { world: 1 });
    expect(checked.pass).toBe(false);
    expect(checked.findings.map(({ code }) => code)).toContain('unknown-optimizer');
    await expect(checkPair(old!, now!, { world: 1, optimizer: 'adamw' })).resolves.toMatchObject({
      pass: true,
    });
  });

  it('so does check --fix, which writes nothing', async () => {
    await expect(checkPair(old!, now!, { world: 1, fix: true })).rejects.toMatchObject({
      code: 'unknown-optimizer',
    });
  });

  it('verify refuses', async () => {
    await expect(compareConfigs(old!, now!, { world: 1 })).rejects.toMatchObject({
      code: 'unknown-optimizer',
    });
    await expect(compareConfigs(old!, now!, { world: 1, optimizer: 'adamw' })).resolves.toHaveLength(1);
  });
});
