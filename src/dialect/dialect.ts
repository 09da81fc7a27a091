import { Problem } from '../base/problem.ts';
import type { Document } from '../document/nodes.ts';
import { type Pointer, parentOf, readable } from '../document/pointer.ts';
import { dialects } from './generated/index.js';
import type { Found } from './roles.ts';

/** An error as ajv reports it. */
export interface SchemaError {
  readonly instancePath: string;
  readonly keyword: string;
  readonly message?: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** A compiled schema: checks the data and pushes what it finds onto `this`. */
export interface Validator {
  (this: Found[], data: unknown): boolean;
  errors?: readonly SchemaError[] | null;
}

/** A framework's way of writing its config. */
export interface Dialect {
  readonly name: string;
  readonly title: string;
  readonly framework: string;
  /** The version of the framework whose sources the schema was read from. */
  readonly version: string;
  /** Which names for optimizers, and which defaults, hold here (src/optimizers). */
  readonly library: string;
  /** Dialects that this one is a special case of: where both match, this one is meant. */
  readonly specializes?: readonly string[];
  /** For files that look like training configs and are none: the sentence to refuse them with. */
  readonly refuses?: string;
  /** The framework takes what PyYAML gives it and converts nothing, so `1e-4` reaches it as a string. */
  readonly floats?: 'as PyYAML reads them';
  /** The config is read by a project's own code, which may take any key: others than the schema's may matter, too. */
  readonly open?: true;
  /** A file that this dialect reads. */
  readonly sample?: string;
  readonly validate: Validator;
}

/** The dialects that come with rebatch, by name, without their validators. */
export function listDialects(): readonly Omit<Dialect, 'validate'>[] {
  return Object.values(dialects).map(
    ({ load: _load, schema: _schema, recognises: _recognises, requiredKeys: _requiredKeys, ...meta }) => meta,
  );
}

/** A dialect by name. @throws Problem with code `unknown-dialect` and the names there are */
export async function loadDialect(name: string): Promise<Dialect> {
  const {
    load,
    schema: _schema,
    recognises: _recognises,
    requiredKeys: _requiredKeys,
    ...meta
  } = entryOf(name);
  return { ...meta, validate: (await load()).validate };
}

function entryOf(name: string) {
  const entry = dialects[name];
  if (entry) return entry;
  throw new Problem(
    'unknown-dialect',
    `no dialect is called "${name}"; there are: ${Object.keys(dialects).join(', ')}`,
  );
}

/** A built-in dialect's schema, self-contained. @throws Problem with code `unknown-dialect` */
export async function loadSchema(name: string): Promise<object> {
  return (await entryOf(name).schema()).schema;
}

/** The built-in dialects that recognise this data, the most specific ones alone; `generic` only if no other does. */
export function detect(data: unknown): string[] {
  const has = (key: string) => typeof data === 'object' && data !== null && key in data;
  const matching = Object.entries(dialects)
    .filter(([, { requiredKeys, recognises }]) => (requiredKeys?.some(has) ?? true) && recognises(data))
    .map(([name]) => name);
  const general = new Set(matching.flatMap((name) => ancestors(name)));
  return matching.filter((name) => !general.has(name));
}

function ancestors(name: string): string[] {
  const own = name === 'generic' ? [] : ['generic'];
  return [...own, ...(dialects[name]?.specializes ?? []).flatMap((parent) => [parent, ...ancestors(parent)])];
}

/**
 * Runs a document through its dialect: what was found, or what the schema has against it as Problems with their places.
 * @throws Problem with code `schema`: the first in the text, with the others
 */
export function collect(document: Document, dialect: Dialect): Found[] {
  const found: Found[] = [];
  if (dialect.validate.call(found, document.data)) return found;
  const problems = telling(dialect.validate.errors ?? []).map((error) => {
    const node =
      document.nodes.get(error.instancePath) ?? document.nodes.get(nearest(document, error.instancePath));
    const message = `${readable(error.instancePath)} ${describe(error)} (${dialect.title})`;
    return { message, offset: node?.offset ?? 0 };
  });
  const [first, ...others] = problems.sort((a, b) => a.offset - b.offset);
  if (!first) return found;
  const also = others.slice(0, MOST_PROBLEMS - 1).map((o) => new Problem('schema', o.message, o.offset));
  throw new Problem('schema', first.message, first.offset, also);
}

const MOST_PROBLEMS = 10;
/** Keywords whose errors only wrap those that say what is wrong. */
const WRAPPERS = new Set(['if', 'anyOf', 'oneOf', 'not', 'allOf']);

/** One error for each field; of alternatives that all fail, the first one's first. */
function telling(errors: readonly SchemaError[]): SchemaError[] {
  const choices = errors.filter((e) => e.keyword === 'anyOf' || e.keyword === 'oneOf');
  const told = new Set<Pointer>();
  const plain = errors.filter((error) => {
    if (WRAPPERS.has(error.keyword)) return false;
    const choice = choices.find(({ instancePath: at }) => `${error.instancePath}/`.startsWith(`${at}/`));
    const at = choice?.instancePath ?? error.instancePath;
    if (told.has(at)) return false;
    told.add(at);
    return true;
  });
  return plain.length ? plain : errors.slice(0, 1);
}

function nearest(document: Document, pointer: Pointer): Pointer {
  let at = pointer;
  while (at !== '' && !document.nodes.has(at)) at = parentOf(at);
  return at;
}

function describe({ keyword, message, params }: SchemaError): string {
  if (keyword === 'type') return `must be ${([] as unknown[]).concat(params.type).join(' or ')}`;
  if (keyword === 'enum')
    return `must be one of ${(params.allowedValues as unknown[]).filter((v) => v !== null).join(', ')}`;
  if (keyword === 'multipleOf') return 'must be a whole number';
  if (keyword === 'pattern') return 'is not written in a form that the trainer reads';
  if (keyword === 'const') return `must be ${JSON.stringify(params.allowedValue)}`;
  // `"b": false` under `dependentSchemas` of a: the framework takes one of them.
  if (keyword === 'false schema') return 'cannot stand beside another field that is there';
  return message ?? 'is not valid';
}
