/**
 * The schema keywords that rebatch adds to JSON Schema, for ajv at build time and for `--schema` at run time.
 * Each one only collects: it pushes [pointer, what it found] onto the array that is `this` of the validator.
 */
import {
  _,
  Ajv2020,
  type Code,
  type CodeKeywordDefinition,
  type KeywordCxt,
  Name,
  str,
} from 'ajv/dist/2020.js';
import { lookUp } from '../base/look-up.ts';
import type { Absent } from './roles.ts';

/** A JSON Schema, as plain data. */
export type Schema = { readonly [keyword: string]: unknown };

const INSTANCE_PATH = new Name('instancePath');

function collector(
  keyword: 'role' | 'encoding' | 'scope' | 'constraint' | 'note' | 'assumes' | 'agrees',
): CodeKeywordDefinition {
  return {
    keyword,
    schemaType: ['scope', 'note', 'agrees'].includes(keyword) ? 'string' : 'object',
    code: (cxt) => push(cxt, '', { [keyword]: keyword === 'encoding' ? rolesOnly(cxt.schema) : cxt.schema }),
  };
}

/** Fires for each field that has a default and is missing or empty (`expand` derives it from `default`). */
const absent: CodeKeywordDefinition = {
  keyword: 'absent',
  schemaType: 'object',
  type: 'object',
  code(cxt) {
    for (const [path, found] of Object.entries(cxt.schema as Record<string, Absent>)) {
      const first = path.slice(1).split('/')[0] as string;
      cxt.gen.if(_`${cxt.data}[${first}] == null`, () => push(cxt, path, { absent: found }));
    }
  },
};

/** Always fails, with its own message: for a key that another one excludes. */
const forbidden: CodeKeywordDefinition = {
  keyword: 'forbidden',
  schemaType: 'string',
  error: { message: ({ schema }) => str`${schema as string}` },
  code: (cxt) => cxt.fail(_`true`),
};

/** An encoding's fields stripped to their roles: their bounds are checked once the string is decoded. */
function rolesOnly({
  kind,
  items,
  fields,
}: {
  kind: unknown;
  items?: Schema[];
  fields?: Record<string, Schema>;
}) {
  const strip = ({ role }: Schema) => ({ role });
  return {
    kind,
    items: items?.map(strip),
    fields:
      fields &&
      Object.fromEntries(
        Object.entries(fields).map(([k, f]) => {
          const { items: entries } = (f.encoding ?? {}) as { items?: Schema[] };
          return [k, entries ? { items: entries.map(strip) } : strip(f)];
        }),
      ),
  };
}

function push({ gen, it }: KeywordCxt, below: string, found: unknown): void {
  gen.code(_`this.push([${str`${INSTANCE_PATH}${it.errorPath}${below}`}, ${literal(found)}])`);
}

function literal(value: unknown): Code {
  if (Array.isArray(value)) return _`[${joined(value.map(literal))}]`;
  if (value !== null && typeof value === 'object') {
    const members = Object.entries(value).filter(([, v]) => v !== undefined);
    return _`{${joined(members.map(([k, v]) => _`${k}: ${literal(v)}`))}}`;
  }
  return _`${value as string | number | boolean | null}`;
}

function joined(parts: Code[]): Code {
  return parts.reduce((all, part, i) => (i ? _`${all}, ${part}` : part), _``);
}

/**
 * An ajv with these keywords. A validator looks for all errors, since one that stops early would miss roles; a
 * detector only answers yes or no.
 */
export function createAjv(options: { standalone: boolean; detector?: boolean }): Ajv2020 {
  const ajv = new Ajv2020({
    allErrors: !options.detector,
    messages: !options.detector,
    passContext: true,
    allowUnionTypes: true,
    strictTuples: false,
    strictTypes: false,
    strictRequired: false,
    ...(options.standalone ? { code: { source: true, esm: true, lines: !options.detector } } : {}),
  });
  // Dialects use neither unevaluatedProperties nor $dynamicRef, whose bookkeeping would double the code.
  ajv.opts.unevaluated = false;
  ajv.opts.dynamicRef = false;
  for (const keyword of ['role', 'encoding', 'scope', 'constraint', 'note', 'assumes', 'agrees'] as const)
    ajv.addKeyword(collector(keyword));
  ajv.addKeyword(absent);
  ajv.addKeyword(forbidden);
  for (const annotation of ['dialect', 'detect', 'certain', 'defaultFrom', 'spelling'])
    ajv.addKeyword(annotation);
  return ajv;
}

/** Schemas that others may refer to, by file name. */
export type SchemaFiles = Readonly<Record<string, Schema>>;

/** How the keys of a definition are written where `spelling` stands beside the reference to it. */
export const SPELLINGS: Readonly<Record<string, (key: string) => string>> = {
  snake_case: (key) => key,
  'kebab-case': (key) => key.replaceAll('_', '-'),
  '--kebab-case': (key) => `--${key.replaceAll('_', '-')}`,
};

/**
 * A schema made self-contained (`inline`), with definitions spelled as their references say, and with `absent` derived
 * wherever a property has a `default`.
 */
