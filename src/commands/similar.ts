import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Io } from '../io/streams.ts';

/** A word may be so many slips of the keys from the name that was meant. */
const SLIPS = 2;

/** The command that was meant by a word which is neither a command nor a file; undefined where none is close. */
export function similarCommand(word: string, names: readonly string[], { cwd }: Io): string | undefined {
  const far = Math.min(SLIPS, Math.floor(word.length / 2) - 1);
  const near = names.map((name) => ({ name, slips: slips(word, name) })).filter((n) => n.slips <= far);
  if (near.length === 0 || existsSync(resolve(cwd, word))) return undefined;
  return near.reduce((a, b) => (b.slips < a.slips ? b : a)).name;
}

/** Characters left out, put in, replaced, and neighbours swapped, that lead from one word to the other. */
function slips(a: string, b: string): number {
  const table = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const [above, same] = [table[i - 1]!, a[i - 1] === b[j - 1]];
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(
        above[j]! + 1,
        row[j - 1]! + 1,
        above[j - 1]! + (same ? 0 : 1),
        swapped ? table[i - 2]![j - 2]! + 1 : Number.POSITIVE_INFINITY,
      );
    }
    table.push(row);
  }
  return table[a.length]![b.length]!;
}
