// A batch size of which no word says what it counts: one device, or the whole step.

import { type Diagnostic, warning } from '../base/diagnostic.ts';
import { Problem } from '../base/problem.ts';
import type { BatchRole } from '../dialect/roles.ts';
import { readable } from '../document/pointer.ts';
import type { BatchOptions } from './batch-options.ts';
import { type Field, offsetOf } from './recipe.ts';
import { type Stated, statedParts, twoCandidates } from './statements.ts';

/** What such a field was taken for: its part, and the number of devices where that settles it. */
interface Decision {
  readonly part: 'micro' | 'global';
  readonly world?: number;
  /** What it was concluded from. */
  readonly since?: string;
}

/** What is known of the devices. */
export interface Devices {
  /** Data-parallel devices, where known. */
  readonly world: number | undefined;
  /** Somebody, the file or the user, speaks of devices at all. */
  readonly spoken: boolean;
}

/**
 * Fields of a batch in which every part says what it counts.
 * @param warnings gets what an unsaid batch size was taken for
 * @throws Problem: batch-inconsistent where two could be the batch; usage
 */
export function decideUnsaid(
  fields: readonly Field<BatchRole>[],
  devices: Devices,
  options: BatchOptions,
  warnings: Diagnostic[],
): { readonly fields: readonly Field<BatchRole>[]; readonly world?: number } {
  const unsaid = statedParts(
    fields.filter((f) => f.role.part === 'unsaid'),
    undefined,
  ).unsaid;
  if (!unsaid) {
    if (options.batchIs !== undefined) throw nothingUnsaid(fields, options.batchIs);
    return { fields };
  }
  const others = statedParts(
    fields.filter((f) => f.role.part !== 'unsaid'),
    options.world,
  );
  const { part, since, world } = decide(unsaid, others, devices, options);
  if (since) {
    const [is, otherwise] =
      part === 'micro'
        ? ['what one device takes', '--batch-is total']
        : ['the whole batch', '--batch-is device'];
    const message = `${readable(unsaid.pointer)} ${unsaid.value} is taken for ${is}, since ${since}: say ${otherwise} where that is wrong`;
    warnings.push(warning('batch-taken-for', message, offsetOf(unsaid)));
  }
  const decided = fields.map((f) => (f.role.part === 'unsaid' ? { ...f, role: { ...f.role, part } } : f));
  return { fields: decided, ...(world === undefined ? {} : { world }) };
}

function nothingUnsaid(fields: readonly Field<BatchRole>[], is: string): Problem {
  const field = fields.find((f) => f.role.part === 'micro' || f.role.part === 'global');
  const known = field
    ? `${readable(field.pointer)} counts ${field.role.part === 'micro' ? 'one device' : 'the whole step'} in this framework`
    : 'no field of this file holds an ambiguous batch size';
  return new Problem('usage', `--batch-is ${is}: ${known}`, field && offsetOf(field));
}

function decide(
  unsaid: Field<BatchRole>,
  others: Stated,
  { world, spoken }: Devices,
  options: BatchOptions,
): Decision {
  const { batchIs, from } = options;
  if (batchIs !== undefined) return { part: batchIs === 'total' ? 'global' : 'micro' };
  const passes = others.accumulation?.value ?? 1;
  const candidate = others.micro ?? others.global ?? others['per-device'] ?? others['per-node'];
  if (candidate) return beside(unsaid, candidate, passes, world);
  if (world === undefined && from !== undefined && from % (unsaid.value * passes) === 0)
    return { part: 'micro', world: from / (unsaid.value * passes) };
  if (world !== undefined)
    return { part: 'micro', since: `there ${world === 1 ? 'is 1 device' : `are ${world} devices`}` };
  if (spoken) return { part: 'micro', since: 'there are devices' };
  const since = 'nothing here speaks of devices';
  return others.accumulation ? { part: 'micro', world: 1 } : { part: 'global', since };
}

/** Another field says part of the batch, too: what fits to it decides. */
function beside(
  unsaid: Field<BatchRole>,
  other: Field<BatchRole>,
  passes: number,
  world: number | undefined,
): Decision {
  const [small, large] =
    other.role.part === 'micro' ? [other.value, unsaid.value] : [unsaid.value, other.value];
  const same = small === large;
  if (other.role.part === 'micro') {
    if (same) return { part: 'micro' };
    if (world !== undefined && large === small * passes * world) return { part: 'global' };
    throw twoCandidates(unsaid, other);
  }
  if (same && other.role.part === 'global' && world !== 1) return { part: 'global' };
  if (large % (small * (world ?? 1)) === 0) return { part: 'micro' };
  throw twoCandidates(unsaid, other);
}
