import type { parser } from '@lezer/python';
import { BUDGET, tooLarge } from '../../base/budget.ts';
import { count } from '../../base/numbers.ts';
import type { ScalarStyle } from '../nodes.ts';
import type { ScalarValue } from '../scalar.ts';

/** A node of the syntax tree. */
export type Syntax = ReturnType<typeof parser.parse>['topNode'];

/** A value of the program while its statements are followed; later ones may change a mapping or a list. */
export type Value = Literal | Sequence | Mapping;

/** A literal, a name of a class, a reference, or an expression that nobody computes here. */
export interface Literal {
  readonly kind: 'scalar';
  readonly from: number;
  readonly to: number;
  readonly source: string;
  readonly style: ScalarStyle;
  /** Of an expression `${ source }`: an interpolation to everybody else, and with its spaces no reference to follow. */
  readonly value: ScalarValue;
  /** What a name stands for, if that is still what it was when all statements have been followed. */
  readonly target?: () => Value | undefined;
}

export interface Sequence {
  readonly kind: 'list';
  readonly from: number;
  readonly to: number;
  readonly items: Value[];
}

/** How more is written into a mapping: as arguments, as items in braces, as statements, or not at all. */
export type Way = 'arguments' | 'braces' | 'statements' | 'fixed';

export interface Mapping {
  readonly kind: 'map';
  readonly from: number;
  readonly to: number;
  readonly way: Way;
  /** It takes over what another mapping has (`**other`), which is not known. */
  readonly open?: true;
  readonly slots: Slot[];
}

/** One key of a mapping. */
export interface Slot {
  readonly key: string;
  readonly from: number;
  readonly to: number;
  readonly quote: '' | '"' | "'";
  readonly value: Value;
  /** Nothing in the mapping's own text says it. */
  readonly unwritten?: true;
  /** The statement that sets it: where it ends, and what stands before the key. */
  readonly statement?: { readonly end: number; readonly lead: string };
}

export function mapping(from: number, to: number, way: Way, slots: Slot[] = []): Mapping {
  return { kind: 'map', from, to, way, slots };
}

/** What the program computes. */
export function expression(source: string, from: number, to: number): Literal {
  return { kind: 'scalar', from, to, source, style: 'plain', value: `\${ ${source} }` };
}

export function isExpression(value: Value | undefined): boolean {
  return value?.kind === 'scalar' && typeof value.value === 'string' && value.value.startsWith('${');
}

export function slotOf({ slots }: Mapping, key: string): Slot | undefined {
  return slots.findLast((slot) => slot.key === key);
}

/** Sets a key; what it held before is gone. @throws Problem: too-large */
export function put(into: Mapping, slot: Slot): void {
  const at = into.slots.findIndex(({ key }) => key === slot.key);
  if (into.slots.length > BUDGET.names) throw tooLarge(`${count(BUDGET.names)} names`, slot.from);
  if (at !== -1) into.slots.splice(at, 1);
  into.slots.push(slot);
}

/** A value that counts under a condition alone: nobody can say here whether it is in force. */
export function conditional(value: Value): Value {
  if (value.kind === 'list') return { ...value, items: value.items.map(conditional) };
  if (value.kind === 'map')
    return { ...value, slots: value.slots.map((slot) => ({ ...slot, value: conditional(slot.value) })) };
  if (typeof value.value === 'string' && !value.target) return value;
  return expression(`${value.source} under a condition`, value.from, value.to);
}

/** What a key holds where a statement under a condition sets it again: both, with what differs not known. */
export function either(before: Value, now: Value): Value {
  if (before.kind !== 'map' || now.kind !== 'map') {
    const what = now.kind === 'scalar' ? now.source.replace(/ under a condition$/, '') : 'another value';
    return expression(`${what} under a condition`, now.from, now.kind === 'scalar' ? now.to : now.from);
  }
  const both = mapping(now.from, now.to, 'fixed', [...(conditional(before) as Mapping).slots]);
  for (const slot of now.slots) {
    const old = slotOf(both, slot.key);
    put(both, old ? { ...slot, value: either(old.value, slot.value) } : slot);
  }
  return both;
}

/** Whether a value holds a number, or stands for one. */
export function saysNumbers(value: Value, depth = 0): boolean {
  if (depth > 20) return false;
  if (value.kind === 'scalar') return typeof value.value === 'number' || value.target !== undefined;
  const parts = value.kind === 'list' ? value.items : value.slots.map((slot) => slot.value);
  return parts.some((part) => saysNumbers(part, depth + 1));
}

/** Parts of a value, counted up to a limit: shared ones once for each place. */
export function sizeOf(value: Value, limit: number): number {
  if (value.kind === 'scalar' || limit <= 0) return 1;
  let total = 1;
  for (const part of value.kind === 'list' ? value.items : value.slots.map((slot) => slot.value))
    total += sizeOf(part, limit - total);
  return total;
}

/** Whether a value is another one, or has it somewhere below. */
export function holds(value: Value, other: Value): boolean {
  if (value === other) return true;
  if (value.kind === 'scalar') return false;
  const parts = value.kind === 'list' ? value.items : value.slots.map((slot) => slot.value);
  return parts.some((part) => holds(part, other));
}
