import type { Edit } from '../edit.ts';
import { lineEnd, lineStart, newline } from '../lines.ts';
import type { Document, Entry, MapNode, NewEntry, Notation } from '../nodes.ts';

/** How a command line writes what is new: as its other arguments are written. */
export const SHELL: Notation = {
  format: 'shell',
  insert,
  list: (items) => items.join(' '),
};

function insert(
  { text }: Document,
  _map: MapNode,
  sibling: Entry | undefined,
  entries: readonly NewEntry[],
): Edit[] {
  if (!sibling) return [];
  const written = flat(entries, []).map(({ path, value }) => argument(path, value, textOf(text, sibling)));
  const gap = gapBefore(text, sibling);
  return [{ offset: sibling.end, length: 0, text: written.map((each) => gap + each).join('') }];
}

/** Entries by the keys that lead to them: a command line has no blocks. */
function flat(entries: readonly NewEntry[], above: readonly string[]): { path: string[]; value: string }[] {
  return entries.flatMap(({ key, value }) =>
    typeof value === 'string' ? [{ path: [...above, key], value }] : flat(value, [...above, key]),
  );
}

function textOf(text: string, { offset, end }: Entry): string {
  return text.slice(offset, end);
}

/** An argument in the style of its neighbour: `--a-b 1`, `--a_b=1`, or `++a.b=1`, which sets a key that may be there or not. */
function argument(path: readonly string[], value: string, like: string): string {
  if (!like.startsWith('-')) {
    const list = value.includes(' ') ? `[${value.replaceAll(' ', ',')}]` : value;
    return list === value ? `++${path.join('.')}=${value}` : `'++${path.join('.')}=${list}'`;
  }
  const [flag = ''] = /^--?[^=\s]+/.exec(like) ?? [];
  const name = path.join('.');
  const hyphens = flag.slice(2).includes('-');
  const equals = like[flag.length] === '=' && !value.includes(' ');
  return `--${hyphens ? name.replaceAll('_', '-') : name}${equals ? '=' : ' '}${value}`;
}

/** What stands between two arguments: a blank, or a line break where each has a line of its own. */
function gapBefore(text: string, { offset, end }: Entry): string {
  const start = lineStart(text, offset);
  const indent = text.slice(start, offset);
  const rest = text.slice(end, lineEnd(text, end));
  if (start === 0 || !/^[ \t]*$/.test(indent) || !/^[ \t]*\\?$/.test(rest)) return ' ';
  const above = text.slice(lineStart(text, start - 1), start - 1).trimEnd();
  return `${above.endsWith('\\') ? ' \\' : ''}${newline(text)}${indent}`;
}
