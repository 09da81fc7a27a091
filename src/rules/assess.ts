import { num } from '../base/numbers.ts';
import { roundTo } from '../document/number.ts';
import { type Field, type Group, isRole } from '../recipe/recipe.ts';
import { type Assessment, becomes, globalRatio, type PlanTask, stays } from './assessment.ts';
import { assessCount, keepConstraints } from './counts.ts';
import { assessDampening, assessDecay, assessRamp } from './decays.ts';
import { isKept, KEPT, ruleFor } from './keep.ts';
import { assessLearningRate, assessWeightDecay } from './learning-rates.ts';
import { optimizerSettings } from './optimizer-settings.ts';
import { constant, ratio, times } from './quantity.ts';
import type { OptimizerSettings, Scaled } from './rule.ts';

/** What a rule makes of every field of a recipe, in the order batch, optimizers, averages, counts, clips. */
export function assess(task: PlanTask): Assessment[] {
  const { recipe, batch } = task;
  const assessed = [
    ...batch.from.fields.map((field) => assessBatch(field, task)),
    ...recipe.groups.flatMap((group) => assessGroup(group, task)),
    ...recipe.averages.map((field) => assessDecay(field, undefined, task)),
    ...recipe.counts.map((field) => assessCount(field, task)),
    ...recipe.ramps.map((field) => assessRamp(field, task)),
    ...recipe.clips.map((field) => stays(field, 'No rule is exact for a norm that mixes signal and noise')),
  ].map((a) => toDigits(asKept(a, task), task.options.digits));
  return keepConstraints(assessed, recipe.constraints);
}

/** A part of the batch; its formula is the equation of the whole batch. */
function assessBatch(field: Field, { batch: { from, moves, to } }: PlanTask): Assessment {
  const move = moves.find((m) => m.field === field);
  if (!move) return stays(field, 'This part of the batch stays');
  const reason = 'The batch asked for';
  if (from.perDevice)
    return {
      field,
      value: move.to,
      formula: `${num(to.global)} per device = micro ${num(to.micro ?? to.global)} x accumulation ${to.accumulation}`,
      reason,
    };
  const split = from.micro !== undefined || from.world !== undefined;
  if (!split) return { field, value: move.to, formula: `${to.global} in all`, reason };
  const unknownWorld = from.accumulates && from.world === undefined && to.world === 1;
  const parts = unknownWorld
    ? `${to.accumulation} (accumulation x devices)`
    : `accumulation ${to.accumulation} x devices ${to.world}`;
  return { field, value: move.to, formula: `${to.global} = micro ${to.micro} x ${parts}`, reason };
}

/** What the user keeps is as it was, whatever the rule says. */
function asKept(a: Assessment, { options }: PlanTask): Assessment {
  if (!isKept(a.field, options) || isRole(a.field, 'batch')) return a;
  const { settings } = a;
  return { ...stays(a.field, KEPT), ...(settings ? { settings } : {}) };
}

function assessGroup(group: Group, task: PlanTask): Assessment[] {
  const own = { ...task, rule: ruleFor(group, task) };
  const at = (point: 'peak' | 'minimum') => {
    const settings = optimizerSettings(group, point);
    return { settings, factor: own.rule.learningRateFactor(settings, globalRatio(task.batch), task.options) };
  };
  const [peak, lowest] = [at('peak'), at('minimum')];
  return group.fields.map((field) => {
    const { settings, factor } =
      isRole(field, 'learning-rate') && field.role.point === 'minimum' ? lowest : peak;
    return { ...assessSetting(field, settings, factor, own), settings };
  });
}

function assessSetting(
  field: Field,
  settings: OptimizerSettings,
  factor: Scaled,
  task: PlanTask,
): Assessment {
  if (isRole(field, 'learning-rate')) return assessLearningRate(field, settings, factor, task);
  if (isRole(field, 'decay')) return assessDecay(field, settings, task);
  if (isRole(field, 'dampening')) return assessDampening(field, settings, task);
  if (isRole(field, 'weight-decay')) return assessWeightDecay(field, settings, factor.value, task);
  const { rule, options, batch } = task;
  if (isRole(field, 'epsilon')) {
    const inside = field.role.inside ?? settings.optimizer.epsilonInside;
    const scaled = rule.epsilon(constant(field.value), inside, settings, globalRatio(batch), options);
    return becomes(field, scaled, scaled.reason);
  }
  if (isRole(field, 'rate'))
    return becomes(
      field,
      times(constant(field.value), ratio(batch.kappa)),
      'A rate per step; there are kappa times fewer steps for the same samples',
    );
  return stays(field, 'It does not depend on the batch');
}

function toDigits(a: Assessment, digits = 6): Assessment {
  if (a.value === a.field.value || Number.isInteger(a.value)) return a;
  return {
    ...a,
    value: roundTo(a.value, { digits, ...(a.complement === undefined ? {} : { complement: a.complement }) }),
  };
}
