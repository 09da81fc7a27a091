import { describe, expect, it } from 'vitest';
import { findOptimizer } from '../../src/optimizers/find.ts';
import { LIBRARY_NAMES } from '../../src/optimizers/libraries.ts';

const found = (library: string, name: string) => {
  const binding = findOptimizer(library, name);
  return [binding?.optimizer.name, binding?.optimizer.weightDecay, binding?.defaults];
};

describe('an optimizer by the name a config gives it', () => {
  it('has the defaults of the package that the path names', () => {
    expect(found('torch', 'torch.optim.AdamW')[2]).toMatchObject({ epsilon: 1e-8, weightDecay: 0.01 });
    expect(found('keras', 'torch.optim.AdamW')[2]).toMatchObject({ epsilon: 1e-8, weightDecay: 0.01 });
    expect(found('torch', 'apex.optimizers.FusedLAMB')[2]).toMatchObject({
      epsilon: 1e-6,
      weightDecay: 0.01,
    });
    expect(found('torch', 'deepspeed.ops.lamb.FusedLamb')[2]).toMatchObject({
      epsilon: 1e-8,
      weightDecay: 0,
    });
  });

  it('has no defaults in a package that no table holds, and updates alike', () => {
    expect(found('torch', 'mylab.optim.AdamW')).toEqual(['adamw', 'times-lr', {}]);
    expect(found('torch', 'timm.optim.Lamb')).toEqual(['lamb', 'times-lr', {}]);
  });

  it('is AdamW where a package decays the weights so, whatever the name', () => {
    for (const [library, name] of [
      ['torch', 'apex.optimizers.FusedAdam'],
      ['torch', 'bitsandbytes.optim.Adam8bit'],
      ['timm', 'bnbadam8bit'],
      ['ai-toolkit', 'adam8'],
      ['deepspeed', 'Adam'],
      ['fairseq', 'adam'],
    ] as const)
      expect(found(library, name).slice(0, 2), name).toEqual(['adamw', 'times-lr']);
    expect(found('timm', 'fusedadam').slice(0, 2)).toEqual(['adam', 'coupled']);
  });

  it('is unknown to every library where no table has it', () => {
    for (const library of LIBRARY_NAMES) expect(findOptimizer(library, 'mine'), library).toBeUndefined();
  });
});
