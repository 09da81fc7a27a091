import type { Document, Entry, MapNode, ScalarNode } from './nodes.ts';

/** A replacement of `length` characters at `offset` by `text`; length 0 is an insertion. */
export interface Edit {
  readonly offset: number;
  readonly length: number;
  readonly text: string;
}

/** Splices edits into a text. Insertions at the same place keep their order; overlapping edits are a bug. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  let result = '';
  let at = 0;
  for (const edit of inOrder(edits)) {
    if (edit.offset < at) throw new RangeError(`overlapping edits at offset ${edit.offset}`);
    result += text.slice(at, edit.offset) + edit.text;
    at = edit.offset + edit.length;
  }
  return result + text.slice(at);
}

/** Edits by place in the text. The sort is stable, so insertions at one place keep their order. */
export function inOrder(edits: readonly Edit[]): Edit[] {
  return [...edits].sort((a, b) => a.offset - b.offset);
}

/** A key and the text of its value, to be inserted into a mapping; a block starts with a line break and has its indentation from there. */
export interface NewEntry {
  readonly key: string;
  readonly value: string;
}

/**
 * The edits that insert entries into a mapping after `sibling`, in the mapping's style: one a line in a block, on the
 * same line in a flow mapping. A comment on the sibling's line stays there.
 */
export function insertAfter(
  { text }: Document,
  map: MapNode,
  sibling: Entry | undefined,
  entries: readonly NewEntry[],
): Edit[] {
  if (!sibling) return insertIntoEmpty(text, map, entries);
  const quote = sibling.quote;
  const written = entries.map(
    (e) => `${quote}${e.key}${quote}:${e.value.startsWith('\n') ? '' : ' '}${e.value}`,
  );
  const end = contentEnd(text, sibling);
  const indent = indentBefore(text, sibling.offset);
  if (!map.flow) {
    const at = lineEnd(text, end);
    const pad = ' '.repeat(
      sibling.offset -
        lineStart(text, sibling.offset) -
        (text.charCodeAt(0) === 0xfeff && lineStart(text, sibling.offset) === 0 ? 1 : 0),
    );
    return [
      {
        offset: at,
        length: 0,
        text: written.map((w) => `\n${w}`.replaceAll('\n', newline(text) + pad)).join(''),
      },
    ];
  }
  if (indent === undefined) return [{ offset: end, length: 0, text: written.map((w) => `, ${w}`).join('') }];
  const comma = commaAfter(text, end);
  const at =
    comma === undefined ? restOfLine(text, end, map.end - 1) : restOfLine(text, comma + 1, map.end - 1);
  const lines = written.map((w) => newline(text) + indent + w);
  if (comma === undefined)
    return [
      { offset: end, length: 0, text: ',' },
      { offset: at, length: 0, text: lines.join(',') },
    ];
  return [{ offset: at, length: 0, text: lines.map((l) => `${l},`).join('') }];
}

function insertIntoEmpty(text: string, map: MapNode, entries: readonly NewEntry[]): Edit[] {
  const quote = /^(?:\s|\/\/.*|\/\*[\s\S]*?\*\/|#.*)*[{[]/.test(text) ? '"' : '';
  return [
    {
      offset: map.offset + 1,
      length: 0,
      text: entries.map((e) => `${quote}${e.key}${quote}: ${e.value}`).join(', '),
    },
  ];
}

/** One past the last character of an entry: block scalars end before the line break. */
function contentEnd(text: string, { offset, end }: Entry): number {
  let at = end;
  while (at > offset && /[\r\n]/.test(text[at - 1]!)) at--;
  return at;
}

/** The indentation of a key; undefined if it is not the first on its line. */
function indentBefore(text: string, offset: number): string | undefined {
  const before = text.slice(lineStart(text, offset), offset).replace(/^\ufeff/, '');
  return /^[ \t]*$/.test(before) ? before : undefined;
}

/** The offset of the comma after a flow entry, past white space and comments, or undefined. */
function commaAfter(text: string, from: number): number | undefined {
  const rest = /^(?:\s|\/\*[\s\S]*?\*\/|\/\/[^\n]*|(?<=\s)#[^\n]*)*/.exec(text.slice(from))?.[0] ?? '';
  return text[from + rest.length] === ',' ? from + rest.length : undefined;
}

/** The end of the line, or the closing bracket if it comes first. */
function restOfLine(text: string, from: number, close: number): number {
  const end = Math.min(lineEnd(text, from), close);
  const rest = text.slice(from, end);
  return /^[ \t]*(?:\/\/|\/\*|#|$)/.test(rest) ? from + rest.trimEnd().length : from;
}

function lineStart(text: string, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1;
}

function lineEnd(text: string, offset: number): number {
  const end = text.indexOf('\n', offset);
  if (end === -1) return text.length;
  return text[end - 1] === '\r' ? end - 1 : end;
}

function newline(text: string): string {
  const first = text.indexOf('\n');
  return first > 0 && text[first - 1] === '\r' ? '\r\n' : '\n';
}

/** The edit that fills an empty value (`key:` or `key: null`). */
export function fillEmpty({ text }: Document, { offset, length }: ScalarNode, value: string): Edit {
  const before = length === 0 && !/\s/.test(text[offset - 1] ?? '') ? ' ' : '';
  const after = text[offset + length] === '#' ? ' ' : '';
  return { offset, length, text: before + value + after };
}
