import { join, posix, resolve } from 'node:path';
import picomatch from 'picomatch/posix.js';
import { limited } from '../base/io/limited.ts';
import { filesBelow } from '../base/io/walk.ts';
import { Problem } from '../base/problem.ts';

/** No extended globs and no negation: a name with ( or ! means itself. Hidden folders hold configs like others. */
const OPTIONS = { dot: true, noext: true, nonegate: true } as const;

/** Whether a path with `/` matches a glob; a glob without `/` is compared with the file's name alone. */
export function matchesGlob(path: string, glob: string): boolean {
  const whole = glob.replace(/^\.\//, '');
  return inTime(glob, () => picomatch.isMatch(path, whole, { ...OPTIONS, basename: !whole.includes('/') }));
}

/** @throws Problem: usage where a glob with many stars tries every way to divide a path */
function inTime<T>(glob: string, compare: () => T): T {
  const late = `the glob "${glob}" takes too long to compare: write it with fewer stars`;
  return limited(compare, () => new Problem('usage', late));
}

/**
 * The files that a glob names as a shell expands it, by name; undefined where it is no glob.
 * @param enter whether to look into a folder, by its path
 */
export function expandGlob(
  glob: string,
  cwd: string,
  enter: (path: string) => boolean,
): string[] | undefined {
  const { base, glob: rest, isGlob } = picomatch.scan(glob, { nonegate: true });
  if (!isGlob) return undefined;
  const below = [...filesBelow(resolve(cwd, base), (path) => enter(posix.join(base, path)))];
  return inTime(glob, () =>
    below.filter((path) => picomatch.isMatch(path, rest, OPTIONS)).map((path) => posix.join(base, path)),
  );
}

/** Files to look at before a glob is left in peace: a folder of data holds millions. */
const MOST_FILES = 20_000;

/** Whether no file in a folder or below matches a glob. False where there are too many files to know. */
export function fitsNothing(folder: string, glob: string): boolean {
  const { base } = picomatch.scan(glob.replace(/^\.\//, ''));
  const start = glob.includes('/') ? base : '';
  let seen = 0;
  for (const path of filesBelow(join(folder, start))) {
    if (++seen > MOST_FILES || matchesGlob(start === '' ? path : `${start}/${path}`, glob)) return false;
  }
  return true;
}
