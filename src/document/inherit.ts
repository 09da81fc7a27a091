import { lookUp } from '../base/look-up.ts';
import type { Document, Elsewhere, Entry, MapNode, Node } from './nodes.ts';
import { documentOf } from './tree.ts';

/** Keys of a mapping that replaces what it inherits instead of being joined with it. */
const REPLACES: Readonly<Record<string, unknown>> = {
  // open-mmlab/mmengine mmengine/config/config.py
  _delete_: true,
  // PaddlePaddle/PaddleSeg paddleseg/cvlibs/config.py
  _inherited_: false,
};

/** What a document inherits: one tree that its own values lie over, and one that lies over them. */
export interface Inherited {
  readonly under?: Node;
  readonly over?: Node;
}

/**
 * A document joined with what it inherits. Its own nodes stay as they are; an inherited one carries the name of its
 * file and, as its place, the place of the key that names that file.
 * @param without keys of its root that are left out
 */
export function inheriting(document: Document, inherited: Inherited, without: readonly string[]): Document {
  const own = document.nodes.get('');
  if (own?.kind !== 'map') return document;
  const root = rootWith(own, inherited, without);
  const { notation, text, scalars, doubled, shared, inText } = document;
  return { ...documentOf(notation, text, root, scalars, doubled, false), shared, inText };
}

/** The root of a file joined with what it inherits. */
export function rootWith(own: MapNode, { under, over }: Inherited, without: readonly string[]): Node {
  const root = joined(over, joined(own, under)!)!;
  if (root.kind !== 'map') return root;
  return { ...root, entries: root.entries.filter(({ key }) => !without.includes(key)) };
}

/** Two trees as one: mappings key by key, anything else as the upper one has it. */
export function joined(upper: Node | undefined, lower: Node | undefined): Node | undefined {
  if (upper === undefined || lower === undefined) return upper ?? lower;
  if (upper.kind !== 'map' || lower.kind !== 'map' || upper.entries.some(replaces)) return upper;
  const below = new Map(lower.entries.map((entry) => [entry.key, entry]));
  const above = new Set(upper.entries.map(({ key }) => key));
  const entries = [
    ...upper.entries.map((entry) => ({ ...entry, node: joined(entry.node, below.get(entry.key)?.node)! })),
    ...lower.entries.filter(({ key }) => !above.has(key)),
  ];
  return { ...upper, entries };
}

function replaces({ key, node }: Entry): boolean {
  return node.kind === 'scalar' && Object.hasOwn(REPLACES, key) && node.value === lookUp(REPLACES, key);
}

/** The file that a tree comes from, and the place of the key that names it. */
export interface Origin extends Omit<Elsewhere, 'offset'> {
  readonly named: number;
}

/** A tree of another file as part of this one. */
export function fromFile(node: Node, origin: Origin): Node {
  const { file, text, named, overrules } = origin;
  const from = { file, text, offset: node.offset, overrules };
  if (node.kind === 'scalar')
    return { ...node, offset: named, from: node.from ? { ...node.from, overrules } : from };
  const place = { offset: named, end: named };
  if (node.kind === 'list') {
    const items = node.items.map((item) => fromFile(item, origin));
    const whole = node.from ? { ...node.from, overrules } : { ...from, end: node.end };
    return { ...node, ...place, items, from: whole };
  }
  const entries = node.entries.map((entry): Entry => {
    return { ...entry, ...place, quote: '', node: fromFile(entry.node, origin) };
  });
  return { ...node, ...place, entries, written: entries };
}
