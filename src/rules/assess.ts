import { exponent, fraction, num } from '../base/numbers.ts';
import { Problem } from '../base/problem.ts';
import type { CountRole, DecayRole, TrainerScaling } from '../dialect/roles.ts';
import { roundTo } from '../document/number.ts';
import { keyOf, type Pointer, parentOf, readable } from '../document/pointer.ts';
import type { BatchChange } from '../recipe/batch.ts';
import { type Field, type Group, isRole, type Recipe } from '../recipe/recipe.ts';
import type { Ratio, Rule, RuleOptions, Scaled, Settings } from './rule.ts';
import type { TimeScale } from './time-scale.ts';
import { trainerFactor } from './trainer.ts';

/** What the user chooses about the plan. */
export interface PlanOptions extends RuleOptions {
  /** Significant digits to write; 6 unless told. */
  readonly digits?: number;
  /** `keep` leaves warm-up and schedule lengths in steps as they are. */
  readonly steps?: 'keep' | 'scale';
  /** Also scale how often the run logs, saves and evaluates. */
  readonly cadence?: boolean;
  /** False: never write a field that the file leaves to the trainer's default. */
  readonly insert?: boolean;
}

/** A field under a rule: what it becomes and why, also where it stays. */
export interface Assessment extends Scaled {
  readonly field: Field;
  /** The optimizer's settings, for fields of one. */
  readonly settings?: Settings;
  /** The value as it will be written; for counts before rounding see `exact`. */
  readonly value: number;
  /** A count before it was rounded and clamped. */
  readonly exact?: number;
  readonly scale?: TimeScale;
}

/** Everything an assessment looks at. */
export interface Task {
  readonly recipe: Recipe;
  readonly batch: BatchChange;
  readonly rule: Rule;
  readonly options: PlanOptions;
}

/** What a rule makes of every field of a recipe, in the order batch, optimizers, averages, counts, clips. */
export function assess(task: Task): Assessment[] {
  const { recipe, batch } = task;
  const assessed = [
    ...batch.from.fields.map((field) => assessBatch(field, task)),
    ...recipe.groups.flatMap((group) => assessGroup(group, task)),
    ...recipe.averages.map((field) => assessAverage(field, task)),
    ...recipe.counts.map((field) => assessCount(field, task)),
    ...recipe.ramps.map((field) => assessRamp(field, task)),
    ...recipe.clips.map((field) => stays(field, 'No rule is exact for a norm that mixes signal and noise')),
  ].map((a) => rounded(a, task.options.digits));
  return keepConstraints(assessed, recipe.constraints);
}

function ratioOf({ from, to, kappa }: BatchChange): Ratio {
  return { from: from.global, to: to.global, kappa };
}

function stays(field: Field, reason: string): Assessment {
  return { field, value: field.value, formula: 'unchanged', reason };
}

function assessBatch(field: Field, { batch: { from, moves, to } }: Task): Assessment {
  const move = moves.find((m) => m.field === field);
  if (!move) return stays(field, 'This part of the batch stays');
  const split = from.micro !== undefined || from.world !== undefined;
  if (!split) return { field, value: move.to, formula: `${to.global} in all`, reason: 'The batch asked for' };
  const unknownWorld = from.accumulates && from.world === undefined && to.world === 1;
  const parts = unknownWorld
    ? `${to.accumulation} (accumulation x devices)`
    : `accumulation ${to.accumulation} x devices ${to.world}`;
  return {
    field,
    value: move.to,
    formula: `${to.global} = micro ${to.micro} x ${parts}`,
    reason: 'The batch asked for',
  };
}

function assessGroup(group: Group, task: Task): Assessment[] {
  const settings = settingsOf(group);
  const factor = task.rule.learningRateFactor(settings, ratioOf(task.batch), task.options);
  return group.fields.map((field) => ({ ...assessSetting(field, settings, factor, task), settings }));
}

