import { Problem } from '../base/problem.ts';
import type { DecayRole } from '../dialect/roles.ts';
import { fieldName, segments } from '../document/pointer.ts';
import { type Field, fieldsOf, type Group, isRole, type Recipe } from '../recipe/recipe.ts';
import type { PlanOptions, PlanTask } from './assessment.ts';
import { optimizerSettings, peakOf } from './optimizer-settings.ts';
import { ratio as ratioOf, unchanged } from './quantity.ts';
import type { OptimizerSettings, Rule } from './rule.ts';
import { trainerChange, trainerFactor } from './trainer.ts';

/** Why a field stays that the user keeps. */
export const KEPT = 'It is kept, as asked';

/** Whether the user keeps this field. */
export function isKept(field: Field, { keep = [] }: PlanOptions): boolean {
  return keep.some((name) => names(name, field));
}

/**
 * Whether a name is this field's: its key, the key of its list, or a longer end of its path, as `betas`,
 * `optimizer.betas[0]`, `/optimizer/betas/0` or, of a command, `--adam-beta1`.
 */
function names(name: string, { pointer, part }: Field): boolean {
  const asked = name
    .replace(/^--/, '')
    .split(/[./[\]]+/)
    .filter(Boolean)
    .map(plain);
  const path = [...segments(pointer), ...(part === undefined ? [] : [part])].map(plain);
  const list = path.slice(0, path.findLastIndex((segment) => !/^\d+$/.test(segment)) + 1);
  return (
    asked.length > 0 && [path, list].some((own) => asked.join('/') === own.slice(-asked.length).join('/'))
  );
}

function plain(key: string): string {
  return key.replace(/^--/, '').replaceAll('-', '_');
}

/** @throws Problem with code `usage` for a name that no field has, and for the batch */
export function checkKept(recipe: Recipe, { keep = [] }: PlanOptions): void {
  const fields = fieldsOf(recipe);
  for (const name of keep) {
    const meant = fields.filter((field) => names(name, field));
    if (meant.some((field) => isRole(field, 'batch')))
      throw new Problem('usage', `--keep ${name}: that is a part of the batch, which is what changes`);
    if (meant.length === 0)
      throw new Problem(
        'usage',
        `--keep ${name}: no field has that name; this file has ${fields
          .filter((field) => !isRole(field, 'batch'))
          .map(fieldName)
          .join(', ')}`,
      );
  }
}

/** The rule for one optimizer: what the user keeps stays, and the learning rate follows from that. */
export function ruleFor(group: Group, task: Omit<PlanTask, 'recipe'>): Rule {
  const { rule, options } = task;
  const kept = group.fields.filter((field) => isKept(field, options));
  if (kept.length === 0) return rule;
  const decays = new Set(kept.flatMap((field) => (isRole(field, 'decay') ? [field.role.of] : [])));
  // Lion's beta1 is found from its beta2.
  if (optimizerSettings(group).optimizer.mixesNewest && decays.has('second-moment')) decays.add('gradient');
  const peak = peakOf(group);
  const rateKept = peak && kept.includes(peak) && isRole(peak, 'learning-rate') ? peak.role.trainer : null;
  return keeping(rule, decays, rateKept === null ? undefined : trainerFactor(rateKept, trainerChange(task)));
}

/** A rule that leaves decays alone. @param factor what the learning rate moves by, where it is kept in the file, too */
function keeping(rule: Rule, decays: ReadonlySet<DecayRole['of']>, factor: number | undefined): Rule {
  const kept = decays.has('gradient');
  return {
    ...rule,
    decay: (old, of, ...rest) =>
      decays.has(of) ? { ...unchanged(old), reason: KEPT } : rule.decay(old, of, ...rest),
    learningRateFactor(settings, ...rest) {
      if (factor !== undefined) return { ...ratioOf(factor), reason: KEPT };
      const scaled = rule.learningRateFactor(kept ? withoutBuffer(settings) : settings, ...rest);
      const sums = kept && settings.optimizer.buffer === 'sum' && settings.gradientDecay;
      return sums
        ? { ...scaled, reason: `${scaled.reason}. The buffer sums as before, as its decay is kept` }
        : scaled;
    },
  };
}

/** A buffer whose decay stays adds up to what it did, so it moves no learning rate. */
function withoutBuffer({ gradientDecay: _, ...settings }: OptimizerSettings): OptimizerSettings {
  return settings;
}
