import { describe, expect, it } from 'vitest';
import { lint } from '../../src/commands/check/check.ts';
import { convertConfig } from '../../src/pipe/convert.ts';

const RUN = `output_dir: out
deepspeed: ds.json
per_device_train_batch_size: 8
gradient_accumulation_steps: 2
learning_rate: 2.0e-5
adam_beta2: 0.95
warmup_steps: 100
bf16: true
`;

function source(deepspeed?: object) {
  const text = JSON.stringify({ zero_optimization: { stage: 2 }, ...deepspeed });
  const beside = async (path: string) =>
    deepspeed && path === 'ds.json' ? { file: 'ds.json', text } : undefined;
  return { file: 'run.yaml', text: RUN, beside };
}

const findings = async (deepspeed?: object, world = 4) =>
  (await lint(source(deepspeed), { world })).findings.filter(({ code }) => code === 'companion-differs');

describe('the DeepSpeed file that a config names', () => {
  const AGREES = {
    train_micro_batch_size_per_gpu: 8,
    gradient_accumulation_steps: 'auto',
    train_batch_size: 64,
    gradient_clipping: 1.0,
    optimizer: { type: 'AdamW', params: { lr: 2e-5, betas: [0.9, 0.95], eps: 1e-8, weight_decay: 'auto' } },
    scheduler: { type: 'WarmupLR', params: { warmup_max_lr: 2e-5, warmup_num_steps: 100 } },
  };

  it('agrees by its numbers, by "auto", and by saying nothing', async () => {
    expect(await findings(AGREES)).toEqual([]);
    expect(await findings({})).toEqual([]);
    expect(await findings()).toEqual([]);
  });

  // What trainer_config_process and trainer_config_finalize compare (transformers/integrations/deepspeed.py).
  it.each([
    [
      'the micro batch',
      { train_micro_batch_size_per_gpu: 4 },
      'train_micro_batch_size_per_gpu 4 (here per_device_train_batch_size 8)',
    ],
    [
      'the accumulation',
      { gradient_accumulation_steps: 1 },
      'gradient_accumulation_steps 1 (here gradient_accumulation_steps 2)',
    ],
    ['the batch', { train_batch_size: 32 }, 'train_batch_size 32 (the batch here is 64)'],
    [
      'the clip, where the trainer has its default',
      { gradient_clipping: 0.5 },
      'gradient_clipping 0.5 (here max_grad_norm 1)',
    ],
    [
      'the learning rate',
      { optimizer: { type: 'AdamW', params: { lr: 1e-4 } } },
      'optimizer.params.lr 0.0001 (here learning_rate 0.00002)',
    ],
    [
      'a beta',
      { optimizer: { type: 'AdamW', params: { betas: [0.9, 0.999] } } },
      'optimizer.params.betas[1] 0.999 (here adam_beta2 0.95)',
    ],
    [
      'the warm-up',
      { scheduler: { type: 'WarmupLR', params: { warmup_num_steps: 10 } } },
      'scheduler.params.warmup_num_steps 10 (here warmup_steps 100)',
    ],
  ])('disagrees in %s', async (_, deepspeed, said) => {
    const [finding, ...others] = await findings(deepspeed);
    expect(others).toEqual([]);
    expect(finding?.severity).toBe('error');
    expect(finding?.message).toContain(said);
  });

  it('is named with the new numbers after a conversion', async () => {
    const { warnings } = await convertConfig(source(AGREES), { world: 4, to: 16 });
    const [message] = warnings.filter(({ code }) => code === 'companion-differs').map((w) => w.message);
    expect(message).toContain('train_batch_size 64 (the batch here is 16)');
    expect(message).toContain('optimizer.params.betas[0] 0.9 (here adam_beta1 0.9740037)');
  });
});
