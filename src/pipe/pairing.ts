import { type Pointer, readable } from '../document/pointer.ts';
import type { Group } from '../recipe/recipe.ts';

/** Pairs items at the same place, then the rest by order, since other dialects have other places. */
export function pairUp<T extends Placed>(
  old: readonly T[],
  now: readonly T[],
  name: (item: T) => string,
  unpaired: string[],
): [T, T][] {
  const inPlace = new Map(old.map((item) => [item, now.find((other) => samePlace(item, other))]));
  const rest = now.filter((item) => !old.some((other) => samePlace(item, other)));
  const pairs = old.flatMap((item): [T, T][] => {
    const partner = inPlace.get(item) ?? rest.shift();
    if (!partner) unpaired.push(`${name(item)} of the old config has no counterpart in the new one`);
    return partner ? [[item, partner]] : [];
  });
  unpaired.push(...rest.map((item) => `${name(item)} of the new config has no counterpart in the old one`));
  return pairs;
}

/** Anything with a place in a config. */
interface Placed {
  readonly pointer: Pointer;
  readonly part?: string;
}

export function samePlace(a: Placed, b: Placed): boolean {
  return a.pointer === b.pointer && a.part === b.part;
}

/** An optimizer as messages call it. */
export function nameGroup({ pointer, binding }: Group): string {
  return pointer === '' ? binding.optimizer.title : `${binding.optimizer.title} at ${readable(pointer)}`;
}
