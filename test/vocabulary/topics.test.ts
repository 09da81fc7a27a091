import { describe, expect, it } from 'vitest';
import { topicOf } from '../../src/vocabulary/topics.ts';
import { wordsOf } from '../../src/vocabulary/words.ts';
import { documentsOf } from '../helpers/parse.ts';

/** What a key with a value speaks of, in a block of these kinds. */
async function topic(key: string, value: string, ...kinds: string[]) {
  const [document] = await documentsOf(`${key}: ${value}\n`);
  return topicOf(wordsOf(key), document!.nodes.get(`/${key}`)!, new Set(kinds));
}

describe('a key that was not read speaks of the batch, or of a length or a memory in steps', () => {
  it.each<[key: string, value: string, topic: string, kind?: string]>([
    ['my_batch_size', '1', 'batch'],
    ['my_batch_size', '[8, none]', 'batch'],
    ['my_batch_size', '"8"', 'batch'],
    ['max_atoms', '400', 'batch'],
    ['phase_steps', '2', 'other'],
    ['phase_steps', '400k', 'other'],
    ['phase_steps', '"1.5M"', 'other'],
    ['phase_steps', '2b', 'other'],
    ['step_size', '2', 'other', 'scheduler'],
    ['my_period', '100', 'other'],
    ['inv_gamma', '2', 'other'],
    ['warmup_decay', '0.9', 'other'],
    ['in_batch', '2', 'other'],
    ['decay_interval', '2', 'other'],
    ['E_decay', '0.9', 'other'],
    ['gamma', '0.9', 'other', 'scheduler'],
    ['disc_start', '2', 'other'],
    ['ohem_keep', '2', 'other'],
    ['steps_per_epoch', '2', 'other'],
    ['epoch_iters', '5000', 'other'],
    ['critic_tau', '0.01', 'other'],
    ['update_every', '4', 'batch'],
    ['ema_halflife', '1000', 'other'],
    ['nsteps', '1000', 'other'],
    ['my_lr', '10', 'other'],
    ['my_lr', '0.03', 'other'],
    ['my_lr', '0.0001', 'rate'],
    ['beta_1', '0.0001', 'other'],
    ['my_momentum', '0.5', 'other'],
    ['my_ema', '0.4', 'other'],
    ['in_batch_size', '8', 'batch'],
    ['my_lr', '0.01k', 'other'],
    ['my_lr', '0.00001m', 'other'],
  ])('%s: %s (%s)', async (key, value, expected, kind) =>
    expect(await topic(key, value, ...(kind ? [kind] : []))).toBe(expected),
  );
});

describe('a key that only looks like one speaks of nothing', () => {
  it.each<[key: string, value: string, kind?: string]>([
    ['my_batch_size', '0'],
    ['my_batch_size', '1.5'],
    ['my_batch_size', 'large'],
    ['my_batch_size', '8', 'loss'],
    ['batch_size_limit', '8'],
    ['phase_steps', '1'],
    ['phase_steps', '2.5'],
    ['phase_steps', '1kg'],
    ['phase_steps', '8', 'solver'],
    ['log_phase_steps', '8'],
    ['step_size', '2'],
    ['step_size', '1', 'scheduler'],
    ['step_size', '2.5', 'scheduler'],
    ['my_period', '99'],
    ['my_period', '100.5'],
    ['inv_gamma', '1.9'],
    ['warmup_decay', '0.89'],
    ['warmup_decay', '1.0'],
    ['in_batch', '1'],
    ['in_batch', '2.5'],
    ['decay_interval', '1'],
    ['decay_interval', '2.5'],
    ['E_decay', '0.89'],
    ['E_decay', '1.0'],
    ['gamma', '0.9'],
    ['gamma', '0.89', 'scheduler'],
    ['gamma', '1.0', 'scheduler'],
    ['disc_start', '1'],
    ['disc_start', '2.5'],
    ['ohem_keep', '1'],
    ['ohem_keep', '2.5'],
    ['my_lr', '0'],
    ['my_lr', '10.5'],
    ['my_momentum', '0.49'],
    ['my_momentum', '1.0'],
    ['my_ema', '0.0'],
    ['hidden', '512'],
    ['lr_step_epochs', '300'],
    ['tau', '0.07'],
    ['log_update_every', '4'],
    ['ema_halflife_kimg', '10'],
  ])('%s: %s', async (key, value, kind) =>
    expect(await topic(key, value, ...(kind ? [kind] : []))).toBeUndefined(),
  );
});
