import { type AST, ParseError, parseTOML } from 'toml-eslint-parser';
import { BUDGET } from '../../base/budget.ts';
import { Problem } from '../../base/problem.ts';
import { tooDeep } from '../depth.ts';
import type { Document, Node, ScalarNode, ScalarStyle, WrittenScalar } from '../nodes.ts';
import { child, type Pointer } from '../pointer.ts';
import { documentOf } from '../tree.ts';
import { TOML } from './insert.ts';
import type { TomlEntry, TomlMap } from './nodes.ts';

/** A part of a dotted key. */
type Segment = AST.TOMLKey['keys'][number];
/** A table, and its pointer. */
type Place = readonly [table: TomlMap, path: Pointer];

/** Reads TOML 1.1, of which 1.0 is a part. @throws Problem: syntax (also where a key stands twice), empty */
export function parseToml(text: string): Document[] {
  const { body } = parsed(text).body[0];
  const [first] = body;
  if (!first) throw new Problem('empty', 'the file is empty', 0);
  const scalars: WrittenScalar[] = [];
  const root = table({ offset: 0, before: { at: first.range[0], name: '' } });
  for (const part of body)
    if (part.type === 'TOMLKeyValue') assign(part, [root, ''], text, scalars);
    else {
      const place = headed(part, root, text);
      for (const value of part.body) assign(value, place, text, scalars);
    }
  return [documentOf(TOML, text, root, scalars, [], false)];
}

function parsed(text: string): AST.TOMLProgram {
  try {
    // The parser ends a `0` before it where the text ends with it.
    return parseTOML(`${text.replace(/^\ufeff/, ' ')}\n`);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    const what = error.message.charAt(0).toLowerCase() + error.message.slice(1);
    // A value that is missing is found out at the start of the next line.
    const open = /(?<==)[ \t]*\r?\n$/.exec(text.slice(0, error.index));
    throw new Problem('syntax', `not valid TOML: ${what}`, open?.index ?? error.index);
  }
}

function table(own: Partial<TomlMap> & { readonly offset: number }): TomlMap {
  return { kind: 'map', end: own.offset, flow: false, entries: [], written: [], byKey: new Map(), ...own };
}

/** The table that a header opens. */
function headed({ key, kind, range: [at] }: AST.TOMLTable, root: TomlMap, text: string): Place {
  refuseDeepKey(key);
  const last = key.keys.length - 1;
  let place: Place = [root, ''];
  for (const [i, segment] of key.keys.entries()) {
    const name = text.slice(key.range[0], segment.range[1]);
    const make = () => table({ offset: at, before: { at, name } });
    place = i === last && kind === 'array' ? added(place, segment, make()) : inner(place, segment, make);
  }
  place[0].header = key.range[1];
  return place;
}

/** Reads `a.b = value` into a table. */
function assign(
  { key, value, range: [begin, end] }: AST.TOMLKeyValue,
  [into, at]: Place,
  text: string,
  scalars: WrittenScalar[],
): void {
  refuseDeepKey(key);
  let place: Place = [into, at];
  const own = key.keys.at(-1)!;
  for (const segment of key.keys.slice(0, -1)) {
    const make = () => table({ offset: segment.range[0], flow: into.flow });
    place = inner(place, segment, make, { begin, end });
  }
  const [parent, path] = place;
  add(parent, own, contentOf(value, child(path, nameOf(own)), text, scalars), { begin, end });
}

/** Before a table is made for each part. @throws Problem: too-large */
function refuseDeepKey({ keys, range: [at] }: AST.TOMLKey): void {
  if (keys.length > BUDGET.depth) throw tooDeep(at);
}

function contentOf(value: AST.TOMLContentNode, path: Pointer, text: string, scalars: WrittenScalar[]): Node {
  const [offset, end] = value.range;
  if (value.type === 'TOMLArray') {
    const items = value.elements.map((item, i) => contentOf(item, child(path, i), text, scalars));
    return { kind: 'list', offset, end, flow: true, items };
  }
  if (value.type === 'TOMLInlineTable') {
    const map = table({ offset, end, flow: true });
    for (const inside of value.body) assign(inside, [map, path], text, scalars);
    return map;
  }
  const source = text.slice(offset, end);
  scalars.push({ path, source, offset });
  return { kind: 'scalar', offset, length: end - offset, source, ...plainValue(value, source) };
}

function plainValue(value: AST.TOMLValue, source: string): Pick<ScalarNode, 'style' | 'value'> {
  if (value.kind === 'string') return { style: styleOf(value), value: value.value };
  // Dates and times are no numbers.
  return { style: 'plain', value: value.value instanceof Date ? source : value.value };
}

function styleOf({ multiline, style }: AST.TOMLStringValue): ScalarStyle {
  if (multiline) return 'block';
  return style === 'basic' ? 'double' : 'single';
}

/** The table of a name in another, the last one of `[[name]]`, or a new one. */
function inner([parent, path]: Place, segment: Segment, make: () => TomlMap, assigned?: Assigned): Place {
  const name = nameOf(segment);
  const node = parent.byKey.get(name)?.node;
  if (node?.kind === 'list') {
    const last = node.items.length - 1;
    return [node.items[last] as TomlMap, child(child(path, name), last)];
  }
  return [(node ?? add(parent, segment, make(), assigned)) as TomlMap, child(path, name)];
}

/** One more table of `[[name]]`. */
function added([parent, path]: Place, segment: Segment, item: TomlMap): Place {
  const name = nameOf(segment);
  const known = parent.byKey.get(name)?.node;
  const items: Node[] = known?.kind === 'list' ? (known.items as Node[]) : [];
  if (!known) add(parent, segment, { kind: 'list', offset: item.offset, end: item.end, flow: false, items });
  items.push(item);
  return [item, child(child(path, name), items.length - 1)];
}

/** The range of `a.b = value`. */
type Assigned = { readonly begin: number; readonly end: number };

function add(parent: TomlMap, segment: Segment, node: Node, assigned?: Assigned): Node {
  const [offset, keyEnd] = segment.range;
  const quote = segment.type === 'TOMLBare' ? '' : segment.style === 'basic' ? '"' : "'";
  const entry: TomlEntry = { key: nameOf(segment), offset, keyEnd, end: keyEnd, quote, node, ...assigned };
  parent.entries.push(entry);
  parent.byKey.set(entry.key, entry);
  if (assigned) parent.written.push(entry);
  return node;
}

function nameOf(segment: Segment): string {
  return segment.type === 'TOMLBare' ? segment.name : segment.value;
}
