import { BUDGET, tooLarge } from '../base/budget.ts';
import { count } from '../base/numbers.ts';
import { Problem } from '../base/problem.ts';
import { tooMuch } from './depth.ts';
import { pastAll } from './lines.ts';
import type { Document, Parse, Progress } from './nodes.ts';

/** A format with a reader of its own, loaded for its files alone. */
interface Format {
  /** Whether a file is of this format: by its name, or by how its text begins where the name does not tell. */
  readonly is: (fileName: string, text: string) => boolean;
  readonly load: () => Promise<Parse>;
}

/** A TOML header, and what may stand before the first one. */
const HEADER = /\[\[?[\w.-]+\]\]?[ \t]*(?:#[^\n]*)?\r?\n/y;
const BEFORE_HEADER = /\s+|#[^\n]*|[\w.-]+[ \t]*=[^\n]*\n/y;

function startsWithHeader(text: string): boolean {
  HEADER.lastIndex = pastAll(text, 0, BEFORE_HEADER);
  return HEADER.test(text);
}

/** A flag at the beginning, or after comments. */
const FLAG = /^(?:\s|#.*\n)*--?[A-Za-z]/;
const SHEBANG = /^#!.*\b(?:ba|da|z|k)?sh\b/;

const FORMATS: readonly Format[] = [
  {
    is: (name, text) =>
      /^<command>$|\.(?:sh|bash|zsh|slurm|sbatch|job|pbs)$/i.test(name) || SHEBANG.test(text),
    load: async () => (await import('./shell/shell.ts')).parseShell,
  },
  {
    is: (name, text) => !/\.(?:ya?ml|jsonc?|toml)$/i.test(name) && FLAG.test(text),
    load: async () => (await import('./shell/shell.ts')).parseArguments,
  },
  {
    is: (name) => /\.txt$/i.test(name),
    load: async () => (await import('./dump.ts')).parseDump,
  },
  {
    is: (name, text) => /\.toml$/i.test(name) || (!/\.\w+$/.test(name) && startsWithHeader(text)),
    load: async () => (await import('./toml/read.ts')).parseToml,
  },
  {
    is: (name) => /\.py$/i.test(name),
    load: async () => (await import('./python/python.ts')).parsePython,
  },
];

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
 * @throws Problem with code `syntax`, `duplicate-key`, `empty` or `too-large`
 */
export async function parse(text: string, fileName = '', progress?: Progress): Promise<ParsedText> {
  const binary = text.indexOf('\0');
  if (binary !== -1)
    throw new Problem('syntax', 'holds a NUL character: it is no text, or UTF-16. Save it as UTF-8', binary);
  try {
    return await parseAs(text, fileName, progress);
  } catch (error) {
    // A parser that calls itself for each level has no room left.
    throw error instanceof RangeError ? tooMuch(text) : error;
  }
}

/** Refuses a text of more words than `most`: what stands between blanks, line breaks and commas. @throws Problem: too-large */
function refuseLong(text: string, most: number): void {
  if (text.length < most) return;
  let words = 0;
  let within = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const blank = code <= SPACE || code === COMMA;
    if (!blank && !within && ++words > most) throw tooLarge(`${count(most)} words`, at);
    within = !blank;
  }
}

const SPACE = 0x20;
const COMMA = 0x2c;

async function parseAs(text: string, fileName: string, progress?: Progress): Promise<ParsedText> {
  const content = text.replace(/^\ufeff/, '');
  if (content.trim() === '') throw new Problem('empty', 'the file is empty', 0);
  const own = FORMATS.find(({ is }) => is(fileName, content));
  const most = own ? BUDGET.program : { characters: BUDGET.bytes, words: BUDGET.words };
  if (text.length > most.characters) throw tooLarge(`${count(most.characters)} characters`);
  refuseLong(text, most.words);
  if (own) {
    const again = await own.load();
    return { documents: again(text, progress), again };
  }
  const json = /\.(?:json|jsonc|json5)$/i.test(fileName);
  if (json || /^\s*(?:[{[]|\/[/*])/.test(content)) {
    const { parseJson } = await import('./json.ts');
    const again: Parse = (t) => [parseJson(t)];
    try {
      return { documents: again(text), again };
    } catch (problem) {
      if (json || /^\s*\/[/*]/.test(content)) throw problem;
    }
  }
  const { parseYaml } = await import('./yaml.ts');
  return { documents: parseYaml(text, progress), again: parseYaml };
}
