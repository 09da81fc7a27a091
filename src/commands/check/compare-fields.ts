import { roundTo } from '../../document/number.ts';
import { fieldName, keyOf } from '../../document/pointer.ts';
import { nameGroup, pairUp } from '../../pipe/pairing.ts';
import { type BatchChange, ratiosOf } from '../../recipe/batch.ts';
import { type Field, type Group, isRole, type Recipe } from '../../recipe/recipe.ts';
import { assess } from '../../rules/assess.ts';
import type { Assessment, PlanOptions } from '../../rules/assessment.ts';
import type { Rule } from '../../rules/rule.ts';

/** A field of the candidate against what the rule makes of its counterpart in the reference. */
export interface Compared extends Pick<Assessment, 'formula' | 'reason' | 'scale' | 'settings'> {
  /** The candidate's. */
  readonly field: Field;
  /** The reference's value, and what it becomes at the candidate's batch, both in the candidate's form. */
  readonly from: number;
  readonly expected: number;
  /** Whether the rule changes the reference's value. */
  readonly moves: boolean;
  readonly pass: boolean;
}

/** Two configs compared field by field. */
export interface Pairing {
  readonly batch: BatchChange;
  readonly compared: readonly Compared[];
  /** What could not be compared, one sentence each. */
  readonly unpaired: readonly string[];
}

/** Largest relative error of a value; for decays also of 1-value. */
const DEFAULT_TOLERANCE = 0.01;

export interface PairOptions extends PlanOptions {
  readonly tolerance?: number;
}

/** A field with its assessment by the rule, at the field's place. */
interface Ruled extends Pick<Field, 'pointer' | 'part'> {
  readonly field: Field;
  readonly assessment?: Assessment;
}

/**
 * Compares a candidate with what it should be at its batch size. The dialects may differ. A value that one side leaves
 * to its framework's default counts as that default.
 */
export function pairRecipes(reference: Recipe, candidate: Recipe, rule: Rule, options: PairOptions): Pairing {
  const batch = ratiosOf(reference.batch, candidate.batch);
  const ruled = new Map<Field, Assessment>();
  for (const a of assess({ recipe: reference, batch, rule, options })) ruled.set(a.field, a);
  const unpaired: string[] = [];
  const pair = (old: readonly Field[], now: readonly Field[], kind: (field: Field) => string) =>
    pairFields(old, now, kind, ruled, unpaired).flatMap(([a, field]) =>
      comparison(a, field, options, unpaired),
    );
  const groups = pairUp(reference.groups, candidate.groups, nameGroup, unpaired);
  return {
    batch,
    compared: [
      ...groups.flatMap(([a, b]) => (sameOptimizer(a, b, unpaired) ? pair(a.fields, b.fields, kindOf) : [])),
      ...pair(reference.averages, candidate.averages, kindOf),
      ...pair(reference.counts, candidate.counts, kindOfCount(reference, candidate)),
      ...pair(reference.ramps, candidate.ramps, kindOf),
      ...pair(reference.clips, candidate.clips, kindOf),
    ],
    unpaired,
  };
}

function sameOptimizer(a: Group, b: Group, unpaired: string[]): boolean {
  const [old, now] = [a.binding.optimizer, b.binding.optimizer];
  if (old.name === now.name || a.known === 'inferred' || b.known === 'inferred') return true;
  unpaired.push(
    `the optimizer is ${old.title} in the reference, ${now.title} here: their settings cannot be compared`,
  );
  return false;
}

/** Fields of one kind do the same thing, wherever they stand. */
function kindOf({ role }: Field): string {
  switch (role.role) {
    case 'learning-rate':
      return `learning-rate ${role.point}`;
    case 'decay':
      return `decay ${role.of}`;
    case 'count':
      return `count ${role.use} ${role.unit}`;
    default:
      return role.role;
  }
}

/**
 * Counts are matched by place. Two dialects have different places: there by whether the name contains warm-up, if that
 * leaves one on each side.
 */
