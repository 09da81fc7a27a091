// What a trainer demands of the batch, and whether a batch meets it.

import { num } from '../base/numbers.ts';
import { Problem } from '../base/problem.ts';
import type { Constraint, CountConstraint, Demand, Found } from '../dialect/roles.ts';
import type { Document } from '../document/nodes.ts';
import { type Pointer, readable } from '../document/pointer.ts';
import { numberInString } from '../document/scalar.ts';
import type { Batch, Demanded, Field } from './recipe.ts';

/** The demands that a dialect found and the file gives numbers for. */
export function demandsOf(found: readonly Found[], document: Document): Demanded[] {
  return found.flatMap(([scope, what]) => {
    if (!('constraint' in what) || !isDemand(what.constraint)) return [];
    const { kind, of } = what.constraint;
    const by = `${scope}/${of.at(-1)}`;
    const node = document.nodes.get(by);
    const written = node?.kind === 'scalar' ? node.value : undefined;
    const value =
      typeof written === 'string'
        ? numberInString(written)
        : (written ?? ('default' in what.constraint ? what.constraint.default : undefined));
    if (typeof value !== 'number' || value <= 0) return [];
    const offset = node?.kind === 'scalar' ? { offset: node.offset } : {};
    return [{ kind, by, value, ...offset, ...(kind === 'at-least' ? { of: `${scope}/${of[0]}` } : {}) }];
  });
}

function isDemand(constraint: Constraint): constraint is Demand {
  return constraint.kind === 'batch-multiple' || constraint.kind === 'at-least';
}

/** Whether a constraint is one between counts, which give way, and none of the batch. */
export function isOfCounts(constraint: Constraint): constraint is CountConstraint {
  return !isDemand(constraint);
}

/**
 * The demands that a batch does not meet. What depends on a number of devices that nobody knows is not judged.
 * @param valueAt what a field of the batch holds
 */
export function brokenDemands(
  demands: readonly Demanded[],
  batch: Omit<Batch, 'fields'>,
  valueAt: (pointer: Pointer) => number | undefined,
): Problem[] {
  return demands.flatMap(({ kind, by, value, offset, of }) => {
    if (kind === 'batch-multiple') {
      if (batch.global % value === 0 || batch.perDevice) return [];
      const message = `the trainer demands a batch that is a multiple of ${readable(by)}, ${num(value)}: ${num(batch.global)} is none`;
      return [new Problem('demand', message, offset)];
    }
    const limit = valueAt(of!);
    if (limit === undefined || limit >= value) return [];
    const message = `the trainer demands that a batch holds the longest sample: ${readable(of!)} ${num(limit)} is below ${readable(by)}, ${num(value)}`;
    return [new Problem('demand', message, offset)];
  });
}

/** What the fields of a batch hold, those that move at their new values. */
export function valuesAt(
  fields: readonly Field[],
  moves: readonly { readonly field: Field; readonly to: number }[] = [],
): (pointer: Pointer) => number | undefined {
  const values = new Map(fields.map((f) => [f.pointer, f.value]));
  for (const { field, to } of moves) values.set(field.pointer, to);
  return (pointer) => values.get(pointer);
}
