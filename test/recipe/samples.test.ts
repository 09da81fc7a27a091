import { describe, expect, it } from 'vitest';
import type { DecayRole } from '../../src/dialect/roles.ts';
import { samplesPerUpdate } from '../../src/recipe/samples.ts';
import { cli } from '../helpers/cli.ts';

const BATCH = { global: 256, micro: 8, accumulation: 4, world: 8 };

function role(of: DecayRole['of'], per: DecayRole['per'] = 'step'): DecayRole {
  return { role: 'decay', of, form: 'decay', per };
}

describe('samples behind one update of', () => {
  it.each([
    ['an optimizer’s average: the global batch', role('second-moment'), BATCH, false, 256],
    ['a weight average: the global batch', role('model-ema'), BATCH, false, 256],
    [
      'a weight average per forward pass: what all devices pass',
      role('model-ema', 'forward'),
      BATCH,
      false,
      64,
    ],
    ['BatchNorm: what one device passes', role('batch-norm', 'forward'), BATCH, false, 8],
    ['synchronised BatchNorm: what all devices pass', role('batch-norm', 'forward'), BATCH, true, 64],
    [
      'BatchNorm where only the devices are known: their part of a pass',
      role('batch-norm', 'forward'),
      { global: 256, accumulation: 4, world: 8 },
      false,
      8,
    ],
    [
      'BatchNorm where nothing else is known',
      role('batch-norm'),
      { global: 256, accumulation: 1 },
      false,
      256,
    ],
  ])('%s', (_, average, batch, syncNorm, samples) => {
    expect(samplesPerUpdate(average, batch, syncNorm)).toBe(samples);
  });
});

describe('explain shows the memory in samples of', () => {
  const memory = async (text: string, pointer: string, ...args: string[]) => {
    const { stdout } = await cli(['explain', '-', '--json', ...args], { stdin: text });
    const { fields } = JSON.parse(stdout) as {
      fields: { pointer: string; memory: { halfLifeSamples: number }; scale: { from: number } }[];
    };
    const field = fields.find((f) => f.pointer === pointer)!;
    expect(field.scale.from).toBeCloseTo(field.memory.halfLifeSamples, 6);
    return field.memory.halfLifeSamples;
  };

  it('a weight average that every forward pass updates', async () => {
    const text = `
model:
  base_learning_rate: 1.0e-06
  target: ldm.models.diffusion.ddpm.LatentDiffusion
  params: {ema_decay: 0.999}
data: {target: main.DataModuleFromConfig, params: {batch_size: 8}}
lightning: {trainer: {gpus: "0,1", accumulate_grad_batches: 4}}
`;
    expect(await memory(text, '/model/params/ema_decay')).toBeCloseTo(
      (16 * Math.log(2)) / -Math.log(0.999),
      6,
    );
  });

  it('devices numbered in a string with brackets', async () => {
    const text = `
gpus: "[0, 1]"
num_epochs: 4
save_epoch_interval: 1
dataloader_args: {batch_size: 8}
optim_type: lars
dino_loss_args: {center_momentum: 0.9}
scheduler_args: {lr: 0.1, min_lr: 0.001, momentum_teacher: 0.99}
`;
    expect(await memory(text, '/scheduler_args/momentum_teacher')).toBeCloseTo(
      (16 * Math.log(2)) / -Math.log(0.99),
      6,
    );
  });

  it('BatchNorm statistics that the devices share', async () => {
    const text = 'batch_size: 8\ngpus: 4\nlr: 0.1\nmomentum: 0.9\nsync_bn: true\nbn_momentum: 0.1\n';
    const halfLife = await memory(text, '/bn_momentum', '--world', '4');
    expect(halfLife).toBeCloseTo((32 * Math.log(2)) / -Math.log(0.9), 6);
  });
});
