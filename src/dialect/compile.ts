/** Compiles dialects with ajv: to source text at build time, to functions for `--schema`. */
import standaloneCode from 'ajv/dist/standalone/index.js';
import type { Dialect, Validator } from './dialect.ts';
import { createAjv, expand, type Schema, type SchemaFiles } from './keywords.ts';
import { knownKeys } from './known-keys.ts';
import { faultsOf } from './meta-schema.ts';

export { knownKeys } from './known-keys.ts';
export { requiredKeysOf } from './required-keys.ts';
export { expand, faultsOf };

/** The `dialect` annotation at a schema's root. */
export type Meta = Omit<Dialect, 'validate' | 'known' | 'title'>;

/** ajv's standalone module is CommonJS: its function is the import or the import's default, by who loads it. */
const module = standaloneCode as unknown as {
  default?: typeof standaloneCode.default;
} & typeof standaloneCode.default;
const generate = module.default ?? module;

/** Keywords for people; compiled, they would only be text to load. */
const ANNOTATIONS = new Set([
  '$comment',
  '$schema',
  'title',
  'description',
  'default',
  'defaultFrom',
  'dialect',
  'detect',
  'certain',
]);
/** Keywords whose keys are names of fields or definitions, not keywords. */
const NAMED = new Set(['properties', 'patternProperties', '$defs', 'dependentSchemas']);

function withoutAnnotations(node: unknown, keysAreNames = false): unknown {
  if (Array.isArray(node)) return node.map((item) => withoutAnnotations(item));
  if (node === null || typeof node !== 'object') return node;
  const kept = Object.entries(node).filter(([key]) => keysAreNames || !ANNOTATIONS.has(key));
  return Object.fromEntries(
    kept.map(([key, value]) => [
      key,
      key === 'absent' && !keysAreNames ? value : withoutAnnotations(value, !keysAreNames && NAMED.has(key)),
    ]),
  );
}

/** ES module text that exports one dialect's validator as `validate`. */
export function validatorSource(schema: Schema): string {
  const ajv = createAjv({ standalone: true });
  ajv.addSchema(withoutAnnotations(schema) as Schema, 'dialect');
  return generate(ajv, { validate: 'dialect' });
}

/**
 * ajv's generated code for errors, and its replacement by a count: a detector only answers yes or no, and
 * its errors would be most of its text.
 */
const COUNT_ONLY: readonly (readonly [RegExp, string])[] = [
  [/\{instancePath(?::[^,]*)?,schemaPath:"(?:[^"\\]|\\.)*",keyword:"[^"]*",params:\{[^{}]*\}\}/g, '0'],
  [
    /const err\d+ = (?:0|\{\});if\(vErrors === null\)\{vErrors = \[err\d+\];\}else \{vErrors\.push\(err\d+\);\}errors\+\+;/g,
    'errors++;',
  ],
  [/if\(vErrors !== null\)\{if\((_errs\d+)\)\{vErrors\.length = \1;\}else \{vErrors = null;\}\}/g, ''],
  [
    /vErrors = vErrors === null \? [\w.]+\.errors : vErrors\.concat\([\w.]+\.errors\);errors = vErrors\.length;/g,
    'errors++;',
  ],
  [/validate\d+\.errors = (?:vErrors|\[0\]);/g, ''],
  [/let vErrors = null;/g, ''],
];

/** ES module text that exports one recognising function per dialect. */
export function detectorSource(schemas: readonly Schema[]): string {
  const ajv = createAjv({ standalone: true, detector: true });
  const names: Record<string, string> = {};
  for (const schema of schemas) {
    const { name } = schema.dialect as Meta;
    ajv.addSchema(withoutAnnotations(schema.detect) as Schema, `detect-${name}`);
    names[exportName(name)] = `detect-${name}`;
    if (!schema.certain) continue;
    ajv.addSchema(withoutAnnotations(schema.certain) as Schema, `certain-${name}`);
    names[certainName(name)] = `certain-${name}`;
  }
  const source = generate(ajv, names);
  const counted = COUNT_ONLY.reduce((text, [pattern, by]) => text.replace(pattern, by), source);
  if (counted.includes('vErrors')) throw new Error('ajv generates other error handling than this replaces');
  return counted;
}

/** The name of the function that says whether a document is a dialect's beyond doubt. */
export function certainName(name: string): string {
  return `${exportName(name)}IsCertain`;
}

/** A dialect's name as a JavaScript name. */
export function exportName(name: string): string {
  return name.replace(/-(\w)/g, (_, c: string) => c.toUpperCase());
}

/**
 * A custom dialect (`--schema FILE`), compiled at run time.
 * @throws Error where the schema is not a valid annotated JSON Schema
 */
export function compileDialect(schema: Schema, files: SchemaFiles): Dialect {
  const expanded = expand(schema, files);
  const meta = (schema.dialect ?? {}) as Partial<Meta>;
  return {
    name: meta.name ?? 'custom',
    title: typeof schema.title === 'string' ? schema.title : 'custom dialect',
    framework: meta.framework ?? 'custom',
    version: meta.version ?? '',
    library: meta.library ?? 'torch',
    ...(meta.floats === undefined ? {} : { floats: meta.floats }),
    known: new Set(knownKeys(expanded)),
    validate: createAjv({ standalone: false }).compile(expanded) as unknown as Validator,
  };
}
