import type { Diagnostic } from '../../src/base/diagnostic.ts';
import { Problem } from '../../src/base/problem.ts';
import type { BatchRole, Found, Role } from '../../src/dialect/roles.ts';
import type { BatchOptions } from '../../src/recipe/batch-options.ts';
import { buildRecipe, type RecipeOptions } from '../../src/recipe/build.ts';
import { type Reading, readFields } from '../../src/recipe/fields.ts';
import { readBatch } from '../../src/recipe/read-batch.ts';
import type { Batch, Field, Recipe, Unreadable } from '../../src/recipe/recipe.ts';
import { documentsOf } from './parse.ts';

type Part = BatchRole['part'];
type Traits = Partial<Omit<BatchRole, 'role' | 'part'>> & { readonly at?: string; readonly offset?: number };

/** A part of the batch as a file's text says it. */
export function says(part: Part, value: number, traits: Traits = {}): Field<BatchRole> {
  const { at = `/${part}`, offset = 0, ...role } = traits;
  const source = String(value);
  const place = { offset, length: source.length, source };
  return {
    pointer: at,
    role: { role: 'batch', part, unit: 'samples', ...role },
    value,
    site: { kind: 'text', format: 'yaml', ...place, node: { kind: 'scalar', style: 'plain', value, ...place } },
  };
}

/** A part that the file leaves to the trainer's default. */
export function leaves(part: Part, value: number, traits: Traits = {}): Field<BatchRole> {
  const field = says(part, value, traits);
  return { ...field, site: { kind: 'absent', pointer: field.pointer } };
}

/** So many devices, as a list of them. */
export function lists(part: Part, value: number): Field<BatchRole> {
  return { ...says(part, value), site: { kind: 'absent', pointer: '' } };
}

/** A part whose number is not in the file. */
export function hides(part: Part, why: Unreadable['why'], source = 'auto'): Unreadable {
  const { pointer, role } = says(part, 1);
  return { pointer, role, source, why, offset: 7 };
}

/** What reading a batch comes to, without its fields: the numbers, and the codes of the warnings. */
export function batchOf(
  fields: readonly Field<BatchRole>[],
  options: BatchOptions = {},
  hidden: readonly Unreadable[] = [],
): { readonly batch: Batch; readonly warnings: readonly Diagnostic[] } {
  const warnings: Diagnostic[] = [];
  return { batch: readBatch(fields, hidden, options, warnings), warnings };
}

/** What is read from a YAML text where a dialect found these roles. */
export async function readingOf(text: string, found: readonly Found[]): Promise<Reading> {
  const [document] = await documentsOf(text);
  return readFields(document!, found);
}

/** The recipe of a YAML text, with a batch of 64 unless the roles found have one. */
export async function recipeOf(
  text: string,
  found: readonly Found[],
  options: RecipeOptions & { readonly library?: string } = {},
): Promise<{ readonly recipe: Recipe; readonly warnings: readonly Diagnostic[] }> {
  const [document] = await documentsOf(text);
  const { library = 'torch', ...rest } = options;
  const warnings: Diagnostic[] = [];
  return {
    recipe: buildRecipe(document!, found, library, { from: 64, ...rest }, warnings),
    warnings,
  };
}

/** Fields as a table shows them: what is at each place. */
export function valuesOf(fields: readonly Field[]): Record<string, number> {
  return Object.fromEntries(
    fields.map(({ pointer, part, value }) => [part ? `${pointer} ${part}` : pointer, value]),
  );
}

/** How something is refused: `code: message`, at an offset where it says one. @throws where it is not */
export function refusal(act: () => unknown): { readonly says: string; readonly at: number | undefined } {
  try {
    act();
  } catch (error) {
    if (error instanceof Problem) return { says: `${error.code}: ${error.message}`, at: error.offset };
    throw error;
  }
  throw new Error('it is not refused');
}

/** @see refusal */
export async function refusalOf(act: Promise<unknown>): Promise<ReturnType<typeof refusal>> {
  const [result] = await Promise.allSettled([act]);
  return refusal(() => {
    if (result.status === 'rejected') throw result.reason;
  });
}

const decay = (of: 'gradient' | 'second-moment' | 'model-ema') =>
  ({ role: 'decay', of, form: 'decay', per: 'step' }) as const;

/** Roles as the dialects' common definitions have them. */
export const ROLE = {
  lr: { role: 'learning-rate', point: 'peak' },
  minimumLr: { role: 'learning-rate', point: 'minimum' },
  momentum: decay('gradient'),
  beta1: decay('gradient'),
  beta2: decay('second-moment'),
  ema: decay('model-ema'),
  weightDecay: { role: 'weight-decay' },
  epsilon: { role: 'epsilon' },
  dampening: { role: 'dampening' },
  optimizer: { role: 'optimizer' },
  nesterov: { role: 'nesterov' },
  steps: { role: 'count', unit: 'steps', use: 'schedule' },
  micro: { role: 'batch', part: 'micro', unit: 'samples' },
  global: { role: 'batch', part: 'global', unit: 'samples' },
  devices: { role: 'batch', part: 'devices', unit: 'samples' },
} as const satisfies Readonly<Record<string, Role>>;

/** At these pointers these roles were found. */
export function roles(found: Readonly<Record<string, Role>>): Found[] {
  return Object.entries(found).map(([pointer, role]) => [pointer, { role }]);
}

/** Each of these blocks holds an optimizer. */
export function scopes(...pointers: readonly string[]): Found[] {
  return pointers.map((pointer) => [pointer, { scope: 'optimizer' }]);
}
