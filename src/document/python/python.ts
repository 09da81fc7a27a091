import { parser } from '@lezer/python';
import { placeOf } from '../../base/diagnostic.ts';
import { Problem } from '../../base/problem.ts';
import { deepAt, tooDeep } from '../depth.ts';
import type { Document, DoubledKey, Entry, MapNode, Node, ScalarNode, WrittenScalar } from '../nodes.ts';
import { child, type Pointer, segments } from '../pointer.ts';
import { documentOf } from '../tree.ts';
import { notationOf } from './insert.ts';
import { scaledRates } from './scaled.ts';
import { Program } from './statements.ts';
import { expression, type Literal, type Mapping, type Slot, type Syntax, type Value } from './values.ts';

/**
 * Reads the literals of a Python file, which is never run: settings that its statements, calls, classes, functions and
 * declared options hold. Throws a Problem at the first error.
 */
export function parsePython(text: string): Document[] {
  const top = treeOf(readableBy(text));
  const program = new Program(text, top);
  const maker = new Maker(scaledRates(top, text));
  const root = maker.node(program.root);
  const notation = notationOf({
    maps: maker.maps,
    entries: maker.entries,
    isImported: (name) => program.imports.some(({ names }) => names === 'all' || names.has(name)),
    nameOf: (map) => {
      const path = segments(maker.pathOf(map) ?? '');
      return path.length === 0 || program.isName(path[0]!) ? path.join('.') : undefined;
    },
  });
  const doubled = program.again.map((slot): DoubledKey => {
    const first = program.root.slots.find(({ key }) => key === slot.key) ?? slot;
    const lines = [first, slot].map(({ from }) => placeOf(text, from).line) as [number, number];
    return { pointer: child('', slot.key), offset: slot.from, lines };
  });
  const scalars = literalsOf(top, text, maker.placed());
  const document = documentOf(notation, text, root, scalars, doubled, true);
  return [program.imports.length ? { ...document, imports: program.imports } : document];
}

