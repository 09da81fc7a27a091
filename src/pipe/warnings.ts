import type { ChalkInstance } from 'chalk';
import { type Diagnostic, placeOf, printable, type Source } from '../base/diagnostic.ts';
import { hanging } from '../base/text.ts';

/**
 * Warnings about a text that the lines above name, wrapped, one paragraph each.
 * @param unfold long lists in full
 */
export function warningLines(
  { source, warnings }: { readonly source: Source; readonly warnings: readonly Diagnostic[] },
  chalk: ChalkInstance,
  columns = 80,
  unfold = true,
): string {
  return warnings
    .map(({ code, message, offset }) => {
      const line = offset === undefined ? '' : `line ${placeOf(source.text, offset).line}: `;
      const text = printable(`${line}${message} [${code}]`);
      const lines = hanging(text, columns, '  ').split('\n');
      return `${chalk.yellow('!')} ${(unfold ? lines : folded(lines)).join('\n')}\n`;
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
