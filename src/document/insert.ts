import { Problem } from '../base/problem.ts';
import type { Edit } from './edit.ts';
import { endOfContent, lineEnd, lineStart, newline, pastAll } from './lines.ts';
import type { Document, Entry, MapNode, NewEntry, Node, Notation, ScalarNode } from './nodes.ts';

/** How YAML writes what is new. */
export const YAML: Notation = {
  format: 'yaml',
  insert: (document, map, sibling, entries) => insertAfter(document, map, sibling, entries, ''),
  list: inBrackets,
};

/** How JSON does. */
export const JSON_TEXT: Notation = {
  format: 'json',
  insert: (document, map, sibling, entries) => insertAfter(document, map, sibling, entries, '"'),
  list: inBrackets,
};

/** Entries by the keys that lead to them, where a format has no blocks. @param above keys before those of the entries */
export function flattened(
  entries: readonly NewEntry[],
  above: readonly string[] = [],
): { path: string[]; value: string }[] {
  return entries.flatMap(({ key, value }) => {
    const path = [...above, key];
    return typeof value === 'string' ? [{ path, value }] : flattened(value, path);
  });
}

/** `[0.9, 0.95]`. */
export function inBrackets(items: readonly string[]): string {
  return `[${items.join(', ')}]`;
}

/**
 * The edits that insert entries into a mapping after `sibling`, in the mapping's style: one a line in a block, on the
 * same line in a flow mapping. A comment on the sibling's line stays there.
 */
function insertAfter(
  { text }: Document,
  map: MapNode,
  sibling: Entry | undefined,
  entries: readonly NewEntry[],
  quoteBelow: '' | '"',
): Edit[] {
  const quote = sibling ? sibling.quote : startsWithBracket(text) ? '"' : '';
  const written = entries.map((entry) =>
    keyAndValue(entry, quote, quoteBelow, map.flow || inOneLine(entry.value)),
  );
  if (!map.flow && sibling) return onOwnLines(text, sibling, written);
  if (text[map.offset] !== '{')
    throw new Problem(
      'cannot-insert',
      `${written.join(', ')} should be written here, and this is no mapping in braces: put it into braces first, or use --no-insert`,
      map.offset,
    );
  return inBracketsAfter(text, map, sibling, written);
}

/**
 * The edits that write entries of a block, each on lines of its own: after a sibling, or before it where nothing can
 * stand behind it, since it is a block scalar that the text ends with, without a line break.
 */
function onOwnLines(text: string, sibling: Entry, written: readonly string[]): Edit[] {
  const { begin = sibling.offset, end } = sibling;
  const start = lineStart(text, begin);
  const line = newline(text);
  const pad = ' '.repeat(begin - start - (start === 0 && text.startsWith('\ufeff') ? 1 : 0));
  const lines = written.map((one) => one.replaceAll('\n', line + pad));
  if (endsOpen(text, sibling.node))
    return [{ offset: begin, length: 0, text: lines.map((one) => one + line + pad).join('') }];
  // A block scalar has its last line breaks.
  if (text[end - 1] === '\n')
    return [{ offset: end, length: 0, text: lines.map((one) => pad + one + line).join('') }];
  const at = lineEnd(text, endOfContent(text, end));
  return [{ offset: at, length: 0, text: lines.map((one) => line + pad + one).join('') }];
}

function endsOpen(text: string, node: Node): boolean {
  if (node.kind === 'scalar')
    return node.style === 'block' && node.offset + node.length === text.length && !text.endsWith('\n');
  const last = node.kind === 'list' ? node.items.at(-1) : node.written.at(-1)?.node;
  return last !== undefined && endsOpen(text, last);
}

/** The edits that write entries into brackets after a sibling: on its line, or each on a line of its own as it is. */
export function inBracketsAfter(
  text: string,
  map: Pick<MapNode, 'offset' | 'end'>,
  sibling: Pick<Entry, 'offset' | 'end'> | undefined,
  written: readonly string[],
): Edit[] {
  if (!sibling) return [{ offset: map.offset + 1, length: 0, text: written.join(', ') }];
  const end = endOfContent(text, sibling.end);
  const indent = indentBefore(text, sibling.offset);
  // In YAML a comment begins after a blank, and to libyaml an empty value has one.
  const [before, after] = [text[end - 1] === ':' ? ' ' : '', text[end] === '#' ? ' ' : ''];
  if (indent === undefined)
    return [{ offset: end, length: 0, text: before + written.map((w) => `, ${w}`).join('') + after }];
  const comma = commaAfter(text, end);
  const at =
    comma === undefined ? restOfLine(text, end, map.end - 1) : restOfLine(text, comma + 1, map.end - 1);
  const lines = written.map((w) => newline(text) + indent + w);
  if (comma === undefined)
    return [
      { offset: end, length: 0, text: `${before},${after}` },
      { offset: at, length: 0, text: lines.join(',') },
    ];
  return [{ offset: at, length: 0, text: lines.map((l) => `${l},`).join('') }];
}

function startsWithBracket(text: string): boolean {
  return /[{[]/.test(text[pastAll(text, 0, /\s+|\/\/.*|\/\*[\s\S]*?\*\/|#.*/y)] ?? '');
}

/** `key: value`; a mapping in braces, or a block that starts with a line break and has its indentation from there. */
function keyAndValue({ key, value }: NewEntry, quote: string, below: '' | '"', flow: boolean): string {
  const text = typeof value === 'string' ? value : mapping(value, below, flow);
  return `${quote}${key}${quote}:${text.startsWith('\n') ? '' : ' '}${text}`;
}

function mapping(entries: readonly NewEntry[], quote: '' | '"', flow: boolean): string {
  const written = entries.map((entry) => keyAndValue(entry, quote, quote, flow));
  if (flow) return `{${written.join(', ')}}`;
  return written.map((entry) => `\n${entry}`.replaceAll('\n', '\n  ')).join('');
}

/** One value alone is written on one line, `optim: {lr: 0.1}`; several are a block. */
function inOneLine(value: NewEntry['value']): boolean {
  if (typeof value === 'string') return !value.startsWith('\n');
  const [only, another] = value;
  return another === undefined && only !== undefined && inOneLine(only.value);
}

/** The indentation of a key; undefined if it is not the first on its line. */
function indentBefore(text: string, offset: number): string | undefined {
  const before = text.slice(lineStart(text, offset), offset).replace(/^\ufeff/, '');
  return /^[ \t]*$/.test(before) ? before : undefined;
}

/** The offset of the comma after a flow entry, past white space and comments, or undefined. */
function commaAfter(text: string, from: number): number | undefined {
  const at = pastAll(text, from, /\s+|\/\*[\s\S]*?\*\/|\/\/[^\n]*|(?<=\s)#[^\n]*/y);
  return text[at] === ',' ? at : undefined;
}

/** The end of the line, or the closing bracket if it comes first. */
function restOfLine(text: string, from: number, close: number): number {
  const end = Math.min(lineEnd(text, from), close);
  const rest = text.slice(from, end);
  return /^[ \t]*(?:\/\/|\/\*|#|$)/.test(rest) ? from + rest.trimEnd().length : from;
}

/** The edit that fills an empty value (`key:` or `key: null`). */
export function fillEmpty({ text }: Document, { offset, length }: ScalarNode, value: string): Edit {
  const before = length === 0 && !/\s/.test(text[offset - 1] ?? '') ? ' ' : '';
  const after = text[offset + length] === '#' ? ' ' : '';
  return { offset, length, text: before + value + after };
}
