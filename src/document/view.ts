import { Problem } from '../base/problem.ts';
import type { Document, Entry, MapNode, Node, Notation, WrittenScalar } from './nodes.ts';
import { overridesIn } from './overrides.ts';
import type { ParsedText } from './parse.ts';
import { child, isWithin, type Pointer, parentOf, segments } from './pointer.ts';
import { documentOf } from './tree.ts';

/** A part of a document, or one without its wrappers, read as if it were the document; edits stay in the whole text. */
interface View {
  /** What is read as the document's root. */
  readonly root: Node;
  /** Its scalars and how entries are written into it, where those are not the text's own. */
  readonly scalars?: readonly WrittenScalar[];
  readonly notation?: Notation;
  /** From a pointer of the view to that of the text, and back (undefined where the view does not hold it). */
  inText(pointer: Pointer): Pointer;
  inView(pointer: Pointer): Pointer | undefined;
}

/** Pointers of the text that a view does not hold get a name which no document has. */
const OUTSIDE = '/\u0000';

/** A text of which only what stands at a pointer is read, in every document that has it. @throws Problem: usage */
export function partOf({ documents, again }: ParsedText, at: Pointer): ParsedText {
  if (!/^(?:\/[^/]+)+$/.test(at))
    throw new Problem('usage', `--at ${at}: a pointer such as /small or /experiments/0 is expected`);
  if (!documents.some(({ nodes }) => nodes.get(at)?.kind === 'map'))
    throw new Problem('usage', `there is no mapping at ${at}`);
  const take = (document: Document): Document => {
    const root = document.nodes.get(at);
    if (root?.kind !== 'map') return document;
    return viewed(document, {
      root,
      inText: (pointer) => at + pointer,
      inView: (pointer) => (isWithin(pointer, at) ? pointer.slice(at.length) : undefined),
    });
  };
  return {
    documents: documents.map(take),
    again: (text, progress) => again(text, progress).map(take),
  };
}

/**
 * A text of which the config of a Weights & Biases run (`lr: {desc: null, value: 0.001}`) is read as what its values
 * say, and a list of overrides (`- optimizer.lr=0.001`) as what they set; other texts as they are. Source: wandb/wandb wandb/sdk/wandb_config.py and wandb/sdk/lib/config_util.py.
 */
export function withoutWrappers({ documents, again }: ParsedText): ParsedText {
  const take = (document: Document) => {
    const root = document.nodes.get('');
    if (root?.kind === 'map' && isWrapped(root)) return viewed(document, unwrapped(root));
    const overrides = overridesIn(document);
    return overrides ? viewed(document, { ...overrides, inText: same, inView: same }) : document;
  };
  return {
    documents: documents.map(take),
    again: (text, progress) => again(text, progress).map(take),
  };
}

function same(pointer: Pointer): Pointer {
  return pointer;
}

function isWrapped({ entries }: MapNode): boolean {
  const wrapped = entries.filter((entry) => wrappedIn(entry));
  const bare = entries.filter((entry) => !wrappedIn(entry) && !entry.key.startsWith('wandb_'));
  return wrapped.length > 0 && bare.length === 0;
}

/** What stands in `{desc, value}`, or undefined where an entry is no such wrapper. */
function wrappedIn({ node }: Entry): Node | undefined {
  if (node.kind !== 'map' || node.entries.some(({ key }) => key !== 'desc' && key !== 'value'))
    return undefined;
  return node.entries.find(({ key }) => key === 'value')?.node;
}

function unwrapped(root: MapNode): View {
  const entries = root.entries.flatMap((entry): Entry[] => {
    const node = wrappedIn(entry);
    // W&B's own record of the run: versions, flags.
    return node && entry.key !== '_wandb' ? [{ ...entry, node }] : [];
  });
  const nested = nestedByDots(root, entries);
  return {
    root: nested.root,
    inText: (pointer) => nested.inText(pointer).replace(/^(\/[^/]*)/, '$1/value'),
    inView: (pointer) => {
      const prefix = `${child('', segments(pointer)[0] ?? '')}/value`;
      return isWithin(pointer, prefix)
        ? nested.inView(parentOf(prefix) + pointer.slice(prefix.length))
        : undefined;
    },
  };
}

