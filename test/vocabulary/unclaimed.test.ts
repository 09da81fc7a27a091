import { describe, expect, it } from 'vitest';
import { convertConfig } from '../../src/pipe/convert.ts';

/** What is said about a config at four times its batch, by code. */
async function said(text: string, code: string, options = {}): Promise<string[]> {
  const { warnings } = await convertConfig({ text, file: 'run.yaml' }, { to: 128, world: 1, ...options });
  return warnings.filter((w) => w.code === code).map(({ message }) => message);
}

/** A training loop of one's own. */
const OWN = 'batch_size: 32\noptimizer: {name: adamw, lr: 3.0e-4, betas: [0.9, 0.95]}\n';

describe('keys of a config that only its own code knows', () => {
  it.each([
    ['how long it runs', 'steps: 10000'],
    ['a warm-up', 'train: {warmup: 500}'],
    ['the period of a schedule', 'schedule: {T_max: 90000}'],
    ['a learning rate or a factor of one', 'model: {lrHead: 3}'],
    ['a small beta', 'model: {beta_1: 1.0e-4, beta_T: 0.02}'],
    ['a decay or 1 - decay', 'teacher_ema: 0.4'],
    ['one in a list', 'stages: [{steps: 400}]'],
  ])('are named where they look as if they depended on the batch: %s', async (_, line) => {
    const [message] = await said(`${OWN}${line}\n`, 'unclaimed');
    expect(message).toMatch(/^left alone, although by their names they may depend on the batch: /);
  });

  it.each([
    ['multipliers', 'lr_mult: 0.1\nlayer_lr_decay: 0.75'],
    ['how often it logs', 'log_every_steps: 50\nsave_steps: 1000'],
    ['evaluation', 'eval: {max_iters: 100}'],
    ['a sampler', 'sampler: {num_steps: 50}'],
    ['what is no decay', 'dpo_beta: 0.9\nbeta_schedule: linear\nbeta_end: 0.9'],
    ['numbers that fit no step count', 'warmup: 0.1'],
    ['what is understood', 'max_steps: 1000'],
  ])('are not where they mean something else: %s', async (_, lines) => {
    expect(await said(`${OWN}${lines}\n`, 'unclaimed')).toEqual([]);
  });

  it('are not where another key reads them through a reference', async () => {
    const text =
      'defaults: [run]\nfirst_batch_size_part: 32\ndataset: {batch_size: "${first_batch_size_part}"}\noptimizer: {_target_: torch.optim.AdamW, lr: 3.0e-4}\n';
    expect(await said(text, 'unclaimed')).toEqual([]);
  });

  it('are named once and counted where there are many', async () => {
    const many = Array.from({ length: 12 }, (_, i) => `phase${i}_steps: ${100 + i}\n`).join('');
    const [message, ...others] = await said(OWN + many, 'unclaimed');
    expect(message).toContain('phase0_steps 100, phase1_steps 101');
    expect(message).toContain(' and 4 more');
    expect(others).toEqual([]);
  });
});

describe('a key that is called like a learning rate, of nobody knows what', () => {
  const stray = (line: string, options = {}) => said(`${OWN}${line}\n`, 'unclaimed', options);

  it.each(['adapter_learning_rate: "1e-5"', 'inner_lr: 0.01', 'pose: {lrCamera: 5.0e-4}'])(
    'does not stay in silence while the others move: %s',
    async (line) => {
      await expect(stray(line)).rejects.toMatchObject({
        code: 'half-converted',
        message: expect.stringContaining('called like a learning rate, but of what?'),
      });
    },
  );

  it('moves, or stays, where the settings say what it is', async () => {
    const text = `${OWN}inner_lr: 0.01\n`;
    const moved = async (meaning: 'learning-rate' | 'none') =>
      (await convertConfig({ text, file: 'run.yaml' }, { to: 128, world: 1, names: { inner_lr: meaning } }))
        .text;
    expect(await moved('learning-rate')).toContain('inner_lr: 0.04\n');
    expect(await moved('none')).toContain('inner_lr: 0.01\n');
  });

  it('is named where the rest is converted all the same', async () => {
    expect(await stray('inner_lr: 0.01', { partial: true })).toEqual([
      expect.stringContaining('inner_lr 0.01'),
    ]);
  });

  it('is named where no other learning rate is there', async () => {
    const text = 'batch_size: 4\noptimizer: adamw\nfeature_lr: 0.0025\nopacity_lr: 0.02\n';
    await expect(said(text, 'unclaimed')).rejects.toMatchObject({
      code: 'half-converted',
      message: expect.stringContaining('feature_lr 0.0025, opacity_lr 0.02 would stay'),
    });
  });
});

