import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Problem } from '../base/problem.ts';

/** Names of the file that holds a project's settings. */
export const SETTINGS_FILES = [
  'rebatch.config.yaml',
  'rebatch.config.yml',
  'rebatch.config.json',
  '.rebatchrc',
] as const;

/**
 * The settings file of a config, in its folder or the nearest one above. Cheap: without one, only these folders are
 * looked at.
 * @throws Problem: usage, where a folder has two, of which one would be passed over in silence
 */
export function findSettings(config: string, cwd: string): string | undefined {
  const { folder, names: [own, other] = [] } = nearest(SETTINGS_FILES, config, cwd);
  if (other !== undefined)
    throw new Problem(
      'usage',
      `both ${own} and ${other} are in ${folder}: put the settings into one of them`,
    );
  return own && join(folder, own);
}

/**
 * The nearest folder, from that of a config upwards, that has files of these names, and which of them.
 * @param config `-`, standard input, belongs to the working folder
 */
export function nearest(
  names: readonly string[],
  config: string,
  cwd: string,
): { readonly folder: string; readonly names: readonly string[] } {
  let folder = config === '-' ? resolve(cwd) : dirname(resolve(cwd, config));
  for (;;) {
    const there = names.filter((name) => existsSync(join(folder, name)));
    const above = dirname(folder);
    if (there.length > 0 || above === folder) return { folder, names: there };
    folder = above;
  }
}
