import { join, resolve } from 'node:path';
import { whatIs } from '../../base/io/files.ts';
import type { Io } from '../../base/io/streams.ts';
import { filesBelow } from '../../base/io/walk.ts';
import { Problem } from '../../base/problem.ts';
import { expandGlob } from '../../settings/glob.ts';
import { ignoredFrom } from '../../settings/ignore.ts';

/** What of a folder is looked at: scripts and Python are programs more often than configs, so they are named. */
const CONFIG = /\.(?:ya?ml|jsonc?|toml)$/i;

/** The files to judge. */
export interface Targets {
  readonly files: readonly string[];
  /** One file that was named, and no folder or glob. */
  readonly single: boolean;
  /** Files that were named and that an ignore file leaves out. */
  readonly leftOut: number;
}

/**
 * The files that were named, those of folders and of globs that no shell has expanded, without those that an ignore
 * file names; each once.
 * @param options.mayBeGone whether a file that is not there can be judged
 * @param options.ownSettings whether settings were named, so that those beside the files, the ignore file too, do not count
 * @throws Problem where a file is not there, or nothing is in a folder or fits a glob
 */
export function targetsOf(
  names: readonly string[],
  { cwd }: Pick<Io, 'cwd'>,
  options: { readonly mayBeGone: boolean; readonly ownSettings: boolean },
): Targets {
  const { mayBeGone, ownSettings } = options;
  const isIgnored = ownSettings ? () => false : ignoredFrom(cwd);
  const files = new Set<string>();
  const absent: Problem[] = [];
  let leftOut = 0;
  for (const name of names) {
    let pruned = false;
    const enter = (folder: string) => {
      const yes = !isIgnored(`${folder}/`);
      pruned ||= !yes;
      return yes;
    };
    const { found, nothing } = named(name, cwd, enter);
    const there = found.length === 0 && mayBeGone && nothing === ABSENT ? [name] : found;
    if (there.length === 0 && !pruned)
      absent.push(new Problem('unreadable', nothing).in({ file: name, text: '' }));
    for (const file of there) {
      if (!isIgnored(file)) files.add(file);
      else if (file === name) leftOut += 1;
    }
  }
  const [first, ...also] = absent;
  const single = names.length === 1 && files.has(names[0]!);
  if (!first) return { files: [...files], single, leftOut };
  const problem = new Problem('unreadable', first.message, undefined, also);
  throw problem.in({ file: first.file!, text: '' });
}

const ABSENT = 'there is no such file';

/** The files that one name stands for, and what to say where there are none. */
function named(name: string, cwd: string, enter: (folder: string) => boolean) {
  // An empty name is an unset variable of a script, not the working folder.
  const there = /^-?$/.test(name) ? undefined : whatIs(resolve(cwd, name));
  if (there?.isDirectory()) {
    const below = filesBelow(resolve(cwd, name), (path) => enter(join(name, path)));
    const found = [...below].filter((path) => CONFIG.test(path)).map((path) => join(name, path));
    return { found, nothing: 'no config is in this folder or below (.yaml, .yml, .json, .jsonc, .toml)' };
  }
  if (there || name === '-') return { found: [name], nothing: ABSENT };
  const found = expandGlob(name, cwd, enter);
  return { found: found ?? [], nothing: found ? 'no file fits this glob' : ABSENT };
}
