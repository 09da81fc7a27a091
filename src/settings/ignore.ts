import { join, relative, resolve, sep } from 'node:path';
import ignore from 'ignore';
import { readTextFile } from '../base/io/files.ts';
import { limited } from '../base/io/limited.ts';
import { Problem } from '../base/problem.ts';
import { nearest } from './find.ts';

/** Names the files that `check` leaves out, in the syntax of .gitignore. */
export const IGNORE_FILE = '.rebatchignore';

/**
 * Whether the nearest ignore file of a path, in its folder or above, names it or a folder that it is in. Each ignore
 * file is read once; another user's does not apply.
 * @param cwd what relative paths start from; a path that ends with `/` is a folder
 * @throws Problem where an ignore file cannot be read
 */
export function ignoredFrom(cwd: string): (path: string) => boolean {
  const read = new Map<string, ReturnType<typeof ignore>>();
  return (path) => {
    const { folder, names: found, foreign } = nearest([IGNORE_FILE], path, cwd);
    if (path === '-' || found.length === 0 || foreign) return false;
    const file = join(folder, IGNORE_FILE);
    if (!read.has(file)) read.set(file, ignore().add(readTextFile(relative(cwd, file), cwd)));
    const below = relative(folder, resolve(cwd, path)).split(sep).join('/');
    const names = read.get(file)!;
    const late = () =>
      new Problem('usage', `a line of ${file} takes too long to compare: write it with fewer stars`);
    return below !== '' && limited(() => names.ignores(path.endsWith('/') ? `${below}/` : below), late);
  };
}
