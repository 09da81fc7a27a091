import type { ChalkInstance } from 'chalk';
import { createTwoFilesPatch } from 'diff';
import { printable, type Source } from '../../base/diagnostic.ts';

export { chalkFor } from '../../base/colour.ts';

/**
 * A unified diff; empty if nothing differs.
 * @param shown on a terminal or in colour: every line is made printable. Else it is a patch, byte for byte
 */
export function unifiedDiff(
  { file, text: before }: Source,
  after: string,
  chalk: ChalkInstance,
  shown: boolean,
): string {
  if (before === after) return '';
  const name = file.replace(/^\/+/, '');
  const patch = createTwoFilesPatch(`a/${name}`, `b/${name}`, before, after, undefined, undefined, {
    context: 3,
  });
  return patch
    .split('\n')
    .filter((line, i) => !(i === 0 && line.startsWith('====')))
    .map((line) => (shown ? colour(printable(line.replace(/\r$/, '')), chalk) : line))
    .join('\n');
}

function colour(line: string, chalk: ChalkInstance): string {
  if (line.startsWith('---') || line.startsWith('+++')) return chalk.bold(line);
  if (line.startsWith('@@')) return chalk.cyan(line);
  if (line.startsWith('+')) return chalk.green(line);
  return line.startsWith('-') ? chalk.red(line) : line;
}
