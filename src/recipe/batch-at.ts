import { Problem } from '../base/problem.ts';
import type { BatchRole, Found, Role } from '../dialect/roles.ts';
import type { Document } from '../document/nodes.ts';
import { keyOf, readable } from '../document/pointer.ts';
import { SAMPLES } from './statements.ts';

/**
 * What was found, with the batch at the place that the user names and nowhere else.
 * @param place a pointer, or as messages print it
 * @throws Problem: usage
 */
export function batchAt(document: Document, found: readonly Found[], place: string): Found[] {
  const named = [...document.nodes].flatMap(([at, node]) =>
    at !== '' && node.kind === 'scalar' && (at === place || readable(at) === place) ? [at] : [],
  );
  const [pointer, another] = named.includes(place) ? [place] : named;
  if (pointer === undefined)
    throw new Problem('usage', `--batch-at ${place}: there is no value of that name in this file`);
  if (another !== undefined)
    throw new Problem('usage', `--batch-at ${place} may be ${named.join(' or ')}: say which of them`);
  const known = found
    .flatMap(([at, what]) => (at === pointer && 'role' in what ? [what.role] : []))
    .find(isBatch);
  const role: BatchRole = known ?? { role: 'batch', part: 'unsaid', unit: 'samples' };
  return [...found.filter((one) => one[0] !== pointer && !isAnotherBatch(one)), [pointer, { role }]];
}

function isBatch(role: Role): role is BatchRole {
  return role.role === 'batch';
}

function isAnotherBatch([, what]: Found): boolean {
  const role = 'role' in what ? what.role : 'absent' in what ? what.absent.role : undefined;
  return role?.role === 'batch' && (SAMPLES.has(role.part) || role.part === 'micro-limit');
}

/** Reads a batch; where there is none, the refusal names the numbers whose keys speak of one. */
export function naming<T>(document: Document, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const alike = error instanceof Problem && error.code === 'batch-unknown' ? batchLike(document) : [];
    const [first] = alike;
    if (!first) throw error;
    const names = alike.map(({ pointer, source }) => `${readable(pointer)}: ${source}`).join(', ');
    throw new Problem(
      'batch-unknown',
      `no batch size was read in this file, but there is ${names}: say which one trains with --batch-at ${readable(first.pointer)}, or give the batch with --from N`,
      first.offset,
    );
  }
}

/** Numbers whose keys have the word batch in them, a few of them. */
function batchLike({ nodes }: Document) {
  return [...nodes]
    .flatMap(([pointer, node]) =>
      node.kind === 'scalar' &&
      typeof node.value === 'number' &&
      /batch|(?:^|_)bsz?$|^b$/i.test(keyOf(pointer))
        ? [{ pointer, source: node.source, offset: node.offset }]
        : [],
    )
    .slice(0, 6);
}
