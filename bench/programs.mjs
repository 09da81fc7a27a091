// Whole processes: how long convert takes beside an empty program and beside the alternatives a user has.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { output, processes, run } from './measure.mjs';

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

/**
 * Medians in seconds: `node -e 0` and convert, with its table, without, and without compiled code that Node kept, for
 * every Node, and the same file edited by other means.
 */
export async function startUp({ nodes, torch }) {
  const rows = {};
  for (const node of nodes) {
    const version = await output(node, ['--version']);
    if (version === undefined) throw new Error(`no Node at ${node}`);
    const commands = {
      empty: [node, '-e', '0'],
      convert: [node, PROGRAM, ...CONVERT],
      quiet: [node, PROGRAM, ...CONVERT, '-q'],
      uncached: ['env', 'NODE_DISABLE_COMPILE_CACHE=1', node, PROGRAM, ...CONVERT, '-q'],
    };
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

/** Seconds a file, after start-up, of `check --base` where every file changed, and the memory it takes, by files. */
export async function checkMany(counts = { text: [1000, 4000, 16000], json: [1000, 4000] }) {
  const folder = await mkdtemp(join(tmpdir(), 'rebatch-bench-'));
  try {
    const text = await readFile(CONFIG, 'utf8');
    const files = Array.from({ length: Math.max(...Object.values(counts).flat()) }, (_, i) => `${i}.yaml`);
    const write = (edit) =>
      Promise.all(files.map((file, i) => writeFile(join(folder, file), `${edit(text)}\nseed: ${i}\n`)));
    const git = (...args) => output('git', ['-C', folder, ...IDENTITY, ...args]);
    await write((before) => before);
    await git('init', '--quiet');
    await git('add', '.');
    await git('commit', '--quiet', '--message', 'before');
    await write((before) => before.replace(/(batch_size: )\d+/, '$12'));
    const rows = [];
    for (const [format, several] of Object.entries(counts)) {
      const check = (count) => checked([...files.slice(0, count), '--format', format], folder);
      const one = await check(1);
      for (const count of several) {
        const all = await check(count);
        rows.push({ format, count, each: (all.seconds - one.seconds) / (count - 1), peak: all.peak });
      }
    }
    return rows;
  } finally {
    await rm(folder, { recursive: true });
  }
}

const IDENTITY = [
  '-c',
  'user.name=bench',
  '-c',
  'user.email=bench@example.org',
  '-c',
  'commit.gpgsign=false',
];

async function checked(args, cwd) {
  const result = await run([PROGRAM, 'check', '--base', 'HEAD', '--world', '8', ...args], { cwd });
  if (result.code !== 1) throw new Error(`check ended with ${result.code}: every file should be wrong`);
  return result;
}

/** What stands beside the settings in a large config: the text of its part number i. */
const LARGE = {
  'YAML, a list, an item a line': {
    head: 'shards:\n',
    part: (i) => `  - sample_${i}/shard-${i % 977}.tar\n`,
  },
  'YAML, one mapping': { head: 'extra:\n', part: (i) => `  key_${i}: value number ${i}\n` },
  'YAML, nested mappings': {
    head: 'extra:\n',
    part: (i) =>
      `  group_${i}:\n    dims: [${i % 64}, 128]\n    inner:\n      a: ${i} # keep\n      b: "text ${i}"\n`,
  },
  'YAML, numbers on one line': { head: 'tokens: [0', part: (i) => `, ${(i * 7919) % 100_003}`, tail: ']\n' },
  'JSON, nested objects': {
    json: true,
    head: '{"per_device_train_batch_size": 8, "learning_rate": 2e-5, "extra": {"": 0',
    part: (i) =>
      `,\n  "group_${i}": {\n    "dims": [${i % 64}, 128],\n    "inner": {"a": ${i}, "b": "text ${i}"}\n  }`,
    tail: '}}\n',
  },
};

/** Seconds and memory that `convert` takes for configs of so many MB. */
export async function convertLarge(megabytes = 10) {
  const folder = await mkdtemp(join(tmpdir(), 'rebatch-bench-'));
  try {
    const config = await readFile(CONFIG, 'utf8');
    const rows = [];
    for (const [name, { json, head, part, tail = '' }] of Object.entries(LARGE)) {
      let text = (json ? '' : config) + head;
      for (let i = 0; text.length < megabytes * 1e6; i++) text += part(i);
      const file = join(folder, json ? 'large.json' : 'large.yaml');
      await writeFile(file, text + tail);
      const result = await run([PROGRAM, 'convert', file, '--to', '64', '--world', '8', '-q']);
      if (result.code !== 0) throw new Error(`convert of ${name} ended with ${result.code}`);
      rows.push({ name, megabytes, seconds: result.seconds, peak: result.peak });
    }
    return rows;
  } finally {
    await rm(folder, { recursive: true });
  }
}
