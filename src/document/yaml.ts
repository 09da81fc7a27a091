import {
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Document as LibraryDocument,
  type Node as LibraryNode,
  LineCounter,
  parseAllDocuments,
} from 'yaml';
import { Problem } from '../base/problem.ts';
import type {
  Document,
  Entry,
  MapNode,
  Node,
  Progress,
  ScalarNode,
  ScalarStyle,
  WrittenScalar,
} from './nodes.ts';
import { child, type Pointer } from './pointer.ts';
import { numberInString, type Resolved, resolvePlain } from './scalar.ts';
import { documentOf } from './tree.ts';

/** Most alias expansions in one document; more is an attack, not a config. */
const MAX_EXPANSIONS = 100_000;

/** Share of the reading time spent on scanning lines; the rest goes into nodes. */
const SCANNING = 0.5;
/** Characters between two reports of progress. */
const STRETCH = 100_000;

/** Reads every document of a YAML text. Throws a Problem at the first error. */
export function parseYaml(text: string, progress: Progress = () => {}): Document[] {
  const documents = parseAllDocuments(text, {
    schema: 'failsafe',
    prettyErrors: false,
    logLevel: 'error',
    uniqueKeys: false, // Quadratic: minutes for a mapping of 100,000 keys.
    lineCounter: watching(text, progress),
  });
  const parsed = Array.isArray(documents) ? documents : [];
  for (const document of parsed) {
    const error = document.errors[0];
    const again = repeatedKey(document.contents);
    if (again !== undefined && !(error && error.pos[0] <= again))
      throw new Problem('duplicate-key', 'duplicate key', again);
    if (error)
      throw new Problem('syntax', `not valid YAML: ${error.message.replace(/\.?$/, '')}`, error.pos[0]);
  }
  const filled = parsed.filter(
    (d) => d.contents !== null && !(isScalar(d.contents) && d.contents.source === ''),
  );
  if (filled.length === 0) throw new Problem('empty', 'the file is empty', 0);
  return filled.map((document) => new Reader(text, document).read());
}

/** The parser reports every line here, which serves as a measure of progress. */
function watching(text: string, progress: Progress): LineCounter {
  const lines = new LineCounter();
  let told = 0;
  lines.addNewLine = (offset) => {
    if (offset < told + STRETCH) return 0;
    told = offset;
    progress((SCANNING * offset) / text.length);
    return 0;
  };
  return lines;
}

/** The offset of the first duplicate key. */
function repeatedKey(node: unknown): number | undefined {
  if (isSeq(node)) return firstOf(node.items, repeatedKey);
  if (!isMap(node)) return undefined;
  const keys = new Set<unknown>();
  return firstOf(node.items, ({ key, value }) => {
    const name = isScalar(key) ? key.value : key;
    if (keys.has(name)) return (key as LibraryNode | null)?.range?.[0] ?? 0;
    keys.add(name);
    return repeatedKey(key) ?? repeatedKey(value);
  });
}

function firstOf<T, R>(items: readonly T[], find: (item: T) => R | undefined): R | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

class Reader {
  private readonly scalars: WrittenScalar[] = [];
  private readonly anchored = new Map<LibraryNode, Node>();
  private expansions = 0;

  constructor(
    private readonly text: string,
    private readonly document: LibraryDocument,
  ) {}

  read(): Document {
    const root = this.convert(this.document.contents as LibraryNode, '');
    return documentOf('yaml', this.text, root, this.scalars, this.anchored.size > 0);
  }

  private convert(node: LibraryNode, path: Pointer): Node {
    if (isAlias(node)) return this.follow(node, path);
    const offset = node.range?.[0] ?? 0;
    const end = contentEnd(node);
    let result: Node;
    if (isSeq(node)) {
      const items = node.items.map((item, i) => this.convert(item as LibraryNode, child(path, i)));
      result = { kind: 'list', offset, end, flow: node.flow === true, items };
    } else if (isMap(node)) {
      result = {
        kind: 'map',
        offset,
        end,
        flow: node.flow === true,
        ...this.entries(node.items, path),
      };
    } else {
      result = this.scalar(node, offset, end, path);
    }
    if (node.anchor) this.anchored.set(node, result);
    return result;
  }

