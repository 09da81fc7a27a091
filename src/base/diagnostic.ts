/** A text and what messages call it. */
export interface Source {
  readonly file: string;
  readonly text: string;
  /** Reads a file that the text names, by its path from the folder of this one; undefined where there is none. */
  readonly beside?: (path: string) => Promise<Source | undefined>;
}

/** `error` refuses a conversion and fails a check; the others are reported. */
export type Severity = 'error' | 'warning' | 'notice';

/** A message about a config. Its place is an offset; the line is worked out when it is printed. */
export interface Diagnostic<Code extends string = string> {
  /** Part of the interface: users filter by it. */
  readonly code: Code;
  readonly severity: Severity;
  readonly message: string;
  /** UTF-16 units from the start of the text; undefined if it concerns the whole file. */
  readonly offset?: number;
  /** The field concerned, and which part of it if the field is an encoded string. */
  readonly pointer?: string;
  readonly part?: string;
}

/** Warnings about one text. */
export interface Said {
  readonly source: Source;
  readonly warnings: readonly Diagnostic[];
}

/** A warning, at a place if one is given. */
export function warning<Code extends string>(code: Code, message: string, offset?: number): Diagnostic<Code> {
  return { code, severity: 'warning', message, ...(offset === undefined ? {} : { offset }) };
}

/** A place in a text: line and column from 1; a column is a UTF-16 unit, as editors count. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Line and column of an offset. A byte order mark takes no column. */
export function placeOf(text: string, offset: number): Place {
  const starts = lineStarts(text);
  let [line, after] = [0, starts.length];
  while (after - line > 1) {
    const middle = (line + after) >> 1;
    if (starts[middle]! <= offset) line = middle;
    else after = middle;
  }
  const bom = line === 0 && text.charCodeAt(0) === 0xfeff ? 1 : 0;
  return { line: line + 1, column: Math.max(1, offset - starts[line]! + 1 - bom) };
}

let asked: { readonly text: string; readonly starts: readonly number[] } = { text: '', starts: [0] };

/** Where the lines of a text begin. Of the last text they are remembered: places are asked for by the thousand. */
function lineStarts(text: string): readonly number[] {
  if (text === asked.text) return asked.starts;
  const starts = [0];
  for (let i = text.indexOf('\n'); i !== -1; i = text.indexOf('\n', i + 1)) starts.push(i + 1);
  asked = { text, starts };
  return starts;
}

/** A place as messages call it: `file:line:column`, or the file alone. */
export function placeName({ file, text }: Source, offset?: number): string {
  if (offset === undefined) return file;
  const { line, column } = placeOf(text, offset);
  return `${file}:${line}:${column}`;
}

/** What nobody sees, or what moves what one sees: controls, bidirectional and invisible marks, lone surrogates. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** More is no text for people: a key of megabytes. */
const MOST_SHOWN = 100_000;

/** A character as JSON and Python write it: `\n`, `\u001b`. */
function escaped(character: string): string {
  const named = JSON.stringify(character).slice(1, -1);
  if (named !== character) return named;
  const units = Array.from({ length: character.length }, (_, i) => character.charCodeAt(i));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}

/**
 * Text of a file as it is shown to people, always on one line: what is not seen is escaped, and so is what a runner of
 * GitHub takes for a command, `::` at the beginning of a line and `##[` anywhere (actions/runner
 * src/Runner.Common/ActionCommand.cs). Everything that comes from a file passes through here.
 */
export function printable(text: string): string {
  const shown = text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
  return shown
    .replace(UNSEEN, escaped)
    .replace(/^(\s*):(?=:)/, '$1\\u003a')
    .replaceAll('##[', '#\\u0023[');
}

/** Messages that are a list, one point a line; what they have of a file was made printable before. */
const LISTS: ReadonlySet<string> = new Set(['noise-scale-unknown', 'undecided']);

/** The lines of a message, printable: one, but for the messages that are lists. */
export function messageLines({ code, message }: Pick<Diagnostic, 'code' | 'message'>): string[] {
  return (LISTS.has(code) ? message.split('\n') : [message]).map(printable);
}

/** A text of several lines, which stay lines, made printable. */
export function printableLines(text: string): string {
  return text
    .split('\n')
    .map((line) => line.replace(/\r$/, '').replace(UNSEEN, escaped))
    .join('\n');
}

/** JSON as every command prints it: what is not seen is escaped, so that the text is safe to show and the data the same. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(UNSEEN, (c) => (c === '\n' ? c : escaped(c)));
}
