import { type Diagnostic, warning } from '../base/diagnostic.ts';
import { fraction, num } from '../base/numbers.ts';
import { readable } from '../document/pointer.ts';
import { decayOf, type Field, isComputed, isRole, offsetOf } from '../recipe/recipe.ts';
import type { Assessment, PlanTask } from './assessment.ts';
import { halfLife, samplesOf } from './decays.ts';
import { optimizerAdvice } from './optimizer-advice.ts';
import { peakOf } from './optimizer-settings.ts';
import type { Advice } from './rule.ts';

/**
 * Below these a decay has little left of an average. A second moment over so few batches has a relative standard
 * deviation near 0.5 in pure noise (sqrt(2(1-b)/(1+b))), which is where loss spikes were reported.
 */
const SHORT_SECOND_MOMENT = 0.8;
const SHORT_GRADIENT = 0.5;
/** bfloat16 keeps 8 significant bits: a change of less than 2^-9 of a value rounds away. */
const BF16_STEP = 2 ** -9;

/** What a user should know about a plan, with numbers. Empty where nothing changes. */
export function adviceOn(task: PlanTask, assessments: readonly Assessment[]): Diagnostic[] {
  const { recipe, batch } = task;
  const aboutAll = (advice: readonly Advice[]) => advice.map((a) => at(undefined, a));
  if (batch.kappa === 1) return aboutAll(nominalBatch(task, assessments));
  return [
    ...recipe.groups.flatMap((group) => {
      const together = recipe.groups.filter(({ pointer }) => pointer === group.pointer);
      const peak = peakOf(group) ?? peakOf({ fields: together.flatMap(({ fields }) => fields) });
      return optimizerAdvice(group, task).map((advice) => at(peak, advice));
    }),
    ...assessments.flatMap((a) =>
      [...decayAdvice(a, task), ...countAdvice(a, task)].map((w) => at(a.field, w)),
    ),
    ...recipe.clips.filter((c) => c.value > 0).map((c) => at(c, clipAdvice(c, batch.kappa))),
    ...unreadableFields(task),
    ...aboutAll(batchAdvice(task)),
    ...recipe.notes.map(({ pointer, note }) => warning('note', `${readable(pointer)}: ${note}`)),
  ];
}

function at(field: Field | undefined, advice: Advice): Diagnostic {
  return warning(advice.code, advice.message, field && offsetOf(field));
}

function nominalBatch({ batch: { from, moves } }: PlanTask, assessments: readonly Assessment[]): Advice[] {
  if (from.nominal === undefined || moves.length === 0) return [];
  const others = assessments.some((a) => a.field.role.role !== 'batch' && a.value !== a.field.value);
  const consequence = others
    ? '; only what depends on the number of passes changes'
    : ' and nothing else has to change';
  return [
    {
      code: 'nominal-batch',
      message: `the trainer accumulates gradients up to ${from.nominal} samples by itself, so the batch of a step stays ${from.global}${consequence}`,
    },
  ];
}

function batchAdvice({ batch: { from, to, kappa }, rule, options: { noiseScale } }: PlanTask): Advice[] {
  const advice: Advice[] = [];
  const aware = rule.uses?.includes('noiseScale');
  if (noiseScale !== undefined && to.global > noiseScale && kappa > 1 && !aware)
    advice.push({
      code: 'above-noise-scale',
      message: `the target batch ${to.global} is above the gradient noise scale ${num(noiseScale)}: a larger batch gains little there`,
    });
  if (from.fields.every((f) => f.role.part === 'accumulation'))
    advice.push({
      code: 'batch-elsewhere',
      message: `this file has no batch size to rewrite: set the global batch to ${to.global} where it is set`,
    });
  return advice;
}

function decayAdvice({ field, value, complement }: Assessment, task: PlanTask): Advice[] {
  if (!isRole(field, 'decay') || value === field.value || field.role.form === 'half-life') return [];
  const name = readable(field.pointer);
  const { of, form } = field.role;
  const [old, now] = [decayOf(field), decayOf({ role: field.role, value })];
  const advice: Advice[] = [];
  const samples = samplesOf(field.role, task);
  const kappa = samples.to / samples.from;
  const memory = -Math.log(old) * kappa;
  if (of === 'second-moment' && now < SHORT_SECOND_MOMENT)
    advice.push({
      code: 'short-beta2',
      message: `${name} becomes ${num(now)}: a second moment over so few batches has a relative standard deviation of ${num(Math.sqrt((2 * (1 - now)) / (1 + now)))} in noise, which can spike the loss. --floor-beta2 0.95 limits it; the window gets longer`,
    });
  else if (of === 'gradient' && now < SHORT_GRADIENT)
    advice.push({
      code: 'short-beta1',
      message: `${name} becomes ${num(now)}: hardly any momentum is left. Its memory, ${num(halfLife(old) * samples.from)} samples at half weight, is ${memory > 1 ? 'shorter than' : 'about'} one new batch of ${samples.to}`,
    });
  else if (memory > 1)
    advice.push({
      code: 'short-memory',
      message: `${name}: its memory in samples is shorter than one new batch (kappa*theta = ${num(memory)}), so the average has no effect`,
    });
  if (of === 'second-moment' && now === task.options.floorBeta2) {
    const kept = old ** kappa;
    advice.push({
      code: 'floored-beta2',
      message: `${name} is held at ${num(now)} where ${num(kept)} would keep its memory: the window is ${num(Math.log(kept) / Math.log(now))} times as long in samples`,
    });
  }
  const small = complement !== undefined && form !== 'complement' ? complement : 1 - now;
  if (small < BF16_STEP && 1 - old >= BF16_STEP)
    advice.push({
      code: 'state-precision',
      message: `${name}: 1-decay is now ${num(small)}, below what bfloat16 resolves (2^-9): keep this average's state in float32`,
    });
  return advice;
}

function countAdvice({ field, exact, value, scale }: Assessment, { options, batch }: PlanTask): Advice[] {
  if (!isRole(field, 'count')) return [];
  const { minimum = 1, use } = field.role;
  if (exact !== undefined && exact < minimum)
    return [
      {
        code: 'count-clamped',
        message: `${readable(field.pointer)}: ${num(field.value)} steps would become ${num(exact)}; the least allowed is ${value}`,
      },
    ];
  if (use === 'schedule' && options.steps === 'keep' && scale && scale.to !== scale.from)
    return [
      {
        code: 'steps-kept',
        message: `${readable(field.pointer)} is kept at ${num(field.value)} steps, which is now ${fraction(batch.kappa)} times the samples (--steps keep)`,
      },
    ];
  return [];
}

function clipAdvice({ pointer, value }: Field, kappa: number): Advice {
  return {
    code: 'clip',
    message: `${readable(pointer)} ${num(value)} is left alone: no rule is exact for a norm that mixes signal and noise. Where noise dominates, clip/sqrt(kappa) = ${num(value / Math.sqrt(kappa))}`,
  };
}

function unreadableFields({ recipe }: PlanTask): Diagnostic[] {
  return recipe.unreadable.flatMap((one) => {
    const { pointer, role, source, why, offset } = one;
    const matters =
      role.role === 'count' ? role.use !== 'cadence' : role.role !== 'batch' || role.part !== 'devices';
    const what = isComputed(one)
      ? `is computed, \`${source}\`, and not rewritten: check that it comes to the right value`
      : why === 'auto'
        ? `(${source}) is filled in from the trainer’s own config: convert that too`
        : `(${source}) is computed from other values: check the result`;
    return matters ? [warning(why, `${readable(pointer)} ${what}`, offset)] : [];
  });
}
