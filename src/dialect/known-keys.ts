import { lookUp } from '../base/look-up.ts';
import type { Schema } from './keywords.ts';

/**
 * The keys that a dialect speaks of, each with the key of the block around it (`ema_config/ema_decay`, `/lr` at the
 * top): what has no role there under some condition has none on purpose, and is not read by name.
 * @param schema self-contained
 */
export function knownKeys(schema: Schema): string[] {
  const known = new Set<string>();
  const seen = new Set<string>();
  const definitions = (schema.$defs ?? {}) as Readonly<Record<string, unknown>>;
  const walk = (node: unknown, parent: string): void => {
    if (Array.isArray(node)) for (const item of node) walk(item, parent);
    if (node === null || typeof node !== 'object' || Array.isArray(node)) return;
    const { properties = {}, $ref, ...rest } = node as Record<string, unknown>;
    for (const [key, value] of Object.entries(properties as object)) {
      known.add(`${parent}/${key}`);
      walk(value, key);
    }
    const name = typeof $ref === 'string' ? /^#\/\$defs\/(\w+)$/.exec($ref)?.[1] : undefined;
    if (name !== undefined && !seen.has(`${name} ${parent}`)) {
      seen.add(`${name} ${parent}`);
      walk(lookUp(definitions, name), parent);
    }
    for (const [keyword, value] of Object.entries(rest))
      if (IN_PLACE.has(keyword)) walk(value, parent);
      else if (keyword === 'patternProperties')
        for (const [pattern, inner] of Object.entries(value as object))
          walk(inner, pattern === '^' ? ANY : '*');
      else if (keyword === 'additionalProperties') walk(value, '*');
  };
  walk(schema, '');
  return [...known];
}

/** Stands for the key of a block where the dialect says that blocks of any name hold the same (`patternProperties: {"^": ...}`). */
export const ANY = '^';

/** Keywords whose schemas apply to the same object or to the items of a list under the same key. */
const IN_PLACE = new Set([
  'if',
  'then',
  'else',
  'allOf',
  'anyOf',
  'oneOf',
  'items',
  'prefixItems',
  'dependentSchemas',
]);
