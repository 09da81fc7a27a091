import { generator } from '../../src/base/random.ts';

/** Draws a whole number from 0 up to, without, a bound. */
export type Draw = (below: number) => number;

/** Seeded draws: one seed is one file. */
export function drawsOf(seed: number): Draw {
  const next = generator(seed);
  return (below) => Math.floor(next() * below);
}

export function pick<T>(draw: Draw, from: readonly T[]): T {
  return from[draw(from.length)]!;
}

export function oneIn(draw: Draw, n: number): boolean {
  return draw(n) === 0;
}

/** Blanks, at least so many. */
export function blanks(draw: Draw, least: number, more = 2): string {
  return ' '.repeat(least + (oneIn(draw, 4) ? draw(more + 1) : 0));
}

/** So many different things of a list, at most. */
export function some<T>(draw: Draw, from: readonly T[], most: number): T[] {
  const all = [...from];
  const count = draw(Math.min(most, all.length) + 1);
  return Array.from({ length: count }, () => all.splice(draw(all.length), 1)[0]!);
}