/** The parser knows no byte order mark, `1.`, `1.e-3`, and `yield` alone: what stands for them is as long. */
function readableBy(text: string): string {
  return text
    .replace(/^\ufeff/, '\n')
    .replace(/^([ \t]*)yield(?=[ \t]*(?:#|\r?$))/gm, '$1pass ')
    .replace(/(?<![\w.])(\d[\d_]*)\.(?=[eE][-+\d]|[^\w.]|$)/g, '$1_');
}

/** The parser keeps every way to read these: half a gigabyte for 100,000. */
const MANY_NOTS = /(?:\bnot\s+){200}/;

/** Brackets, and what holds others that count for nothing. */
const BRACKETS =
  /#[^\n]*|("""|''')(?:[^\\]|\\[\s\S])*?\1|"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*'|\\[\s\S]|[([{]|[)\]}]/g;

/** Python's own reader takes 200 within each other, too (python/cpython Parser/lexer/state.h: MAXLEVEL). */
function refuseDeep(text: string): void {
  const nots = MANY_NOTS.exec(text);
  if (nots) throw tooDeep(nots.index);
  const brackets = deepAt(text, BRACKETS);
  if (brackets !== undefined) throw tooDeep(brackets);
}

/** What the reader finds out of place is looked for in so many characters behind where it gave up. */
const BEHIND = 200;

/** The syntax of a text. Recovery from an error takes a thousand times as long as reading: it sees the first one alone. */
function treeOf(text: string): Syntax {
  refuseDeep(text);
  try {
    return read(STRICT, text);
  } catch (error) {
    const [, at] = /^No parse at (\d+)$/.exec((error as Error).message) ?? [];
    if (at === undefined) throw error;
    const begin = text.slice(0, Number(at) + BEHIND);
    refuseErrors(read(parser, begin), begin);
    throw new Problem('syntax', 'not valid Python', Number(at));
  }
}

const STRICT = parser.configure({ strict: true });

/**
 * @lezer/lr counts blank lines among the reductions whose number it limits, and breaks off a statement after 300 of
 * them: its count is kept at 0.
 */
function read(by: typeof parser, text: string): Syntax {
  const parse = by.startParse(text) as ReturnType<typeof parser.startParse> & { bigReductionCount: number };
  for (;;) {
    const tree = parse.advance();
    if (tree) return tree.topNode;
    parse.bigReductionCount = 0;
  }
}

function refuseErrors(top: Syntax, text: string): void {
  top.cursor().iterate(({ type, from }) => {
    if (!type.isError) return;
    const line = text.slice(from).split(/\r?\n/)[0]!.trim().slice(0, 40);
    throw new Problem('syntax', `not valid Python${line ? ` at ${JSON.stringify(line)}` : ''}`, from);
  });
}

const LITERALS = /^(?:Number|String|FormatString|Boolean|None)$/;

/**
 * Every value of the tree that is written, and every other literal of the text, once and in order, with its sign; keys
 * of dictionaries and of items are none.
 */
function literalsOf(top: Syntax, text: string, places: Places): WrittenScalar[] {
  const found: WrittenScalar[] = [];
  const add = (from: number, to: number, path: Pointer) => {
    found.push({ path, source: text.slice(from, to), offset: from });
    return false;
  };
  top.cursor().iterate(({ name, node }) => {
    if (node.nextSibling?.name === ':' && node.parent?.name === 'DictionaryExpression') return false;
    if (node.prevSibling?.name === '[' && node.parent?.name === 'MemberExpression') return false;
    const place = places.get(node.from);
    if (place?.to === node.to) return add(node.from, node.to, place.path);
    if (!LITERALS.test(name)) return;
    const signed = name === 'Number' && node.parent?.name === 'UnaryExpression';
    const { from, to } = signed ? node.parent! : node;
    return add(from, to, '');
  });
  return found;
}

/** Where the scalars of the tree end, and their pointers, by where they begin. */
type Places = ReadonlyMap<number, { readonly to: number; readonly path: Pointer }>;

/** Makes the document's nodes of what the program's names hold in the end. */
class Maker {
  readonly maps = new Map<MapNode, Mapping>();
  readonly entries = new Map<Entry, Slot>();
  private readonly made = new Map<Value, Node>();
  private readonly paths = new Map<Value, Pointer>();

  constructor(private readonly scaled: ReadonlyMap<string, string>) {}

  node(root: Mapping): Node {
    this.place(root, '');
    return this.make(root, '');
  }

  /** Where literals stand, by their offsets. */
  placed(): Places {
    const scalars = [...this.paths].filter(([{ kind }]) => kind === 'scalar');
    return new Map(scalars.map(([{ from, to }, path]) => [from, { to, path }]));
  }

  pathOf(map: MapNode): Pointer | undefined {
    const value = this.maps.get(map);
    return value && this.paths.get(value);
  }

  private place(value: Value, path: Pointer): void {
    if (this.paths.has(value)) return;
    this.paths.set(value, path);
    if (value.kind === 'list')
      for (const [i, item] of value.items.entries()) this.place(item, child(path, i));
    if (value.kind === 'map') for (const slot of value.slots) this.place(slot.value, child(path, slot.key));
  }

  private make(value: Value, key: string): Node {
    const before = this.made.get(value);
    if (before) return before;
    const node = value.kind === 'scalar' ? this.scalar(value, key) : this.collection(value, key);
    this.made.set(value, node);
    return node;
  }

  private collection(value: Exclude<Value, Literal>, key: string): Node {
    const { from, to } = value;
    if (value.kind === 'list')
      return {
        kind: 'list',
        offset: from,
        end: to,
        flow: true,
        items: value.items.map((item) => this.make(item, key)),
      };
    const entries = value.slots.map((slot): Entry => {
      const entry = {
        key: slot.key,
        offset: slot.from,
        end: slot.to,
        quote: slot.quote,
        node: this.make(slot.value, slot.key),
      };
      this.entries.set(entry, slot);
      return entry;
    });
    const written = entries.filter((entry) => !this.entries.get(entry)?.unwritten);
    const map: MapNode = { kind: 'map', offset: from, end: to, flow: true, entries, written };
    this.maps.set(map, value);
    return map;
  }

  private scalar(literal: Literal, key: string): ScalarNode {
    const { from, to, source, style } = literal;
    const scaled = typeof literal.value === 'number' ? this.scaled.get(key) : undefined;
    const value = scaled === undefined ? this.valueOf(literal) : expression(scaled, 0, 0).value;
    return { kind: 'scalar', offset: from, length: to - from, source: scaled ?? source, style, value };
  }

  /** What a literal is; of a name the reference to where its value stands, if that still is its value. */
  private valueOf(literal: Literal): Literal['value'] {
    let target: Value | undefined = literal;
    const seen = new Set<Value>();
    while (target?.kind === 'scalar' && target.target && !seen.has(target)) {
      seen.add(target);
      target = target.target();
    }
    if (target === literal) return literal.value;
    const fixed = target?.kind === 'scalar' && !target.target && typeof target.value !== 'number';
    if (target?.kind === 'scalar' && fixed && !String(target.value).startsWith('${')) return target.value;
    const path = target && this.paths.get(target);
    const keys = path === undefined ? [] : segments(path);
    const plain = keys.length > 0 && keys.every((key) => /^[\w-]+$/.test(key));
    return plain ? `\${${keys.join('.')}}` : literal.value;
  }
}
