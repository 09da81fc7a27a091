// Builds everything: validators from the schemas, the page of the report, the command line and the library, its types.
// `node scripts/build.mjs validators` stops after what is generated, which is all that the tests on the sources need.

import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import assemblyscript from 'assemblyscript/asc';
import { rolldown } from 'rolldown';

const root = new URL('..', import.meta.url);
const at = (path) => fileURLToPath(new URL(path, root));

/** Every file that went into a bundle. */
const sources = new Set();

async function bundle(input, output, options = {}) {
  const build = await rolldown({
    input,
    platform: 'node',
    resolve: { mainFields: ['module', 'main'] },
    ...options,
    onwarn: (warning) => {
      throw new Error(warning.message);
    },
  });
  const { output: chunks } = await build.write({ ...output });
  await build.close();
  for (const { moduleIds = [] } of chunks) for (const id of moduleIds) sources.add(id);
}

async function readJson(path) {
  return JSON.parse(await readFile(at(path), 'utf8'));
}

async function validators() {
  const compiler = at('dist/.compile.mjs');
  await bundle(at('src/dialect/compile.ts'), { file: compiler, format: 'esm' }, { external: [/^ajv/] });
  const {
    certainName,
    detectorSource,
    expand,
    exportName,
    faultsOf,
    knownKeys,
    requiredKeysOf,
    validatorSource,
  } = await import(`${pathToFileURL(compiler)}?${Date.now()}`);
  await rm(compiler);
  const names = (await readdir(at('schemas'))).filter((f) => f.endsWith('.schema.json')).sort();
  const files = Object.fromEntries(
    await Promise.all(names.map(async (f) => [f, await readJson(`schemas/${f}`)])),
  );
  const faults = Object.entries(files).flatMap(([name, schema]) =>
    faultsOf(schema, files).map(({ pointer, message }) => `schemas/${name}#${pointer}: ${message}`),
  );
  if (faults.length) throw new Error(faults.join('\n'));
  const schemas = Object.values(files)
    .filter((s) => s.dialect)
    .map((s) => expand(s, files));
  const out = at('src/dialect/generated');
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  const write = async (name, text, folder = out) => {
    if (/\brequire\(/.test(text))
      throw new Error(`${name} needs ajv at run time: write the schema without that keyword`);
    await writeFile(`${folder}/${name}`, text);
  };
  const settings = at('src/settings/generated');
  await mkdir(settings, { recursive: true });
  await write('validate.js', validatorSource(files['rebatch.config.schema.json']), settings);
  await writeFile(
    `${settings}/validate.d.ts`,
    "import type { Validator } from '../../dialect/dialect.ts';\nexport const validate: Validator;\n",
  );
  for (const schema of schemas) {
    const known = `export const known = ${JSON.stringify(knownKeys(schema))};\n`;
    await write(`${schema.dialect.name}.js`, validatorSource(schema) + known);
    await write(`${schema.dialect.name}.schema.js`, `export const schema = ${JSON.stringify(schema)};\n`);
  }
  await write('detect.js', detectorSource(schemas));
  const entries = schemas.map((s) => {
    const meta = JSON.stringify({ ...s.dialect, title: s.title, requiredKeys: requiredKeysOf(s.detect) });
    const { name } = s.dialect;
    return `  ${JSON.stringify(name)}: { ...${meta}, recognises: detectors.${exportName(name)},${s.certain ? ` certain: detectors.${certainName(name)},` : ''} load: () => import('./${name}.js'), schema: () => import('./${name}.schema.js') },`;
  });
  await write(
    'index.js',
    `import * as detectors from './detect.js';\nexport const dialects = {\n${entries.join('\n')}\n};\n`,
  );
  await write(
    'index.d.ts',
    [
      "import type { Dialect, Validator } from '../dialect.ts';",
      "type Entry = Omit<Dialect, 'validate'> & { readonly requiredKeys?: readonly string[]; recognises(data: unknown): boolean; certain?(data: unknown): boolean; load(): Promise<{ validate: Validator; known: readonly string[] }>; schema(): Promise<{ schema: object }> };",
      'export const dialects: Readonly<Record<string, Entry>>;',
      '',
    ].join('\n'),
  );
}

/** The script and style of the HTML report, as text inside a module: a report is one file. */
async function page() {
  const file = at('dist/.page.js');
  await bundle(
    at('src/base/report/page/plots.ts'),
    { file, format: 'iife', minify: true },
    { platform: 'browser', resolve: {} },
  );
  const script = (await readFile(file, 'utf8')).trim();
  await rm(file);
  const style = (await readFile(at('src/base/report/page/style.css'), 'utf8')).trim();
  const out = at('src/base/report/generated');
  await mkdir(out, { recursive: true });
  const text = Object.entries({ script, style }).map(
    ([name, value]) => `export const ${name} = ${JSON.stringify(value)};\n`,
  );
  await writeFile(`${out}/page.js`, text.join(''));
  await writeFile(`${out}/page.d.ts`, 'export const script: string;\nexport const style: string;\n');
}

/** The WebAssembly kernel, and the script of the threads that run it, as text inside modules. */
async function kernel() {
  const out = at('src/lab/generated');
  await mkdir(out, { recursive: true });
  const { error, stderr } = await assemblyscript.main(
    [
      'index.ts',
      '--baseDir',
      at('kernel'),
      '-O3',
      '--noAssert',
      '--runtime',
      'stub',
      '--enable',
      'simd',
      '-o',
      'kernel.wasm',
    ],
    {
      readFile: (name, folder) => readFile(resolve(folder, name), 'utf8').catch(() => null),
      writeFile: (_, contents) =>
        writeFile(`${out}/kernel.js`, textModule('kernel', Buffer.from(contents).toString('base64'))),
      listFiles: () => [],
    },
  );
  if (error) throw new Error(`${error.message}\n${stderr.toString()}`);
  // Parts of its standard library are in the kernel.
  sources.add(at('node_modules/assemblyscript/std'));
  await writeFile(`${out}/kernel.d.ts`, 'export const kernel: string;\n');
  const file = at('dist/.worker.cjs');
  await bundle(at('src/lab/backends/wasm/worker.ts'), { file, format: 'cjs', minify: true });
  await writeFile(`${out}/worker.js`, textModule('worker', (await readFile(file, 'utf8')).trim()));
  await rm(file);
  await writeFile(`${out}/worker.d.ts`, 'export const worker: string;\n');
}

const textModule = (name, value) => `export const ${name} = ${JSON.stringify(value)};\n`;

/** The command line and the library from one run: they share their chunks, so the package holds each validator once. */
async function distribution() {
  await bundle(
    { cli: at('src/cli.ts'), index: at('src/index.ts') },
    // CommonJS, which Node starts faster than ES modules.
    {
      dir: at('dist'),
      format: 'cjs',
      minify: true,
      entryFileNames: '[name].cjs',
      chunkFileNames: '[name].cjs',
    },
    // Node's own condition would choose yaml's CommonJS build, whose 70 modules cannot be merged into one scope.
    {
      resolve: {
        mainFields: ['module', 'main'],
        alias: { yaml: at('node_modules/yaml/browser/dist/index.js') },
      },
    },
  );
  execFileSync(process.execPath, [at('node_modules/typescript/bin/tsc'), '-p', at('tsconfig.build.json')], {
    stdio: 'inherit',
  });
}

/** The licences of other people's code in the bundles, which each of them wants with it. */
async function notices() {
  const folders = new Set(
    [...sources].flatMap(
      (id) => /^\0?(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id.replaceAll('\\', '/'))?.[1] ?? [],
    ),
  );
  const parts = await Promise.all(
    [...folders].map(async (folder) => {
      const { name, version, license } = JSON.parse(await readFile(`${folder}/package.json`, 'utf8'));
      const files = (await readdir(folder)).filter((file) => /^(licen[cs]e|notice)/i.test(file)).sort();
      if (!files.length || !license) throw new Error(`${name} is bundled and has no licence`);
      const texts = await Promise.all(files.map((file) => readFile(`${folder}/${file}`, 'utf8')));
      return `${[`${name} ${version} (${license})`, ...texts.map((text) => text.trim())].join('\n\n')}\n`;
    }),
  );
  const head = 'rebatch contains code of these packages.\n';
  const line = `\n${'-'.repeat(80)}\n`;
  await writeFile(at('dist/THIRD-PARTY-NOTICES.txt'), [head, ...parts.sort()].join(line));
}

await validators();
sources.clear(); // The compiler of the schemas is not shipped.
await page();
await kernel();
if (process.argv[2] !== 'validators') {
  await rm(at('dist'), { recursive: true, force: true });
  await distribution();
  await notices();
}