function assessSetting(
  field: Field,
  settings: Settings,
  factor: { value: number; formula: string; reason: string },
  task: Task,
): Assessment {
  const { rule, options, batch } = task;
  const ratio = ratioOf(batch);
  if (isRole(field, 'learning-rate')) return learningRate(field, settings, factor, task);
  if (isRole(field, 'decay')) return decay(field, settings, ratio.kappa, task);
  if (isRole(field, 'dampening')) return dampening(field, settings, task);
  if (isRole(field, 'weight-decay')) {
    const form = field.role.form ?? settings.optimizer.weightDecay;
    return divideOut(
      field,
      rule.weightDecay(field.value, form, settings, factor.value, ratio),
      field.role.trainer,
      task,
    );
  }
  if (isRole(field, 'epsilon'))
    return {
      field,
      ...rule.epsilon(
        field.value,
        field.role.inside ?? settings.optimizer.epsilonInside,
        settings,
        ratio,
        options,
      ),
    };
  if (isRole(field, 'rate'))
    return {
      field,
      value: field.value * ratio.kappa,
      formula: `${num(field.value)}*${fraction(ratio.kappa)}`,
      reason: 'A rate per step; there are kappa times fewer steps for the same samples',
    };
  return stays(field, 'It does not depend on the batch');
}

function learningRate(
  field: Field,
  settings: Settings,
  factor: { value: number; formula: string; reason: string },
  task: Task,
): Assessment {
  if (field.value === 0 || !isRole(field, 'learning-rate')) return stays(field, 'A rate of 0 stays 0');
  const { from, to } = ratioOf(task.batch);
  const wanted = {
    value: field.value * factor.value,
    formula: `${factor.formula} * ${num(field.value)}`,
    reason: factor.reason,
  };
  const [before, after] = stepWeights(settings, task);
  const what = before === 1 && after === 1 ? 'lr per sample' : 'lr/(1-mu) per sample';
  const scale: TimeScale = { what, from: (field.value * before) / from, to: (wanted.value * after) / to };
  return { ...divideOut(field, wanted, field.role.trainer, task), scale };
}

/** What a gradient's step weighs in all, old and new: (1-tau)/(1-mu) in a summing buffer, 1 in an average. */
function stepWeights(settings: Settings, { rule, options, batch }: Task): [old: number, now: number] {
  const { optimizer, gradientDecay: mu = 0, dampening: tau = 0 } = settings;
  if (optimizer.buffer !== 'sum' || optimizer.normalises === 'after-momentum' || mu === 0) return [1, 1];
  const decayed = rule.decay(mu, 'gradient', settings, batch.kappa, options);
  const complement = decayed.complement ?? 1 - decayed.value;
  return tau === mu ? [1, 1] : [(1 - tau) / (1 - mu), (1 - tau) / complement];
}

/** Where the trainer multiplies a value itself, the file gets the wanted value divided by what it will do. */
function divideOut(
  field: Field,
  wanted: Scaled,
  trainer: TrainerScaling | undefined,
  task: Task,
): Assessment {
  const { batch, options } = task;
  const own = trainerFactor(trainer, {
    kappa: batch.kappa,
    world: batch.world,
    accumulation: [batch.from.accumulation, batch.to.accumulation],
    stepsKept: options.steps === 'keep',
  });
  if (own === 1) return { field, ...wanted };
  return {
    field,
    value: wanted.value / own,
    formula: `${wanted.formula === 'unchanged' ? num(field.value) : wanted.formula} / ${fraction(own)}`,
    reason: `${wanted.reason}. The trainer itself multiplies by ${fraction(own)} at the new batch, which is divided out`,
  };
}

