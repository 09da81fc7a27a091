import { describe, expect, it } from 'vitest';
import { isCertain } from '../../src/dialect/dialect.ts';
import { documentsOf } from '../helpers/parse.ts';
import { recognised } from '../helpers/recognised.ts';

const betas = [0.9, 0.95];
const params = { lr: 1e-4, betas };
const hf = { per_device_train_batch_size: 8, learning_rate: 1e-5 };

describe('files are told for what they are', () => {
  it.each<[string, object, string[]]>([
    ['DeepSpeed', { train_batch_size: 32, optimizer: { type: 'Adam', params } }, ['deepspeed']],
    [
      'DeepSpeed without an optimizer',
      { train_batch_size: 32, gradient_accumulation_steps: 1 },
      ['deepspeed'],
    ],
    [
      'flat names that DeepSpeed has, too',
      { train_batch_size: 32, gradient_accumulation_steps: 2, optimizer: 'adamw', learning_rate: 1e-4 },
      ['generic'],
    ],
    [
      'a trainer with zero_optimization beside its own rate',
      { zero_optimization: false, lr: 0.1 },
      ['generic'],
    ],
    [
      "GPT-NeoX's training half",
      { optimizer: { type: 'Adam', params }, train_micro_batch_size_per_gpu: 4, train_iters: 10 },
      ['gpt-neox'],
    ],
    ['Axolotl', { base_model: 'a', datasets: [], micro_batch_size: 2, learning_rate: 1e-4 }, ['axolotl']],
    ['base_model of another trainer', { base_model: 'a', adapter: 'b', ...hf }, ['hf-trainer']],
    [
      'Composer without a model',
      { max_duration: '10ba', optimizer: { name: 'decoupled_adamw', lr: 0.1 }, global_train_batch_size: 8 },
      ['composer'],
    ],
    [
      'a state of the Hugging Face Trainer',
      { global_step: 1, log_history: [{ learning_rate: 0.1 }], train_batch_size: 8 },
      ['trainer-state'],
    ],
    ['a sweep', { method: 'bayes', parameters: { lr: { min: 0.1, max: 1 } } }, ['sweep']],
    [
      'a sweep of values',
      { method: 'grid', parameters: { lr: { values: [0.1] }, batch_size: { value: 8 } } },
      ['sweep'],
    ],
    ['a config with a method and parameters', { method: 'dpo', parameters: { lr: 0.1 } }, ['generic']],
    ['a SkyPilot task', { resources: { cpus: 1 }, run: 'python train.py', envs: { lr: 0.1 } }, ['skypilot']],
  ])('%s', async (_, config, dialects) => {
    const [document] = await documentsOf(JSON.stringify(config), 'x.json');
    expect(recognised(document!)).toEqual(dialects);
  });
});

describe('keys are written only into files that are the trainer’s beyond doubt', () => {
  it.each<[string, string, object, boolean]>([
    ['nothing but its names', 'hf-trainer', { ...hf, output_dir: 'x', num_train_epochs: 3 }, true],
    ['a name that it alone has', 'hf-trainer', { ...hf, dataset_name: 'x', bf16: true }, true],
    ['a name that is not its', 'hf-trainer', { ...hf, my_option: 1 }, false],
    ['open-instruct', 'hf-trainer', { ...hf, use_flash_attn: true, bf16: true }, false],
    ['TRL by its own names', 'trl', { ...hf, num_generations: 8, my_option: 1 }, true],
    ['open-instruct, taken for TRL', 'trl', { ...hf, max_seq_length: 4096, with_tracking: true }, false],
    ['a dialect that asks for no more', 'swin', {}, true],
  ])('%s', (_, dialect, config, certain) => expect(isCertain(config, dialect)).toBe(certain));
});
