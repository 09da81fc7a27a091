import { BUDGET, tooLarge } from '../base/budget.ts';
import { count } from '../base/numbers.ts';
import { Problem } from '../base/problem.ts';
import type { Node } from './nodes.ts';

/** The refusal of a file whose mappings and lists are nested too deep. */
export function tooDeep(offset?: number): Problem {
  return tooLarge(`${BUDGET.depth} mappings and lists within each other`, offset);
}

/** Brackets, and strings, in which they are none. */
const IN_STRINGS = /"(?:[^"\\\n]|\\.)*"|\\.|[([{]|[)\]}]/g;

/** Where brackets within each other are too many, as JSON and its like write them. */
export function deepAt(text: string, pieces: RegExp = IN_STRINGS): number | undefined {
  let depth = 0;
  for (const { 0: piece, index } of text.matchAll(pieces)) {
    if (/^[([{]$/.test(piece)) depth++;
    else if (/^[)\]}]$/.test(piece)) depth--;
    if (depth > BUDGET.depth) return index;
  }
  return undefined;
}

/** The refusal of a text for which a parser that calls itself has no room left. */
export function tooMuch(text: string): Problem {
  const at = deepAt(text);
  if (at !== undefined) return tooDeep(at);
  return new Problem('too-large', 'is nested too deep, or has too much of one thing, to be read');
}

/** What comes after calls itself for each level, and looks into keys in many ways. @throws Problem: too-large */
export function refuseLarge(root: Node): void {
  let level: readonly Node[] = [root];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > BUDGET.depth) throw tooDeep(level[0]!.offset);
    level = level.flatMap((node) => {
      if (node.kind === 'scalar') return [];
      if (node.kind === 'list') return node.items;
      const long = node.entries.find(({ key }) => key.length > BUDGET.key);
      if (long) throw tooLarge(`${count(BUDGET.key)} characters in one key`, long.offset);
      return node.entries.map((entry) => entry.node);
    });
  }
}
