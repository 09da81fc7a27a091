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
  const before = text.lastIndexOf('\n', offset - 1);
  let line = 1;
  for (let i = text.indexOf('\n'); i !== -1 && i < offset; i = text.indexOf('\n', i + 1)) line++;
  const bom = before === -1 && text.charCodeAt(0) === 0xfeff ? 1 : 0;
  return { line, column: Math.max(1, offset - before - bom) };
}

/** A place as messages call it: `file:line:column`, or the file alone. */
export function placeName({ file, text }: Source, offset?: number): string {
  if (offset === undefined) return file;
  const { line, column } = placeOf(text, offset);
  return `${file}:${line}:${column}`;
}

/** Text without control characters, with which a file could control the terminal; line breaks stay. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, '\ufffd');
}