function decay(
  field: Field<DecayRole>,
  settings: Settings | undefined,
  kappa: number,
  { rule, options, batch }: Task,
): Assessment {
  const { form, of, whole } = field.role;
  const perUpdate = of === 'batch-norm' ? (batch.from.micro ?? batch.from.global) : batch.from.global;
  if (form === 'half-life') {
    const length = field.value * perUpdate;
    const scaled = rule.count(field.value, kappa);
    const value = whole ? Math.max(1, Math.round(scaled.value)) : scaled.value;
    return {
      field,
      ...scaled,
      value,
      scale: { what: 'half-life', from: length, to: value * kappa * perUpdate },
    };
  }
  if (field.value === 0 || field.value === 1)
    return stays(
      field,
      field.value === (form === 'complement' ? 1 : 0) ? 'It keeps no history' : 'It never forgets',
    );
  if (of === 'gradient' && settings?.optimizer.interpolatesIterates)
    return stays(field, 'It interpolates between iterates and is no average');
  const old = form === 'complement' ? 1 - field.value : field.value;
  const scaled = floored(rule.decay(old, of, settings, kappa, options), of, options);
  const complement = scaled.complement ?? 1 - scaled.value;
  if (scaled.value >= 1 && form !== 'complement')
    throw new Problem(
      'out-of-range',
      `${readable(field.pointer)} would become 1-${num(complement)}, which no float64 tells from 1: this batch is too small for an average that long`,
    );
  const scale: TimeScale = {
    what: 'half-life',
    from: halfLife(old) * perUpdate,
    to: halfLife(scaled.value, complement) * perUpdate * kappa,
  };
  if (form !== 'complement') return { field, ...scaled, complement, scale };
  const formula =
    scaled.formula === 'unchanged' ? scaled.formula : `1-(1-${num(field.value)})^${exponent(kappa)}`;
  return { field, ...scaled, value: complement, complement: scaled.value, formula, scale };
}

function floored(scaled: Scaled, of: DecayRole['of'], { floorBeta2 }: PlanOptions): Scaled {
  if (of !== 'second-moment' || floorBeta2 === undefined || scaled.value >= floorBeta2) return scaled;
  return {
    value: floorBeta2,
    complement: 1 - floorBeta2,
    formula: `max(${scaled.formula}, ${num(floorBeta2)})`,
    reason: 'Held at the floor asked for: the window is longer in samples than before',
  };
}

function dampening(field: Field, settings: Settings, { rule, options, batch }: Task): Assessment {
  if (field.value === 0 || field.value !== settings.gradientDecay)
    return stays(
      field,
      field.value === 0
        ? 'The buffer sums undamped gradients'
        : 'It is kept, and the learning rate allows for it',
    );
  const scaled = rule.decay(field.value, 'gradient', settings, batch.kappa, options);
  return {
    field,
    ...scaled,
    reason: 'Dampening equal to the momentum makes the buffer an average; it follows the momentum',
  };
}

function assessAverage(field: Field<DecayRole>, task: Task): Assessment {
  const { kappa, perDevice, perForward } = task.batch;
  if (field.role.of !== 'batch-norm')
    return decay(field, undefined, field.role.per === 'forward' ? perForward : kappa, task);
  return decay(field, undefined, task.recipe.syncNorm ? perForward : perDevice, task);
}

/**
 * 1-(1+t/gamma)^-p: the rate (gamma/t)^p at the same samples must be kappa times as large, so gamma moves by
 * kappa^((1-p)/p); at p = 1 all updates weigh alike and nothing has to move.
 */
function assessRamp(field: Field, { recipe, batch: { kappa } }: Task): Assessment {
  if (!isRole(field, 'ramp-gamma')) return stays(field, 'The shape of the ramp stays');
  const power = recipe.ramps.find(
    (f) => isRole(f, 'ramp-power') && parentOf(f.pointer) === parentOf(field.pointer),
  )?.value;
  if (power === undefined || power <= 0) return stays(field, 'The power of this ramp is not known');
  const exponentOfKappa = (1 - power) / power;
  return {
    field,
    value: field.value * kappa ** exponentOfKappa,
    formula: `${num(field.value)}*${exponent(kappa)}^${num(exponentOfKappa)}`,
    reason: 'The average ramps up over the same samples',
  };
}

const STAYING_UNITS: Partial<Record<CountRole['unit'], string>> = {
  samples: 'Counted in samples already',
  tokens: 'Counted in tokens already',
  epochs: 'Counted in epochs: the same samples',
};

