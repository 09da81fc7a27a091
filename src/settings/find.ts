import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** The file that holds a project's settings. */
const FILE = 'rebatch.config.yaml';

/**
 * Where the settings for a config stand: `rebatch.config.yaml` in its folder or the nearest one above that has it. It
 * costs a look into a few folders and nothing more where there is none.
 */
export function findSettings(config: string, cwd: string): string | undefined {
  let folder = config === '-' ? resolve(cwd) : dirname(resolve(cwd, config));
  for (;;) {
    const file = join(folder, FILE);
    if (existsSync(file)) return file;
    const above = dirname(folder);
    if (above === folder) return undefined;
    folder = above;
  }
}
