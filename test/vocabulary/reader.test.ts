import { readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Found } from '../../src/dialect/roles.ts';
import { convertConfig } from '../../src/pipe/convert.ts';
import { readConfigs } from '../../src/pipe/read.ts';
import { ENTRIES } from '../../src/vocabulary/entries.ts';
import { readByName } from '../../src/vocabulary/reader.ts';
import { wordsOf } from '../../src/vocabulary/words.ts';
import { fixtures } from '../helpers/fixtures.ts';
import { documentsOf } from '../helpers/parse.ts';

describe('the words of a key', () => {
  it.each([
    ['accumulateGradBatches', 'accumulate gradient batch'],
    ['--accum-grad-batches', 'accumulate gradient batch'],
    ['GRAD_ACCUM_STEPS', 'gradient accumulate step'],
    ['adam_beta1', 'adam beta 1'],
    ['opt.b2', 'optimizer b 2'],
    ['ngpus', 'number device'],
    ['nproc_per_node', 'number process per node'],
    ['minibatch_size', 'mini batch size'],
    ['bs', 'batch size'],
    ['lrWarmupSteps', 'learning rate warm up step'],
    ['T_max', 't maximum'],
    ['nEpochs', 'number epoch'],
    ['max_tokens', 'maximum token'],
    ['tok_per_batch', 'token per batch'],
    ['ema_decays', 'ema decay'],
    ['testing_batch', 'test batch'],
    ['effective_batch_size', 'total batch size'],
    ['overall_bs', 'total batch size'],
    ['save_ep', 'save epoch'],
    ['averaged_models', 'average model'],
    ['min_lr_rate', 'minimum learning rate ratio'],
  ])('%s', (key, words) => expect(wordsOf(key).join(' ')).toBe(words));
});

/** What is read in a text: `pointer role detail`, the scopes aside. */
async function read(text: string): Promise<string[]> {
  const [document] = await documentsOf(text);
  return readByName(document!, [], new Set()).found.flatMap(([pointer, what]: Found) => {
    if ('encoding' in what) return [`${pointer} betas`];
    if (!('role' in what)) return [];
    const { role } = what;
    const detail =
      role.role === 'batch'
        ? role.part
        : role.role === 'decay'
          ? role.form === 'complement'
            ? `${role.of} complement`
            : role.of
          : role.role === 'count'
            ? role.use
            : role.role === 'learning-rate'
              ? role.point
              : '';
    return [`${pointer} ${role.role} ${detail}`.trim()];
  });
}