function assessCount(field: Field<CountRole>, { batch, rule, options }: Task): Assessment {
  const { unit, use, minimum = 1, origin = 0 } = field.role;
  const { kappa, perForward, world } = batch;
  const staying = STAYING_UNITS[unit];
  if (staying) return stays(field, staying);
  if (field.value <= 0) return stays(field, 'Switched off');
  if (isFraction(field)) return stays(field, 'A fraction of the run');
  const steps = field.value - origin;
  if (steps <= 0) return stays(field, 'The first step');
  const ratio = unit === 'micro-steps' ? perForward : unit === 'scheduler-ticks' ? kappa / world : kappa;
  const { accumulation, world: devices = 1 } = batch.from;
  const perStep = unit === 'micro-steps' ? accumulation : unit === 'scheduler-ticks' ? devices : 1;
  const samples = (batch.from.global * steps) / perStep;
  const lengthAt = (value: number): TimeScale => ({
    what: 'length',
    from: samples,
    to: (samples * ratio * (value - origin)) / steps,
  });
  if (use === 'cadence' && !options.cadence)
    return {
      ...stays(field, 'How often to log, save or evaluate is left alone without --cadence'),
      scale: lengthAt(field.value),
    };
  if (use === 'schedule' && options.steps === 'keep')
    return { ...stays(field, 'Kept in steps (--steps keep)'), scale: lengthAt(field.value) };
  const scaled = rule.count(steps, ratio);
  const exact = scaled.value + origin;
  const value = Math.max(minimum, Math.round(exact));
  const start = origin ? `${origin} + ${scaled.formula}` : scaled.formula;
  const formula = value === exact ? start : `${start} = ${num(exact)}`;
  return { field, ...scaled, value, exact, formula, scale: lengthAt(value) };
}

/** A count that the trainer reads as a fraction of the run. */
function isFraction({ value, site, role }: Field<CountRole>): boolean {
  if (role.fraction === 'float') return site.kind === 'text' && /[.e]/i.test(site.source);
  return role.fraction === 'below-1' && value < 1;
}

function rounded(a: Assessment, digits = 6): Assessment {
  if (a.value === a.field.value || Number.isInteger(a.value)) return a;
  return {
    ...a,
    value: roundTo(a.value, { digits, ...(a.complement === undefined ? {} : { complement: a.complement }) }),
  };
}

/** Counts that rounding tore apart are put together again: multiples stay multiples, sums stay sums. */
function keepConstraints(assessed: readonly Assessment[], constraints: Recipe['constraints']): Assessment[] {
  const result = [...assessed];
  const replace = (old: Assessment, value: number, why: string) => {
    result[result.indexOf(old)] = { ...old, value, reason: `${old.reason}; ${why}` };
  };
  for (const { scope, constraint } of constraints) {
    const [first, ...others] = constraint.of.map((key) =>
      result.find((a) => a.field.pointer === `${scope}/${key}`),
    );
    const last = others.at(-1);
    if (!first || !last || others.includes(undefined)) continue;
    const parts = others as Assessment[];
    if (constraint.kind === 'multiple') {
      if (first.field.value % last.field.value !== 0 || first.value % last.value === 0) continue;
      replace(
        first,
        last.value * Math.max(1, Math.round(first.value / last.value)),
        `a multiple of ${keyOf(last.field.pointer)}, as the trainer demands`,
      );
    } else {
      const sum = (of: (a: Assessment) => number) => parts.reduce((total, part) => total + of(part), 0);
      if (sum((a) => a.field.value) !== first.field.value) continue;
      const value = last.value + first.value - sum((a) => a.value);
      if (value !== last.value)
        replace(last, value, `so that the parts add up to ${keyOf(first.field.pointer)}`);
    }
  }
  return result;
}

/** The settings of a group that its rules look at together; the block's own fields come before a scheduler's. */
export function settingsOf({
  binding,
  fields,
  nesterov,
}: Pick<Group, 'binding' | 'fields' | 'nesterov'>): Settings {
  const first = (of: DecayRole['of']) => fields.find((f) => isRole(f, 'decay') && f.role.of === of)?.value;
  const gradientDecay = first('gradient');
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

/** Updates after which a decay has forgotten half. @param complement 1 - decay, where it is known more exactly */
export function halfLife(decay: number, complement = 1 - decay): number {
  return Math.LN2 / -Math.log1p(-complement);
}

/** The pointer of the list that an inserted entry belongs to. */
export function listOf({ site, pointer }: Field): Pointer {
  return site.kind === 'absent' && site.index !== undefined ? parentOf(pointer) : pointer;
}
