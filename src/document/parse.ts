import { problemAt } from '../base/position.ts';
import { Problem } from '../base/problem.ts';
import type { Document } from './nodes.ts';

/** Told now and then how much is done, from 0 to 1. */
export type Progress = (done: number) => void;

/** Reads a text again as it was read the first time. */
export type Parse = (text: string, progress?: Progress) => Document[];

/** What configs are written in that are not read, by what their names end in. */
const OTHERS: Readonly<Record<string, string>> = { '.toml': 'TOML', '.py': 'Python' };

/**
 * Reads a config text. A YAML file can hold several documents; JSON is one.
 *
 * The content decides: the `yaml` package reads JSON with `//` comments without an error and wrongly, and
 * some frameworks write one flow mapping with `#` comments into a `.yml`. So a text that starts with a bracket is
 * JSON if it reads as JSON, whatever it is called. Only the parser that is needed is loaded.
 * @throws Problem with code `syntax`, `duplicate-key` or `empty`; `not-a-training-config` for another format
 */
export async function parse(
  text: string,
  fileName = '',
  progress?: Progress,
): Promise<{ documents: Document[]; again: Parse }> {
  const format = OTHERS[/\.\w+$/.exec(fileName)?.[0].toLowerCase() ?? ''];
  if (format)
    throw new Problem(
      'not-a-training-config',
      `is ${format}; only YAML and JSON are read. Have the settings written as one of them, and convert that`,
    );
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
