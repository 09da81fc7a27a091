import { num, numbers } from '../base/numbers.ts';
import { Problem } from '../base/problem.ts';
import type { Role } from '../dialect/roles.ts';
import type { Document } from '../document/nodes.ts';
import { readable } from '../document/pointer.ts';
import { type BatchChange, ratiosOf } from '../recipe/batch.ts';
import { decayOf, type Field, fieldsOf, isRole, offsetOf, type Recipe } from '../recipe/recipe.ts';
import { assess } from '../rules/assess.ts';
import type { PlanOptions } from '../rules/assessment.ts';
import { type Change, changesOf } from '../rules/plan.ts';
import type { Rule } from '../rules/rule.ts';
import { withBases } from './bases.ts';
import { type Config, type ReadOptions, understand } from './read.ts';

/** What an edited document is to mean. */
export interface Meant {
  readonly config: Config;
  readonly changes: readonly Change[];
  /** The batch of the result. */
  readonly batch: BatchChange['to'];
  readonly rule: Rule;
  readonly options: PlanOptions;
  /** What to read the result with: see `readingOfResult`. */
  readonly reading: ReadOptions;
}

/** An edited document with what it was read to mean. */
export type Result = Pick<Config, 'document' | 'dialect' | 'recipe' | 'warnings'>;

/**
 * The options that say of a conversion's result what they said of its source: the batch and the devices only where
 * the user had to say them, since otherwise the file itself must.
 */
export function readingOfResult(
  options: ReadOptions,
  { recipe }: Config,
  { to }: Pick<BatchChange, 'to'>,
): ReadOptions {
  const { from, to: _to, by: ratio, world, worldTo, micro: _micro, accumulation: _passes, ...rest } = options;
  const others = ratio === undefined ? rest : { ...rest, by: 1 };
  if (to.perDevice) return others;
  const devices = worldTo ?? world;
  // Where the trainer accumulates up to a nominal batch, --from is the batch of the config, one pass.
  const whole = recipe.batch.nominal === undefined ? to.global : to.global / to.accumulation;
  return {
    ...others,
    ...(from === undefined ? {} : { from: whole }),
    ...(devices === undefined ? {} : { world: devices }),
  };
}

/**
 * Reads an edited document again and proves that it means what was planned: its schema holds, the batch is the planned
 * one, every setting plays the role it played and has the value planned for it, and nothing is left to convert.
 * @throws Problem with the field, where the file's shape does not let the new values be read as the old ones were;
 *   proof-failed where the fault is ours
 */
export function proveMeaning(meant: Meant, document: Document): Result {
  const { config, changes, batch, rule, options, reading } = meant;
  const result = readAgain(meant, document);
  if (changes.length === 0) return result;
  sameBatch(batch, result.recipe.batch, config);
  sameSettings(meant, result.recipe);
  const own = ratiosOf(result.recipe.batch, result.recipe.batch);
  const left = changesOf(
    assess({ recipe: result.recipe, batch: own, rule, options: { ...reading, ...options } }),
  );
  const [first] = left.filter(({ inserted }) => !inserted);
  if (first)
    throw failed(
      `${readable(first.pointer)} would be ${numbers(first.to)} when converted to its own batch again`,
    );
  return result;
}

/** The document with the planned values in it, which its schema or its reading may not take. */
function readAgain({ config, changes, reading }: Meant, document: Document): Result {
  try {
    return understand(withBases(document, config.bases), config.dialect, reading);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const { offset } = error;
    const change = changes.find(({ pointer }) => {
      const node = document.nodes.get(pointer);
      return node !== undefined && node.offset === offset;
    });
    if (!change)
      throw new Problem(
        'not-readable-again',
        `with the new values this file could no longer be read: ${error.message}. Choose another batch, or change the file by hand`,
      );
    const why = error.message.replace(`${readable(change.pointer)} `, '');
    throw new Problem(
      'not-readable-again',
      `${readable(change.pointer)} would become ${numbers(change.to)}, which is not taken here: it ${why}. Choose another batch or another share of it (--micro, --accumulation); where ${numbers(change.to)} means "off", take the key out by hand first`,
      change.fields[0] && offsetOf(change.fields[0]),
    );
  }
}

function sameBatch(planned: BatchChange['to'], read: Recipe['batch'], { recipe }: Config): void {
  const [field] = recipe.batch.fields;
  for (const part of ['global', 'micro', 'accumulation', 'world'] as const) {
    const [wanted, got] = [planned[part], read[part]];
    if (wanted === undefined || got === undefined || same(wanted, got)) continue;
    if (part === 'world' && recipe.batch.world === undefined) continue;
    throw new Problem(
      'not-readable-again',
      `the new file would say ${NAMES[part]} ${got}, not ${wanted}: what the batch is made of is not all in this file. Write its missing parts into it first`,
      field && offsetOf(field),
    );
  }
}

