import {
  type Diagnostic,
  messageLines,
  type Place,
  placeOf,
  printable,
  type Severity,
  type Source,
} from './diagnostic.ts';

/** Every reason to refuse an input. The codes are part of the interface. */
export type ProblemCode =
  | 'usage'
  | 'unreadable'
  | 'unwritable'
  /** A file does not hold any more what was read from it. */
  | 'changed'
  /** Another run writes the same file. */
  | 'busy'
  | 'not-utf8'
  | 'syntax'
  /** It asks for more than `BUDGET`. */
  | 'too-large'
  | 'empty'
  | 'duplicate-key'
  | 'unknown-dialect'
  | 'ambiguous-dialect'
  | 'not-a-training-config'
  | 'schema'
  | 'batch-unknown'
  | 'batch-inconsistent'
  | 'batch-unreachable'
  | 'batch-unclear'
  /** The trainer multiplies its learning rates by something, and nobody says by what. */
  | 'rate-unclear'
  | 'world-unknown'
  | 'demand'
  | 'several-experiments'
  | 'auto'
  | 'interpolation'
  | 'alias-conflict'
  | 'out-of-range'
  | 'unknown-optimizer'
  | 'half-converted'
  | 'rule-not-applicable'
  /** Nobody has said by which rule, and --strict forbids the default. */
  | 'undecided'
  | 'count-inconsistent'
  | 'cannot-insert'
  /** The file's shape does not let the new values be read as the old ones were. */
  | 'not-readable-again'
  | 'noise-undetermined'
  /** Gradient norms, or a ratio of them, that no gradient noise can give. */
  | 'not-the-same-weights'
  | 'proof-failed'
  | 'interrupted';

/** A refusal: what is wrong, where, and what to do about it. Nothing has been written when it is thrown. */
export class Problem extends Error implements Diagnostic<ProblemCode> {
  override readonly name = 'Problem';
  readonly severity: Severity = 'error';
  readonly offset?: number;
  /** The file and its text; set by `about`, since the code that throws does not know them. */
  file?: string;
  text?: string;

  /** @param also further ones of the same kind in the same file, in the order of their places */
  constructor(
    readonly code: ProblemCode,
    message: string,
    offset?: number,
    readonly also: readonly Problem[] = [],
  ) {
    super(message);
    if (offset !== undefined) this.offset = offset;
  }

  /** Sets the text concerned, unless it is known. */
  in({ file, text }: Source): this {
    if (this.file === undefined) Object.assign(this, { file, text });
    return this;
  }

  /** Line and column, if the text and the place are known. */
  get place(): Place | undefined {
    const { text, offset } = this;
    return text === undefined || offset === undefined ? undefined : placeOf(text, offset);
  }

  /** The message as `file:line:column: message`, with the line and a caret under it; then the further ones. */
  format(): string {
    const { file = 'rebatch', text, offset } = this;
    const [first = '', ...others] = messageLines(this);
    const source = { file, text: text ?? '' };
    const own =
      text === undefined || offset === undefined
        ? [printable(`${file}: ${first}`), ...others].join('\n')
        : framed(source, offset, [first, ...others].join('\n'));
    return [own, ...this.also.map((problem) => problem.in(source).format())].join('\n');
  }
}

/** Runs code that reads a text; what it refuses names that text. */
export async function about<T>(source: Source, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof RangeError && /call stack/i.test(error.message))
      throw new Problem('too-large', 'is nested too deep, or has too much of one thing, to be read').in(
        source,
      );
    throw error instanceof Problem ? error.in(source) : error;
  }
}

/** @param message printable */
function framed({ file, text }: Source, offset: number, message: string): string {
  const { line, column } = placeOf(text, offset);
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const end = text.indexOf('\n', offset);
  const whole = text.slice(start, end === -1 ? undefined : end).replace(/^\ufeff|\r$/g, '');
  const gutter = `  ${line} | `;
  const from = Math.max(0, column - 60);
  const before = printable(whole.slice(from, column - 1).replace(/\t/g, ' '));
  const after = printable(whole.slice(column - 1, from + 100).replace(/\t/g, ' '));
  const place = printable(`${file}:${line}:${column}: `);
  return `${place}${message}\n${gutter}${before}${after}\n${' '.repeat(gutter.length + before.length)}^`;
}
