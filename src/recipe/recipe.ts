import type { BatchRole, CountConstraint, CountRole, DecayRole, Demand, Role } from '../dialect/roles.ts';
import type { Notation, ScalarNode } from '../document/nodes.ts';
import type { Pointer } from '../document/pointer.ts';
import type { Binding } from '../optimizers/optimizer.ts';

/** How a global batch is put together. All numbers are samples or counts. */
export interface Batch {
  /** Samples behind one optimizer step. */
  readonly global: number;
  /** Samples of one forward pass on one device, where known. */
  readonly micro?: number;
  readonly accumulation: number;
  /** Data-parallel devices (or whatever else multiplies micro x accumulation), where known. */
  readonly world?: number;
  /** Nobody says how many devices there are: `global` counts the samples of one of them. */
  readonly perDevice?: true;
  /** No word says that it counts one device: since there are several, it was taken for that. */
  readonly assumed?: boolean;
  /** A field that may say how many there are, or which one is used. */
  readonly devicesUnclear?: Unreadable;
  /** Devices that share one copy of the model, where not one: so many times `world` is what `--world` counts. */
  readonly modelParallel?: number;
  /** The accumulation follows from the other parts; where `world` is not known, it counts the devices too. */
  readonly accumulates?: boolean;
  /** A batch up to which the trainer accumulates by itself; `global` then is what that comes to. */
  readonly nominal?: number;
  readonly fields: readonly Field<BatchRole>[];
}

/** Where a field's text is: a range of the file, or nothing yet. */
export type Site =
  | {
      readonly kind: 'text';
      readonly node: ScalarNode;
      readonly offset: number;
      readonly length: number;
      readonly source: string;
      /** The format of its file, which decides how a number is written. */
      readonly format: Notation['format'];
      /** The file that this one builds on, where the text stands there: a change is written into this one. */
      readonly inherited?: string;
    }
  /** The file leaves the field to the trainer's default; `pointer` is what would have to be inserted. */
  | { readonly kind: 'absent'; readonly pointer: Pointer; readonly index?: number };

/** A number in the config together with what it does. */
export interface Field<R extends Role = Role> {
  readonly pointer: Pointer;
  /** Inside an encoded string: which part of it (`momentum`, or an index). */
  readonly part?: string;
  readonly role: R;
  readonly value: number;
  readonly site: Site;
  /** Where an interpolation uses the value: its role is that of the place of use. */
  readonly usedAt?: Pointer;
}

/**
 * A field whose number is not in the file: `auto`, or computed from others by an interpolation; or nobody can tell what
 * the number there counts.
 */
export interface Unreadable {
  readonly pointer: Pointer;
  readonly role: Role;
  readonly source: string;
  readonly why: 'auto' | 'interpolation' | 'ambiguous';
  readonly offset: number;
}

/** Whether a value is an expression of a program, and not a reference of a config (`${a.b}`, `@a`, `???`). */
export function isComputed({ source, why }: Pick<Unreadable, 'source' | 'why'>): boolean {
  return why === 'interpolation' && !/\$\{|^["']?[$@]|^\?\?\?$/.test(source);
}

/** One optimizer with the settings that belong to it. */
export interface Group {
  readonly pointer: Pointer;
  /** The Adam beside a Muon, in the same place: it may have no learning rate of its own. */
  readonly part?: 'adam';
  readonly binding: Binding;
  /** How the optimizer was found: named by the file, the framework's default, declared by the user, or guessed. */
  readonly known: 'named' | 'default' | 'declared' | 'inferred';
  /** Where it is named nowhere: what it was concluded from. */
  readonly from?: 'key' | 'betas' | 'momentum' | 'nothing';
  readonly fields: readonly Field[];
  readonly nesterov: boolean;
}

/** A demand with the number that makes it. */
export interface Demanded {
  readonly kind: Demand['kind'];
  /** The field that makes it, and its value: the file's or the trainer's default. */
  readonly by: Pointer;
  readonly value: number;
  readonly offset?: number;
  /** The field of the batch that it is made of, where not the whole. */
  readonly of?: Pointer;
}

/** What a config means: everything the scaling rules need, and where it is. */
export interface Recipe {
  readonly batch: Batch;
  readonly groups: readonly Group[];
  /** Averages outside the optimizers: of the weights, of normalisation statistics. */
  readonly averages: readonly Field<DecayRole>[];
  readonly counts: readonly Field<CountRole>[];
  /** Time constants and powers of averages that ramp up. */
  readonly ramps: readonly Field[];
  readonly clips: readonly Field[];
  readonly syncNorm: boolean;
  readonly constraints: readonly { readonly scope: Pointer; readonly constraint: CountConstraint }[];
  /** What the trainer demands of the batch. */
  readonly demands: readonly Demanded[];
  readonly unreadable: readonly Unreadable[];
  /** Sentences that the dialect's schema attaches to fields it leaves alone. */
  readonly notes: readonly { readonly pointer: Pointer; readonly note: string }[];
}

/** Narrows a field to one role. */
export function isRole<K extends Role['role']>(
  field: Field,
  role: K,
): field is Field<Extract<Role, { role: K }>> {
  return field.role.role === role;
}

/** Every number of a config that has a role. */
export function fieldsOf({ batch, groups, averages, counts, ramps, clips }: Recipe): Field[] {
  return [...batch.fields, ...groups.flatMap((g) => g.fields), ...averages, ...counts, ...ramps, ...clips];
}

/** The decay of a field whatever form it is written in, in [0, 1]. */
export function decayOf({ value, role }: Pick<Field<DecayRole>, 'value' | 'role'>): number {
  if (role.form === 'half-life') return value <= 0 ? 0 : 0.5 ** (1 / value);
  return role.form === 'complement' ? 1 - value : value;
}

/** A field's offset in the text; undefined for one that is left to a default. */
export function offsetOf({ site }: Field): number | undefined {
  if (site.kind !== 'text') return undefined;
  return site.inherited === undefined ? site.offset : site.node.offset;
}