describe('a trainer that multiplies its learning rates by itself', () => {
  const ask = (line: string, options = {}) => said(`${OWN}${line}\n`, 'unclaimed', options);

  it.each([
    'scale_lr: true',
    'auto_scale_lr: true',
    'train: {scaleLrByBatchSize: yes}',
    'lr_scaling: linear',
    'lr_scaling_rule: sqrt_wrt_1024',
    'lr_ref_batch: 256',
  ])('is asked by what: %s', async (line) => {
    await expect(ask(line)).rejects.toMatchObject({
      code: 'rate-unclear',
      message: expect.stringContaining('Say by what with --lr-scaled-by linear, sqrt or per-worker'),
    });
  });

  it('moves its learning rate by the rest, once that is said', async () => {
    const text = `${OWN}scale_lr: true\n`;
    const rate = async (lrScaledBy: 'linear' | 'none') => {
      const { changes } = await convertConfig({ text, file: 'run.yaml' }, { to: 128, world: 1, lrScaledBy });
      return changes.find(({ pointer }) => pointer === '/optimizer/lr')?.to;
    };
    expect(await rate('linear')).toBeUndefined();
    expect(await rate('none')).toBe(1.2e-3);
  });

  it.each([
    'scale_lr: false',
    'lr_scaling: none',
    'lr_scale: 0.5',
    'mup_lr_scaling: true',
    'layer_lr_scaling: true',
    'rope: {linear_scaling: true}',
  ])('is none: %s', async (line) => {
    expect(await ask(line)).toEqual([]);
  });
});

describe('a typo beside a field that is left to its default', () => {
  const TRAINER = 'output_dir: out\nper_device_train_batch_size: 32\nlearning_rate: 2.0e-5\n';

  it.each([
    ['adam_bet2: 0.95', 'adam_beta2'],
    ['gradient_acumulation_steps: 4', 'gradient_accumulation_steps'],
    ['wieght_decay: 0.1', 'weight_decay'],
  ])('is told: %s', async (line, meant) => {
    const [message] = await said(`${TRAINER}${line}\n`, 'misspelt');
    expect(message).toContain(`did you mean ${meant}?`);
  });

  it('is none where another field is meant', async () => {
    expect(await said(`${TRAINER}adam_beta1: 0.9\n`, 'misspelt')).toEqual([]);
  });

  it('of the batch size: refused, since the default would be taken for the batch', async () => {
    const text = 'learning_rate: 2.0e-5\nper_device_train_batch_sise: 16\nwarmup_steps: 10\n';
    await expect(said(text, 'misspelt', { dialect: 'hf-trainer' })).rejects.toMatchObject({
      code: 'batch-unclear',
      message: expect.stringContaining('per_device_train_batch_sise 16 may be a part of the batch'),
    });
  });
});

describe('a named optimizer without its decays, where no framework says the defaults', () => {
  it('is told', async () => {
    const [message] = await said('batch_size: 32\noptimizer: adamw\nlr: 1.0e-3\n', 'decays-unsaid');
    expect(message).toMatch(/^AdamW: its decays are not in the file and the trainer’s defaults are unknown/);
  });

  it('is told of SGD, too, whose momentum may be in the code', async () => {
    const [message] = await said('batch_size: 32\noptimizer: sgd\nlr: 0.1\n', 'decays-unsaid');
    expect(message).toMatch(/^SGD: no momentum is in the file, which is taken as 0/);
  });

  it.each([
    ['a class with its arguments', 'batch_size: 32\noptimizer: {type: SGD, args: {lr: 0.1}}\n'],
    ['a framework with known ones', 'per_device_train_batch_size: 32\nlearning_rate: 1.0e-4\n'],
  ])('is not for %s', async (_, text) => {
    expect(await said(text, 'decays-unsaid')).toEqual([]);
  });
});

describe('a scheduler that sets the peak itself', () => {
  const WITH_PEAK = `data: {batch_size: 32}
optimizer: {_target_: torch.optim.SGD, lr: 0.1, momentum: 0.9}
scheduler: {_target_: torch.optim.lr_scheduler.OneCycleLR, max_lr: 0.1, total_steps: 10000}
`;

  it('follows the one optimizer there is, with the factor of the momentum that it sets at its peak', async () => {
    const { changes } = await convertConfig({ text: WITH_PEAK, file: 'run.yaml' }, { to: 128, world: 1 });
    const to = (pointer: string) => changes.find((c) => c.pointer === pointer)?.to;
    expect(to('/scheduler/max_lr')).toBeCloseTo((4 * 0.1 * (1 - 0.85 ** 4)) / 0.15, 5);
    expect(to('/scheduler/max_lr')).toBe(to('/optimizer/lr'));
  });
});
