import { describe, expect, it } from 'vitest';
import { convertConfig } from '../../src/pipe/convert.ts';
import type { ConvertOptions } from '../../src/pipe/plan.ts';

const convert = (text: string, options: ConvertOptions = {}, file = 'x.yaml') =>
  convertConfig({ text, file }, { to: 16, world: 1, optimizer: 'adam', ...options });
const refusal = async (text: string, options: ConvertOptions = {}) => {
  const problem = await convert(text, options).catch((error: unknown) => error);
  return `${(problem as { code?: string }).code}: ${(problem as Error).message}`;
};

describe('a key that stands twice', () => {
  it('is a warning where it is no setting', async () => {
    const { text, warnings } = await convert('batch_size: 64\nlr: 0.1\nseed: 1\nseed: 2\n');
    expect(text).toBe('batch_size: 16\nlr: 0.025\nseed: 1\nseed: 2\n');
    expect(warnings.find(({ code }) => code === 'duplicate-key')?.message).toContain('lines 3 and 4');
  });
  it.each(['batch_size: 64\nlr: 0.1\nlr: 0.2\n', 'batch_size: 64\nopt: {lr: 0.1}\nopt: {lr: 0.2}\n'])(
    'is refused with both lines where it is one: %j',
    async (text) => expect(await refusal(text)).toMatch(/^duplicate-key: .* stands twice, in lines 2 and 3/),
  );
});

describe('references', () => {
  it.each([
    ['!ref <lr>', '!ref <batch_size>'],
    ['"@lr"', '"@batch_size"'],
    ['$lr', '$batch_size'],
    ['${lr}', '${batch_size}'],
  ])('%s is followed to its source, which alone is rewritten', async (lr, batch) => {
    const text = `batch_size: 64\nlr: 0.1\nopt:\n  lr: ${lr}\nloader:\n  batch_size: ${batch}\n`;
    expect((await convert(text)).text).toBe(text.replace('64', '16').replace('0.1', '0.025'));
  });
});

describe('the config of a Weights & Biases run', () => {
  const text =
    'wandb_version: 1\n_wandb:\n  desc: null\n  value: {x: 1}\nbatch_size:\n  desc: null\n  value: 64\nlr:\n  desc: null\n  value: 0.1\n';
  it('is read through its wrappers; the pointers are those of the text', async () => {
    const conversion = await convert(text);
    expect(conversion.text).toBe(text.replace('64', '16').replace('0.1', '0.025'));
    expect(conversion.changes.map(({ pointer }) => pointer)).toEqual(['/batch_size/value', '/lr/value']);
  });
});

describe('several experiments in one file', () => {
  const text = 'small: {batch_size: 64, lr: 0.1}\nlarge: {batch_size: 256, lr: 0.2}\n';
  it('are refused with the choices', async () =>
    expect(await refusal(text)).toMatch(
      /^several-experiments: small, large .*--at \/small or --at \/large$/,
    ));
  it('--at says which; the rest of the file stays', async () => {
    const { text: converted, changes } = await convert(text, { at: '/small' });
    expect(converted).toBe('small: {batch_size: 16, lr: 0.025}\nlarge: {batch_size: 256, lr: 0.2}\n');
    expect(changes.map(({ pointer }) => pointer)).toEqual(['/small/batch_size', '/small/lr']);
  });
  it.each(['/nothing', 'small', '/small/lr'])('--at %s is refused', async (at) =>
    expect(await refusal(text, { at })).toMatch(/^usage: /),
  );
  it('an anchor that another experiment uses, too, is refused', async () => {
    const shared = 'small: {batch_size: 64, lr: &a 0.1}\nlarge: {batch_size: 256, lr: *a}\n';
    expect(await refusal(shared, { at: '/small' })).toMatch(/^alias-conflict: /);
  });
});

it.each(['lin_0.001', 'schedule(0.1)'])('a rate of %s is named and refused', async (lr) =>
  expect(await refusal(`batch_size: 64\nlr: ${lr}\n`)).toContain(lr),
);

it.each([-1, 0])('a clip of %d is none and stays', async (clip) => {
  const { text, warnings } = await convert(`batch_size: 64\nlr: 0.1\nclip_grad_norm: ${clip}\n`);
  expect(text).toContain(`clip_grad_norm: ${clip}\n`);
  expect(warnings.map(({ code }) => code)).not.toContain('clip');
});

it('a length with a letter is named', async () => {
  const { warnings } = await convert('batch_size: 64\nlr: 0.1\nnum_steps: 400k\n');
  expect(warnings.find(({ code }) => code === 'unclaimed')?.message).toContain('num_steps 400k');
});

describe('a recognised dialect that reads no learning rate', () => {
  const text =
    'trainer: {max_epochs: 3}\nexp_manager: {exp_dir: x}\nmodel:\n  optimizer: {name: adamw, lr: 0.1, betas: [0.9, 0.99]}\n  batch_size: 64\n';
  it('gives way to names, and says so', async () => {
    const { text: converted, warnings } = await convert(text);
    expect(converted).toContain('lr: 0.025');
    expect(warnings.map(({ code }) => code)).toContain('read-by-name');
  });
});
