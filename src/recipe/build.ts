import { type Diagnostic, warning } from '../base/diagnostic.ts';
import type { BatchRole, DecayRole, Found, TrainerScaling } from '../dialect/roles.ts';
import type { Document } from '../document/nodes.ts';
import { readable } from '../document/pointer.ts';
import { batchAt, naming } from './batch-at.ts';
import type { BatchOptions } from './batch-options.ts';
import { ofOptimizer } from './blocks.ts';
import { demandsOf, isOfCounts } from './demands.ts';
import { type Reading, readFields } from './fields.ts';
import { buildGroups } from './groups.ts';
import { readBatch } from './read-batch.ts';
import { type Field, isRole, type Recipe } from './recipe.ts';

/** What the user declares beside the file. */
export interface RecipeOptions extends BatchOptions {
  /** The optimizer to assume where the file names none or an unknown one. */
  readonly optimizer?: string;
  /** What the trainer multiplies its learning rates by, where it is not what the dialect says. */
  readonly lrScaledBy?: LrScaling;
}

/** What a user can say of the trainer's own scaling of the learning rate. */
export const LR_SCALINGS = ['none', 'linear', 'sqrt', 'per-worker'] as const satisfies readonly (
  | TrainerScaling
  | 'none'
)[];
export type LrScaling = (typeof LR_SCALINGS)[number];

/**
 * Builds the meaning of a config from what its dialect found.
 * @throws Problem: batch-unknown, batch-inconsistent, auto, interpolation, out-of-range, unknown-optimizer
 */
export function buildRecipe(
  document: Document,
  found: readonly Found[],
  library: string,
  options: RecipeOptions,
  warnings: Diagnostic[],
): Recipe {
  const claimed = options.batchAt === undefined ? found : batchAt(document, found, options.batchAt);
  const reading = scaledBy(options.lrScaledBy, readFields(document, claimed));
  const { fields, unreadable } = reading;
  const batchFields = fields.filter((f): f is Field<BatchRole> => isRole(f, 'batch'));
  const batch = naming(document, () => readBatch(batchFields, unreadable, options, warnings));
  for (const { pointer, value, site } of batch.fields)
    if (site.kind === 'absent' && site.pointer !== '' && value !== 1)
      warnings.push(
        warning('batch-default', `${readable(pointer)} is not set; using the trainer’s default ${value}`),
      );
  const scopes = found.flatMap(([pointer, what]) => ('scope' in what ? [pointer] : []));
  const groups = buildGroups({ reading, scopes, document, library, optimizer: options.optimizer, warnings });
  const decays = fields.filter((f): f is Field<DecayRole> => isRole(f, 'decay'));
  return {
    batch,
    groups,
    averages: decays.filter((f) => !ofOptimizer(f.role)),
    counts: fields.filter((f) => isRole(f, 'count')),
    ramps: fields.filter((f) => isRole(f, 'ramp-gamma') || isRole(f, 'ramp-power')),
    clips: fields.filter((f) => isRole(f, 'clip')),
    syncNorm: [...reading.flags.values()].some((f) => f.role.role === 'sync-norm' && f.value),
    constraints: found.flatMap(([scope, what]) =>
      'constraint' in what && isOfCounts(what.constraint) ? [{ scope, constraint: what.constraint }] : [],
    ),
    demands: demandsOf(found, document),
    unreadable,
    notes: found.flatMap(([pointer, what]) => ('note' in what ? [{ pointer, note: what.note }] : [])),
  };
}

/** A reading whose learning rates have the scaling that the user says; Noam's is of the schedule and stays. */
function scaledBy(how: LrScaling | undefined, reading: Reading): Reading {
  if (how === undefined) return reading;
  const fields = reading.fields.map((field): Field => {
    if (!isRole(field, 'learning-rate') || field.role.trainer === 'noam') return field;
    const { trainer: _dialects, ...role } = field.role;
    return { ...field, role: how === 'none' ? role : { ...role, trainer: how } };
  });
  return { ...reading, fields };
}