/** Entries whose names have dots (`optimizer.lr`), as a sweep or a flattened config has them, nested by these. */
function nestedByDots(root: MapNode, entries: readonly Entry[]) {
  const keys = new Set(entries.map(({ key }) => key));
  const pathOf = (key: string) => {
    const path = key.split('.');
    const clash = path.some((word, i) => word === '' || (i > 0 && keys.has(path.slice(0, i).join('.'))));
    return clash ? [key] : path;
  };
  const places = entries.map((entry) => ({ path: pathOf(entry.key), entry }));
  const blocks = new Set(places.flatMap(({ path }) => path.map((_, i) => pointerOf(path.slice(0, i)))));
  return {
    root: nest(root, places),
    inText: (pointer: Pointer): Pointer => {
      if (blocks.has(pointer)) return '';
      const path = segments(pointer);
      const depth = path.findLastIndex((_, i) => blocks.has(pointerOf(path.slice(0, i)))) + 1;
      return pointerOf([path.slice(0, depth).join('.'), ...path.slice(depth)]);
    },
    inView: (pointer: Pointer): Pointer => {
      const [key = '', ...rest] = segments(pointer);
      return pointerOf([...pathOf(key), ...rest]);
    },
  };
}

interface Place {
  readonly path: readonly string[];
  readonly entry: Entry;
}

function nest(root: MapNode, places: readonly Place[]): MapNode {
  const groups = new Map<string, [Place, ...Place[]]>();
  for (const { path, entry } of places) {
    const [key = '', ...rest] = path;
    const place = { path: rest, entry };
    groups.set(key, [...(groups.get(key) ?? []), place] as [Place, ...Place[]]);
  }
  const entries = [...groups].map(([key, [first, ...others]]): Entry => {
    if (first.path.length === 0) return { ...first.entry, key };
    return { ...(others.at(-1) ?? first).entry, key, node: nest(root, [first, ...others]) };
  });
  return { ...root, entries, written: entries };
}

function pointerOf(path: readonly string[]): Pointer {
  return path.reduce<Pointer>(child, '');
}

function viewed(document: Document, { root, notation, inText, inView, ...own }: View): Document {
  const place = (pointer: Pointer) => inView(pointer) ?? OUTSIDE + pointer;
  const scalars = own.scalars ?? document.scalars.map((scalar) => ({ ...scalar, path: place(scalar.path) }));
  const doubled = document.doubled.flatMap((key) => {
    const pointer = inView(key.pointer);
    return pointer === undefined ? [] : [{ ...key, pointer }];
  });
  const view = documentOf(notation ?? document.notation, document.text, root, scalars, doubled, false);
  const shared = new Map(
    [...document.shared].map(([node, pointers]) => [node, pointers.map(place)] as const),
  );
  return { ...view, shared, inText: (pointer) => document.inText(inText(pointer)) };
}

const RATE = /(?:^|[_-])(?:lr|learning[_-]?rate)$/i;
const BATCH = /batch[_-]?size|(?:^|[_-])batch$/i;

/**
 * The blocks of a document that each say a batch size and a learning rate of their own, where there are several: so
 * many experiments side by side.
 */
export function experimentsIn({ nodes }: Document): Pointer[] {
  const blocks = new Map<Pointer, { rate?: true; batch?: true }>();
  for (const [pointer, node] of nodes) {
    const path = segments(pointer);
    const [top] = path;
    if (node.kind !== 'scalar' || top === undefined || path.length < 2) continue;
    // Trainings one after the other are the entries of a list, at any depth.
    const stage = path.findIndex((key) => /^\d+$/.test(key));
    if (stage === -1 ? path.length > 4 : stage < path.length - 3) continue;
    const at = pointer
      .split('/')
      .slice(0, stage === -1 ? 2 : stage + 2)
      .join('/');
    const seen = blocks.get(at) ?? {};
    const key = path.at(-1)!;
    // Directly in the block for the batch: a data loader of its own is a part of a config, not a config.
    if (RATE.test(key)) seen.rate = true;
    if (BATCH.test(key) && parentOf(pointer) === at && typeof node.value === 'number') seen.batch = true;
    blocks.set(at, seen);
  }
  const full = [...blocks].filter(([, { rate, batch }]) => rate && batch).map(([at]) => at);
  return full.length > 1 ? full : [];
}
