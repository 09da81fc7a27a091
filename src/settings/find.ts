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
  let folder = config === '-' ? resolve(cwd) : dirname(resolve(cwd, config));
  for (;;) {
    const [own, other] = SETTINGS_FILES.filter((name) => existsSync(join(folder, name)));
    if (other !== undefined)
      throw new Problem(
        'usage',
        `both ${own} and ${other} are in ${folder}: put the settings into one of them`,
      );
    if (own !== undefined) return join(folder, own);
    const above = dirname(folder);
    if (above === folder) return undefined;
    folder = above;
  }
}
