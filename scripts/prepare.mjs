// npm's `prepare` script: builds, unless what is built is newer than all it is made of (npm prepares a git dependency twice).
// For `npm install --global git+...`, as pre-commit runs it, npm leaves out what the build needs (npm/cli#8440): it is
// installed first.

import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';

const root = new URL('../', import.meta.url);
const changed = (path) => statSync(new URL(path, root)).mtimeMs;
const newest = (folder) =>
  Math.max(
    ...readdirSync(new URL(folder, root), { recursive: true }).map((name) => changed(`${folder}/${name}`)),
  );

/** The last file that a build writes. */
const BUILT = 'dist/types/index.d.ts';
/** What it is made of. */
const FOLDERS = ['src', 'schemas', 'kernel', 'scripts'];
const FILES = ['package-lock.json', 'package.json', 'tsconfig.json', 'tsconfig.build.json'];

if (!existsSync(new URL('node_modules/rolldown', root)))
  execFileSync(
    'npm',
    ['ci', '--global=false', '--include=dev', '--ignore-scripts', '--no-audit', '--no-fund'],
    {
      cwd: root,
      // stdout belongs to `npm pack`, which prints the package's name there.
      stdio: ['ignore', 2, 2],
      shell: process.platform === 'win32',
    },
  );
const built = existsSync(new URL(BUILT, root)) ? changed(BUILT) : 0;
if (Math.max(...FOLDERS.map(newest), ...FILES.map(changed)) >= built) await import('./build.mjs');
