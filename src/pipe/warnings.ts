import type { ChalkInstance } from 'chalk';
import { type Diagnostic, placeOf, printable, type Source } from '../base/diagnostic.ts';
import { hanging } from '../base/text.ts';

/** Warnings about one text. */
export interface Said {
  readonly source: Source;
  readonly warnings: readonly Diagnostic[];
}

/** Warnings about a text, wrapped, one paragraph each. */
export function warningLines({ source, warnings }: Said, chalk: ChalkInstance, columns = 80): string {
  return warnings
    .map(({ code, message, offset }) => {
      const line = offset === undefined ? '' : `:${placeOf(source.text, offset).line}`;
      const text = printable(`${source.file}${line}: ${message} [${code}]`);
      return `${chalk.yellow('!')} ${hanging(text, columns, '  ')}\n`;
    })
    .join('');
}
