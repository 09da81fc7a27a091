import { Problem } from '../base/problem.ts';
import type { Document } from '../document/nodes.ts';
import { type Pointer, parentOf } from '../document/pointer.ts';

/** An error as ajv reports it. */
export interface SchemaError {
  readonly instancePath: string;
  readonly keyword: string;
  readonly message?: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** The key that `propertyNames` does not allow. */
  readonly propertyName?: string;
}

/** Keywords whose errors only wrap those that say what is wrong. */
const WRAPPERS = new Set(['if', 'anyOf', 'oneOf', 'not', 'allOf', 'propertyNames']);

/** One error for each field; of alternatives that all fail, the first one's first. */
export function telling(errors: readonly SchemaError[]): SchemaError[] {
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

/** An error as the rest of a sentence that begins with the field's name. */
export function describe({ keyword, message, params }: SchemaError): string {
  if (keyword === 'type') return `must be ${([] as unknown[]).concat(params.type).join(' or ')}`;
  if (keyword === 'enum')
    return `must be one of ${(params.allowedValues as unknown[]).filter((v) => v !== null).join(', ')}`;
  if (keyword === 'multipleOf') return 'must be a whole number';
  if (keyword === 'pattern') return 'has an invalid format';
  if (keyword === 'const') return `must be ${JSON.stringify(params.allowedValue)}`;
  // `"b": false` under `dependentSchemas` of a: the framework takes one of them.
  if (keyword === 'false schema') return 'conflicts with another field';
  return message ?? 'is not valid';
}

/** An error at a place of a document. */
export interface Fault {
  readonly pointer: Pointer;
  readonly message: string;
}

const MOST_FAULTS = 10;

/** Faults as one problem with code `schema`: the first in the text, with the others. @param faults at least one */
export function schemaProblem(faults: readonly Fault[], document: Document): Problem {
  const [first, ...others] = faults
    .map(({ pointer, message }) => ({ message, offset: offsetOf(document, pointer) }))
    .sort((a, b) => a.offset - b.offset)
    .slice(0, MOST_FAULTS)
    .map(({ message, offset }) => [message, offset] as const);
  const also = others.map(([message, offset]) => new Problem('schema', message, offset));
  return new Problem('schema', ...first!, also);
}

/** The offset of a pointer's value, or of the nearest one around it. */
function offsetOf(document: Document, pointer: Pointer): number {
  let at = pointer;
  while (at !== '' && !document.nodes.has(at)) at = parentOf(at);
  return document.nodes.get(at)?.offset ?? 0;
}
