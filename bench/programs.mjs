// Whole processes: how long convert takes beside an empty program and beside the alternatives a user has.

import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { output, processes, seconds } from './measure.mjs';

const ROOT = new URL('..', import.meta.url).pathname;
const PROGRAM = join(ROOT, 'bin/rebatch.js');
const CONFIG = join(ROOT, 'fixtures/hf-trainer/adamw-64-gpus/input.yaml');
const CONVERT = ['convert', CONFIG, '--to', '64', '--world', '64', '--world-to', '8'];

const EDIT = `
import sys, yaml
with open(sys.argv[1]) as f: config = yaml.safe_load(f)
config['learning_rate'] = config['learning_rate'] / 2
yaml.safe_dump(config, sys.stdout)
`;

/** Medians in seconds: `node -e 0` and convert for every Node, and the same file edited by other means. */
export async function startUp({ nodes, torch }) {
  const rows = {};
  for (const node of nodes) {
    const version = await output(node, ['--version']);
    if (version === undefined) throw new Error(`no Node at ${node}`);
    const commands = { empty: [node, '-e', '0'], convert: [node, PROGRAM, ...CONVERT] };
    rows[version] = await processes(commands);
  }
  const python = torch ?? 'python3';
  const commands = {};
  if ((await output(python, ['-c', 'import yaml'])) !== undefined)
    commands['python, yaml.safe_load and safe_dump'] = [python, '-c', EDIT, CONFIG];
  if ((await output('yq', ['.', CONFIG])) !== undefined)
    commands.yq = ['yq', '-y', '.learning_rate /= 2', CONFIG];
  return { nodes: rows, others: Object.keys(commands).length ? await processes(commands) : {} };
}

/** Seconds per file of `check` over a thousand; undefined while there is no such command. */
export async function checkMany(count = 1000) {
  const help = await output(process.execPath, [PROGRAM, 'check', '--help']);
  if (!help?.includes('rebatch check')) return undefined;
  const folder = await mkdtemp(join(tmpdir(), 'rebatch-bench-'));
  try {
    await cp(CONFIG, join(folder, '0.yaml'));
    const text = await readFile(CONFIG, 'utf8');
    const files = Array.from({ length: count }, (_, i) => join(folder, `${i}.yaml`));
    await Promise.all(files.map((file, i) => writeFile(file, `${text}\nseed: ${i}\n`)));
    const one = await seconds(() => output(process.execPath, [PROGRAM, 'check', files[0], files[1]]));
    const all = await seconds(() => output(process.execPath, [PROGRAM, 'check', ...files]));
    return (all - one) / (count - 2);
  } finally {
    await rm(folder, { recursive: true });
  }
}
