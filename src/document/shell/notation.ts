import type { Edit } from '../edit.ts';
import { lineEnd, lineStart, newline } from '../lines.ts';
import type { Document, Entry, MapNode, NewEntry, Notation } from '../nodes.ts';
import { quoted } from './quoting.ts';

/** How a command line writes what is new: as its other arguments are written. */
export const SHELL: Notation = {
  format: 'shell',
  insert,
  list: (items) => items.join(' '),
};

/** How a list of words in YAML or JSON does: an item for each word, quoted as its neighbour is. */
export const WORD_LIST: Notation = {
  format: 'shell',
  insert: insertWords,
  list: (items) => items.join(' '),
};

function insertWords(
  { text }: Document,
  _map: MapNode,
  sibling: Entry | undefined,
  entries: readonly NewEntry[],
): Edit[] {
  if (!sibling) return [];
  const like = text.slice(sibling.offset, sibling.end);
  const together = /^-*[\w.-]+=/.test(like);
  const words = flat(entries, keysAbove(like, sibling.key)).flatMap(({ path, value }) => {
    const written = argument(
      path.join('.'),
      value,
      together ? like : /^\S*/.exec(like)![0].replace(/["',]+$/, ''),
      true,
    );
    return together ? [written] : written.split(' ');
  });
  const last = isQuote(text[sibling.end]) ? sibling.end + 1 : sibling.end;
  const quotes = [text[sibling.offset - 1], text[sibling.end]].map((c) => (isQuote(c) ? c : ''));
  const quoted = words.map((word, i) => quotes[together ? 0 : i % 2] + word + quotes[together ? 0 : i % 2]);
  const bullet = /^[ \t]*-[ \t]+(?=["']?$)/.exec(
    text.slice(lineStart(text, sibling.offset), sibling.offset),
  )?.[0];
  const gap = bullet === undefined ? ', ' : newline(text) + bullet;
  return [
    {
      offset: bullet === undefined ? last : lineEnd(text, last),
      length: 0,
      text: quoted.map((word) => gap + word).join(''),
    },
  ];
}

function isQuote(character: string | undefined): boolean {
  return character === '"' || character === "'";
}

function insert(
  { text }: Document,
  _map: MapNode,
  sibling: Entry | undefined,
  entries: readonly NewEntry[],
): Edit[] {
  if (!sibling) return [];
  const like = text.slice(sibling.offset, sibling.end);
  const above = keysAbove(like, sibling.key);
  const gap = gapBefore(text, sibling);
  const written = flat(entries, above).map(
    ({ path, value }) => gap + argument(path.join('.'), value, like, sibling.quote !== ''),
  );
  return [{ offset: sibling.end, length: 0, text: written.join('') }];
}

/** The keys that an argument names before this one: `optim` of `optim.lr=0.1`. */
function keysAbove(argumentText: string, key: string): string[] {
  const name = /^[-+]*([\w.-]+)/.exec(argumentText)?.[1] ?? '';
  const keys = name.split('.');
  const at = keys.findLastIndex((part) => part.replaceAll('-', '_') === key);
  return at === -1 ? [] : keys.slice(0, at);
}

/** Entries by the keys that lead to them: a command line has no blocks. */
function flat(entries: readonly NewEntry[], above: readonly string[]): { path: string[]; value: string }[] {
  return entries.flatMap(({ key, value }) =>
    typeof value === 'string' ? [{ path: [...above, key], value }] : flat(value, [...above, key]),
  );
}

/**
 * An argument in the style of its neighbour: `--a-b 1`, `--a_b=1`, `A.B 1`, or `++a.b=1`, which sets a key that may be
 * there or not.
 */
function argument(name: string, value: string, like: string, inQuotes: boolean): string {
  const shown = inQuotes ? (text: string) => text : quoted;
  const [flag] = /^--?[^=\s]+/.exec(like) ?? [];
  if (flag !== undefined) {
    const hyphens = flag.slice(2).includes('-');
    const equals = like[flag.length] === '=' && !value.includes(' ');
    return `--${hyphens ? name.replaceAll('_', '-') : name}${equals ? '=' : ' '}${value}`;
  }
  const list = value.includes(' ') ? `[${value.replaceAll(' ', ',')}]` : value;
  return like.includes('=') ? shown(`++${name}=${list}`) : `${name} ${shown(list)}`;
}

/** What stands between two arguments: a blank, or a line break where each has a line of its own. */
function gapBefore(text: string, { offset, end }: Entry): string {
  const start = lineStart(text, offset);
  const indent = text.slice(start, offset);
  const rest = text.slice(end, lineEnd(text, end));
  if (start === 0 || !/^[ \t]*$/.test(indent) || !/^[ \t]*\\?$/.test(rest)) return ' ';
  const above = text.slice(lineStart(text, start - 1), start - 1).trimEnd();
  const continued = above.endsWith('\\') || rest.endsWith('\\');
  return `${continued ? ' \\' : ''}${newline(text)}${indent}`;
}
