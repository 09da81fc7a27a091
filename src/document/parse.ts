import { Problem } from '../base/problem.ts';
import type { Document, Parse, Progress } from './nodes.ts';

/** A format with a reader of its own, loaded for its files alone. */
interface Format {
  /** Matches the names of its files. */
  readonly files: RegExp;
  readonly load: () => Promise<Parse>;
}

const FORMATS: readonly Format[] = [
  { files: /\.py$/i, load: async () => (await import('./python/python.ts')).parsePython },
];

/** Formats that are not supported, by file extension. */
const OTHERS: Readonly<Record<string, string>> = { '.toml': 'TOML' };

/** A parsed text, and the parser for the edited text. */
export interface ParsedText {
  readonly documents: readonly Document[];
  readonly again: Parse;
}

/**
 * Reads a config text. A YAML file can hold several documents; JSON is one.
 *
 * The content decides: the `yaml` package reads JSON with `//` comments without an error and wrongly, and
 * some frameworks write one flow mapping with `#` comments into a `.yml`. So a text that starts with a bracket is
 * JSON if it parses as JSON, whatever its extension. Only the parser needed is loaded.
 * @throws Problem with code `syntax`, `duplicate-key` or `empty`; `not-a-training-config` for another format
 */
export async function parse(text: string, fileName = '', progress?: Progress): Promise<ParsedText> {
  const format = OTHERS[/\.\w+$/.exec(fileName)?.[0].toLowerCase() ?? ''];
  if (format)
    throw new Problem(
      'not-a-training-config',
      `${format} is not supported; convert it to YAML or JSON first`,
    );
  const content = text.replace(/^\ufeff/, '');
  if (content.trim() === '') throw new Problem('empty', 'the file is empty', 0);
  const own = FORMATS.find(({ files }) => files.test(fileName));
  if (own) {
    const again = await own.load();
    return { documents: again(text, progress), again };
  }
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
