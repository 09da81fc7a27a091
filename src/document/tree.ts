import { BUDGET, tooLarge } from '../base/budget.ts';
import { placeOf } from '../base/diagnostic.ts';
import { count } from '../base/numbers.ts';
import { refuseLarge } from './depth.ts';
import type {
  Document,
  DoubledKey,
  Entry,
  MapNode,
  Node,
  NodesByPointer,
  Notation,
  WrittenScalar,
} from './nodes.ts';
import { child, type Pointer, segments } from './pointer.ts';

/** A document's nodes by their pointers, found by walking: stored pointers would take most of the memory. */
class NodeTree implements NodesByPointer {
  constructor(private readonly root: Node) {}

  get(pointer: Pointer): Node | undefined {
    let node: Node | undefined = this.root;
    for (const key of segments(pointer)) node = node && below(node, key);
    return node;
  }

  has(pointer: Pointer): boolean {
    return this.get(pointer) !== undefined;
  }

  /** Every node with each of its pointers, a parent before its children. */
  [Symbol.iterator](): Iterator<readonly [Pointer, Node]> {
    return walk(this.root, '');
  }
}

/** From so many entries on a mapping is looked up by an index. */
const MANY = 16;
const indices = new WeakMap<MapNode, ReadonlyMap<string, Node>>();

function below(node: Node, key: string): Node | undefined {
  if (node.kind === 'map' && node.entries.length >= MANY) return indexOf(node).get(key);
  if (node.kind === 'map') return node.entries.findLast((e) => e.key === key)?.node;
  return node.kind === 'list' && String(Number(key)) === key ? node.items[Number(key)] : undefined;
}

function indexOf(map: MapNode): ReadonlyMap<string, Node> {
  const known = indices.get(map);
  if (known) return known;
  const index = new Map(map.entries.map((entry) => [entry.key, entry.node]));
  indices.set(map, index);
  return index;
}

function* walk(node: Node, pointer: Pointer): Generator<readonly [Pointer, Node]> {
  yield [pointer, node];
  if (node.kind === 'list')
    for (const [i, item] of node.items.entries()) yield* walk(item, child(pointer, i));
  if (node.kind === 'map')
    for (const { key, node: value } of node.entries) yield* walk(value, child(pointer, key));
}

/**
 * A document as its parser built it.
 * @param aliases whether one node may be in several places of the tree
 * @throws Problem: too-large
 */
export function documentOf(
  notation: Notation,
  text: string,
  root: Node,
  scalars: readonly WrittenScalar[],
  doubled: Document['doubled'],
  aliases: boolean,
): Document {
  refuseLarge(root);
  const again = doubled[BUDGET.doubled];
  if (again) throw tooLarge(`${count(BUDGET.doubled)} keys that stand twice`, again.offset);
  const nodes = new NodeTree(root);
  const shared = aliases ? sharedIn(nodes) : new Map();
  const inText = (pointer: Pointer) => pointer;
  return { notation, text, data: dataOf(root), nodes, shared, doubled, scalars, inText };
}

/** A mapping's entries without those whose key comes again; what is dropped is noted. */
export function lastOf(
  entries: readonly Entry[],
  path: Pointer,
  text: string,
  doubled: DoubledKey[],
): readonly Entry[] {
  const last = new Map<string, Entry>();
  for (const entry of entries) {
    const before = last.get(entry.key);
    if (before) {
      const lines = [before, entry].map(({ offset }) => placeOf(text, offset).line) as [number, number];
      const maybe = before.maybe || entry.maybe ? { maybe: true as const } : {};
      doubled.push({ pointer: child(path, entry.key), offset: entry.offset, lines, ...maybe });
    }
    last.set(entry.key, entry);
  }
  return last.size === entries.length ? entries : [...last.values()];
}

/**
 * A document of whose nodes some are used for something else, too.
 * @param use where else a node counts
 */
export function usedAlso(document: Document, use: (node: Node) => Pointer | undefined): Document {
  const shared = new Map(document.shared);
  for (const [pointer, node] of document.nodes) {
    const other = use(node);
    if (other !== undefined) shared.set(node, [...(shared.get(node) ?? [pointer]), other]);
  }
  return { ...document, shared };
}

/** @param names what else the text of a scalar is for, by its offset */
export function inScalars(names: ReadonlyMap<number, string>): (node: Node) => Pointer | undefined {
  return (node) => {
    const name = node.kind === 'scalar' ? names.get(node.offset) : undefined;
    return name === undefined ? undefined : child('', name);
  };
}

function dataOf(node: Node): unknown {
  // Patterns look at a string in many ways; one that is longer plays no role, or is refused there.
  if (node.kind === 'scalar')
    return typeof node.value === 'string' ? node.value.slice(0, BUDGET.value + 1) : node.value;
  if (node.kind === 'list') return node.items.map(dataOf);
  const data: Record<string, unknown> = Object.create(null);
  for (const entry of node.entries) data[entry.key] = dataOf(entry.node);
  return data;
}

function sharedIn(nodes: NodeTree): Map<Node, readonly Pointer[]> {
  const pointers = new Map<Node, Pointer[]>();
  for (const [pointer, node] of nodes) {
    const seen = pointers.get(node);
    if (seen) seen.push(pointer);
    else pointers.set(node, [pointer]);
  }
  return new Map([...pointers].filter(([, all]) => all.length > 1));
}
