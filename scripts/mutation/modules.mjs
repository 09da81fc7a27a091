// The project's modules, loaded without a bundler: each file is compiled once and run as often as a mutant needs it.

import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import vm from 'node:vm';
import ts from 'typescript';

const OPTIONS = {
  module: ts.ModuleKind.CommonJS,
  target: ts.ScriptTarget.ES2022,
  esModuleInterop: true,
  allowJs: true,
};
const compiled = new Map();

/** A file as a function of its module's world, and the files that it imports. @throws SyntaxError */
export function compile(file, source) {
  const text = source
    .replaceAll('import.meta.dirname', '__meta.dirname')
    .replaceAll('import.meta.url', '__meta.url');
  const code = ts.transpileModule(text, { compilerOptions: OPTIONS, fileName: file }).outputText;
  const run = new vm.Script(`(function (exports, require, module, __meta, __seen) {${code}\n})`, {
    filename: file,
  }).runInThisContext();
  const imports = [...code.matchAll(/require\("(\.[^"]+)"\)/g)].map(([, to]) => resolve(dirname(file), to));
  return { run, imports };
}

function compiledFile(file) {
  const known = compiled.get(file) ?? compile(file, readFileSync(file, 'utf8'));
  compiled.set(file, known);
  return known;
}

/** Asks whether a file imports another, itself or through others. */
export function reaching(target) {
  const known = new Map([[target, true]]);
  return function reaches(file) {
    if (known.has(file)) return known.get(file);
    known.set(file, false);
    const found = /\.[jt]s$/.test(file) && existsSync(file) && compiledFile(file).imports.some(reaches);
    known.set(file, found);
    return found;
  };
}

/**
 * A world of modules.
 * @param sources files whose text is another than on disk
 * @param elsewhere the loader of another world for the files that this one does not hold itself
 * @param outside modules by name that are not files of the project
 * @param seen what marks in the text call
 * @param loading is told of a file before it runs, and returns what to call after
 */
export function world({ root, sources = new Map(), elsewhere = () => {}, outside = {}, seen, loading }) {
  const modules = new Map();
  const require = createRequire(join(root, 'package.json'));
  const run = (file, module) => {
    const code = sources.has(file) ? compile(file, sources.get(file)) : compiledFile(file);
    const imported = (name) => {
      if (name.startsWith('.')) return load(resolve(dirname(file), name));
      return Object.hasOwn(outside, name) ? outside[name] : require(name);
    };
    const meta = { url: pathToFileURL(file).href, dirname: dirname(file) };
    const done = loading?.(file);
    try {
      code.run(module.exports, imported, module, meta, seen);
    } finally {
      done?.();
    }
  };
  const load = (file) => {
    const other = modules.has(file) ? undefined : elsewhere(file);
    if (other) return other(file);
    if (modules.has(file)) return modules.get(file).exports;
    const module = { exports: {} };
    modules.set(file, module);
    try {
      if (file.endsWith('.json')) module.exports = JSON.parse(readFileSync(file, 'utf8'));
      else run(file, module);
    } catch (error) {
      modules.delete(file);
      throw error;
    }
    return module.exports;
  };
  return load;
}
