import type { CountRole } from '../dialect/roles.ts';
import { keyOf } from '../document/pointer.ts';
import type { Field, Recipe } from '../recipe/recipe.ts';
import { type Assessment, becomes, type PlanTask, stays } from './assessment.ts';
import { atLeast, constant, evaluated, minus, plus, type Quantity, times } from './quantity.ts';
import type { TimeScale } from './time-scale.ts';

const STAYING_UNITS: Partial<Record<CountRole['unit'], string>> = {
  samples: 'Counted in samples already',
  tokens: 'Counted in tokens already',
  epochs: 'Counted in epochs: the same samples',
};

/** A number of steps, of forward passes, or of a scheduler's ticks. */
export function assessCount(field: Field<CountRole>, { batch, rule, options }: PlanTask): Assessment {
  const { unit, use, minimum = 1, origin = 0 } = field.role;
  const staying = STAYING_UNITS[unit];
  if (staying) return stays(field, staying);
  if (field.value <= 0) return stays(field, 'Switched off');
  if (isFraction(field)) return stays(field, 'A fraction of the run');
  const steps = field.value - origin;
  if (steps <= 0) return stays(field, 'The first step');
  const { kappa, perForward, world, from } = batch;
  const { accumulation, world: devices = 1 } = from;
  const perStep = unit === 'micro-steps' ? accumulation : unit === 'scheduler-ticks' ? devices : 1;
  const ratio = unit === 'micro-steps' ? perForward : unit === 'scheduler-ticks' ? kappa / world : kappa;
  const samples = (from.global * steps) / perStep;
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
  const scaled = rule.count(constant(steps), ratio);
  const exact = origin ? plus(constant(origin), scaled, ' ') : scaled;
  const whole = wholeNumber(exact, minimum);
  return { ...becomes(field, whole, scaled.reason), exact: exact.value, scale: lengthAt(whole.value) };
}

/** A count as a whole number of at least `minimum`; where it was rounded, its formula shows the exact value. */
function wholeNumber(exact: Quantity, minimum: number): Quantity {
  const value = Math.max(minimum, Math.round(exact.value));
  const shown = atLeast(constant(minimum), exact);
  return { ...(value === shown.value ? shown : evaluated(shown)), value };
}

/** A count that the trainer reads as a fraction of the run. */
function isFraction({ value, site, role }: Field<CountRole>): boolean {
  if (role.fraction === 'float') return site.kind === 'text' && /[.e]/i.test(site.source);
  return role.fraction === 'below-1' && value < 1;
}

/** Repairs what rounding broke: multiples stay multiples, sums stay sums. */
export function keepConstraints(
  assessed: readonly Assessment[],
  constraints: Recipe['constraints'],
): Assessment[] {
  const result = [...assessed];
  for (const { scope, constraint } of constraints) {
    const parts = constraint.of.map((key) => result.find((a) => a.field.pointer === `${scope}/${key}`));
    if (parts.includes(undefined)) continue;
    const keep = constraint.kind === 'multiple' ? keptMultiple : keptSum;
    const kept = keep(parts as Assessment[]);
    const at = result.findIndex((a) => a.field === kept?.field);
    if (kept) result[at] = kept;
  }
  return result;
}

function keptMultiple([first, ...others]: Assessment[]): Assessment | undefined {
  const last = others.at(-1);
  if (!first || !last) return undefined;
  if (first.field.value % last.field.value !== 0 || first.value % last.value === 0) return undefined;
  const many = Math.max(1, Math.round(first.value / last.value));
  return replaced(
    first,
    times(constant(many), constant(last.value)),
    `a multiple of ${keyOf(last.field.pointer)}, as the trainer requires`,
  );
}

function keptSum([first, ...parts]: Assessment[]): Assessment | undefined {
  const last = parts.at(-1);
  if (!first || !last) return undefined;
  const sum = (of: (a: Assessment) => number) => parts.reduce((total, part) => total + of(part), 0);
  if (sum((a) => a.field.value) !== first.field.value || sum((a) => a.value) === first.value)
    return undefined;
  const rest = parts.slice(0, -1).map((a) => constant(a.value));
  return replaced(
    last,
    rest.reduce(minus, constant(first.value)),
    `so that the parts add up to ${keyOf(first.field.pointer)}`,
  );
}

function replaced(old: Assessment, { value, formula }: Quantity, why: string): Assessment {
  return { ...old, value, formula, reason: `${old.reason}; ${why}` };
}
