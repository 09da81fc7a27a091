import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { besideOf, findPackage } from '../../src/lab/backends/packages.ts';
import { cli } from '../helpers/cli.ts';
import { temporaryFolder } from '../helpers/temporary.ts';

const CONFIG = 'per_device_train_batch_size: 8\nlearning_rate: 2.0e-05\nadam_beta2: 0.95\n';
const NAMES = ['webgpu', '@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'];

/** A folder with packages that note that they were loaded. */
function planted(): { folder: string; loaded: () => string[] } {
  const folder = temporaryFolder();
  const notes = temporaryFolder();
  for (const name of NAMES) {
    const at = join(folder, 'node_modules', name);
    mkdirSync(at, { recursive: true });
    writeFileSync(join(at, 'package.json'), JSON.stringify({ name, version: '9.9.9', main: 'index.js' }));
    const note = join(notes, name.replace('/', '-'));
    writeFileSync(join(at, 'index.js'), `require('fs').writeFileSync(${JSON.stringify(note)}, '')`);
  }
  return { folder, loaded: () => readdirSync(notes) };
}

it('packages of the working folder, and of the folders above, are not loaded', async () => {
  const { folder, loaded } = planted();
  const cwd = join(folder, 'a/b');
  mkdirSync(cwd, { recursive: true });
  for (const where of [cwd, folder]) writeFileSync(join(where, 'run.yaml'), CONFIG);
  for (const where of [cwd, folder])
    for (const backend of ['tensorflow', 'webgpu']) {
      const { stderr } = await cli(['verify', 'run.yaml', '--by', '2', '--backend', backend], {
        cwd: where,
      });
      expect(stderr).not.toContain('9.9.9');
    }
  expect(loaded()).toEqual([]);
});

it('packages of the folder that --packages names are, and of no folder above it', async () => {
  const { folder, loaded } = planted();
  mkdirSync(join(folder, 'below/node_modules'), { recursive: true });
  for (const name of NAMES) expect(findPackage(name, join(folder, 'below'))?.version).not.toBe('9.9.9');
  for (const name of NAMES) expect(findPackage(name, folder)).toBeDefined();
  writeFileSync(join(folder, 'run.yaml'), CONFIG);
  const args = ['verify', 'run.yaml', '--by', '2', '--backend', 'tensorflow', '--packages', '.'];
  expect((await cli(args, { cwd: folder })).stderr).toContain('tfjs-node 9.9.9 does not load');
  expect(loaded()).toContain('@tensorflow-tfjs-node');
});

it('beside rebatch is its own folder of packages and the one that it is installed in', () => {
  expect(besideOf('/a/node_modules/rebatch/dist')).toEqual([
    '/a/node_modules/rebatch/node_modules',
    '/a/node_modules',
  ]);
  expect(besideOf('/home/me/rebatch/src/lab/backends')).toEqual(['/home/me/rebatch/node_modules']);
  expect(besideOf('/home/me/rebatch/dist')).toEqual(['/home/me/rebatch/node_modules']);
  expect(besideOf('/opt/bin')).toEqual(['/opt/bin/node_modules']);
});
