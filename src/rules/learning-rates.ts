import type { LearningRateRole, Role, TrainerScaling } from '../dialect/roles.ts';
import type { Field } from '../recipe/recipe.ts';
import { type Assessment, becomes, globalRatio, type PlanTask, stays } from './assessment.ts';
import { constant, over, ratio, times } from './quantity.ts';
import type { OptimizerSettings, Scaled } from './rule.ts';
import type { TimeScale } from './time-scale.ts';
import { trainerChange, trainerFactor } from './trainer.ts';

/** A learning rate; `factor` is what the rule multiplies those of its optimizer by. */
export function assessLearningRate(
  field: Field<LearningRateRole>,
  settings: OptimizerSettings,
  factor: Scaled,
  task: PlanTask,
): Assessment {
  if (field.value === 0) return stays(field, 'A rate of 0 stays 0');
  const { from, to } = globalRatio(task.batch);
  const wanted = { ...times(factor, constant(field.value), ' '), reason: factor.reason };
  const [before, after] = stepWeights(settings, task);
  const what = before === 1 && after === 1 ? 'lr-per-sample' : 'effective-lr-per-sample';
  const scale: TimeScale = { what, from: (field.value * before) / from, to: (wanted.value * after) / to };
  return { ...divideOut(field, wanted, field.role.trainer, task), scale };
}

/** A weight decay; `lrFactor` is what the learning rates of its optimizer are multiplied by. */
export function assessWeightDecay(
  field: Field<Extract<Role, { role: 'weight-decay' }>>,
  settings: OptimizerSettings,
  lrFactor: number,
  task: PlanTask,
): Assessment {
  const form = field.role.form ?? settings.optimizer.weightDecay;
  const old = constant(field.value);
  const wanted = task.rule.weightDecay(old, form, settings, lrFactor, globalRatio(task.batch));
  return divideOut(field, wanted, field.role.trainer, task);
}

/** The total weight of one gradient in the steps, old and new: (1-tau)/(1-mu) in a summing buffer, 1 in an average. */
function stepWeights(
  settings: OptimizerSettings,
  { rule, options, batch }: PlanTask,
): [old: number, now: number] {
  const { optimizer, gradientDecay: mu = 0, dampening: tau = 0 } = settings;
  if (optimizer.buffer !== 'sum' || optimizer.normalises === 'after-momentum' || mu === 0 || tau === mu)
    return [1, 1];
  const { complement } = rule.decay(constant(mu), 'gradient', settings, batch.kappa, options);
  return [(1 - tau) / (1 - mu), (1 - tau) / complement];
}

/** Where the trainer scales a value itself, the file gets the wanted value divided by the trainer's factor. */
function divideOut(
  field: Field,
  wanted: Scaled,
  trainer: TrainerScaling | undefined,
  task: PlanTask,
): Assessment {
  const own = ratio(trainerFactor(trainer, trainerChange(task)));
  if (own.value === 1) return becomes(field, wanted, wanted.reason);
  return becomes(
    field,
    over(wanted, own, ' '),
    `${wanted.reason}. The trainer itself multiplies by ${own.formula} at the new batch, which is divided out`,
  );
}
