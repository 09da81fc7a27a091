import { parseJson } from './json.ts';
import type { Document } from './nodes.ts';
import { problemAt } from './position.ts';
import { parseYaml } from './yaml.ts';

/** The formats a config can be read as. */
export type Format = 'yaml' | 'json';

/**
 * Reads a config text. A YAML file can hold several documents; JSON is one.
 *
 * The content decides: the `yaml` package reads JSON with `//` comments without an error and wrongly, and
 * gpt-neox writes one flow mapping with `#` comments into a `.yml`. So a text that starts with a bracket is
 * JSON if it reads as JSON, whatever it is called.
 * @throws Problem with code `syntax`, `duplicate-key` or `empty`
 */
export function parse(text: string, fileName = ''): Document[] {
  const content = text.replace(/^\ufeff/, '');
  if (content.trim() === '') throw problemAt('empty', 'the file is empty', text, 0);
  if (/\.(?:json|jsonc|json5)$/i.test(fileName)) return [parseJson(text)];
  if (/^\s*(?:[{[]|\/[/*])/.test(content)) {
    try {
      return [parseJson(text)];
    } catch (problem) {
      if (/^\s*\/[/*]/.test(content)) throw problem;
    }
  }
  return parseYaml(text);
}
