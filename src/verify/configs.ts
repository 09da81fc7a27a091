import {
  type ConvertOptions,
  convertText,
  dialectOf,
  ruleOf,
  type Understood,
  understand,
} from '../convert.ts';
import { parse } from '../document/parse.ts';
import { Problem } from '../problem.ts';
import { moveBatch } from '../recipe/batch.ts';
import { type Comparison, compare, type Side } from './compare.ts';

/** A config's text and what messages call it. */
export interface Source {
  readonly text: string;
  readonly file: string;
}

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

/**
 * The configs of two files by their order, each read with what `options` say about its side.
 * @param dialect of the old one, where it is another
 */
export async function readPairs(
  old: Source,
  now: Source,
  options: ConvertOptions,
  dialect = options.dialect,
): Promise<{ readonly old: Config; readonly now: Config }[]> {
  const { from, to, world, worldTo, ...others } = options;
  const [before, after] = [
    await readConfig(old, {
      ...others,
      ...(dialect === undefined ? {} : { dialect }),
      ...known({ from, world }),
    }),
    await readConfig(now, { ...others, ...known({ from: to, world: worldTo ?? world }) }),
  ];
  if (before.length !== after.length)
    throw new Problem('usage', `${old.file} holds ${before.length} configs, ${now.file} ${after.length}`);
  return before.map((config, i) => ({ old: config, now: after[i]! }));
}

function known(options: { from?: number | undefined; world?: number | undefined }): ConvertOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** A config, understood, and its place among the documents of its file. */
export interface Config extends Understood {
  readonly at: number;
}

/** The documents of a text that are configs; `only` picks one by its place among all documents. */
export async function readConfig(
  { text, file }: Source,
  options: ConvertOptions,
  only?: number,
): Promise<Config[]> {
  try {
    const { documents } = await parse(text, file);
    const read: Config[] = [];
    for (const [at, document] of documents.entries()) {
      if (only !== undefined && at !== only) continue;
      const dialect = await dialectOf(document, documents.length > 1, text, options);
      if (dialect) read.push({ ...understand(document, dialect, text, options), at });
    }
    if (read.length === 0) throw new Problem('not-a-training-config', 'holds no training config');
    return read;
  } catch (error) {
    if (error instanceof Problem) error.file ??= file;
    throw error;
  }
}
