import { meant } from '../base/edit-distance.ts';
import { lookUp } from '../base/look-up.ts';
import { Problem } from '../base/problem.ts';
import type { Document } from '../document/nodes.ts';
import { readable } from '../document/pointer.ts';
import { dialects } from './generated/index.js';
import type { Found } from './roles.ts';
import { describe, type SchemaError, schemaProblem, telling } from './schema-errors.ts';

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
  /** Dialects that this one is a special case of: where both match, this one is taken. */
  readonly specializes?: readonly string[];
  /** For files that look like training configs and are not: the sentence to refuse them with. */
  readonly refuses?: string;
  /** The framework takes what PyYAML gives it and converts nothing, so `1e-4` reaches it as a string. */
  /**
   * How numbers reach the trainer: the framework takes what PyYAML gives it and converts nothing, so `1e-4` is a
   * string; or its loader has a resolver of its own, to which `1e-4` is a number (omry/omegaconf omegaconf/_utils.py
   * get_yaml_loader; omni-us/jsonargparse jsonargparse/_loaders_dumpers.py get_yaml_default_loader).
   */
  readonly floats?: 'as PyYAML reads them' | 'also without a dot';
  /** The project's own code reads the config, so keys that the schema lacks may matter too. */
  readonly open?: true;
  /** The file stands beside another one that holds the rest: a sentence that says where the learning rate is. */
  readonly companion?: string;
  /** What of the framework's own was run on converted files, and what that showed; absent: its source was read. */
  readonly tried?: string;
  /** A file that this dialect reads. */
  readonly sample?: string;
  /** Keys that the schema speaks of, with the key around each: `ema_config/ema_decay`. */
  readonly known: ReadonlySet<string>;
  readonly validate: Validator;
}

/**
 * Whether a document that a built-in dialect recognised is that framework's beyond doubt, so that keys which only its
 * trainer knows may be written into it. The `certain` of a schema says so; without one, recognition is enough.
 */
export function isCertain(data: unknown, name: string): boolean {
  return lookUp(dialects, name)?.certain?.(data) ?? true;
}

/** The dialects that come with rebatch, by name, without their validators. */
export function listDialects(): readonly Omit<Dialect, 'validate' | 'known'>[] {
  return Object.values(dialects).map(
    ({
      load: _load,
      schema: _schema,
      recognises: _recognises,
      certain: _certain,
      requiredKeys: _requiredKeys,
      ...meta
    }) => meta,
  );
}

/** A dialect by name. @throws Problem with code `unknown-dialect` and the names that may be meant */
export async function loadDialect(name: string): Promise<Dialect> {
  const {
    load,
    schema: _schema,
    recognises: _recognises,
    certain: _certain,
    requiredKeys: _requiredKeys,
    ...meta
  } = entryOf(name);
  const { validate, known } = await load();
  return { ...meta, validate, known: new Set(known) };
}

function entryOf(name: string) {
  const entry = lookUp(dialects, name);
  if (entry) return entry;
  const near = alike(name);
  const guess = near.length > 0 ? `: did you mean ${near.join(' or ')}?` : meant(name, Object.keys(dialects));
  throw new Problem(
    'unknown-dialect',
    `unknown dialect "${name}"${guess || ';'} rebatch schema lists them all`,
  );
}

/** The dialects whose name or framework begins with these letters: `hf`, `huggingface`, `DeepSpeed_Config`. */
function alike(word: string): string[] {
  const letters = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, '');
  const wanted = letters(word);
  const begins = (text: string) => {
    const whole = letters(text);
    return wanted.length > 1 && (whole.startsWith(wanted) || (whole.length > 3 && wanted.startsWith(whole)));
  };
  return Object.entries(dialects).flatMap(([name, { framework }]) =>
    begins(name) || begins(framework) ? [name] : [],
  );
}

/** A built-in dialect's schema, self-contained. @throws Problem with code `unknown-dialect` */
export async function loadSchema(name: string): Promise<object> {
  return (await entryOf(name).schema()).schema;
}

/** The built-in dialects that recognise this data, the most specific ones alone; `generic` only if no other does. */
export function detect(data: unknown): string[] {
  const has = (key: string) => typeof data === 'object' && data !== null && Object.hasOwn(data, key);
  const matching = Object.entries(dialects)
    .filter(([, { requiredKeys, recognises }]) => (requiredKeys?.some(has) ?? true) && recognises(data))
    .map(([name]) => name);
  const general = new Set(matching.flatMap((name) => ancestors(name)));
  return matching.filter((name) => !general.has(name));
}

/** Whether a dialect is there to refuse its files, which say how a training is launched, or nothing of it. */
export function refusesAll(name: string): boolean {
  return lookUp(dialects, name)?.refuses !== undefined;
}

function ancestors(name: string): string[] {
  const own = name === 'generic' ? [] : ['generic'];
  return [
    ...own,
    ...(lookUp(dialects, name)?.specializes ?? []).flatMap((parent) => [parent, ...ancestors(parent)]),
  ];
}

/**
 * Checks a document against its dialect. @returns the roles and other marks found, with their pointers
 * @throws Problem with code `schema`: the first in the text, with the others
 */
export function collect(document: Document, dialect: Dialect): Found[] {
  const found: Found[] = [];
  if (dialect.validate.call(found, document.data)) return found;
  const problems = telling(dialect.validate.errors ?? []).map((error) => ({
    pointer: error.instancePath,
    message: `${readable(error.instancePath)} ${describe(error)} (${dialect.title})`,
  }));
  throw schemaProblem(problems, document);
}
