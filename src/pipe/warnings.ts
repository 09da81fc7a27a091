import type { ChalkInstance } from 'chalk';
import { printable } from '../base/problem.ts';
import { wrap } from '../base/text.ts';
import type { PlacedWarning } from './convert.ts';

/** Warnings, wrapped, one paragraph each. */
export function warningLines(
  { file, warnings }: { readonly file: string; readonly warnings: readonly PlacedWarning[] },
  chalk: ChalkInstance,
  columns = 80,
): string {
  return warnings
    .map(({ code, message, line }) => {
      const text = `${printable(file)}${line === undefined ? '' : `:${line}`}: ${message} [${code}]`;
      const [first = '', ...rest] = wrap(printable(text), columns - 2);
      return `${chalk.yellow('!')} ${[first, ...rest.map((l) => `  ${l}`)].join('\n')}\n`;
    })
    .join('');
}
