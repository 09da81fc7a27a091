import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import picomatch from 'picomatch/posix.js';
import { limited } from '../base/io/limited.ts';
import { Problem } from '../base/problem.ts';

/** No extended globs and no negation: a name with ( or ! means itself. Hidden folders hold configs like others. */
const OPTIONS = { dot: true, noext: true, nonegate: true } as const;

/** Whether a path with `/` matches a glob; a glob without `/` is compared with the file's name alone. */
export function matchesGlob(path: string, glob: string): boolean {
  const whole = glob.replace(/^\.\//, '');
  const late = () =>
    new Problem('usage', `the glob "${glob}" takes too long to compare: write it with fewer stars`);
  return limited(() => picomatch.isMatch(path, whole, { ...OPTIONS, basename: !whole.includes('/') }), late);
}

/** Entries of folders to look at before a glob is left in peace: a folder of data holds millions. */
const MOST_ENTRIES = 20_000;
/** Folders that hold no configs of the project. */
const SKIPPED = new Set(['.git', 'node_modules', '.venv', '__pycache__']);

/** Whether no file in a folder or below matches a glob. False where there are too many files to know. */
export function fitsNothing(folder: string, glob: string): boolean {
  const { base } = picomatch.scan(glob.replace(/^\.\//, ''));
  const waiting = [glob.includes('/') ? base : ''];
  let seen = 0;
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop())
    for (const entry of entriesOf(join(folder, at))) {
      if (++seen > MOST_ENTRIES) return false;
      const path = at === '' ? entry.name : `${at}/${entry.name}`;
      if (!entry.isDirectory()) {
        if (matchesGlob(path, glob)) return false;
      } else if (!SKIPPED.has(entry.name)) waiting.push(path);
    }
  return true;
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
