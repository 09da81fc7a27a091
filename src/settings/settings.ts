import { dirname, relative, resolve, sep } from 'node:path';
import { placeOf, type Severity } from '../base/diagnostic.ts';
import { meant } from '../base/edit-distance.ts';
import { readTextFile } from '../base/io/files.ts';
import { lookUp } from '../base/look-up.ts';
import { about, type Problem } from '../base/problem.ts';
import { describe, type SchemaError, schemaProblem, telling } from '../dialect/schema-errors.ts';
import type { Document } from '../document/nodes.ts';
import { parse } from '../document/parse.ts';
import { child, type Pointer, readable } from '../document/pointer.ts';
import type { LrScaling } from '../recipe/build.ts';
import type { OwnNames } from '../vocabulary/own-names.ts';
import { findSettings } from './find.ts';
import { validate } from './generated/validate.js';
import { fitsNothing, matchesGlob } from './glob.ts';

/** What a project can set, for all of its configs or for those that match a glob. */
export interface Settings {
  readonly rule?: string;
  readonly noiseScale?: number;
  readonly power?: number;
  readonly keep?: readonly string[];
  readonly tolerance?: number;
  readonly world?: number;
  readonly dialect?: string;
  readonly optimizer?: string;
  readonly lrScaledBy?: LrScaling;
  readonly ignore?: readonly string[];
  /** Of findings by their codes; YAML reads `off` as false. */
  readonly severity?: Readonly<Record<string, Severity | 'off' | false>>;
  readonly names?: OwnNames;
  /** Path of a custom dialect. */
  readonly schema?: string;
}

/** The names in the file. */
const KEYS = {
  rule: 'rule',
  noiseScale: 'noise-scale',
  power: 'power',
  keep: 'keep',
  tolerance: 'tolerance',
  world: 'world',
  dialect: 'dialect',
  optimizer: 'optimizer',
  lrScaledBy: 'lr-scaled-by',
  ignore: 'ignore',
  severity: 'severity',
  names: 'names',
  schema: 'schema',
} as const satisfies Record<keyof Settings, string>;

/** The settings of one config, and where each was read: `rebatch.config.yaml:3`. */
export interface Applied {
  readonly settings: Settings;
  readonly origins: Readonly<Partial<Record<keyof Settings, string>>>;
}

type Written = Readonly<Record<string, unknown>> & {
  readonly files?: readonly (Readonly<Record<string, unknown>> & { readonly glob: string })[];
};

/**
 * Reads the settings of one config: the top level, overridden by the entries of `files` that match.
 * @param file one of SETTINGS_FILES
 * @param config the config's path; `-` is standard input, which no glob matches
 * @param root the folder that globs start from
 * @throws Problem with the place in the settings file
 */
export async function readSettings(
  file: string,
  config: string,
  cwd: string,
  root = dirname(file),
): Promise<Applied> {
  const shown = relative(cwd, file) || file;
  const text = readTextFile(shown, cwd);
  return about({ file: shown, text }, async () => {
    const { documents } = await parse(text, file);
    const document = documents[0]!;
    if (!validate.call([], document.data)) throw faultsOf(validate.errors ?? [], document);
    const written = document.data as Written;
    const path = config === '-' ? undefined : relative(root, resolve(cwd, config)).split(sep).join('/');
    const fitting = (written.files ?? []).flatMap((entry, i): [Pointer, typeof entry][] =>
      path !== undefined && matchesGlob(path, entry.glob) ? [[`/files/${i}`, entry]] : [],
    );
    const applied = merged([['', written], ...fitting], document, text, shown);
    const { schema } = applied.settings;
    if (schema === undefined) return applied;
    return { ...applied, settings: { ...applied.settings, schema: resolve(dirname(file), schema) } };
  });
}

/** What is wrong with the settings, each at its place, with the name that was probably meant. */
function faultsOf(errors: readonly SchemaError[], document: Document): Problem {
  const faults = telling(errors.map(atItsKey)).map((error) => {
    const pointer = error.instancePath;
    return { pointer, message: `${readable(pointer)} ${sentence(error, document)}` };
  });
  return schemaProblem(faults, document);
}

/** An unknown key's error, which ajv reports of the object around it. */
function atItsKey(error: SchemaError): SchemaError {
  const key = error.params.additionalProperty ?? error.propertyName;
  return key === undefined ? error : { ...error, instancePath: child(error.instancePath, String(key)) };
}

function sentence(error: SchemaError, { nodes }: Document): string {
  const { keyword, params, instancePath, propertyName } = error;
  const names = Object.values(KEYS);
  if (propertyName !== undefined)
    return `is no finding${meant(propertyName, params.allowedValues as readonly string[])}`;
  if (keyword === 'additionalProperties')
    return `is no setting${meant(String(params.additionalProperty), names) || `; there are: ${names.join(', ')}`}`;
  if (keyword === 'pattern') return 'has a \\: folders are separated by /, on Windows too';
  const node = nodes.get(instancePath);
  if (keyword !== 'enum' || node?.kind !== 'scalar') return describe(error);
  const allowed = (params.allowedValues as readonly unknown[]).filter((value) => typeof value === 'string');
  return `${describe(error)}${meant(String(node.value), allowed)}`;
}

function merged(
  layers: readonly (readonly [Pointer, Readonly<Record<string, unknown>>])[],
  { nodes }: Document,
  text: string,
  shown: string,
): Applied {
  const settings: Record<string, unknown> = {};
  const origins: Record<string, string> = {};
  for (const [pointer, layer] of layers)
    for (const [name, key] of Object.entries(KEYS)) {
      if (layer[key] === undefined) continue;
      const before = lookUp(settings, name);
      settings[name] = together(before, layer[key]);
      const node = nodes.get(child(pointer, key));
      const offset = node?.offset ?? 0;
      origins[name] = `${shown}:${placeOf(text, offset).line}`;
    }
  return { settings, origins };
}

/** A nearer layer's value; lists and names come together. */
function together(before: unknown, value: unknown): unknown {
  if (Array.isArray(before)) return [...before, ...(value as unknown[])];
  return isObject(before) ? { ...before, ...(value as object) } : value;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/**
 * Globs of the settings files of these configs that no file fits, each as a sentence with its place. Settings are read
 * as they are: what is wrong with them is told where they are applied.
 */
export async function idleGlobs(configs: readonly string[], cwd: string): Promise<string[]> {
  const found = configs.map((config) => findSettings(config, cwd));
  const files = new Set(found.flatMap((one) => (one && !one.foreign ? one.file : [])));
  const idle: string[] = [];
  for (const file of files) {
    const text = readTextFile(file, cwd);
    const { data, nodes } = (await parse(text, file)).documents[0]!;
    for (const [i, { glob }] of ((data as Written).files ?? []).entries()) {
      if (!fitsNothing(dirname(file), glob)) continue;
      const { line } = placeOf(text, nodes.get(`/files/${i}/glob`)?.offset ?? 0);
      idle.push(`${relative(cwd, file) || file}:${line}: no file fits the glob "${glob}"`);
    }
  }
  return idle;
}
