import { createRequire } from 'node:module';
import { join } from 'node:path';
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

/** Looks for an optional package beside this program, then in the user's folder. Nothing is loaded. */
export function findPackage(name: string, cwd: string): InstalledPackage | undefined {
  for (const start of [import.meta.url, join(cwd, 'package.json')]) {
    try {
      const path = createRequire(start).resolve(name);
      const from = createRequire(path);
      return { name, path, version: versionOf(path, name, from), require: from };
    } catch {}
  }
  return undefined;
}

/** Packages with an export map hide their package.json from `require`, so it is read by the path. */
function versionOf(path: string, name: string, from: NodeJS.Require): string {
  const folder = path.slice(0, path.lastIndexOf(join('node_modules', name)));
  const manifest: { version: string } = from(join(folder, 'node_modules', name, 'package.json'));
  return manifest.version;
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