describe('read by name', () => {
  // Each row is a key that a public repository has; entries.ts names where.
  it.each([
    ['learning_rate: 1.0e-4', '/learning_rate learning-rate peak'],
    ['LR: 0.1', '/LR learning-rate peak'],
    ['base_lr: 0.1', '/base_lr learning-rate peak'],
    ['init_lr: 1.0e-4', '/init_lr learning-rate peak'],
    ['mm_projector_lr: 2.0e-6', '/mm_projector_lr learning-rate peak'],
    ['vision_tower_lr: 2.0e-6', '/vision_tower_lr learning-rate peak'],
    ['min_lr: 1.0e-6', '/min_lr learning-rate minimum'],
    ['eta_min: 1.0e-6', '/eta_min learning-rate minimum'],
    ['final_lr: 1.0e-6', '/final_lr learning-rate minimum'],
    ['warmup_lr: 1.0e-6', '/warmup_lr learning-rate warmup-start'],
    ['lr_warmup_init: 1.0e-6', '/lr_warmup_init learning-rate warmup-start'],
    ['learning_rate_warmup: 4000', ''],
    ['lr_warmup: 0.1', ''],
    ['fc: {weight_attr: {learning_rate: 0.1}}', ''],
    ['hydra: {sweeper: {params: {lr: "interval(0.0001, 0.1)"}}}', ''],
    ['beta_1: 1.0e-4', ''],
    ['lr: {peak_value: 0.1}', '/lr/peak_value learning-rate peak'],
    ['lr: {end_value: 0.1}', '/lr/end_value learning-rate minimum'],
    ['betas: [0.9, 0.95]', '/betas betas'],
    ['BETAS: [0.9, 0.95]', '/BETAS betas'],
    ['adam_b1: 0.9', '/adam_b1 decay gradient'],
    ['b2: 0.99', '/b2 decay second-moment'],
    ['beta3: 0.9999', '/beta3 decay third'],
    ['optimizer: {momentum: 0.9}', '/optimizer/momentum decay gradient'],
    ['optimizer: {alpha: 0.99}', '/optimizer/alpha decay second-moment'],
    ['optimizer: {dampening: 0.1}', '/optimizer/dampening dampening'],
    ['optimizer: {nesterov: true}', '/optimizer/nesterov nesterov'],
    ['optimizer: {eps: 1.0e-8}', '/optimizer/eps epsilon'],
    ['weight_decay: 0.1', '/weight_decay weight-decay'],
    ['ema_decay: 0.999', '/ema_decay decay model-ema'],
    ['EMA: {DECAY: 0.999}', '/EMA/DECAY decay model-ema'],
    ['ema: [0.996, 1.0]', '/ema/0 decay model-ema,/ema/1 decay model-ema'],
    ['keep_rate: 0.99', ''],
    ['ema_keep_rate: 0.99', '/ema_keep_rate decay model-ema'],
    ['base_tau: 0.99', '/base_tau decay model-ema'],
    ['momentum_teacher: 0.992', '/momentum_teacher decay model-ema'],
    ['ema: {update_after_step: 100}', '/ema/update_after_step count average'],
    ['ema_start: 2000', '/ema_start count average'],
    ['bn_momentum: 0.1', '/bn_momentum decay batch-norm complement'],
    ['bn_momentum: 0.99', '/bn_momentum decay batch-norm'],
    ['batch_norm: {momentum: 0.1}', '/batch_norm/momentum decay batch-norm complement'],
    ['sync_bn: true', '/sync_bn sync-norm'],
    ['warmup_updates: 500', '/warmup_updates count schedule'],
    ['num_warmup_updates: 500', '/num_warmup_updates count schedule'],
    ['lr_decay_iters: 500', '/lr_decay_iters count schedule'],
    ['max_iters: 500', '/max_iters count schedule'],
    ['eval_steps: 500', '/eval_steps count cadence'],
    ['{T_max: 900, total_steps: 900}', '/total_steps count schedule,/T_max count schedule'],
    ['T_max: 90', ''],
    ['batch_size: 8', '/batch_size batch unsaid'],
    ['train_batchsize: 8', '/train_batchsize batch unsaid'],
    ['minibatch_size: 8', '/minibatch_size batch unsaid'],
    ['total_batch_size: 8', '/total_batch_size batch global'],
    ['target_examples_per_step: 32', '/target_examples_per_step batch global'],
    ['samples_per_gpu: 8', '/samples_per_gpu batch micro'],
    ['batch_gpu: 8', '/batch_gpu batch micro'],
    ['accum_grad: 8', '/accum_grad batch accumulation'],
    ['accum_freq: 8', '/accum_freq batch accumulation'],
    ['accum_iter: 8', '/accum_iter batch accumulation'],
    ['accum_counts: [8]', '/accum_counts/0 batch accumulation'],
    ['gradient_accumulate_every: 8', '/gradient_accumulate_every batch accumulation'],
    ['num_microbatches: 8', '/num_microbatches batch accumulation'],
    ['update_freq: 8', '/update_freq batch accumulation'],
    ['iter_size: 8', '/iter_size batch accumulation'],
    ['optimizer-delay: 8', '/optimizer-delay batch accumulation'],
    ['backward_passes_per_step: 8', '/backward_passes_per_step batch accumulation'],
    ['optimizer_step_every: 8', '/optimizer_step_every batch accumulation'],
    ['{step_size: 8}', ''],
    ['gpus: 8', '/gpus batch devices'],
    ['gpu_ids: [0, 1]', '/gpu_ids batch devices'],
    ['tasks_per_node: 8', '/tasks_per_node batch devices'],
    ['num_tasks: 12', ''],
    ['nnodes: 8', '/nnodes batch nodes'],
    ['world_size: 8', '/world_size batch world'],
    ['max_grad_norm: 1.0', '/max_grad_norm clip'],
    ['clip_grad_norm: -1', ''],
    ['optimizer: adamw', '/optimizer optimizer'],
    ['optimizer: {_target_: torch.optim.Adam}', '/optimizer/_target_ optimizer'],
    ['opt_kwargs: {class_name: torch.optim.Adam}', '/opt_kwargs/class_name optimizer'],
  ])('%s', async (line, expected) => expect((await read(`${line}\n`)).join()).toBe(expected));

  it.each([
    ['of validation', 'val: {batch_size: 8, lr: 0.1}'],
    ['of inference', 'Infer: {batch_size: 10}'],
    ['of a balancer of losses', 'balancer: {ema_decay: 0.999}'],
    ['a device by name', 'device: cuda:0'],
    ['a policy', 'lr_policy: cosine'],
    ['a ratio of the learning rate', 'min_lr_rate: 0.1'],
    ['the noise schedule of diffusion', 'beta_start: 0.0001\nbeta_end: 0.02'],
    ['steps of an environment', 'n_envs: 8\nmax_steps: 1000'],
    ['momentum that is in no optimizer', 'contrast: {momentum: 0.9}'],
  ])('is nothing %s', async (_, text) => expect(await read(`${text}\n`)).toEqual([]));

  it('of every entry says where such a key was seen, and every role has one', () => {
    for (const entry of ENTRIES) expect(entry.seen).toMatch(/\w{3}/);
  });
});

