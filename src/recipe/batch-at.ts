import { Problem } from '../base/problem.ts';
import type { BatchRole, Found, Role } from '../dialect/roles.ts';
import type { Document } from '../document/nodes.ts';
import { type Pointer, readable } from '../document/pointer.ts';
import { SAMPLES } from './statements.ts';

/**
 * What was found, with the batch at the place that the user names and nowhere else.
 * @param place a pointer, or as messages print it
 * @throws Problem: usage
 */
export function batchAt(document: Document, found: readonly Found[], place: string): Found[] {
  const pointer = [...document.nodes]
    .map(([p]) => p)
    .find((p) => p !== '' && (p === place || readable(p) === place));
  const node = pointer === undefined ? undefined : document.nodes.get(pointer);
  if (pointer === undefined || node?.kind !== 'scalar')
    throw new Problem('usage', `--batch-at ${place}: there is no value of that name in this file`);
  const known = found
    .flatMap(([at, what]) => (at === pointer && 'role' in what ? [what.role] : []))
    .find(isBatch);
  const role: BatchRole = known ?? { role: 'batch', part: 'unsaid', unit: 'samples' };
  return [
    ...found.filter((one) => one[0] !== pointer && !isAnotherBatch(one)),
    [pointer as Pointer, { role }],
  ];
}

function isBatch(role: Role): role is BatchRole {
  return role.role === 'batch';
}

function isAnotherBatch([, what]: Found): boolean {
  const role = 'role' in what ? what.role : 'absent' in what ? what.absent.role : undefined;
  return role?.role === 'batch' && (SAMPLES.has(role.part) || role.part === 'micro-limit');
}
