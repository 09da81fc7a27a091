import type { Source } from '../../base/diagnostic.ts';
import { convertConfig } from '../../pipe/convert.ts';
import { type ConvertOptions, lacking, ruleOf } from '../../pipe/plan.ts';
import { readPairs } from '../../pipe/read.ts';
import { ratiosOf } from '../../recipe/batch.ts';
import { assess } from '../../rules/assess.ts';
import { type Comparison, compare } from './compare.ts';

/**
 * Converts a config and reads the result back, so that what is verified is what would be written.
 * @throws Problem as a conversion does
 */
export async function compareWithConversion(source: Source, options: ConvertOptions): Promise<Comparison[]> {
  const { plans, results } = await convertConfig(source, options);
  return plans.map(({ config: { recipe }, batch: { to }, rule }, i) => {
    const old = { recipe, batch: recipe.batch };
    return compare(old, { recipe: results[i]!.recipe, batch: to }, rule, options);
  });
}

/**
 * Two configs side by side. `from` and `world` say what the old one leaves open, `to` and `worldTo` what the new one
 * does.
 * @throws Problem: usage where they have not the same number of configs; otherwise as reading them does
 */
export async function compareConfigs(
  old: Source,
  now: Source,
  options: ConvertOptions,
): Promise<Comparison[]> {
  const pairs = await readPairs(old, now, options);
  const rule = ruleOf(options);
  return pairs.map(({ old, now: { recipe: b } }) => {
    const { recipe: a, source } = old;
    const task = { recipe: a, batch: ratiosOf(a.batch, b.batch), rule, options };
    const { lacks } = lacking(old, task, assess(task));
    if (lacks) throw lacks.in(source);
    return compare({ recipe: a, batch: a.batch }, { recipe: b, batch: b.batch }, rule, options);
  });
}
