import { createRequire } from 'node:module';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { reasonOf } from './unavailable.ts';

export { reasonOf, Unavailable } from './unavailable.ts';

/** An optional package where it was found. */
export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
  /** The file that `require` takes. */
  readonly path: string;
  /** Loads it, or what it depends on itself. */
  readonly require: NodeJS.Require;
}

/**
 * Looks for an optional package beside this program, then in the folder that the user names. No other folder counts:
 * those above belong to whoever made them. Nothing is loaded.
 * @param folder one with a `node_modules` in it
 */
export function findPackage(name: string, folder?: string): InstalledPackage | undefined {
  for (const modules of [
    ...BESIDE,
    ...(folder === undefined ? [] : [join(resolve(folder), 'node_modules')]),
  ]) {
    try {
      const require = createRequire(join(modules, name, 'package.json'));
      // By its path, so that Node looks nowhere else.
      const path = require.resolve(join(modules, name));
      const { version } = require('./package.json') as { version: string };
      return { name, path, version, require: createRequire(path) };
    } catch {}
  }
  return undefined;
}

/** The folders of packages that came with this program: of its checkout, and the one that it is installed in. */
const BESIDE = besideOf(dirname(fileURLToPath(import.meta.url)));

/** @param here the folder of this code: `dist`, a folder of the sources, or that of the executable */
export function besideOf(here: string): string[] {
  const sources = join('src', 'lab', 'backends');
  const root = here.endsWith(sep + sources)
    ? here.slice(0, -sources.length - 1)
    : basename(here) === 'dist'
      ? dirname(here)
      : here;
  const around = dirname(root);
  return [join(root, 'node_modules'), ...(basename(around) === 'node_modules' ? [around] : [])];
}

/**
 * Loads a package without its warnings: after one failed attempt, a second package of TensorFlow.js warns about
 * each of some 150 kernels. @throws whatever it throws
 */
export function loadPackage<T>({ path, require }: InstalledPackage): T {
  const { warn } = console;
  console.warn = () => {};
  try {
    return require(path);
  } finally {
    console.warn = warn;
  }
}

/**
 * Whether the loader finds a shared library by its name. It is opened as an addon: a library
 * that is found fails only after that.
 */
export function hasLibrary(name: string): boolean {
  try {
    process.dlopen({ exports: {} }, name);
    return true;
  } catch (error) {
    return !/cannot open shared object file/.test(reasonOf(error));
  }
}

/** How to get an optional package. */
export function install(name: string): string {
  return `npm install ${name} beside rebatch, or --packages FOLDER where that is installed`;
}
