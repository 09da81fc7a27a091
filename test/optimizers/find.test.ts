import { describe, expect, it } from 'vitest';
import { findOptimizer } from '../../src/optimizers/find.ts';
import { LIBRARY_NAMES } from '../../src/optimizers/libraries.ts';

describe('a name that public configs spell so, in a library that need not have it', () => {
  it.each<[string, string, string, library?: string]>([
    ['adamw_torch_fused', 'adamw', 'times-lr', 'hf'],
    ['adamw_torch_npu_fused', 'adamw', 'times-lr', 'hf'],
    ['adamw_apex_fused', 'adamw', 'times-lr', 'hf'],
    ['adamw_anyprecision', 'adamw', 'times-lr', 'hf'],
    ['paged_adamw_8bit', 'adamw', 'times-lr', 'hf'],
    ['paged_adamw_32bit', 'adamw', 'times-lr'],
    ['adamw_bnb_8bit', 'adamw', 'times-lr'],
    ['AdamW8bit', 'adamw', 'times-lr'],
    ['Adam8bit', 'adamw', 'times-lr'],
    ['PagedAdam8bit', 'adamw', 'times-lr'],
    ['bitsandbytes.optim.Adam8bit', 'adamw', 'times-lr', 'keras'],
    ['adamw_bf16', 'adamw', 'times-lr'],
    ['optimi-adamw', 'adamw', 'times-lr', 'olmo'],
    ['AdamWScale', 'adamw', 'times-lr'],
    ['adam_onecycle', 'adamw', 'times-lr'],
    ['HybridAdam', 'adamw', 'times-lr'],
    ['DeepSpeedCPUAdam', 'adamw', 'times-lr'],
    ['CPUAdam', 'adamw', 'times-lr'],
    ['FusedAdam', 'adamw', 'times-lr'],
    ['deepspeed.ops.adam.FusedAdam', 'adamw', 'times-lr', 'hf'],
    ['distributed_fused_adam', 'adamw', 'times-lr', 'megatron'],
    ['mcore_distributed_optim', 'adamw', 'times-lr', 'torch'],
    ['mt_adamw', 'adamw', 'times-lr', 'torch'],
    ['torch.optim.AdamW', 'adamw', 'times-lr', 'nemo'],
    ['torch.optim.adamw.AdamW', 'adamw', 'times-lr'],
    ['ADAMW', 'adamw', 'times-lr'],
    ['Adam', 'adam', 'coupled'],
    ['tf.keras.optimizers.Adam', 'adam', 'times-lr'],
    ['Momentum', 'sgd', 'coupled'],
    ['SGDNesterov', 'sgd', 'coupled', 'torch'],
    ['FusedSGD', 'sgd', 'coupled'],
    ['lion_8bit', 'lion', 'times-lr', 'hf'],
    ['paged_lion_32bit', 'lion', 'times-lr', 'hf'],
    ['FusedLAMB', 'lamb', 'times-lr'],
    ['rmsprop_tf', 'rmsprop-tf', 'coupled', 'torch'],
    ['adamw_schedule_free', 'schedule-free-adamw', 'times-lr'],
    ['came_pytorch', 'came', 'times-lr', 'torch'],
  ])('%s', (name, is, weightDecay, library = 'torch') => {
    expect(findOptimizer(library, name)?.optimizer).toMatchObject({ name: is, weightDecay });
  });

  it('has no defaults where another library alone has it', () => {
    expect(findOptimizer('torch', 'distributed_fused_adam')?.defaults).toEqual({});
    expect(findOptimizer('nemo', 'distributed_fused_adam')?.defaults).toMatchObject({ secondMoment: 0.999 });
  });

  it('is none where libraries mean different things by it', () => {
    // OLMo's decays times lr, llm-foundry's independently of it.
    expect(findOptimizer('torch', 'decoupled_lionw')).toBeUndefined();
    expect(findOptimizer('olmo', 'decoupled_lionw')?.optimizer.weightDecay).toBe('times-lr');
    expect(findOptimizer('composer', 'decoupled_lionw')?.optimizer.weightDecay).toBe('independent');
  });
});

describe('a word that is no optimizer', () => {
  it.each(['constructor', 'toString', '__proto__', 'hasOwnProperty', 'fused', '8bit', 'auto', ''])(
    '"%s" is unknown to every library',
    (word) => {
      for (const library of [...LIBRARY_NAMES, 'no such library'])
        expect(findOptimizer(library, word), library).toBeUndefined();
    },
  );
});
