import { readFileSync } from 'node:fs';
import { dirname, relative, resolve, sep } from 'node:path';
import { placeOf } from '../base/diagnostic.ts';
import { FINDINGS, isFindingCode } from '../base/findings.ts';
import { about, Problem } from '../base/problem.ts';
import { collect } from '../dialect/dialect.ts';
import type { Document } from '../document/nodes.ts';
import { parse } from '../document/parse.ts';
import { child, type Pointer } from '../document/pointer.ts';
import type { LrScaling } from '../recipe/build.ts';
import type { OwnNames } from '../vocabulary/own-names.ts';
import { validate } from './generated/validate.js';
import { matchesGlob } from './glob.ts';

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
 * @param file a rebatch.config.yaml
 * @param config the config's path; `-` is standard input, which no glob matches
 * @throws Problem with the place in the settings file
 */
export async function readSettings(file: string, config: string, cwd: string): Promise<Applied> {
  const text = readFileSync(file, 'utf8');
  const shown = relative(cwd, file) || file;
  return about({ file: shown, text }, async () => {
    const { documents } = await parse(text, file);
    const document = documents[0]!;
    collect(document, { ...PSEUDO_DIALECT, validate });
    const written = document.data as Written;
    knownCodes(document);
    const path =
      config === '-' ? undefined : relative(dirname(file), resolve(cwd, config)).split(sep).join('/');
    const fitting = (written.files ?? []).flatMap((entry, i): [Pointer, typeof entry][] =>
      path !== undefined && matchesGlob(path, entry.glob) ? [[`/files/${i}`, entry]] : [],
    );
    const applied = merged([['', written], ...fitting], document, text, shown);
    const { schema } = applied.settings;
    if (schema === undefined) return applied;
    return { ...applied, settings: { ...applied.settings, schema: resolve(dirname(file), schema) } };
  });
}

const PSEUDO_DIALECT = {
  name: 'rebatch.config',
  title: 'rebatch.config',
  framework: 'rebatch',
  version: '',
  library: '',
  known: new Set<string>(),
} as const;

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
      const before = settings[name];
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

function knownCodes({ nodes }: Document): void {
  for (const [pointer, node] of nodes) {
    if (node.kind !== 'scalar' || !/\/ignore\/\d+$/.test(pointer) || isFindingCode(String(node.value)))
      continue;
    const known = Object.keys(FINDINGS).join(', ');
    throw new Problem('schema', `there is no finding "${node.value}"; there are: ${known}`, node.offset);
  }
}
