import type { Found } from '../../src/dialect/roles.ts';
import { type ConvertOptions, ruleOf } from '../../src/pipe/plan.ts';
import { moveBatch } from '../../src/recipe/batch.ts';
import { adviceOn } from '../../src/rules/advice.ts';
import { assess } from '../../src/rules/assess.ts';
import type { Assessment, PlanTask } from '../../src/rules/assessment.ts';
import { recipeOf } from './recipe.ts';

type Options = ConvertOptions & { readonly library?: string };

/** The task of converting a YAML text where a dialect found these roles; 64 samples unless the roles have a batch. */
export async function taskOf(text: string, found: readonly Found[], options: Options): Promise<PlanTask> {
  const { recipe } = await recipeOf(text, found, { world: 1, ...options });
  return { recipe, batch: moveBatch(recipe.batch, options), rule: ruleOf(options), options };
}

/** What becomes of every field, by its pointer. */
export async function assessedOf(text: string, found: readonly Found[], options: Options) {
  const assessed = assess(await taskOf(text, found, options));
  return new Map<string, Assessment>(assessed.map((a) => [a.field.pointer, a]));
}

/** What the user is told, by its code. */
export async function toldOf(text: string, found: readonly Found[], options: Options) {
  const task = await taskOf(text, found, options);
  return new Map(adviceOn(task, assess(task)).map(({ code, message }) => [code, message]));
}
