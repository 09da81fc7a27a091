import type { Source } from '../../base/diagnostic.ts';
import { planBetween } from '../../pipe/between.ts';
import { convertConfig } from '../../pipe/convert.ts';
import type { ConvertOptions } from '../../pipe/plan.ts';
import { readPairs } from '../../pipe/read.ts';
import { type Comparison, compare } from './compare.ts';

/**
 * Converts a config and reads the result back, so that what is verified is what would be written. The conversion's
 * warnings are the comparison's.
 * @throws Problem as a conversion does
 */
export async function compareWithConversion(source: Source, options: ConvertOptions): Promise<Comparison[]> {
  const { plans, results, warningsOf } = await convertConfig(source, options);
  return plans.map(({ config: { recipe }, batch: { to }, rule }, i) => {
    const old = { recipe, batch: recipe.batch };
    const now = { recipe: results[i]!.recipe, batch: to };
    return compare(old, now, { rule, options, source, warnings: [{ source, warnings: warningsOf[i]! }] });
  });
}

/**
 * Two configs side by side. `from` and `world` say what the old one leaves open, `to` and `worldTo` what the new one
 * does.
 * @throws Problem: usage where they have not the same number of configs; otherwise as a conversion of the old one does
 */
export async function compareConfigs(
  old: Source,
  now: Source,
  options: ConvertOptions,
): Promise<Comparison[]> {
  const comparisons: Comparison[] = [];
  for (const pair of await readPairs(old, now, options)) {
    const { rule, warnings } = await planBetween(pair.old, pair.now, options);
    const [a, b] = [pair.old, pair.now].map(({ recipe }) => ({ recipe, batch: recipe.batch }));
    comparisons.push(compare(a!, b!, { rule, options, source: now, warnings }));
  }
  return comparisons;
}
