// What the built command line prints, so that two builds can be compared: a move of code must change nothing.
//   node scripts/pin.mjs record OUT.json [--build FOLDER] [--files FOLDER] [--only WORD]
//   node scripts/pin.mjs compare BEFORE.json AFTER.json
// `--build` is the checkout whose build runs (this one); `--files` a further folder of configs beside fixtures/.
// What changes from run to run (seconds) is taken out. `compare` exits with 1 where anything differs.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const ROOT = resolve(import.meta.dirname, '..');

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { build: { type: 'string' }, files: { type: 'string' }, only: { type: 'string' } },
});
const [what, first, second] = positionals;
if (what === 'record' && first) await record(first, values);
else if (what === 'compare' && first && second) compare(first, second);
else throw new Error('usage: pin.mjs record OUT.json | pin.mjs compare BEFORE.json AFTER.json');

async function record(out, { build = ROOT, files, only = '' }) {
  const require = createRequire(import.meta.url);
  const { run } = require(resolve(build, 'dist/cli.cjs'));
  const runs = {};
  for (const { file, args } of [...fixtures(), ...configs(files)])
    for (const command of commandsFor(file, args)) {
      const name = command.join(' ');
      if (name.includes(only)) runs[name] = await runIn(run, command);
    }
  writeFileSync(out, JSON.stringify(runs, null, 1));
  console.log(`${Object.keys(runs).length} runs recorded`);
}

function commandsFor(file, args) {
  const reading = args.filter(
    (arg, i) =>
      !/^--to$|^--micro$|^--accumulation$/.test(arg) &&
      !/^--(?:to|micro|accumulation)$/.test(args[i - 1] ?? ''),
  );
  const forCheck = reading.filter((arg) => arg !== '--no-insert');
  const plain = [
    ['convert', file, ...args],
    ['explain', file, ...args],
    ['schedule', file, ...reading, '--batches', '256@0,512@10k'],
    ['check', file, ...forCheck],
    ['verify', file, ...args, '--backend', 'cpu'],
  ];
  return plain.flatMap((command) => [command, [...command, '--json']]);
}

function fixtures() {
  const inputs = filesBelow(join(ROOT, 'fixtures'));
  return inputs.flatMap((file) => {
    const name = relative(ROOT, file);
    if (/\/rejects\/(?!rejects\.json)/.test(name)) return [{ file: name, args: ['--to', '64'] }];
    if (!/\/input\.[a-z]+$/.test(name)) return [];
    return [{ file: name, args: JSON.parse(readFileSync(join(file, '../plan.json'), 'utf8')).args }];
  });
}

function configs(folder) {
  if (folder === undefined) return [];
  return filesBelow(resolve(folder))
    .filter((file) => /\.(?:ya?ml|json)$/.test(file))
    .map((file) => ({ file: relative(ROOT, file), args: ['--to', '64'] }));
}

function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

async function runIn(run, argv) {
  const written = { stdout: '', stderr: '' };
  const write = (name) => (text) => {
    written[name] += text;
  };
  const stream = (name) => ({ write: write(name), columns: 100 });
  const code = await run(argv, {
    stdin: (async function* () {})(),
    stdout: stream('stdout'),
    stderr: stream('stderr'),
    env: {},
    cwd: ROOT,
  });
  const steady = (text) =>
    text.replace(/("seconds": )[\d.e-]+/g, '$1_').replace(/[\d.]+ (?=s\b|seconds)/g, '_ ');
  return { code, stdout: steady(written.stdout), stderr: steady(written.stderr) };
}

function compare(before, after) {
  const [old, now] = [before, after].map((file) => JSON.parse(readFileSync(file, 'utf8')));
  const kinds = new Map();
  let different = 0;
  for (const name of new Set([...Object.keys(old), ...Object.keys(now)])) {
    const [a, b] = [old[name], now[name]];
    if (a && b && a.code === b.code && a.stdout === b.stdout && a.stderr === b.stderr) continue;
    different += 1;
    for (const change of changesOf(a, b)) {
      const kind = change.replace(/[\w./~-]*\/[\w./~-]+|[\d.]+(?:e[-+]?\d+)?/g, '#');
      kinds.set(kind, [...(kinds.get(kind) ?? []), { name, change }]);
    }
  }
  for (const [, all] of [...kinds].sort((x, y) => y[1].length - x[1].length))
    console.log(`${all.length} x  ${all[0].name}\n${all[0].change}\n`);
  console.log(`${different} of ${Object.keys(old).length} runs differ, in ${kinds.size} kinds of lines`);
  process.exitCode = different ? 1 : 0;
}

/** Lines that only one side has; where a run is missing or its exit code changed, that alone. */
function changesOf(a, b) {
  if (!a || !b) return [a ? '  only before' : '  only after'];
  if (a.code !== b.code)
    return [
      `  exit ${a.code} -> ${b.code}\n  - ${a.stderr.trim().slice(0, 200)}\n  + ${b.stderr.trim().slice(0, 200)}`,
    ];
  return ['stdout', 'stderr'].flatMap((stream) => {
    const [x, y] = [a[stream].split('\n'), b[stream].split('\n')];
    const gone = x.filter((line) => !y.includes(line));
    const come = y.filter((line) => !x.includes(line));
    const pairs = Array.from({ length: Math.max(gone.length, come.length) }, (_, i) => [gone[i], come[i]]);
    return pairs.map(([g, c]) =>
      [...(g === undefined ? [] : [`  - ${g}`]), ...(c === undefined ? [] : [`  + ${c}`])].join('\n'),
    );
  });
}