export function expand(schema: Schema, files: SchemaFiles): Schema {
  const inlined = inline(schema, files);
  const whole = spelled(inlined, inlined);
  return withAbsent(whole, whole);
}

/** @param root the schema whose `$defs` are meant here: the whole, or `detect`, which is compiled by itself */
function spelled<T>(node: T, root: Schema): T {
  if (Array.isArray(node)) return node.map((item) => spelled(item, root)) as T;
  if (node === null || typeof node !== 'object') return node;
  const { spelling, $ref, ...beside } = node as Record<string, unknown>;
  if (typeof spelling === 'string')
    return {
      ...(withKeys(definitionOf($ref, root), lookUp(SPELLINGS, spelling)!) as object),
      ...beside,
    } as T;
  const rootOf = (key: string, value: unknown) =>
    key === 'detect' && (node as unknown) === root ? (value as Schema) : root;
  return Object.fromEntries(Object.entries(node).map(([k, v]) => [k, spelled(v, rootOf(k, v))])) as T;
}

/** A schema with every field name respelled. */
function withKeys(node: unknown, spell: (key: string) => string): unknown {
  if (Array.isArray(node)) return node.map((item) => withKeys(item, spell));
  if (node === null || typeof node !== 'object') return node;
  return Object.fromEntries(
    Object.entries(node).map(([keyword, value]) => {
      if (keyword === 'required') return [keyword, (value as string[]).map(spell)];
      if (keyword !== 'properties') return [keyword, withKeys(value, spell)];
      return [
        keyword,
        Object.fromEntries(Object.entries(value as object).map(([k, v]) => [spell(k), withKeys(v, spell)])),
      ];
    }),
  );
}

/** What `#/$defs/NAME` means in a schema. */
function definitionOf($ref: unknown, { $defs }: Schema): Schema {
  return lookUp($defs as Record<string, Schema> | undefined, String($ref).replace('#/$defs/', '')) ?? {};
}

/**
 * A schema whose references to other files (`roles.schema.json#/$defs/learningRate`) are replaced by what they mean;
 * a `role` beside the reference refines the definition's.
 * @throws Error where a reference leads nowhere
 */
export function inline(schema: Schema, files: SchemaFiles): Schema {
  return inlineNode(schema, undefined, files) as Schema;
}

/** @param file the other file that this part came from, whose own `#/$defs` it means; undefined for the schema itself */
function inlineNode(node: unknown, file: string | undefined, files: SchemaFiles): unknown {
  if (Array.isArray(node)) return node.map((item) => inlineNode(item, file, files));
  if (node === null || typeof node !== 'object') return node;
  const { $ref, ...rest } = node as { $ref?: unknown } & Record<string, unknown>;
  const siblings = Object.fromEntries(Object.entries(rest).map(([k, v]) => [k, inlineNode(v, file, files)]));
  if (typeof $ref !== 'string') return $ref === undefined ? siblings : { $ref, ...siblings };
  const [, named, name = ''] = /^([\w.-]*)#\/\$defs\/(\w+)$/.exec($ref) ?? [];
  const from = named || file;
  if (from === undefined) return { $ref, ...siblings };
  const definition = lookUp(lookUp(files, from)?.$defs as Record<string, unknown> | undefined, name);
  if (definition === undefined) throw new Error(`${from} has no ${$ref}`);
  const inlined = inlineNode(definition, from, files) as Record<string, unknown>;
  const role =
    inlined.role && siblings.role
      ? { role: { ...(inlined.role as object), ...(siblings.role as object) } }
      : {};
  return { ...inlined, ...siblings, ...role };
}

/** @param root the schema whose `$defs` are meant here */
function withAbsent<T>(node: T, root: Schema): T {
  if (Array.isArray(node)) return node.map((item) => withAbsent(item, root)) as T;
  if (node === null || typeof node !== 'object') return node;
  const walked = Object.fromEntries(Object.entries(node).map(([k, v]) => [k, withAbsent(v, root)])) as Record<
    string,
    unknown
  >;
  const { properties } = walked;
  if (properties === null || typeof properties !== 'object' || Array.isArray(properties)) return walked as T;
  const missing: Record<string, Absent> = {};
  for (const [key, written] of Object.entries(properties as Record<string, Schema>)) {
    const at = `/${key.replace(/~/g, '~0').replace(/\//g, '~1')}`;
    if (written.defaultFrom === undefined && written.default === undefined) continue;
    const meant = withAbsent(definitionOf(written.$ref, root), root);
    const property: Schema = { ...meant, ...written };
    const below = { ...(meant.absent as object), ...(written.absent as object) };
    if (property.prefixItems)
      missing[at] = fill(property, {
        items: (property.prefixItems as { role: Absent['role'] }[]).map((i) => i.role!),
      });
    else if (property.role)
      missing[at] = fill(property, { role: property.role as NonNullable<Absent['role']> });
    else for (const [pointer, found] of Object.entries(below)) missing[at + pointer] = found as Absent;
  }
  return (Object.keys(missing).length ? { ...walked, absent: missing } : walked) as T;
}

function fill(property: Schema, found: Absent): Absent {
  return property.default === undefined
    ? found
    : { ...found, default: property.default as NonNullable<Absent['default']> };
}
