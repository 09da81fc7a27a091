import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { slips } from '../base/edit-distance.ts';
import type { Io } from '../base/io/streams.ts';

/** A word may be so many slips of the keys from the name that was meant. */
const SLIPS = 2;

/** The command that was meant by a word which is neither a command nor a file; undefined where none is close. */
export function similarCommand(word: string, names: readonly string[], { cwd }: Io): string | undefined {
  const far = Math.min(SLIPS, Math.floor(word.length / 2) - 1);
  const near = names.map((name) => ({ name, by: slips(word, name) })).filter((n) => n.by <= far);
  if (near.length === 0 || existsSync(resolve(cwd, word))) return undefined;
  return near.reduce((a, b) => (b.by < a.by ? b : a)).name;
}
