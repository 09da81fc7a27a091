import { type Dirent, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { whatIs } from './files.ts';

/** Folders that hold nothing of the project's own. */
const SKIPPED = new Set(['.git', 'node_modules', '.venv', '__pycache__']);

/**
 * The files of a folder and of those below it, by name, as paths with `/` from that folder. Links to folders are not
 * followed; links that lead nowhere and pipes are no files; what cannot be read is empty.
 * @param enter whether to look into a folder below, by its path
 */
export function* filesBelow(
  folder: string,
  enter: (path: string) => boolean = () => true,
  at = '',
): Generator<string> {
  for (const entry of entriesOf(join(folder, at))) {
    const path = at === '' ? entry.name : `${at}/${entry.name}`;
    if (entry.isDirectory()) {
      if (!SKIPPED.has(entry.name) && enter(path)) yield* filesBelow(folder, enter, path);
    } else if (entry.isFile() || leadsToFile(entry, join(folder, path))) yield path;
  }
}

function leadsToFile(entry: Dirent, path: string): boolean {
  return entry.isSymbolicLink() && whatIs(path)?.isFile() === true;
}

function entriesOf(folder: string): Dirent[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return [];
  }
}
