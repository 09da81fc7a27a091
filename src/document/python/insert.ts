import { Problem } from '../../base/problem.ts';
import type { Edit } from '../edit.ts';
import { inBracketsAfter } from '../insert.ts';
import { newline } from '../lines.ts';
import type { Document, Entry, MapNode, NewEntry, Notation } from '../nodes.ts';
import type { Mapping, Slot } from './values.ts';

/** What the reader knows of the nodes that it made. */
export interface Origins {
  readonly maps: ReadonlyMap<MapNode, Mapping>;
  readonly entries: ReadonlyMap<Entry, Slot>;
  /** Names that imports bring: their values take attributes. */
  isImported(name: string): boolean;
  /** How the program calls a mapping, where a name of the module leads to it; the module itself is ''. */
  nameOf(map: MapNode): string | undefined;
}

/** How Python writes what is new: as an argument, as an item, or as a statement of its own. */
export function notationOf(origins: Origins): Notation {
  return {
    format: 'python',
    list: (items) => `(${items.join(', ')}${items.length === 1 ? ',' : ''})`,
    insert: (document, map, sibling, entries) => {
      const made = origins.maps.get(map);
      const way = made?.open ? 'fixed' : (made?.way ?? 'fixed');
      const later = sibling && origins.entries.get(sibling)?.statement;
      if (way === 'statements' || (later && way !== 'fixed'))
        return asStatements(document, map, sibling, entries, origins);
      if (way === 'fixed' || !made) throw cannot(entries, map.offset);
      const texts = entries.map((entry) =>
        way === 'braces' ? item(entry, sibling?.quote || "'") : `${entry.key}=${written(entry)}`,
      );
      return inBracketsAfter(document.text, map, sibling ?? lastArgument(document.text, made), texts);
    },
  };
}

function cannot(entries: readonly NewEntry[], offset: number): Problem {
  const values = entries.map((entry) => `${entry.key} = ${written(entry)}`).join(', ');
  return new Problem(
    'cannot-insert',
    `${values} should be set here, and this is no place where it can be written: write it where the program takes it, or use --no-insert`,
    offset,
  );
}

/** Where arguments without names end, after which one with a name may stand. */
function lastArgument(text: string, { from, to }: Mapping): Pick<Entry, 'offset' | 'end'> | undefined {
  const inside = text.slice(from + 1, to - 1).replace(/(?<![\s,])[\s,]+$/, '');
  const lastLine = inside.slice(inside.lastIndexOf('\n') + 1);
  if (inside.trim() === '' || lastLine.includes('#')) return undefined;
  return { offset: from + 1, end: from + 1 + inside.length };
}

function asStatements(
  { text }: Document,
  map: MapNode,
  sibling: Entry | undefined,
  entries: readonly NewEntry[],
  origins: Origins,
): Edit[] {
  const { entries: slots, isImported } = origins;
  const indentOf = (entry: Entry) => slots.get(entry)?.statement?.lead.search(/\S|$/) ?? Infinity;
  // What is further in stands under a condition.
  const least = Math.min(...map.written.map(indentOf));
  const after = [sibling, ...[...map.written].reverse()].find((e) => e && indentOf(e) === least);
  const { end, lead } = (after && slots.get(after)?.statement) ?? {};
  if (end === undefined || lead === undefined) return atTheEnd(text, map, entries, origins);
  const lines = entries.flatMap((entry) =>
    lead.trim() === '' && isImported(entry.key)
      ? attributes(entry.key, entry)
      : [set(lead, after!.quote, entry)],
  );
  const whole = lines.map((line) => newline(text) + line).join('');
  return [{ offset: lineEndAfter(text, end), length: 0, text: whole }];
}

/** As the last statements of the file, of what another file brings. */
function atTheEnd(
  text: string,
  map: MapNode,
  entries: readonly NewEntry[],
  { isImported, nameOf }: Origins,
): Edit[] {
  const name = nameOf(map);
  if (name === undefined || (name === '' && entries.some(({ key }) => !isImported(key))))
    throw cannot(entries, map.offset);
  const lines = entries.flatMap((entry) => attributes(name ? `${name}.${entry.key}` : entry.key, entry));
  const whole = lines.map((line) => line + newline(text)).join('');
  return [
    { offset: text.length, length: 0, text: text.endsWith('\n') ? whole : newline(text) + whole.trimEnd() },
  ];
}

function set(lead: string, quote: Entry['quote'], entry: NewEntry): string {
  return `${lead}${quote ? `${lead.endsWith('[') ? '' : '['}${quote}${entry.key}${quote}]` : entry.key} = ${written(entry)}`;
}

/** `optimizer.lr = 0.1` of a name that another file brings. */
function attributes(path: string, { value }: NewEntry): string[] {
  if (typeof value === 'string') return [`${path} = ${value}`];
  return value.flatMap((entry) => attributes(`${path}.${entry.key}`, entry));
}

function lineEndAfter(text: string, at: number): number {
  const end = text.indexOf('\n', text[at - 1] === '\n' ? at - 1 : at);
  const line = end === -1 ? text.length : end;
  return text[line - 1] === '\r' ? line - 1 : line;
}

function item(entry: NewEntry, quote: string): string {
  return `${quote}${entry.key}${quote}: ${written(entry)}`;
}

function written({ value }: NewEntry): string {
  if (typeof value === 'string') return value;
  if (value.every(({ key }) => /^[A-Za-z_]\w*$/.test(key)))
    return `dict(${value.map((entry) => `${entry.key}=${written(entry)}`).join(', ')})`;
  return `{${value.map((entry) => item(entry, "'")).join(', ')}}`;
}
