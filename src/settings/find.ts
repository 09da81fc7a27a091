import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** The file that holds a project's settings. */
const FILE = 'rebatch.config.yaml';

/**
 * The settings file of a config: `rebatch.config.yaml` in its folder or the nearest one above. Cheap: without
 * one, only these folders are looked at.
 */
export function findSettings(config: string, cwd: string): string | undefined {
  let folder = config === '-' ? resolve(cwd) : dirname(resolve(cwd, config));
  for (;;) {
    const own = join(folder, FILE);
    if (existsSync(own)) return own;
    const above = dirname(folder);
    if (above === folder) return undefined;
    folder = above;
  }
}
