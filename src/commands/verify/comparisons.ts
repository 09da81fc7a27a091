import type { Source } from '../../base/diagnostic.ts';
import { convertConfig } from '../../pipe/convert.ts';
import { type ConvertOptions, ruleOf } from '../../pipe/plan.ts';
import { readPairs } from '../../pipe/read.ts';
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
  return pairs.map(({ old: { recipe: a }, now: { recipe: b } }) =>
    compare({ recipe: a, batch: a.batch }, { recipe: b, batch: b.batch }, ruleOf(options), options),
  );
}