describe('the account', () => {
  const BATCH = /batch_?size|accum|micro_?batch|grad.*acc/i;
  const ASIDE =
    // A batch of 0 for a cached VAE, and an infinite bound, are no batch of the step's.
    /vae|max_micro|val|eval|test|infer|sampl|predict|generat|log|norm|auto|valid|dataloader|prefetch|buffer|save/i;
  const corpus = join(import.meta.dirname, '../../../shared/corpus');

  function files(folder: string): string[] {
    return readdirSync(folder).flatMap((name) => {
      const path = join(folder, name);
      if (statSync(path).isDirectory()) return files(path);
      return ['.yaml', '.yml', '.json'].includes(extname(name)) ? [path] : [];
    });
  }

  async function silent(file: string, options: object): Promise<string[]> {
    const source = { file, text: readFileSync(file, 'utf8') };
    const configs = await readConfigs(source, { from: 64, optimizer: 'adamw', ...options }).catch(() => []);
    return configs.flatMap(({ account, dialect }) =>
      account.declared.filter((pointer) => {
        const key = pointer.split('/').findLast((part) => !/^\d+$/.test(part)) ?? '';
        // What the dialect's schema speaks of without a role there does not depend on the batch on purpose.
        return BATCH.test(key) && !ASIDE.test(pointer) && !declares(dialect, pointer);
      }),
    );
  }

  it('has no key that speaks of the batch among those that do not depend on it, in all fixtures', async () => {
    const left: string[] = [];
    for (const { input } of fixtures()) left.push(...(await silent(input, {})).map((at) => `${input} ${at}`));
    expect(left).toEqual([]);
  });

  it.skipIf(!exists(corpus))(
    'nor in the corpus (SKIPPED where there is none beside the project)',
    async () => {
      const left: string[] = [];
      for (const file of files(corpus)) left.push(...(await silent(file, {})).map((at) => `${file} ${at}`));
      expect(left).toEqual([]);
    },
  );
});

function declares({ known }: { readonly known: ReadonlySet<string> }, pointer: string): boolean {
  const keys = pointer.split('/').filter((part) => !/^\d+$/.test(part));
  return known.has(keys.slice(-2).join('/'));
}

function exists(folder: string): boolean {
  return statSync(folder, { throwIfNoEntry: false }) !== undefined;
}

