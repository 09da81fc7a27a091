import type { Edit } from '../edit.ts';
import { flattened, inBrackets } from '../insert.ts';
import { lineEnd, lineStart, newline } from '../lines.ts';
import type { NewEntry, Notation } from '../nodes.ts';
import type { TomlEntry, TomlMap } from './nodes.ts';

/** How TOML writes what is new. */
export const TOML: Notation = {
  format: 'toml',
  insert: ({ text }, map, sibling, entries) =>
    inserted(text, map as TomlMap, sibling as TomlEntry | undefined, entries),
  list: inBrackets,
};

/** A new key with what it stands behind (`a.` of `a.b`), and its value. */
interface Assignment {
  readonly key: string;
  readonly value: string;
}

function inserted(
  text: string,
  map: TomlMap,
  sibling: TomlEntry | undefined,
  entries: readonly NewEntry[],
): Edit[] {
  const line = newline(text);
  if (map.flow) return inBraces(text, map, sibling, assignments(entries));
  const place = placeOfSections(text, map, sibling);
  const isSection = ({ value }: NewEntry) => place !== undefined && typeof value !== 'string';
  const sections = entries.filter(isSection).map((entry) => section(entry, map.before!.name, line));
  const own = assignments(entries.filter((entry) => !isSection(entry)));
  const atEnd = place === text.length;
  return [
    ...(own.length > 0 ? [inTable(text, map, sibling, own, line)] : []),
    ...(sections.length > 0
      ? [insertion(place!, sections.map((one) => (atEnd ? line + one : one + line)).join(''))]
      : []),
  ];
}

/**
 * Where new tables within a table get headers: those of the whole file at its end (without a last line break other
 * things may be inserted there, too), those of a table without keys of its own before the first of its other tables.
 */
function placeOfSections(
  text: string,
  { header, before }: TomlMap,
  sibling: TomlEntry | undefined,
): number | undefined {
  if (before?.name === '') return text.endsWith('\n') ? text.length : undefined;
  return before && !sibling && header === undefined ? startOf(text, before.at) : undefined;
}

/** Where a line begins, after a byte order mark. */
function startOf(text: string, offset: number): number {
  return lineStart(text, offset) || (text.startsWith('\ufeff') ? 1 : 0);
}

function insertion(offset: number, text: string): Edit {
  return { offset, length: 0, text };
}

/** New keys on lines of their own: after the sibling, else after the table's header, else before the first header. */
function inTable(
  text: string,
  { header, before }: TomlMap,
  sibling: TomlEntry | undefined,
  own: readonly Assignment[],
  line: string,
): Edit {
  if (sibling?.begin !== undefined) {
    const indent = text.slice(lineStart(text, sibling.begin), sibling.offset).replace(/^\ufeff/, '');
    const lines = own.map((one) => line + indent + written(text, one, sibling));
    return insertion(lineEnd(text, sibling.end), lines.join(''));
  }
  const lines = own.map((one) => written(text, one));
  if (header !== undefined) return insertion(lineEnd(text, header), lines.map((one) => line + one).join(''));
  const { at, name } = before!;
  const all = name === '' ? lines : [`[${name}]`, ...lines];
  return insertion(startOf(text, at), all.map((one) => one + line).join('') + line);
}

function inBraces(
  text: string,
  map: TomlMap,
  sibling: TomlEntry | undefined,
  own: readonly Assignment[],
): Edit[] {
  if (sibling?.begin === undefined)
    return [insertion(map.offset + 1, own.map((one) => written(text, one)).join(', '))];
  const dotted = text.slice(sibling.begin, sibling.offset);
  const all = own.map((one) => `, ${dotted}${written(text, one, sibling)}`);
  return [insertion(sibling.end, all.join(''))];
}

function section({ key, value }: NewEntry, within: string, line: string): string {
  const name = within === '' ? quoted(key) : `${within}.${quoted(key)}`;
  const lines = assignments(value as readonly NewEntry[]).map((one) => written('', one));
  return [`[${name}]`, ...lines].map((one) => one + line).join('');
}

/** `key = value`, with the sibling's space around the sign and its column where that is further in. */
function written(text: string, { key, value }: Assignment, sibling?: TomlEntry): string {
  const sign = sibling && /^([ \t]*)=[ \t]*/.exec(text.slice(sibling.keyEnd, sibling.end));
  if (!sign) return `${key} = ${value}`;
  const [whole, gap = ''] = sign;
  const column = sibling.keyEnd - sibling.offset + gap.length;
  const pad = gap.length > 1 ? ' '.repeat(Math.max(1, column - key.length)) : gap;
  return key + pad + whole.slice(gap.length) + value;
}

function assignments(entries: readonly NewEntry[]): Assignment[] {
  return flattened(entries).map(({ path, value }) => ({ key: path.map(quoted).join('.'), value }));
}

function quoted(key: string): string {
  return /^[\w-]+$/.test(key) ? key : JSON.stringify(key);
}
