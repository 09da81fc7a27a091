import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** The file that holds a project's settings. */
const FILE = 'rebatch.config.yaml';

/**
 * Where the settings for a config stand: `rebatch.config.yaml`, or a package.json with a key `rebatch`, in its folder
 * or the nearest one above that has either. It costs a look into a few folders and nothing more where there are none.
 */
export function findSettings(config: string, cwd: string): string | undefined {
  let folder = config === '-' ? resolve(cwd) : dirname(resolve(cwd, config));
  for (;;) {
    const own = join(folder, FILE);
    if (existsSync(own)) return own;
    const manifest = join(folder, 'package.json');
    if (existsSync(manifest) && hasSettings(readFileSync(manifest, 'utf8'))) return manifest;
    const above = dirname(folder);
    if (above === folder) return undefined;
    folder = above;
  }
}

function hasSettings(manifest: string): boolean {
  if (!manifest.includes('"rebatch"')) return false;
  try {
    return Object.hasOwn(JSON.parse(manifest), 'rebatch');
  } catch {
    return false; // Another tool's broken manifest is no reason to refuse a config.
  }
}
