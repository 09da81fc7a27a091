// npm's `prepare` script: builds. npm runs it for a git dependency too, and for `npm install -g` leaves out what the
// build needs, since the install within inherits --global (npm/cli#4942 is the same in other words). It is had first.

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const root = new URL('..', import.meta.url);
if (!existsSync(new URL('node_modules/rolldown', root)))
  execFileSync(
    'npm',
    ['ci', '--global=false', '--include=dev', '--ignore-scripts', '--no-audit', '--no-fund'],
    // stdout belongs to `npm pack`, which prints the name of the package there.
    { cwd: root, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' },
  );
await import('./build.mjs');
