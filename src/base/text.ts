import { printable } from './diagnostic.ts';

/** Breaks a text, made printable, into lines of at most `columns`, never fewer than 30. */
export function wrap(text: string, columns: number): string[] {
  const width = Math.max(30, columns);
  const lines: string[] = [];
  let line = '';
  for (const word of printable(text).split(' ')) {
    // At the beginning of a line `::` is a command to a runner of GitHub.
    if (line && line.length + 1 + word.length > width && !word.startsWith('::')) {
      lines.push(line);
      line = word;
    } else line = line ? `${line} ${word}` : word;
  }
  return [...lines, line];
}

/** Breaks a text so that it fits behind `indent`, which is put before every line but the first. */
export function hanging(text: string, columns: number, indent: string): string {
  return wrap(text, columns - indent.length).join(`\n${indent}`);
}

/** A number of things: `1 file`, `2 files`. */
export function counted(n: number, thing: string): string {
  return `${n} ${thing}${n === 1 ? '' : 's'}`;
}
