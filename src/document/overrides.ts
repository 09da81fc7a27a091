import type { Edit } from './edit.ts';
import { flattened } from './insert.ts';
import { lineEnd, lineStart, newline } from './lines.ts';
import type {
  Document,
  Entry,
  MapNode,
  NewEntry,
  Node,
  Notation,
  ScalarNode,
  WrittenScalar,
} from './nodes.ts';
import { child, type Pointer, segments } from './pointer.ts';
import { numberInString, resolvePlain } from './scalar.ts';

/** `optimizer.lr=0.1` with its marks: `+` adds a key, `++` adds or changes it. `~key` takes one away. */
const OVERRIDE = /^(?:\+{0,2})([A-Za-z_][\w./@:-]*)=(.*)$/s;
const REMOVAL = /^~[A-Za-z_][\w./@:-]*(?:=.*)?$/s;

/** What a list of overrides says: its settings, nested by the dots in their names. */
interface Said {
  readonly root: MapNode;
  readonly scalars: readonly WrittenScalar[];
  readonly notation: Notation;
}

/**
 * The settings of a list of overrides such as Hydra writes beside every run (.hydra/overrides.yaml), or undefined for
 * another list. Grammar: facebookresearch/hydra hydra/grammar/OverrideParser.g4.
 */
export function overridesIn({ nodes, notation }: Document): Said | undefined {
  const list = nodes.get('');
  if (list?.kind !== 'list' || list.items.length === 0) return undefined;
  const scalars: WrittenScalar[] = [];
  const top: Branch = { below: new Map() };
  for (const [i, item] of list.items.entries()) {
    if (item.kind !== 'scalar' || typeof item.value !== 'string') return undefined;
    const [, name, value = ''] = OVERRIDE.exec(item.value) ?? [];
    if (name === undefined && !REMOVAL.test(item.value)) return undefined;
    const start = item.source.indexOf(item.value);
    if (name === undefined || start === -1) {
      scalars.push({ path: child('', i), source: item.source, offset: item.offset });
      continue;
    }
    const path = name.split('.');
    const at = item.offset + start + item.value.length - value.length;
    const pointer = path.reduce<Pointer>(child, '');
    put(top, path, { item, node: valueIn(value, at, pointer, scalars) });
  }
  return {
    root: mapOf(top),
    scalars,
    notation: { ...notation, insert, list: (items) => `[${items.join(',')}]` },
  };
}

interface Branch {
  readonly below: Map<string, Branch>;
  own?: { readonly item: ScalarNode; readonly node: Node };
}

function put(branch: Branch, path: readonly string[], own: NonNullable<Branch['own']>): void {
  const [key, ...rest] = path;
  if (key === undefined) {
    branch.own = own; // Of an override that is given twice the last counts.
    return;
  }
  const next = branch.below.get(key) ?? { below: new Map() };
  branch.below.set(key, next);
  put(next, rest, own);
}

/** `optimizer=adam` beside `optimizer.lr=0.1` names what the block is: its `name`. */
function mapOf({ below, own }: Branch): MapNode {
  const named: [string, Branch][] = own && !below.has('name') ? [['name', { below: new Map(), own }]] : [];
  const entries = [...named, ...below].map(([key, branch]): Entry => {
    const node = branch.below.size > 0 ? mapOf(branch) : branch.own!.node;
    const [from, to] = node.kind === 'map' ? [node.offset, node.end] : placeOf(branch.own!.item);
    return { key, offset: from, end: to, quote: '', node };
  });
  const offset = Math.min(...entries.map((entry) => entry.offset));
  const end = Math.max(...entries.map((entry) => entry.end));
  return { kind: 'map', offset, end, flow: false, entries, written: entries };
}

function placeOf({ offset, length }: ScalarNode): [number, number] {
  return [offset, offset + length];
}

function valueIn(source: string, offset: number, path: Pointer, scalars: WrittenScalar[]): Node {
  const scalar = (text: string, at: number, where: Pointer): ScalarNode => {
    scalars.push({ path: where, source: text, offset: at });
    const quoted = /^(["'])(.*)\1$/s.exec(text)?.[2];
    const value = quoted ?? numberInString(text) ?? resolvePlain(text).value;
    return { kind: 'scalar', offset: at, length: text.length, source: text, style: 'plain', value };
  };
  if (!/^\[[^[\](){}'"]+\]$/.test(source)) return scalar(source, offset, path);
  const items = [...source.matchAll(/[^[\],\s][^[\],]*/g)].map(({ 0: item, index }, i) =>
    scalar(item.trimEnd(), offset + index, child(path, i)),
  );
  return { kind: 'list', offset, end: offset + source.length, flow: true, items };
}

/** New overrides are items of their own, with `++`, which Hydra takes whether its config has the key or not. */
function insert(
  document: Document,
  map: MapNode,
  sibling: Entry | undefined,
  entries: readonly NewEntry[],
): Edit[] {
  const { text } = document;
  const [at = ''] = [...document.nodes].find(([, node]) => node === map) ?? [];
  const written = flattened(entries, segments(at)).map(({ path, value }) => `++${path.join('.')}=${value}`);
  const { offset, end } = sibling ?? map;
  const before = text.slice(lineStart(text, offset), offset);
  if (/^\s*-\s+["']?$/.test(before)) {
    const dash = before.replace(/["']$/, '');
    return [
      { offset: lineEnd(text, end), length: 0, text: written.map((o) => newline(text) + dash + o).join('') },
    ];
  }
  return [{ offset: end, length: 0, text: written.map((o) => `, "${o}"`).join('') }];
}
