import type { ChalkInstance } from 'chalk';
import { createTwoFilesPatch } from 'diff';
import { printable, type Source } from '../../base/diagnostic.ts';

export { chalkFor } from '../../base/colour.ts';

/** A unified diff for `patch` and `git apply`; empty if nothing differs. */
export function unifiedDiff({ file, text: before }: Source, after: string, chalk: ChalkInstance): string {
  if (before === after) return '';
  const name = file.replace(/^\/+/, '');
  const patch = createTwoFilesPatch(`a/${name}`, `b/${name}`, before, after, undefined, undefined, {
    context: 3,
  });
  const plain = chalk.level === 0;
  return patch
    .split('\n')
    .filter((line, i) => !(i === 0 && line.startsWith('====')))
    .map((line) => (plain ? line : colour(printable(line), chalk)))
    .join('\n');
}

function colour(line: string, chalk: ChalkInstance): string {
  if (line.startsWith('---') || line.startsWith('+++')) return chalk.bold(line);
  if (line.startsWith('@@')) return chalk.cyan(line);
  if (line.startsWith('+')) return chalk.green(line);
  return line.startsWith('-') ? chalk.red(line) : line;
}
