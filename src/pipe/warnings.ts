import type { ChalkInstance } from 'chalk';
import { messageLines, placeOf, printable, type Said } from '../base/diagnostic.ts';
import { wrap } from '../base/text.ts';

/** How warnings are shown. */
interface Shown {
  /** Name the file, where the lines above do not. */
  readonly named?: boolean;
  /** Long lists without their middle. */
  readonly fold?: boolean;
}

/** Warnings about a text, wrapped, one paragraph each. */
export function warningLines(
  { source, warnings }: Said,
  chalk: ChalkInstance,
  columns = 80,
  { named = false, fold = false }: Shown = {},
): string {
  return warnings
    .map((one) => {
      const { code, offset } = one;
      const line = offset === undefined ? undefined : placeOf(source.text, offset).line;
      const place = named
        ? [printable(source.file), line].filter((part) => part !== undefined).join(':')
        : line && `line ${line}`;
      const text = [place ? `${place}: ` : '', messageLines(one).join('\n'), ` [${code}]`].join('');
      const lines = text
        .split('\n')
        .flatMap((line) => wrap(line, columns - 2))
        .map((line, i) => (i ? `  ${line}` : line));
      return `${chalk.yellow('!')} ${(fold ? folded(lines) : lines).join('\n')}\n`;
    })
    .join('');
}

/** Lines of one warning beyond which most is a list. */
const LONG = 9;

/** A long list without its middle. */
function folded(lines: readonly string[]): readonly string[] {
  if (lines.length <= LONG) return lines;
  const hidden = lines.length - LONG + 1;
  return [...lines.slice(0, LONG - 3), `  ... ${hidden} lines more, -v shows them ...`, ...lines.slice(-2)];
}