describe('keys that were once left in silence', () => {
  it.each([
    ['a clip under another name', 'lr: 1\ntrainer: {grad_norm: 1.0}\n', '/trainer/grad_norm clip'],
    ['the clip of one network', 'lr: 1\ngenerator_grad_norm: 10\n', '/generator_grad_norm clip'],
    ['an L2 clip', 'lr: 1\nmax_grad_l2_norm: 0.1\n', '/max_grad_l2_norm clip'],
    [
      'the floor of a cosine',
      'SOLVER: {BASE_LR: 0.1, ETA_MIN_LR: 0.001}\n',
      '/SOLVER/ETA_MIN_LR learning-rate',
    ],
    ['an accumulation', 'batch_size: 8\nbatch_multiplier: 2\n', '/batch_multiplier accumulation'],
    [
      'the floor of one network',
      'train: {G_scheduler_eta_min: 1.0e-7}\n',
      '/train/G_scheduler_eta_min learning-rate',
    ],
    [
      'the betas of one network',
      'train: {G_optimizer_betas: [0.9, 0.99]}\n',
      '/train/G_optimizer_betas betas',
    ],
    [
      'what a unit trains with',
      'train_eval_unit: {ema_decay: 0.999}\n',
      '/train_eval_unit/ema_decay model-ema',
    ],
    ['devices in a string', 'batch_size: 8\ngpus: "[0,1]"\n', '/gpus devices'],
  ])('%s', async (_, text, read_) => {
    expect((await read(text)).some((one) => one.startsWith(read_.split(' ')[0]!))).toBe(true);
  });

  const doubtful = async (text: string) => {
    const [document] = await documentsOf(text);
    return readByName(document!, [], new Set()).doubtful.map(({ pointer }) => pointer);
  };

  it.each([
    ["StepLR's period", 'lr: 1\nlr_scheduler: {step_size: 200, gamma: 0.5}\n', '/lr_scheduler/step_size'],
    ["ExponentialLR's factor", 'lr: 1\nlr_scheduler: {gamma: 0.999}\n', '/lr_scheduler/gamma'],
    ['when a network begins', 'discriminator_train_start_steps: 1000\n', '/discriminator_train_start_steps'],
    ['hard examples of a batch', 'LOSS: {OHEMKEEP: 1000}\n', '/LOSS/OHEMKEEP'],
    [
      "InverseLR's steps",
      'scheduler: {type: InverseLR, config: {inv_gamma: 20000}}\n',
      '/scheduler/config/inv_gamma',
    ],
    ['its warm-up', 'scheduler: {config: {warmup: 0.999}}\n', '/scheduler/config/warmup'],
    ['a batch of classes', 'num_classes_in_batch: 64\n', '/num_classes_in_batch'],
    ['an average under a short name', 'train: {E_decay: 0.999}\n', '/train/E_decay'],
    ['how often something decays', 'IL: {decay_interval: 2000}\n', '/IL/decay_interval'],
    ['atoms of a batch', 'max_atoms: 300\n', '/max_atoms'],
    ['periods of restarts', 'train: {G_scheduler_periods: 300000}\n', '/train/G_scheduler_periods'],
    ['a first restart', 'lr: 1\nlr_scheduler: {T_0: 5000}\n', '/lr_scheduler/T_0'],
    ['stages in nested lists', 'gradual_training: [[0, 7, 64], [1000, 5, 32]]\n', '/gradual_training'],
  ])('%s is named', async (_, text, pointer) => expect(await doubtful(text)).toEqual([pointer]));

  it.each([
    ['a solver of linear models', 'model: {solver_type: L2R, max_iter: 100, eps: 0.1}\n'],
    ['a loss', 'Loss: {tcl_bs: 64}\n'],
    ['a vocoder', 'discriminator_params: {periods: [2, 3, 5, 7, 11]}\n'],
    ['a spectrogram', 'audio: {clip_norm: true, max_norm: 4}\n'],
  ])('what belongs to %s is not', async (_, text) => {
    expect(await doubtful(text)).toEqual([]);
    expect(await read(text)).toEqual([]);
  });

  it.each([
    ['clip_grad_norm: true', '/clip_grad_norm'],
    ['CLIP_GRADIENTS: {ENABLED: true}', '/CLIP_GRADIENTS/ENABLED'],
    ['scheduling: plateau', '/scheduling'],
    ['gnn: {batchnorm: true}', '/gnn/batchnorm'],
    ['training: {use_ema: true}', '/training/use_ema'],
    ['dataset: {transductive: true}', '/dataset/transductive'],
    ['train: {sampler: full_batch}', '/train/sampler'],
    ['module: {_target_: nets.train.EMAModule}', '/module/_target_'],
  ])('%s gets a note', async (text, pointer) => {
    const [document] = await documentsOf(`${text}\n`);
    const notes = readByName(document!, [], new Set()).found.filter(([, what]) => 'note' in what);
    expect(notes.map(([at]) => at)).toEqual([pointer]);
  });

  it("Composer's numbers of batches are steps in any file", async () => {
    const { changes } = await convertConfig(
      {
        file: 'run.yaml',
        text: 'global_batch_size: 64\noptimizer: {name: adamw, lr: 0.1, betas: [0.9, 0.99]}\nscheduler: {t_warmup: 100ba}\nmax_duration: 1000ba\nsave_interval: 10ba\nhalf: 3ep\n',
      },
      { by: 1 / 4 },
    );
    const texts = Object.fromEntries(changes.map((c) => [c.pointer, c.text.to]));
    expect(texts).toMatchObject({ '/scheduler/t_warmup': '400', '/max_duration': '4000' });
    expect(Object.keys(texts)).not.toContain('/save_interval');
  });
});