  private entries(
    pairs: readonly { key: unknown; value: unknown }[],
    path: Pointer,
  ): Pick<MapNode, 'entries' | 'written'> {
    const written: Entry[] = [];
    const own: Entry[] = [];
    const merged = new Map<string, Entry>();
    for (const pair of pairs) {
      const key = pair.key as LibraryNode | null;
      const offset = key?.range?.[0] ?? 0;
      const name = isScalar(key) ? String(key.value ?? '') : this.text.slice(offset, key?.range?.[1]);
      const keyEnd = key?.range?.[1] ?? offset;
      const node: Node = pair.value
        ? this.convert(pair.value as LibraryNode, child(path, name))
        : { kind: 'scalar', offset: keyEnd, length: 0, source: '', style: 'plain', value: null };
      const quote =
        isScalar(key) && key.type === 'QUOTE_DOUBLE'
          ? '"'
          : isScalar(key) && key.type === 'QUOTE_SINGLE'
            ? "'"
            : '';
      const end = pair.value ? contentEnd(pair.value as LibraryNode) : keyEnd;
      const entry: Entry = { key: name, offset, end, quote, node };
      written.push(entry);
      if (name === '<<' && quote === '') {
        for (const source of node.kind === 'list' ? node.items : [node]) {
          if (source.kind === 'map')
            for (const e of source.entries) if (!merged.has(e.key)) merged.set(e.key, e);
        }
      } else own.push(entry);
    }
    const names = new Set(own.map((e) => e.key));
    return { entries: [...own, ...[...merged.values()].filter((e) => !names.has(e.key))], written };
  }

  private follow(alias: LibraryNode, path: Pointer): Node {
    const target = isAlias(alias) ? alias.resolve(this.document) : undefined;
    const at = alias.range?.[0] ?? 0;
    const node = target && this.anchored.get(target as LibraryNode);
    if (!node) throw new Problem('syntax', 'this alias has no anchor before it', at);
    this.scalars.push({ path, source: this.text.slice(at, alias.range?.[1]), offset: at });
    this.expansions += size(node, MAX_EXPANSIONS);
    if (this.expansions > MAX_EXPANSIONS)
      throw new Problem('syntax', 'its aliases expand to too large a document', at);
    return node;
  }

  private scalar(node: LibraryNode, offset: number, end: number, path: Pointer): ScalarNode {
    const source = this.text.slice(offset, end);
    const type = isScalar(node) ? node.type : undefined;
    const style: ScalarStyle =
      type === 'QUOTE_DOUBLE'
        ? 'double'
        : type === 'QUOTE_SINGLE'
          ? 'single'
          : type?.startsWith('BLOCK')
            ? 'block'
            : 'plain';
    const content = isScalar(node) ? String(node.value ?? '') : '';
    this.scalars.push({ path, source, offset });
    return {
      kind: 'scalar',
      offset,
      length: end - offset,
      source,
      style,
      ...resolve(content, style, node.tag),
    };
  }
}

/** `!!float 1e-4` and `!!int "3"` are numbers for PyYAML; `!!str 3` is a string. */
function resolve(content: string, style: ScalarStyle, tag: string | undefined): Resolved {
  if (tag === 'tag:yaml.org,2002:float' || tag === 'tag:yaml.org,2002:int')
    return { value: numberInString(content) ?? content };
  return style === 'plain' && !tag ? resolvePlain(content) : { value: content };
}

/** One past the content of a node: a block collection ends with its last value, before any comments. */
function contentEnd(node: LibraryNode): number {
  const end = node.range?.[1] ?? 0;
  if (!(isMap(node) || isSeq(node)) || node.flow) return end;
  const last = node.items.at(-1);
  const value = (isPair(last) ? (last.value ?? last.key) : last) as LibraryNode | undefined;
  return value ? contentEnd(value) : end;
}

function size(node: Node, limit: number): number {
  if (node.kind === 'scalar' || limit <= 0) return 1;
  let total = 1;
  for (const part of node.kind === 'list' ? node.items : node.entries.map((e) => e.node))
    total += size(part, limit - total);
  return total;
}
