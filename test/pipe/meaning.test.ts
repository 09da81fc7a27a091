import { describe, expect, it } from 'vitest';
import { convertConfig } from '../../src/pipe/convert.ts';
import type { ConvertOptions } from '../../src/pipe/plan.ts';

/** Why a conversion is refused: code and sentence; undefined where it is not. */
async function refusal(text: string, options: ConvertOptions, file = 'x.yaml') {
  const problem = await convertConfig({ text, file }, { world: 1, ...options }).catch((e: unknown) => e);
  const { code, message } = problem as { code?: string; message?: string };
  return code === undefined ? undefined : `${code}: ${message}`;
}

const SGD = 'batch_size: 128\noptimizer: {name: sgd, lr: 0.1, momentum: 0.9}\nbn_momentum: 0.1\n';

describe('what the new text means is what was planned', () => {
  it('a decay whose new value is read in the other convention is refused with both readings', async () => {
    expect(await refusal(SGD, { to: 256 })).toBeUndefined();
    expect(await refusal(SGD, { to: 1024 })).toMatch(
      /^not-readable-again: bn_momentum is read as the complement of a BatchNorm decay .* would be read as a BatchNorm decay of 0\.569533/,
    );
  });

  it('decays too small to be told from none are refused', async () => {
    const text = 'batch_size: 8\noptimizer: {name: adamw, lr: 1.0e-4, betas: [0.9, 0.98]}\n';
    expect(await refusal(text, { to: 1600 })).toMatch(
      /^not-readable-again: optimizer\.betas\[0\] would become 7\.05508e-10, and is then no longer read/,
    );
    expect(await refusal(text, { to: 80 })).toBeUndefined();
  });

  it('a value that the framework does not take is refused with the field and what to do', async () => {
    const text =
      '{"optimizer":{"class_name":"Adam","config":{"learning_rate":0.3,"gradient_accumulation_steps":4}}}';
    expect(await refusal(text, { from: 32, accumulation: 1 }, 'x.json')).toMatch(
      /^not-readable-again: optimizer\.config\.gradient_accumulation_steps would become 1.*>= 2.*take the key out/,
    );
    expect(await refusal(text, { from: 32, accumulation: 2 }, 'x.json')).toBeUndefined();
  });

  it.each([
    ['learning_rate: 2.0e-05\nnum_train_epochs: 3\noutput_dir: x\n', 16, 'per_device_train_batch_size'],
    ['SOLVER:\n  BASE_LR: 0.02\n  MAX_ITER: 90000\n', 8, 'SOLVER.IMS_PER_BATCH'],
  ])('a batch that --no-insert leaves as it was would be scaled again: %j', async (text, to, field) => {
    const refused = await refusal(text, { to, insert: false });
    expect(refused).toMatch(/^(?:cannot-insert|batch-unreachable): /);
    expect(refused).toContain(field);
    expect(await refusal(text, { to })).toBeUndefined();
  });

  it.each([
    [
      'trainer.max_epochs',
      'seed_everything: 1\ntrainer: {max_epochs: &a 1}\nmodel: {warmup_start_lr: *a, batch_size: 32}\noptimizer: adamw\n',
    ],
    [
      'dataloader_num_workers',
      'output_dir: x\ndataloader_num_workers: &a 32\nper_device_train_batch_size: *a\nlearning_rate: 0.1\n',
    ],
    ['data.crop', 'data: {crop: &a 32}\nbatch_size: *a\noptimizer: {name: sgd, lr: 0.1, momentum: 0.9}\n'],
  ])('%s holds an anchor and means something else', async (key, text) =>
    expect(await refusal(text, { to: 8 })).toContain(`and ${key}, which holds its anchor`),
  );

  it.each([
    'x-lr: &a 0.1\nbatch_size: 8\noptimizer: {name: sgd, lr: *a, momentum: 0.9}\n',
    'anchors: {a: &a 0.1}\nbatch_size: 8\noptimizer: {name: sgd, lr: *a, momentum: 0.9}\n',
    'base_lr: &a 0.1\nbatch_size: 8\noptimizer: {name: sgd, lr: *a, momentum: 0.9}\n',
  ])('an anchor that is there for its uses alone: %j', async (text) =>
    expect(await refusal(text, { to: 16 })).toBeUndefined(),
  );
});
