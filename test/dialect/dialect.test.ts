import { describe, expect, it } from 'vitest';
import { collect, listDialects, loadDialect, loadSchema } from '../../src/dialect/dialect.ts';
import { requiredKeysOf } from '../../src/dialect/required-keys.ts';
import { parse } from '../../src/document/parse.ts';
import { findOptimizer } from '../../src/optimizers/find.ts';
import { documentsOf } from '../helpers/parse.ts';
import { recognised } from '../helpers/recognised.ts';

describe('the keys of which one must be there', () => {
  it.each([
    [{ type: 'object', required: ['a', 'b'] }, ['a']],
    [{ anyOf: [{ required: ['a'] }, { required: ['b', 'c'] }] }, ['a', 'b']],
    [{ required: ['z'], anyOf: [{ required: ['a'] }, { required: ['b'] }] }, ['z']],
    [{ allOf: [{ required: ['a'] }] }, ['a']],
    [{ anyOf: [{ required: ['a'] }, { properties: {} }] }, undefined],
    [{ not: { required: ['a'] } }, undefined],
    [{ type: 'object' }, undefined],
  ])('%j', (schema, requiredKeys) => expect(requiredKeysOf(schema)).toEqual(requiredKeys));
});

describe('configs that share names are told apart', () => {
  const batches = { global_batch_size: 256, micro_batch_size: 2 };
  const optim = { name: 'distributed_fused_adam', lr: 1e-4 };
  const layers = { num_layers: 2, num_attention_heads: 2, lr: 1e-4 };
  it.each<[string, object, string[]]>([
    ['Megatron in iterations', { ...batches, lr: 1e-4, train_iters: 10 }, ['megatron']],
    ['Megatron in samples', { ...batches, lr: 1e-4, train_samples: 10 }, ['megatron']],
    ['Megatron in parallel', { ...batches, lr: 1e-4, tensor_model_parallel_size: 2 }, ['megatron']],
    [
      'Megatron without micro batch',
      { ...layers, global_batch_size: 256, train_iters: 9, lr_decay_style: 'cosine' },
      ['megatron'],
    ],
    ["Megatron with GPT-NeoX's layers", { ...batches, ...layers, train_iters: 10 }, ['megatron']],
    ['GPT-NeoX', { ...layers, train_iters: 10, train_micro_batch_size_per_gpu: 4 }, ['gpt-neox']],
    ["NeMo's model section", { ...batches, optim, tensor_model_parallel_size: 2 }, ['generic']],
    ['ms-swift', { ...batches, lr: 1e-4, train_iters: 10, dataset: ['a'] }, ['generic']],
    ['epochs of such batches', { ...batches, learning_rate: 1e-4, num_train_epochs: 3 }, ['generic']],
    ['NeMo on Megatron', { trainer: {}, model: { ...batches, optim } }, ['nemo']],
    ['NeMo, tuning', { trainer: {}, model: { data: { train_ds: batches }, optim } }, ['nemo']],
    ['NeMo on speech', { trainer: {}, model: { train_ds: { batch_size: 8 }, optim } }, ['nemo']],
    [
      'NeMo by its schedule, with parts for Hydra',
      {
        trainer: {},
        model: { optim: { ...optim, sched: { name: 'NoamAnnealing' } }, net: { _target_: 'a' } },
      },
      ['nemo'],
    ],
    ["Hydra's model and optimizer", { trainer: {}, model: { optim: { _target_: 'a', lr: 0.1 } } }, ['hydra']],
    ['rates of parts alone', { train: { encoder_lr: 1e-5 } }, ['generic']],
    ['no rate at all', { train: { encoder: 1e-5 } }, []],
  ])('%s', async (_name, config, dialects) => {
    const [document] = await documentsOf(JSON.stringify(config), 'x.json');
    expect(recognised(document!)).toEqual(dialects);
  });
});

it.each([
  ['checkpoint-scale', 'checkpoint-factor'],
  ['checkpoint_scale', 'checkpoint_factor'],
])('GPT-NeoX: beside %s: log, %s has a note and no role', async (scale, factor) => {
  const text = JSON.stringify({ [scale]: 'log', [factor]: 2 });
  const { documents } = await parse(text, 'x.json');
  const found = collect(documents[0]!, await loadDialect('gpt-neox'));
  expect(found.filter(([pointer]) => pointer === `/${factor}`)).toEqual([
    [`/${factor}`, { note: expect.stringContaining('geometric series') }],
  ]);
});

/** Every optimizer that a schema itself names: those it assumes, and the defaults of an optimizer's field. */
function optimizersIn(node: unknown): string[] {
  if (node === null || typeof node !== 'object') return [];
  const { assumes, role, default: fallback } = node as Record<string, Record<string, unknown> | undefined>;
  const named = [assumes?.optimizer, role?.role === 'optimizer' ? fallback : undefined];
  return [
    ...named.filter((name) => typeof name === 'string'),
    ...Object.values(node).flatMap((inner) => optimizersIn(inner)),
  ];
}

it('the optimizers that schemas name are known in the library of their dialect', async () => {
  const named = await Promise.all(
    listDialects().map(async ({ name, library }) =>
      optimizersIn(await loadSchema(name)).map((optimizer) => ({ name, library, optimizer })),
    ),
  );
  expect(named.flat().length).toBeGreaterThan(20);
  expect(named.flat().filter(({ library, optimizer }) => !findOptimizer(library, optimizer))).toEqual([]);
});
