import { num } from '../base/numbers.ts';
import { Problem } from '../base/problem.ts';
import type { DecayRole } from '../dialect/roles.ts';
import { parentOf, readable } from '../document/pointer.ts';
import { type Field, isRole } from '../recipe/recipe.ts';
import { samplesPerUpdate } from '../recipe/samples.ts';
import { type Assessment, becomes, type PlanOptions, type PlanTask, stays } from './assessment.ts';
import { atLeast, constant, oneMinus, power, ratio, times } from './quantity.ts';
import type { OptimizerSettings, Scaled } from './rule.ts';
import type { TimeScale } from './time-scale.ts';

/** A decay, in whatever form it is written; `settings` are those of its optimizer, if it belongs to one. */
export function assessDecay(
  field: Field<DecayRole>,
  settings: OptimizerSettings | undefined,
  task: PlanTask,
): Assessment {
  const { rule, options } = task;
  const { form, of } = field.role;
  const samples = samplesOf(field.role, task);
  if (form === 'half-life') return halfLifeCount(field, samples, task);
  const old = form === 'complement' ? oneMinus(constant(field.value)) : constant(field.value);
  if (old.value === 0) return stays(field, 'decay 0: no averaging');
  if (old.complement === 0) return stays(field, 'decay 1: never updated');
  if (of === 'gradient' && settings?.optimizer.interpolatesIterates)
    return stays(field, 'It interpolates between iterates and is not an average');
  const scaled = floored(rule.decay(old, of, settings, samples.to / samples.from, options), of, options);
  if (scaled.value >= 1 && form !== 'complement')
    throw new Problem(
      'out-of-range',
      `${readable(field.pointer)} would become 1-${num(scaled.complement)}, which rounds to 1 in float64: this batch is too small for such a long average`,
    );
  const scale: TimeScale = {
    what: 'half-life',
    from: halfLife(old.value, old.complement) * samples.from,
    to: halfLife(scaled.value, scaled.complement) * samples.to,
  };
  const written = form === 'complement' ? oneMinus(scaled) : scaled;
  return { ...becomes(field, written, scaled.reason), complement: written.complement, scale };
}

/** Samples behind one update of an average, before and after. */
export function samplesOf(
  role: DecayRole,
  { recipe, batch }: PlanTask,
): { readonly from: number; readonly to: number } {
  return {
    from: samplesPerUpdate(role, batch.from, recipe.syncNorm),
    to: samplesPerUpdate(role, batch.to, recipe.syncNorm),
  };
}

/** A half-life in updates is divided as a number of steps is. */
function halfLifeCount(
  field: Field<DecayRole>,
  samples: ReturnType<typeof samplesOf>,
  { rule }: PlanTask,
): Assessment {
  const scaled = rule.count(constant(field.value), samples.to / samples.from);
  const value = field.role.whole ? Math.max(1, Math.round(scaled.value)) : scaled.value;
  const scale: TimeScale = {
    what: 'half-life',
    from: field.value * samples.from,
    to: value * samples.to,
  };
  return { ...becomes(field, scaled, scaled.reason), value, scale };
}

function floored(scaled: Scaled, of: DecayRole['of'], { floorBeta2 }: PlanOptions): Scaled {
  if (of !== 'second-moment' || floorBeta2 === undefined || scaled.value >= floorBeta2) return scaled;
  return {
    ...atLeast(constant(floorBeta2), scaled),
    reason: 'Held at the given floor: the window is longer in samples than before',
  };
}

/** torch's dampening, which makes the buffer an average where it equals the momentum. */
export function assessDampening(field: Field, settings: OptimizerSettings, task: PlanTask): Assessment {
  if (field.value === 0) return stays(field, 'The buffer sums undamped gradients');
  if (field.value !== settings.gradientDecay)
    return stays(field, 'It is kept, and the learning rate allows for it');
  const { rule, batch, options } = task;
  const scaled = rule.decay(constant(field.value), 'gradient', settings, batch.kappa, options);
  const reason = 'Dampening equal to the momentum makes the buffer an average; it follows the momentum';
  return { ...becomes(field, scaled, reason), complement: scaled.complement };
}

/**
 * 1-(1+t/gamma)^-p: the rate (gamma/t)^p at the same samples must be kappa times as large, so gamma moves by
 * kappa^((1-p)/p); at p = 1 all updates weigh alike and nothing has to move.
 */
export function assessRamp(field: Field, { recipe, batch: { kappa } }: PlanTask): Assessment {
  if (!isRole(field, 'ramp-gamma')) return stays(field, 'The shape of the ramp stays');
  const p = recipe.ramps.find(
    (f) => isRole(f, 'ramp-power') && parentOf(f.pointer) === parentOf(field.pointer),
  )?.value;
  if (p === undefined || p <= 0) return stays(field, 'The power of this ramp is unknown');
  const gamma = times(constant(field.value), power(ratio(kappa), constant((1 - p) / p)));
  return becomes(field, gamma, 'The average ramps up over the same samples');
}

/** Updates after which a decay has forgotten half. @param complement 1 - decay, where it is known more exactly */
export function halfLife(decay: number, complement = 1 - decay): number {
  return Math.LN2 / -Math.log1p(-complement);
}
