import type { DecayRole, LearningRateRole } from '../dialect/roles.ts';
import { type Field, type Group, isRole } from '../recipe/recipe.ts';
import type { OptimizerSettings } from './rule.ts';

/**
 * The settings of a group that its rules look at together. A scheduler that moves the momentum has its lowest where the
 * learning rate is highest, and the other way round (pytorch/pytorch torch/optim/lr_scheduler.py CyclicLR).
 * @param point the end of such a schedule; where nothing moves the momentum, the block's own comes first
 */
export function optimizerSettings(
  { binding, fields, nesterov }: Pick<Group, 'binding' | 'fields' | 'nesterov'>,
  point: 'peak' | 'minimum' = 'peak',
): OptimizerSettings {
  const first = (of: DecayRole['of']) => fields.find((f) => isRole(f, 'decay') && f.role.of === of)?.value;
  const end = point === 'peak' ? 'lowest' : 'highest';
  const cycled = fields.find((f) => isRole(f, 'decay') && f.role.cycled === end)?.value;
  const gradientDecay = cycled ?? first('gradient');
  const secondMomentDecay = first('second-moment');
  const dampening = fields.find((f) => isRole(f, 'dampening'))?.value;
  return {
    optimizer: binding.optimizer,
    ...(gradientDecay === undefined ? {} : { gradientDecay }),
    ...(secondMomentDecay === undefined ? {} : { secondMomentDecay }),
    ...(dampening === undefined ? {} : { dampening }),
    nesterov,
  };
}

/** The learning rate that an optimizer's messages and decisions are about: the one at the peak. */
export function peakOf({ fields }: Pick<Group, 'fields'>): Field<LearningRateRole> | undefined {
  const rates = fields.filter((f): f is Field<LearningRateRole> => isRole(f, 'learning-rate'));
  return rates.find((f) => f.role.point === 'peak') ?? rates[0];
}