function kindOfCount(reference: Recipe, candidate: Recipe): (field: Field) => string {
  const places = new Set(candidate.counts.map((f) => f.pointer));
  const alike = reference.counts.some((f) => places.has(f.pointer));
  const loose = (f: Field) => `${kindOf(f)} ${/warm/i.test(f.pointer) ? 'warm-up' : 'other'}`;
  if (alike) return (f) => `${kindOf(f)} ${f.pointer} ${f.part ?? ''}`;
  const single = (kind: string) =>
    [reference, candidate].every(({ counts }) => counts.filter((f) => loose(f) === kind).length === 1);
  return (f) => (single(loose(f)) ? loose(f) : `${kindOf(f)} ${keyOf(f.pointer)}`);
}

function pairFields(
  old: readonly Field[],
  now: readonly Field[],
  kind: (field: Field) => string,
  ruled: ReadonlyMap<Field, Assessment>,
  unpaired: string[],
): [Assessment, Field][] {
  const placed = (field: Field): Ruled => {
    const assessment = ruled.get(field);
    return { ...field, field, ...(assessment ? { assessment } : {}) };
  };
  const kinds = new Set([...old, ...now].map(kind));
  return [...kinds].flatMap((one) => {
    const missing: string[] = [];
    const ofKind = (fields: readonly Field[]) => fields.filter((f) => kind(f) === one).map(placed);
    const [olds, nows] = [ofKind(old), ofKind(now)];
    const pairs = pairUp(olds, nows, fieldName, missing);
    const matters =
      olds.some(({ assessment: a }) => a && a.value !== a.field.value) ||
      (olds.length < nows.length && nows.some(({ field }) => field.site.kind === 'text'));
    if (matters) unpaired.push(...missing);
    return pairs.flatMap(([a, b]): [Assessment, Field][] => (a.assessment ? [[a.assessment, b.field]] : []));
  });
}

function comparison(a: Assessment, field: Field, options: PairOptions, unpaired: string[]): Compared[] {
  if (trainerOf(a.field) !== trainerOf(field)) {
    unpaired.push(
      `${fieldName(field)}: its trainer multiplies it by itself (${trainerOf(field) ?? 'not'}) where the reference’s does otherwise (${trainerOf(a.field) ?? 'not'}), so the two numbers cannot be compared`,
    );
    return [];
  }
  const { tolerance = DEFAULT_TOLERANCE, digits = 6 } = options;
  const expected = inFormOf(field, a.field, a.value, a.complement, digits);
  const from = inFormOf(field, a.field, a.field.value, undefined, 17);
  const exact = a.exact ?? expected;
  const same = (x: number, y: number) => close(x, y, tolerance, field);
  const { formula, reason, scale, settings } = a;
  return [
    {
      field,
      from,
      expected,
      formula,
      reason,
      ...(scale ? { scale } : {}),
      ...(settings ? { settings } : {}),
      moves: !same(expected, from),
      pass: same(expected, field.value) || (isRole(field, 'count') && Math.abs(field.value - exact) < 1),
    },
  ];
}

function trainerOf({ role }: Field): string | undefined {
  return role.role === 'learning-rate' || role.role === 'weight-decay' ? role.trainer : undefined;
}

/** A value of the reference in the candidate's form: half-life, decay or 1-decay. */
function inFormOf(
  field: Field,
  like: Field,
  value: number,
  complement: number | undefined,
  digits: number,
): number {
  if (!isRole(field, 'decay') || !isRole(like, 'decay')) return value;
  const [to, from] = [field.role.form, like.role.form];
  if (to === from) return value;
  const forgets =
    from === 'complement'
      ? value
      : from === 'half-life'
        ? -Math.expm1(-Math.LN2 / value)
        : (complement ?? 1 - value);
  if (to === 'complement') return roundTo(forgets, { digits });
  if (to === 'decay') return roundTo(1 - forgets, { digits, complement: forgets });
  const halfLife = Math.LN2 / -Math.log1p(-forgets);
  return field.role.whole ? Math.max(1, Math.round(halfLife)) : roundTo(halfLife, { digits });
}

/** Relative closeness; for a decay also of 1-decay, which sets its memory. */
function close(expected: number, actual: number, tolerance: number, field: Field): boolean {
  if (!relative(expected, actual, tolerance)) return false;
  if (!isRole(field, 'decay') || field.role.form === 'half-life') return true;
  return relative(1 - expected, 1 - actual, tolerance);
}

function relative(expected: number, actual: number, tolerance: number): boolean {
  // The constant allows for rounding in 1-x near 1.
  return Math.abs(actual - expected) <= tolerance * Math.abs(expected) + 1e-15;
}
