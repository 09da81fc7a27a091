// What a file states about its batch, part by part.

import { Problem } from '../base/problem.ts';
import type { BatchRole } from '../dialect/roles.ts';
import { readable } from '../document/pointer.ts';
import { type Field, offsetOf } from './recipe.ts';

type BatchPart = BatchRole['part'];

/** The fields of a batch by their part; of several that agree, one. */
export type Stated = Partial<Record<BatchPart, Field<BatchRole>>>;

/** Parts that say how many samples there are, of a device, a machine or a step. */
export const SAMPLES: ReadonlySet<BatchPart> = new Set([
  'global',
  'micro',
  'per-device',
  'per-node',
  'nominal',
  'unsaid',
]);

/** Parts of which a file may have several that are multiplied. */
const MULTIPLIED: ReadonlySet<BatchPart> = new Set(['replicas', 'model-parallel', 'micro-limit']);

/** Parts that say how many devices there are. */
export const OF_DEVICES: ReadonlySet<BatchPart> = new Set(['devices', 'nodes', 'world', 'replicas']);

/** The field of a part, the first of several. */
export function fieldOf(fields: readonly Field<BatchRole>[], part: BatchPart): Field<BatchRole> | undefined {
  return fields.find((f) => f.role.part === part);
}

/** Whether a field stands in the text, not left to a default. */
export function inText(field: Field): boolean {
  return field.site.kind === 'text';
}

/** @param world given by the user, so that fields that disagree on the devices do not matter */
export function statedParts(fields: readonly Field<BatchRole>[], world: number | undefined): Stated {
  const known = fields.filter((f) => f.value > 0 && !MULTIPLIED.has(f.role.part));
  const parts = new Set(known.map((f) => f.role.part));
  return Object.fromEntries(
    [...parts].map((part) => [
      part,
      agree(
        known.filter((f) => f.role.part === part),
        world,
      ),
    ]),
  );
}

/** The fields of one part must say the same; a value in the file beats a default. */
function agree(fields: readonly Field<BatchRole>[], world: number | undefined): Field<BatchRole> | undefined {
  const [first, ...others] = fields.filter((f) => f.site.kind === 'text' || f.site.pointer === '');
  const other = others.find((f) => f.value !== first?.value);
  if (!first || !other) return first ?? fields[0];
  if (SAMPLES.has(first.role.part)) throw twoCandidates(first, other);
  const [one, two] = [first, other].map(({ pointer, value }) => `${readable(pointer)} is ${value}`);
  if (first.role.part === 'accumulation')
    throw inconsistent(other, `${one}, ${two}: the batch of a step is no single number, so keep one of them`);
  if (world !== undefined) return first;
  throw inconsistent(other, `${one}, ${two}, and only one can hold: pass --world N`);
}

/** A batch whose parts do not fit together. */
export function inconsistent(field: Field, message: string): Problem {
  return new Problem('batch-inconsistent', message, offsetOf(field));
}

/** Two fields that could each be the batch and contradict each other. */
export function twoCandidates(first: Field, other: Field): Problem {
  return inconsistent(
    other,
    `two batch sizes in one file: ${readable(first.pointer)} is ${first.value}, ${readable(other.pointer)} is ${other.value}; say which one is the batch of an optimizer step with --batch-at ${readable(first.pointer)} or --batch-at ${readable(other.pointer)}`,
  );
}

/** The product of the fields of a part; undefined where there is none, or one of them is not known. */
export function productOf(fields: readonly Field<BatchRole>[], part: BatchPart): number | undefined {
  const of = fields.filter((f) => f.role.part === part);
  const texts = of.filter(inText);
  const all = texts.length ? texts : of;
  if (all.length === 0 || all.some((f) => f.value < 1)) return undefined;
  return all.reduce((product, f) => product * f.value, 1);
}
