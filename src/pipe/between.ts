import type { Said } from '../base/diagnostic.ts';
import { num } from '../base/numbers.ts';
import { about } from '../base/problem.ts';
import { ratiosOf } from '../recipe/batch.ts';
import { valuesAt } from '../recipe/demands.ts';
import type { Recipe } from '../recipe/recipe.ts';
import type { Choice, Decision } from '../rules/decision.ts';
import { peakOf } from '../rules/optimizer-settings.ts';
import type { Rule } from '../rules/rule.ts';
import {
  type ConvertOptions,
  clearBatch,
  companionWarnings,
  draftAt,
  meetDemands,
  openDecision,
} from './plan.ts';
import type { Config } from './read.ts';

/** What a conversion of one config to the batch of another says, each warning with its file. */
export interface Between {
  readonly rule: Rule;
  readonly warnings: readonly Said[];
}

/** Advice about what a file does not say in numbers; all other advice is about the values that a rule gives. */
const ABOUT_THE_FILE: readonly string[] = ['note', 'auto', 'interpolation'];

/**
 * Says and refuses of a new config that somebody else wrote what a conversion to its batch would: what is not read in
 * either, a batch that is not understood, half a conversion, an open decision.
 * @throws Problem as `planFor` does
 */
export async function planBetween(old: Config, now: Config, options: ConvertOptions): Promise<Between> {
  const { batch: to } = now.recipe;
  const { task, rest, advice, decision } = await about(old.source, async () => {
    const batch = ratiosOf(old.recipe.batch, to);
    clearBatch(old, batch, options);
    const { lacks, ...draft } = draftAt(old, batch, options);
    if (lacks) throw lacks;
    return draft;
  });
  const { rule, batch } = task;
  await about(now.source, async () => {
    clearBatch(now, batch, options);
    meetDemands(now, to, valuesAt(to.fields));
  });
  const taken = decision && takenBy(now.recipe, decision);
  const ofOld = [
    ...old.warnings,
    ...(taken ? [] : openDecision(decision, batch)),
    ...advice.filter(({ code }) => ABOUT_THE_FILE.includes(code)),
    ...rest,
  ];
  const said = new Set(ofOld.map(({ message }) => message));
  const ofNew = [
    ...now.warnings.filter(({ message }) => !said.has(message)),
    ...openDecision(taken, batch),
    ...companionWarnings(now, now),
  ];
  return {
    rule,
    warnings: [
      { source: old.source, warnings: ofOld },
      { source: now.source, warnings: ofNew },
    ],
  };
}

/** Relative difference of a value from the same one written with six digits. */
const WRITTEN = 1e-5;

/** A decision as a config has taken it: the value there comes first, a rule's or its own. */
function takenBy({ groups }: Recipe, decision: Decision): Decision | undefined {
  const peaks = groups.flatMap((group) => peakOf(group) ?? []);
  const field = peaks.find(({ pointer }) => pointer === decision.field.pointer) ?? peaks[0];
  if (!field) return undefined;
  const { value, site } = field;
  const { choices } = decision;
  const own: Choice = {
    rule: 'as-written',
    option: 'the new config',
    value,
    text: site.kind === 'text' ? site.source : num(value),
    holds: 'which neither rule gives',
  };
  const used = choices.find((choice) => Math.abs(choice.value - value) <= WRITTEN * Math.abs(value)) ?? own;
  return { ...decision, field, choices: [used, ...choices.filter((choice) => choice !== used)] };
}
