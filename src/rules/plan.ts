import type { Role } from '../dialect/roles.ts';
import { type Pointer, parentOf } from '../document/pointer.ts';
import type { Field } from '../recipe/recipe.ts';
import type { Assessment } from './assessment.ts';
import type { TimeScale } from './time-scale.ts';

/** One value that must move. `from` and `to` are lists where a whole list is inserted. */
export interface Change {
  readonly pointer: Pointer;
  readonly part?: string;
  readonly role: Role;
  readonly from: number | readonly number[];
  readonly to: number | readonly number[];
  readonly formula: string;
  readonly reason: string;
  /** The text has no such value yet. */
  readonly inserted: boolean;
  /** The file that has the old value, where this one builds on it: the new one is written here and overrides it. */
  readonly overrides?: string;
  /** One for each value of a list. */
  readonly scales: readonly TimeScale[];
  readonly fields: readonly Field[];
}

/** The changes among the assessments; the entries of a list that is inserted as a whole are joined. */
export function changesOf(assessments: readonly Assessment[]): Change[] {
  const lists = new Map<Pointer, Assessment[]>();
  const changes: Change[] = [];
  for (const a of assessments) {
    const list = listOf(a.field);
    if (list !== a.field.pointer) lists.set(list, [...(lists.get(list) ?? []), a]);
    else if (a.value !== a.field.value) changes.push(asChange(a));
  }
  for (const [pointer, entries] of lists)
    if (entries.some((a) => a.value !== a.field.value)) changes.push(joined(pointer, entries));
  return changes;
}

function asChange({ field, value, formula, reason, scale }: Assessment): Change {
  return {
    pointer: field.pointer,
    ...(field.part === undefined ? {} : { part: field.part }),
    role: field.role,
    from: field.value,
    to: value,
    formula,
    reason,
    inserted: field.site.kind === 'absent' || field.site.inherited !== undefined,
    ...(field.site.kind === 'text' && field.site.inherited !== undefined
      ? { overrides: field.site.inherited }
      : {}),
    scales: scale ? [scale] : [],
    fields: [field],
  };
}

function joined(pointer: Pointer, entries: readonly Assessment[]): Change {
  return {
    ...asChange(entries[0]!),
    pointer,
    from: entries.map((a) => a.field.value),
    to: entries.map((a) => a.value),
    formula: entries.map((a) => a.formula).join(', '),
    scales: entries.flatMap((a) => (a.scale ? [a.scale] : [])),
    fields: entries.map((a) => a.field),
  };
}

/** The pointer of the list that an inserted entry belongs to. */
function listOf({ site, pointer }: Field): Pointer {
  return site.kind === 'absent' && site.index !== undefined ? parentOf(pointer) : pointer;
}
