/** A place in a text: 1-based line and column, and the 0-based offset they came from. */
export interface Place {
  readonly offset: number;
  readonly line: number;
  readonly column: number;
}

/** One line of the input, shown under an error message. */
interface Excerpt {
  readonly line: string;
  readonly column: number;
}

/** Everything that can go wrong because of the input, by code. The codes are part of the interface. */
export type ProblemCode =
  | 'usage'
  | 'unreadable'
  | 'not-utf8'
  | 'syntax'
  | 'empty'
  | 'duplicate-key'
  | 'unknown-dialect'
  | 'ambiguous-dialect'
  | 'not-a-training-config'
  | 'schema'
  | 'batch-unknown'
  | 'batch-inconsistent'
  | 'batch-unreachable'
  | 'auto'
  | 'interpolation'
  | 'alias-conflict'
  | 'out-of-range'
  | 'unknown-optimizer'
  | 'rule-not-applicable'
  | 'count-inconsistent'
  | 'cannot-insert'
  | 'noise-undetermined'
  | 'proof-failed'
  | 'interrupted';

/** A refusal: what is wrong, where, and what to do about it. Nothing has been written when it is thrown. */
export class Problem extends Error {
  override readonly name = 'Problem';
  file?: string;
  /** Further ones of the same kind in the same file, in the order of their places. */
  also: readonly Problem[] = [];

  constructor(
    readonly code: ProblemCode,
    message: string,
    readonly place?: Place,
    readonly excerpt?: Excerpt,
  ) {
    super(message);
  }

  /** The message as `file:line:column: message`, with the line and a caret under it; then the further ones. */
  format(file = this.file): string {
    const at = this.place ? `:${this.place.line}:${this.place.column}` : '';
    const head = `${file ?? 'rebatch'}${at}: ${this.message}`;
    const own = printable(this.excerpt ? `${head}\n${frame(this.excerpt, this.place?.line ?? 1)}` : head);
    return [own, ...this.also.map((problem) => problem.format(file))].join('\n');
  }
}

function frame({ line, column }: Excerpt, lineNumber: number): string {
  const gutter = `  ${lineNumber} | `;
  const start = Math.max(0, column - 60);
  const shown = line.slice(start, start + 100).replace(/\t/g, ' ');
  return `${gutter}${shown}\n${' '.repeat(gutter.length + column - 1 - start)}^`;
}

/** Text without the control characters with which a file could talk to the terminal; line breaks stay. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, '\ufffd');
}