const NAMES = {
  global: 'global batch',
  micro: 'micro batch',
  accumulation: 'accumulation',
  world: 'devices',
} as const;

/** Every number that was understood is understood as before, with its planned value; and no other one is. */
function sameSettings({ config, changes }: Meant, now: Recipe): void {
  const after = placesOf(now);
  const before = placesOf(config.recipe);
  const planned = plannedValues(changes);
  for (const [place, field] of before) {
    // One text has one value, whatever uses it.
    const wanted = planned.get(place) ?? planned.get(placeKey({ ...field, usedAt: ALL })) ?? field.value;
    const read = after.get(place);
    if (!read) {
      if (field.site.kind === 'text' || planned.has(place)) throw lost(field, wanted);
      continue;
    }
    if (!alike(field.role, read.role)) throw otherwise(field, wanted, read);
    if (!same(read.value, wanted)) throw failed(`${nameOf(field)} reads as ${num(read.value)}`);
  }
  for (const [place, field] of after)
    if (!before.has(place) && field.site.kind === 'text')
      throw failed(`${nameOf(field)} is read although it was not before`);
  sameOptimizers(config.recipe, now);
}

/** The same optimizers; which block counts as theirs, and so how often, may change with what was inserted. */
function sameOptimizers(before: Recipe, now: Recipe): void {
  const told = ({ groups }: Recipe) =>
    [
      ...new Set(
        groups.map(({ binding, nesterov }) => `${binding.optimizer.title}${nesterov ? ' (Nesterov)' : ''}`),
      ),
    ].sort();
  const [old, read] = [told(before), told(now)];
  if (old.join('; ') !== read.join('; '))
    throw failed(`the optimizers are read as ${read.join('; ') || 'none'}, not as ${old.join('; ')}`);
}

/** Fields by where they stand; a value that several uses share stands once for each. */
function placesOf(recipe: Recipe): Map<string, Field> {
  return new Map(fieldsOf(recipe).map((field) => [placeKey(field), field]));
}

/** Stands for every use of a value. */
const ALL = '*';

function placeKey({ pointer, part = '', usedAt = '' }: Field): string {
  return `${pointer}\n${part}\n${usedAt}`;
}

function plannedValues(changes: readonly Change[]): Map<string, number> {
  return new Map(
    changes.flatMap(({ fields, to }) =>
      fields.flatMap((field, i): [string, number][] => {
        const value = typeof to === 'number' ? to : to[i]!;
        return [
          [placeKey(field), value],
          [placeKey({ ...field, usedAt: ALL }), value],
        ];
      }),
    ),
  );
}

function alike(a: Role, b: Role): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

function sorted(role: Role): [string, unknown][] {
  return Object.entries(role).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Text is written in the shortest form that reads back within the digits asked for, so this is equality in all but name. */
function same(a: number, b: number): boolean {
  return Object.is(a, b) || Math.abs(a - b) <= 1e-12 * Math.abs(b);
}

/** A field that the new value makes unrecognisable: a decay so small that it looks like none, for example. */
function lost(field: Field, wanted: number): Problem {
  return new Problem(
    'not-readable-again',
    `${nameOf(field)} would become ${num(wanted)}, and is then no longer read as ${meaning(field)}: the next conversion would leave it behind. Say what it is with --schema FILE, or choose a batch nearer to the old one`,
    offsetOf(field),
  );
}

function otherwise(field: Field, wanted: number, read: Field): Problem {
  return new Problem(
    'not-readable-again',
    `${nameOf(field)} is read as ${meaning(field)}, and its new value ${num(wanted)} would be read as ${meaning(read)}: two frameworks write it in opposite ways and the value alone tells which. Say which with --schema FILE, or choose a batch nearer to the old one`,
    offsetOf(field),
  );
}

function meaning(field: Field): string {
  if (!isRole(field, 'decay')) return `a ${field.role.role.replace('-', ' ')}`;
  const of = { 'batch-norm': 'BatchNorm', gradient: 'momentum', 'model-ema': 'weight average' } as Readonly<
    Record<string, string>
  >;
  const what = of[field.role.of] ?? field.role.of.replace('-', ' ');
  return field.role.form === 'decay'
    ? `a ${what} decay of ${num(decayOf(field))}`
    : `the ${field.role.form} of a ${what} decay (decay ${num(decayOf(field))})`;
}

function nameOf({ pointer, part }: Field): string {
  return part === undefined ? readable(pointer) : `${readable(pointer)} ${part}`;
}

function failed(what: string): Problem {
  return new Problem(
    'proof-failed',
    `the edited text did not pass its check (${what}); nothing was written. Please report this file`,
  );
}
