// Judges every regular expression of src and of the schemas: none may take exponential or polynomial time on a text that
// somebody else chose (npm recheck). Part of `npm run lint`, which is quick: scripts/expressions.json remembers which are
// safe, and why the others do no harm.
//   node scripts/expressions.mjs             fails on an expression that is not in it
//   node scripts/expressions.mjs --accept    judges what is new, adds what is safe, takes out what is gone

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import ts from 'typescript';

const ROOT = resolve(import.meta.dirname, '..');
const KNOWN = resolve(import.meta.dirname, 'expressions.json');

const known = JSON.parse(readFileSync(KNOWN, 'utf8'));
const found = new Map([...literals(), ...patterns()]);
const listed = [...known.safe, ...Object.keys(known.harmless)];
const fresh = [...found.keys()].filter((text) => !listed.includes(text));
const gone = listed.filter((text) => !found.has(text));

if (process.argv.includes('--accept')) await accept();
else {
  for (const text of fresh) console.log(`${found.get(text)}: not judged yet: ${text}`);
  for (const text of gone) console.log(`gone: ${text}`);
  if (fresh.length || gone.length) console.log('node scripts/expressions.mjs --accept judges what is new');
  process.exitCode = fresh.length || gone.length ? 1 : 0;
}

async function accept() {
  // Its program in Java or machine code would need a download of its own.
  process.env.RECHECK_BACKEND = 'pure';
  const { checkSync } = await import('recheck');
  const safe = known.safe.filter((text) => found.has(text));
  const harmless = Object.fromEntries(Object.entries(known.harmless).filter(([text]) => found.has(text)));
  for (const text of fresh) {
    const verdict = judged(text, checkSync);
    if (verdict === 'safe') safe.push(text);
    else {
      console.log(`${found.get(text)}: ${verdict}: ${text}`);
      process.exitCode = 1;
    }
  }
  writeFileSync(KNOWN, `${JSON.stringify({ safe: safe.sort(), harmless }, null, 2)}\n`);
  if (process.exitCode) console.log(`mend it, or say in ${relative(ROOT, KNOWN)} why it does no harm`);
}

/** `safe`, or what was found. Where trying inputs takes too long, the expression itself is looked at. */
function judged(text, check) {
  const [, source, flags] = /^\/(.*)\/(\w*)$/s.exec(text);
  const first = check(source, flags, { timeout: 5000 });
  const { status, complexity } =
    first.status === 'unknown' ? check(source, flags, { timeout: 20_000, checker: 'automaton' }) : first;
  return status === 'vulnerable' ? complexity.summary : status;
}

/** Expressions of the source, with the place of each. */
function literals() {
  const src = join(ROOT, 'src');
  const files = readdirSync(src, { recursive: true, withFileTypes: true })
    .filter((e) => e.isFile() && e.name.endsWith('.ts') && !e.parentPath.includes('generated'))
    .map((e) => join(e.parentPath, e.name));
  return files.flatMap((path) => {
    const file = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
    const own = [];
    const visit = (node) => {
      if (ts.isRegularExpressionLiteral(node)) {
        const { line } = file.getLineAndCharacterOfPosition(node.getStart());
        own.push([node.text, `${relative(ROOT, path)}:${line + 1}`]);
      }
      ts.forEachChild(node, visit);
    };
    visit(file);
    return own;
  });
}

/** Patterns of the schemas, which ajv reads with the flag u. */
function patterns() {
  const folder = join(ROOT, 'schemas');
  return readdirSync(folder).flatMap((name) => {
    const own = [];
    const look = (node) => {
      if (node === null || typeof node !== 'object') return;
      for (const [key, value] of Object.entries(node)) {
        if (key === 'pattern' && typeof value === 'string') own.push(value);
        if (key === 'patternProperties') own.push(...Object.keys(value));
        look(value);
      }
    };
    look(JSON.parse(readFileSync(join(folder, name), 'utf8')));
    return own.map((source) => [`/${source}/u`, `schemas/${name}`]);
  });
}
