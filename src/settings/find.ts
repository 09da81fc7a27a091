import { existsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Problem } from '../base/problem.ts';

/** Names of the file that holds a project's settings. */
export const SETTINGS_FILES = [
  'rebatch.config.yaml',
  'rebatch.config.yml',
  'rebatch.config.json',
  '.rebatchrc',
] as const;

/** Whose settings apply to a config: a file of its owner, or one of another user, which does not. */
export interface Found {
  readonly file: string;
  readonly foreign: boolean;
}

/**
 * The settings file of a config, in its folder or the nearest one above within its repository. Where a folder or file
 * is neither the user's nor of who owns the config's folder, it is foreign, as a file planted in /tmp is. Cheap: without
 * one, only these folders are looked at.
 * @throws Problem: usage, where a folder has two, of which one would be passed over in silence
 */
export function findSettings(config: string, cwd: string): Found | undefined {
  const { folder, names, foreign } = nearest(SETTINGS_FILES, config, cwd);
  const [own, other] = names;
  if (other !== undefined && !foreign)
    throw new Problem(
      'usage',
      `both ${own} and ${other} are in ${folder}: put the settings into one of them`,
    );
  return own === undefined ? undefined : { file: join(folder, own), foreign };
}

/**
 * The nearest folder that has files of these names, from that of a config upwards within its repository, which of them,
 * and whether the folder or the first of them is another user's.
 * @param config `-`, standard input, belongs to the working folder
 */
export function nearest(
  names: readonly string[],
  config: string,
  cwd: string,
): { readonly folder: string; readonly names: readonly string[]; readonly foreign: boolean } {
  let folder = config === '-' ? resolve(cwd) : dirname(resolve(cwd, config));
  while (!existsSync(folder)) folder = dirname(folder);
  const trusted = [ownerOf(folder), process.geteuid?.()];
  for (;;) {
    const there = names.filter((name) => existsSync(join(folder, name)));
    const above = dirname(folder);
    const foreign = [folder, ...there.slice(0, 1).map((name) => join(folder, name))].some(
      (path) => !trusted.includes(ownerOf(path)),
    );
    if (there.length > 0 || foreign || above === folder || existsSync(join(folder, '.git')))
      return { folder, names: there, foreign };
    folder = above;
  }
}

/** Who owns a file; on Windows everybody is 0. */
function ownerOf(path: string): number | undefined {
  return process.geteuid === undefined ? undefined : statSync(path).uid;
}
