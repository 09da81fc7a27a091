import { BUDGET, tooLarge } from '../base/budget.ts';
import type { Problem } from '../base/problem.ts';
import type { Node } from './nodes.ts';

/** The refusal of a file whose mappings and lists are nested too deep. */
export function tooDeep(offset?: number): Problem {
  return tooLarge(`${BUDGET.depth} mappings and lists within each other`, offset);
}

/** What is below here calls itself for each level. @throws Problem: too-large */
export function refuseDeep(root: Node): void {
  let level: readonly Node[] = [root];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > BUDGET.depth) throw tooDeep(level[0]!.offset);
    level = level.flatMap((node) => {
      if (node.kind === 'scalar') return [];
      return node.kind === 'list' ? node.items : node.entries.map((entry) => entry.node);
    });
  }
}
