import type { Document } from './nodes.ts';
import { problemAt } from './position.ts';

/** Told now and then how much is done, from 0 to 1. */
export type Progress = (done: number) => void;

/** Reads a text again as it was read the first time. */
export type Parse = (text: string, progress?: Progress) => Document[];

/**
 * Reads a config text. A YAML file can hold several documents; JSON is one.
 *
 * The content decides: the `yaml` package reads JSON with `//` comments without an error and wrongly, and
 * some frameworks write one flow mapping with `#` comments into a `.yml`. So a text that starts with a bracket is
 * JSON if it reads as JSON, whatever it is called. Only the parser that is needed is loaded.
 * @throws Problem with code `syntax`, `duplicate-key` or `empty`
 */
export async function parse(
  text: string,
  fileName = '',
  progress?: Progress,
): Promise<{ documents: Document[]; again: Parse }> {
  const content = text.replace(/^\ufeff/, '');
  if (content.trim() === '') throw problemAt('empty', 'the file is empty', text, 0);
  const named = /\.(?:json|jsonc|json5)$/i.test(fileName);
  if (named || /^\s*(?:[{[]|\/[/*])/.test(content)) {
    const { parseJson } = await import('./json.ts');
    const again: Parse = (t) => [parseJson(t)];
    try {
      return { documents: again(text), again };
    } catch (problem) {
      if (named || /^\s*\/[/*]/.test(content)) throw problem;
    }
  }
  const { parseYaml } = await import('./yaml.ts');
  return { documents: parseYaml(text, progress), again: parseYaml };
}
