import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/**
 * Writes generated pages into the current folder, or with --check names those that are stale and has the process exit with 1.
 * @param pages text by file name
 */
export function settle(pages) {
  for (const [file, text] of pages) {
    if (existsSync(file) && readFileSync(file, 'utf8') === text) continue;
    if (process.argv.includes('--check')) {
      process.stdout.write(`${file} is stale: npm run docs\n`);
      process.exitCode = 1;
    } else writeFileSync(file, text);
  }
}
