import { describe, expect, it } from 'vitest';
import { convertConfig } from '../../src/pipe/convert.ts';

// `--gpu 3` is one GPU, `--gpus 3` are three: the batch, and every ratio made of it, depends on which is meant.

const convert = (line: string, options: object) =>
  convertConfig(
    { text: `optimizer: {name: sgd, lr: 0.1, momentum: 0.9}\nbatch_size: 32\n${line}\n`, file: 'run.yaml' },
    options,
  );

describe('the devices of a config', () => {
  it.each([
    ['gpus: 3', 96],
    ['num_gpus: 4', 128],
    ['n_gpu: 2', 64],
    ['gpu_count: 4', 128],
    ['deviceCount: 2', 64],
    ['gpu_per_node: 4', 128],
    ['worldsize: 4', 128],
    ['tpu_cores: 8', 256],
    ['nproc_per_node: 4', 128],
  ])('are counted: %s', async (line, batch) => {
    expect((await convert(line, { to: 192 })).batch.from.global).toBe(batch);
  });

  it.each([
    ['gpu_id: 3', 32],
    ['gpuId: 2', 32],
    ['device_index: 5', 32],
    ['visible_devices: 2', 32],
    ['gpu: 0', 32],
    ['device: 1', 32],
    ['gpu_ids: [0, 3]', 64],
    ["gpu: '0,1,2'", 96],
    ["CUDA_VISIBLE_DEVICES: '2, 3'", 64],
  ])('are listed by their numbers: %s', async (line, batch) => {
    const { batch: found, text } = await convert(line, { to: 192 });
    expect(found.from.global).toBe(batch);
    expect(text).toContain(line);
  });

  it.each(['gpu: 3', 'device: 8', 'cuda_device: 2'])(
    'are one or several, which nobody can tell: %s',
    async (line) => {
      await expect(convert(line, { to: 64 })).rejects.toMatchObject({
        code: 'world-unknown',
        message: expect.stringContaining('is how many there are or which one is used nobody can tell'),
      });
      expect((await convert(line, { to: 64, world: 1 })).batch.kappa).toBe(2);
      const { batch, text } = await convert(line, { by: 0.5 });
      expect(batch.kappa).toBe(0.5);
      expect(text).toContain(line);
    },
  );

  it.each([
    'ddp: true',
    'distributed: true',
    'data_parallel: true',
    'train: {multi_gpu: true}',
    'trainer: {strategy: ddp_find_unused_parameters_false}',
    'launcher: pytorch',
  ])('are several, and nobody says how many: %s', async (line) => {
    await expect(convert(line, { to: 64 })).rejects.toMatchObject({
      code: 'world-unknown',
      message: expect.stringContaining('or --batch-is total where it counts them all'),
    });
    expect((await convert(line, { to: 64, batchIs: 'total' })).batch.kappa).toBe(2);
    expect((await convert(line, { to: 64, world: 4 })).batch.kappa).toBe(0.5);
    expect((await convert(line, { by: 2 })).batch.kappa).toBe(2);
  });

  it.each(['ddp: false', 'launcher: none', 'strategy: auto', 'distributed: null'])(
    'are not spoken of: %s',
    async (line) => {
      expect((await convert(line, { to: 64 })).batch.from.global).toBe(32);
    },
  );

  it.each(['data_parallel_size: 4', 'dp_degree: 4', 'num_replicas: 4'])(
    'are counted by the copies of the model: %s',
    async (line) => {
      expect((await convert(line, { to: 192 })).batch.from.global).toBe(128);
    },
  );

  it.each([
    ['gpu: cuda:3', 32],
    ['device: cuda', 32],
  ])('are named in words: %s', async (line, batch) => {
    expect((await convert(line, { to: 64 })).batch.from.global).toBe(batch);
  });

  it('that are listed are not written as another number of them', async () => {
    await expect(convert('gpu_id: 3', { to: 64, worldTo: 2 })).rejects.toMatchObject({
      code: 'batch-unreachable',
      message: expect.stringContaining('gpu_id says which one is used'),
    });
  });
});
