import { describe, expect, it } from 'vitest';
import { convertConfig } from '../../src/pipe/convert.ts';
import { documentsOf } from '../helpers/parse.ts';
import { recognised } from '../helpers/recognised.ts';

const dialectOf = async (config: object) => {
  const [document] = await documentsOf(JSON.stringify(config), 'x.json');
  return recognised(document!);
};

describe('arguments are recognised by the flags that tell', () => {
  it.each<[string, object, string]>([
    ['MAE', { blr: 1.5e-4, batch_size: 64 }, 'mae'],
    ['DINO', { batch_size_per_gpu: 64, momentum_teacher: 0.996 }, 'dino'],
    [
      'DINO under another name of the batch',
      { batch_size: 64, momentum_teacher: 0.996, teacher_temp: 0.04 },
      'dino',
    ],
    ['DINOv2', { train: { batch_size_per_gpu: 64 }, teacher: { momentum_teacher: 0.992 } }, 'dinov2'],
    ['OpenCLIP', { train_data: 'a.tar', batch_size: 320, dataset_type: 'webdataset' }, 'open-clip'],
    ['torchvision', { model: 'resnet50', batch_size: 128, lr_warmup_epochs: 5 }, 'torchvision'],
    ['DeiT', { model: 'deit_small_patch16_224', batch_size: 256, data_path: 'x' }, 'deit'],
    ['timm', { model: 'resnet50', lr_base: 0.1 }, 'timm'],
    [
      'VideoMAE on another data set',
      { data_set: 'SSV2', num_frames: 16, opt: 'adamw', lr: 5e-4, batch_size: 8 },
      'videomae',
    ],
    ['fairseq', { max_tokens: 4096, update_freq: 8 }, 'fairseq-args'],
    [
      'Megatron-LM without a global batch',
      { micro_batch_size: 4, num_attention_heads: 16, num_layers: 24, train_iters: 10 },
      'megatron',
    ],
    ['GPT-NeoX', { num_layers: 2, num_attention_heads: 2, train_iters: 10 }, 'gpt-neox'],
    ['MoCo', { lr: 0.03, batch_size: 256, multiprocessing_distributed: true }, 'imagenet-example'],
    ['StyleGAN', { batch_size: 64, batch_gpu: 8, total_kimg: 300, G_opt_kwargs: {} }, 'stylegan'],
    ['Hydra’s own settings', { hydra: { run: {}, sweep: {}, job: {} } }, 'hydra-runtime'],
    [
      'a run of YOLOv5',
      { weights: '', cfg: '', hyp: 'a.yaml', batch_size: 16, single_cls: false },
      'yolo-opt',
    ],
    ['a rate and a batch', { lr: 0.1, batch_size: 64 }, 'generic'],
  ])('%s', async (_, config, dialect) => expect(await dialectOf(config)).toEqual([dialect]));
});

const refused = (config: object, options = {}) =>
  convertConfig(
    { text: JSON.stringify(config), file: 'x.json' },
    { by: 4, optimizer: 'adamw', ...options },
  ).then(
    () => 'converted',
    (problem: Error) => problem.message,
  );

describe('what a dump does not say is asked for', () => {
  it('a world size that was not counted yet is none', async () => {
    const config = { blr: 1e-3, mask_ratio: 0.75, batch_size: 8, world_size: 1 };
    const asked = await convertConfig(
      { text: JSON.stringify(config), file: 'x.json' },
      { from: 64, to: 256 },
    );
    expect(JSON.parse(asked.text).batch_size).toBe(32);
    const counted = await convertConfig(
      { text: JSON.stringify({ ...config, world_size: 8, distributed: true }), file: 'x.json' },
      { to: 256 },
    );
    expect(JSON.parse(counted.text).batch_size).toBe(32);
  });

  it('the learning rate, where the lowest one is 0 and the highest not there', async () =>
    expect(await refused({ opt: { lr: null, blr: 0.3, min_lr: 0, batch_size: 64 } })).toContain(
      'would move alone',
    ));
});

describe('what a run works out from the batch itself', () => {
  const now = async (config: object) =>
    JSON.parse(
      (
        await convertConfig(
          { text: JSON.stringify(config), file: 'x.json' },
          { by: 4, world: 8, insert: false },
        )
      ).text,
    );

  it('is left to it where only the base was given', async () =>
    expect(await now({ blr: 1.5e-4, lr: null, mask_ratio: 0.75, batch_size: 8 })).toMatchObject({
      blr: 1.5e-4,
      batch_size: 32,
    }));

  it('is converted where it is in force, and the base stays', async () =>
    expect(await now({ blr: 1.5e-4, lr: 3e-4, mask_ratio: 0.75, batch_size: 8 })).toMatchObject({
      blr: 1.5e-4,
      lr: 1.2e-3,
    }));

  it('an average that scales itself stays', async () =>
    expect(
      await now({
        model: 'resnet50',
        lr_warmup_epochs: 5,
        lr: 0.1,
        batch_size: 8,
        model_ema: true,
        model_ema_decay: 0.99998,
      }),
    ).toMatchObject({ model_ema_decay: 0.99998, batch_size: 32 }));
});

it('timm/NAME is the optimizer of timm', async () => {
  const { text } = await convertConfig(
    {
      text: 'accum_freq: 1\nbeta1: None\nbeta2: None\nopt: timm/lamb\nlr: 0.002\nbatch_size: 64\n',
      file: 'params.txt',
    },
    { by: 4, world: 8, insert: false },
  );
  expect(text).toContain('lr: 0.008\n');
});
