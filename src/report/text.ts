import type { TimeScale } from '../rules/assess.ts';

/** What stays the same in samples, and whether it does to the digits written. */
export function describeScale({ what, from, to }: TimeScale): string {
  const same = Math.abs(to / from - 1) < 1e-3;
  if (what === 'half-life') return `half-life ${count(from)} samples${same ? ', kept' : ` -> ${count(to)}`}`;
  if (what === 'length')
    return same ? `${count(from)} samples, kept` : `${count(from)} -> ${count(to)} samples`;
  return same ? `${what} ${short(from)}, kept` : `${what} ${short(from)} -> ${short(to)}`;
}

/** A number of samples or steps: whole from 100 on, with digit groups (by hand: loading locales takes 5 ms). */
export function count(n: number): string {
  return n >= 100 ? String(Math.round(n)).replace(/\B(?=(\d{3})+$)/g, ',') : short(n);
}

function short(n: number): string {
  return String(Number(n.toPrecision(4)));
}

/** Breaks a text into lines of at most `columns`, never fewer than 30. */
export function wrap(text: string, columns: number): string[] {
  const width = Math.max(30, columns);
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line ? `${line} ${word}` : word;
  }
  return [...lines, line];
}
