import { readConfig, readPairs, type Source } from '../../pipe/configs.ts';
import { type ConvertOptions, convertText, ruleOf, type Understood } from '../../pipe/convert.ts';
import { moveBatch } from '../../recipe/batch.ts';
import { type Comparison, compare, type Side } from './compare.ts';

/**
 * Converts a config and reads the result back, so that what is verified is what would be written.
 * @throws Problem as `convertText` does
 */
export async function compareWithConversion(source: Source, options: ConvertOptions): Promise<Comparison[]> {
  const { text } = await convertText(source.text, source.file, options);
  const old = await readConfig(source, options);
  const sides = await Promise.all(
    old.map(async ({ recipe, at }) => {
      const { to } = moveBatch(recipe.batch, options, source.text);
      // Where the trainer accumulates up to a nominal batch, --from is the batch of the config, one pass.
      const from = recipe.batch.nominal === undefined ? to.global : to.global / to.accumulation;
      const reread = { ...options, from, world: to.world ?? 1 };
      const now = await readConfig({ ...source, text }, reread, at);
      return { old: { recipe, batch: recipe.batch }, now: { recipe: now[0]!.recipe, batch: to } };
    }),
  );
  return sides.map(({ old, now }) => compare(old, now, ruleOf(options), options));
}

/**
 * Two configs side by side. `from` and `world` say what the old one leaves open, `to` and `worldTo` what the new one
 * does.
 * @throws Problem: usage where they have not the same number of documents; otherwise as reading them does
 */
export async function compareConfigs(
  old: Source,
  now: Source,
  options: ConvertOptions,
): Promise<Comparison[]> {
  const side = ({ recipe }: Understood): Side => ({ recipe, batch: recipe.batch });
  const pairs = await readPairs(old, now, options);
  return pairs.map((pair) => compare(side(pair.old), side(pair.now), ruleOf(options), options));
}
