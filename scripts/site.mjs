// Builds the web page: a folder of files for any static server, which load nothing but each other.
//   npm run site             into site/dist
//   node scripts/site.mjs OUT
// It prints how much a browser loads. Run `npm run build` first: what is generated is needed.

import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';
import { script } from '../src/base/report/generated/page.js';

const root = resolve(import.meta.dirname, '..');
const at = (path) => join(root, path);
const out = resolve(process.argv[2] ?? at('site/dist'));

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
const chunks = await scripts();
const style = await joined('src/base/report/page/style.css', 'site/style.css');
await writeFile(join(out, 'style.css'), style);
const html = await page();
await writeFile(join(out, 'index.html'), html);
report();

/** The page and its worker, which share their chunks. Whatever is not for a browser fails here. */
async function scripts() {
  const build = await rolldown({
    input: { page: at('site/page.ts'), worker: at('site/worker.ts') },
    platform: 'browser',
    moduleTypes: { '.yaml': 'text', '.sh': 'text', '.py': 'text', '.toml': 'text' },
    onwarn: ({ message }) => {
      throw new Error(message);
    },
  });
  const { output } = await build.write({
    dir: out,
    format: 'esm',
    minify: true,
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name]-[hash].js',
  });
  await build.close();
  return output;
}

async function joined(...files) {
  return (await Promise.all(files.map((file) => readFile(at(file), 'utf8')))).join('');
}

/** The page may run its own scripts and that of the report, which is known by its hash. */
async function page() {
  const text = await readFile(at('site/index.html'), 'utf8');
  const inline = script.replaceAll('</script', '<\\/script');
  const hash = `sha256-${createHash('sha256').update(inline).digest('base64')}`;
  if (!text.includes('REPORT-SCRIPT')) throw new Error('site/index.html does not say where the hash goes');
  return text.replace('REPORT-SCRIPT', hash);
}

function report() {
  const size = (text) => gzipSync(text).length;
  const byName = new Map(chunks.map((chunk) => [chunk.fileName, chunk]));
  /** A script with all that it imports at once. */
  const withImports = (name, seen = new Set()) => {
    if (seen.has(name)) return seen;
    seen.add(name);
    for (const next of byName.get(name)?.imports ?? []) withImports(next, seen);
    return seen;
  };
  const sum = (names) => [...names].reduce((total, name) => total + size(byName.get(name)?.code ?? ''), 0);
  const start = new Set([...withImports('page.js'), ...withImports('worker.js')]);
  const kB = (bytes) => `${Math.round(bytes / 1000)} kB`;
  console.log(
    `${out}: gzip ${kB(size(html) + size(style) + sum(start))} to start, ${kB(sum(byName.keys()))} in all`,
  );
}
