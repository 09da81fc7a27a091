import { Problem } from '../base/problem.ts';
import { parse } from '../document/parse.ts';
import { type ConvertOptions, dialectOf, type Understood, understand } from './convert.ts';

/** A config's text and what messages call it. */
export interface Source {
  readonly text: string;
  readonly file: string;
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
