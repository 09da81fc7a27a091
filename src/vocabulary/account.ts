import type { Found } from '../dialect/roles.ts';
import type { Document, Node } from '../document/nodes.ts';
import { numberOf } from '../document/nodes.ts';
import { child, type Pointer } from '../document/pointer.ts';
import type { NamedReading } from './reader.ts';

/** Where every number of a config went: nothing that depends on the batch is left in silence. */
export interface Account {
  /** Read by the dialect, or spoken of in a note of it. */
  readonly claimed: readonly Pointer[];
  /** Read by the words of its key. */
  readonly byName: readonly Pointer[];
  /** Does not depend on the batch: so the dialect says, or nothing in its name speaks of it. */
  readonly declared: readonly Pointer[];
  /** May depend on the batch, was left alone, and is named to the user. */
  readonly named: readonly Pointer[];
}

/** Sorts every number of a document into the four. */
export function accountOf(document: Document, claimed: readonly Found[], named: NamedReading): Account {
  const account = { claimed: [], byName: [], declared: [], named: [] } as Record<keyof Account, Pointer[]>;
  const reading = (found: readonly Found[]) =>
    new Set(
      found.filter(([, what]) => 'role' in what || 'encoding' in what || 'note' in what).map(([at]) => at),
    );
  const [byDialect, byName] = [reading(claimed), reading(named.found)];
  const left = new Set(named.doubtful.map(({ pointer }) => pointer));
  const within = (set: ReadonlySet<Pointer>, path: readonly Pointer[]) => path.some((at) => set.has(at));
  const walk = (node: Node, path: readonly Pointer[]): void => {
    const pointer = path[0]!;
    if (node.kind === 'map')
      for (const { key, node: value } of node.entries) walk(value, [child(pointer, key), ...path]);
    if (node.kind === 'list')
      for (const [i, item] of node.items.entries()) walk(item, [child(pointer, i), ...path]);
    if (node.kind !== 'scalar' || numberOf(node) === undefined) return;
    // A list or an encoded string is claimed as a whole.
    const near = path.slice(0, 2);
    if (within(byDialect, near)) account.claimed.push(pointer);
    else if (within(byName, near)) account.byName.push(pointer);
    else if (within(left, near)) account.named.push(pointer);
    else account.declared.push(pointer);
  };
  const root = document.nodes.get('');
  if (root) walk(root, ['']);
  return account;
}
