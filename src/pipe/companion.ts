import type { Source } from '../base/diagnostic.ts';
import { collect, loadDialect } from '../dialect/dialect.ts';
import type { Found, Role } from '../dialect/roles.ts';
import type { Document } from '../document/nodes.ts';
import { parse } from '../document/parse.ts';
import { keyOf, type Pointer, readable } from '../document/pointer.ts';
import { readFields } from '../recipe/fields.ts';
import { type Field, fieldsOf, isRole, type Recipe } from '../recipe/recipe.ts';

/** Another file that a config names, whose numbers must agree with its own. */
export interface Companion {
  readonly file: string;
  /** The key that names it, and its place. */
  readonly pointer: Pointer;
  readonly offset: number;
  /** The numbers in it. */
  readonly fields: readonly Field[];
}

/**
 * The file that a config names and whose numbers must be its own, as its dialect says (`agrees`).
 * @returns undefined where none is named or it cannot be read
 */
export async function companionOf(
  document: Document,
  claimed: readonly Found[],
  source: Source,
): Promise<Companion | undefined> {
  const named = claimed.find(([, what]) => 'agrees' in what);
  if (!named || !('agrees' in named[1])) return undefined;
  const [pointer, { agrees }] = named;
  const node = document.nodes.get(pointer);
  if (node?.kind !== 'scalar' || typeof node.value !== 'string' || node.value === '') return undefined;
  const found = await source.beside?.(node.value);
  if (!found) return undefined;
  try {
    const { documents } = await parse(found.text, found.file);
    const roles = collect(documents[0]!, await loadDialect(agrees));
    const fields = readFields(documents[0]!, roles).fields.filter(({ site }) => site.kind === 'text');
    return { file: node.value, pointer, offset: node.offset, fields };
  } catch {
    return undefined; // A file that its own trainer would refuse is not compared.
  }
}

/** What a companion has otherwise than the config, as a sentence; undefined where they agree. */
export function disagreement(recipe: Recipe, { file, fields }: Companion): string | undefined {
  const wrong = fields.flatMap((field) => {
    const own = counterpart(field, recipe);
    if (!own || own.wanted === field.value) return [];
    const name = field.part ? `${readable(field.pointer)} ${field.part}` : readable(field.pointer);
    return [`${name} ${field.value} (${own.called} ${own.wanted})`];
  });
  if (wrong.length === 0) return undefined;
  return `${file} has other numbers, at which the trainer stops: ${wrong.join(', ')}. Write "auto" there, or the numbers from here`;
}

interface Own {
  readonly wanted: number;
  readonly called: string;
}

function counterpart(field: Field, recipe: Recipe): Own | undefined {
  const { batch } = recipe;
  if (isRole(field, 'batch')) {
    if (field.role.part === 'global')
      return batch.world === undefined ? undefined : { wanted: batch.global, called: 'the batch here is' };
    return named(batch.fields.find((f) => isRole(f, 'batch') && f.role.part === part(field)));
  }
  const fields = fieldsOf(recipe);
  if (isRole(field, 'count'))
    return named(
      fields.find(
        (f) => isRole(f, 'count') && about(f.pointer) !== '' && about(f.pointer) === about(field.pointer),
      ),
    );
  return named(fields.find((f) => sameRole(f.role, field.role)));
}

function part(field: Field): string {
  return isRole(field, 'batch') ? field.role.part : '';
}

function named(own: Field | undefined): Own | undefined {
  return own && { wanted: own.value, called: `here ${readable(own.pointer)}` };
}

/** Which length of the schedule a key counts. */
function about(pointer: Pointer): string {
  const key = keyOf(pointer);
  if (!/steps$/.test(key)) return '';
  return /warmup/.test(key) ? 'warmup' : /total|max/.test(key) ? 'total' : '';
}

const COMPARED: readonly Role['role'][] = ['learning-rate', 'decay', 'weight-decay', 'epsilon', 'clip'];

function sameRole(a: Role, b: Role): boolean {
  if (a.role !== b.role || !COMPARED.includes(a.role)) return false;
  if (a.role === 'learning-rate' && b.role === 'learning-rate') return a.point === b.point;
  return a.role !== 'decay' || b.role !== 'decay' || (a.of === b.of && a.cycled === b.cycled);
}
