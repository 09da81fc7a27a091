// Writes one file that runs without Node: this Node with the built program in it (Node 24, "single executable applications").
//   npm run build && node scripts/executable.mjs FOLDER        FOLDER/rebatch, or FOLDER/rebatch.exe
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { rolldown } from 'rolldown';

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: node scripts/executable.mjs FOLDER');
const windows = process.platform === 'win32';
const mac = process.platform === 'darwin';
const out = join(resolve(folder), windows ? 'rebatch.exe' : 'rebatch');
const work = mkdtempSync(join(tmpdir(), 'rebatch-executable-'));
const main = join(work, 'main.cjs');
const blob = join(work, 'main.blob');
const config = join(work, 'sea.json');

// The built files in one, each still run when it is first needed.
const build = await rolldown({ input: join(import.meta.dirname, '../bin/rebatch.js'), platform: 'node' });
await build.write({ file: main, format: 'cjs', minify: true, inlineDynamicImports: true });
await build.close();
writeFileSync(
  config,
  JSON.stringify({ main, output: blob, disableExperimentalSEAWarning: true, useCodeCache: true }),
);
// The code cache is of the Node that writes it, so it has to be the one that is copied.
execFileSync(process.execPath, ['--experimental-sea-config', config], { stdio: 'inherit' });

mkdirSync(resolve(folder), { recursive: true });
copyFileSync(process.execPath, out);
chmodSync(out, 0o755);
if (mac) execFileSync('codesign', ['--remove-signature', out]);
execFileSync(
  'npx',
  [
    '--yes',
    'postject@1.0.0-alpha.6',
    out,
    'NODE_SEA_BLOB',
    blob,
    '--sentinel-fuse',
    'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2',
    ...(mac ? ['--macho-segment-name', 'NODE_SEA'] : []),
  ],
  { stdio: ['ignore', 'ignore', 'inherit'], shell: windows },
);
if (mac) execFileSync('codesign', ['--sign', '-', out]);
rmSync(work, { recursive: true, force: true });
// The licences of what is in it: its own, the bundled packages', and Node's, beside or above its binary.
for (const name of ['LICENSE', 'dist/THIRD-PARTY-NOTICES.txt'])
  copyFileSync(join(import.meta.dirname, '..', name), join(resolve(folder), basename(name)));
const node = ['..', '.']
  .map((up) => join(dirname(process.execPath), up, 'LICENSE'))
  .find((file) => existsSync(file));
if (node) copyFileSync(node, join(resolve(folder), 'LICENSE-node'));
process.stdout.write(`${out}  ${(statSync(out).size / 1e6).toFixed(0)} MB\n`);
