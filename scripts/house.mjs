// Figures of the house: rooms, arrows between them, circles, lines, the longest functions.
//   node scripts/house.mjs
// Exits with 1 where an import goes against the order of the rooms (docs/ARCHITECTURE.md), and where the library or
// what the web page takes needs Node.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';

const SRC = resolve(import.meta.dirname, '../src');
const SITE = resolve(import.meta.dirname, '../site');

/** A room may import those before it in this list. `lab` may import `base` and `optimizers` alone; commands not each other. */
const ORDER = [
  'base',
  'document',
  'dialect',
  'vocabulary',
  'optimizers',
  'recipe',
  'rules',
  'pipe',
  'settings',
  'lab',
  'commands',
  'top',
];
const ALONE = { lab: ['base', 'optimizers', 'lab'] };
const LONGEST = 60;

const files = readdirSync(SRC, { recursive: true, withFileTypes: true })
  .filter((e) => e.isFile() && e.name.endsWith('.ts') && !e.parentPath.includes('generated'))
  .map((e) => join(e.parentPath, e.name));

const arrows = files.flatMap(importsOf);
const wrong = arrows.filter(againstTheOrder);
for (const { from, to } of wrong) console.log(`against the order: ${from} imports ${to}`);
const node = needsNode();
for (const { file, what } of node) console.log(`needs Node, and runs in browsers: ${file}: ${what}`);
for (const circle of circles()) console.log(`circle: ${circle.join(' -> ')}`);

const lines = new Map();
for (const file of files) add(lines, roomOf(relative(SRC, file)), lineCount(file));
const between = new Set(
  arrows
    .map(({ from, to }) => `${roomOf(from)} -> ${roomOf(to)}`)
    .filter((a) => new Set(a.split(' -> ')).size === 2),
);
console.log(
  `${lines.size} rooms, ${between.size} arrows between rooms, ${arrows.length} imports, ${circles().length} circles`,
);
const total = [...lines.values()].reduce((a, b) => a + b, 0);
console.log(
  `${total} lines: ${[...lines]
    .sort((a, b) => b[1] - a[1])
    .map(([room, n]) => `${room} ${n}`)
    .join(', ')}`,
);
const long = files.flatMap(functionsOf).sort((a, b) => b.length - a.length);
console.log(`functions over ${LONGEST} lines: ${long.filter((f) => f.length > LONGEST).length}`);
for (const { name, length } of long.slice(0, 8)) console.log(`  ${length}  ${name}`);
process.exitCode = wrong.length || node.length || circles().length ? 1 : 0;

function roomOf(path) {
  const [first] = path.split('/');
  return first.endsWith('.ts') ? 'top' : first;
}

function importsOf(file) {
  const text = readFileSync(file, 'utf8');
  const from = relative(SRC, file);
  return [
    ...text.matchAll(/^(import|export)\s+(type\s+)?[^;]*?from '(\.[^']+\.ts)'|import\('(\.[^']+\.ts)'\)/gms),
  ].map((m) => ({
    from,
    to: relative(SRC, resolve(dirname(file), m[3] ?? m[4])),
    lazy: m[4] !== undefined,
    type: m[2] !== undefined,
  }));
}

function againstTheOrder({ from, to }) {
  const [a, b] = [roomOf(from), roomOf(to)];
  if (a === 'commands' && b === 'commands') {
    const [, own] = from.split('/');
    const [, other] = to.split('/');
    return !other.endsWith('.ts') && own !== other;
  }
  if (ALONE[a]) return !ALONE[a].includes(b);
  return ORDER.indexOf(b) > ORDER.indexOf(a) || (b === 'lab' && a !== 'commands' && a !== 'top');
}

/** What belongs to Node in all that the library and the web page run. */
function needsNode() {
  const pages = readdirSync(SITE)
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(SITE, name));
  const begin = pages.flatMap(importsOf).filter(({ to, type }) => !type && !to.startsWith('..'));
  const reached = new Set(['index.ts', ...begin.map(({ to }) => to)]);
  for (const file of reached)
    for (const { from, to, type } of arrows) if (from === file && !type) reached.add(to);
  return [...reached].flatMap((file) => {
    if (!file.endsWith('.ts')) return [];
    const text = readFileSync(join(SRC, file), 'utf8').replace(/^import type .*$/gm, '');
    const found = text.match(/'node:[a-z_/]+'|\bprocess\.\w+|\bBuffer\.\w+|\bsetImmediate\b/g) ?? [];
    return found.map((what) => ({ file, what }));
  });
}

/** Groups of files that import each other, by whatever way (Tarjan's strongly connected components). */
function circles() {
  const next = new Map(files.map((f) => [relative(SRC, f), []]));
  for (const { from, to } of arrows) next.get(from)?.push(to);
  const [index, low, stack, found] = [new Map(), new Map(), [], []];
  const visit = (v) => {
    index.set(v, index.size);
    low.set(v, index.get(v));
    stack.push(v);
    for (const w of next.get(v) ?? []) {
      if (!index.has(w)) visit(w);
      if (stack.includes(w)) low.set(v, Math.min(low.get(v), low.get(w)));
    }
    if (low.get(v) !== index.get(v)) return;
    const group = stack.splice(stack.indexOf(v));
    if (group.length > 1) found.push(group);
  };
  for (const v of next.keys()) if (!index.has(v)) visit(v);
  return found;
}

function functionsOf(file) {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  const found = [];
  const visit = (node) => {
    if (ts.isFunctionLike(node) && node.body) {
      const line = (at) => source.getLineAndCharacterOfPosition(at).line;
      const name = `${relative(SRC, file)} ${node.name?.getText() ?? node.parent.name?.getText?.() ?? '(anonymous)'}`;
      found.push({ name, length: line(node.end) - line(node.getStart()) + 1 });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function lineCount(file) {
  return readFileSync(file, 'utf8').split('\n').length - 1;
}

function add(map, key, value) {
  map.set(key, (map.get(key) ?? 0) + value);
}
