import {
  type Alias,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Document as LibraryDocument,
  type Node as LibraryNode,
  LineCounter,
  type Pair,
  parseAllDocuments,
  visit,
} from 'yaml';
import { BUDGET, tooLarge } from '../base/budget.ts';
import { count } from '../base/numbers.ts';
import { Problem } from '../base/problem.ts';
import { tooDeep } from './depth.ts';
import { YAML } from './insert.ts';
import type {
  Document,
  DoubledKey,
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
import { documentOf, lastOf, usedAlso } from './tree.ts';

/** Quotes and brackets that are read as one line, and characters that may be read again for them. */
const MOST_FOLDED = 50;
const MOST_READ_AGAIN = 2_000_000;

/** Share of the reading time spent on scanning lines; the rest goes into nodes. */
const SCANNING = 0.5;
/** Characters between two reports of progress. */
const STRETCH = 100_000;

/** Reads every document of a YAML text. Throws a Problem at the first error. */
export function parseYaml(text: string, progress: Progress = () => {}): Document[] {
  // Behind a byte order mark the parser counts no indentation.
  const { parsed, read } = documentsOf(text.replace(/^\ufeff/, '\n'), progress);
  refuseHidden(text, parsed);
  for (const document of parsed) {
    const error = document.errors[0];
    if (error?.message.includes('call stack')) throw tooDeep(error.pos[0]);
    if (error)
      throw new Problem('syntax', `not valid YAML: ${error.message.replace(/\.?$/, '')}`, error.pos[0]);
  }
  const filled = parsed.filter(
    (d) => d.contents !== null && !(isScalar(d.contents) && d.contents.source === ''),
  );
  if (filled.length === 0) throw new Problem('empty', 'the file is empty', 0);
  const aliases = { stand: 0 };
  return filled.map((document) => new Reader(text, read, document, aliases).read());
}

/** What PyYAML reads as a line break and YAML 1.2 does not, and what it refuses anywhere (yaml/pyyaml lib/yaml/reader.py, scanner.py). */
const HIDDEN = /\r(?!\n)|[\u0085\u2028\u2029]|[^\t\n\r\u0020-\u007e\u0085\u00a0-\ufffd]/g;

/**
 * Behind a line break that only PyYAML sees a comment ends and a key begins: nobody would have looked at that. Between
 * quotes it is a space or itself.
 * @throws Problem: syntax
 */
function refuseHidden(text: string, documents: readonly LibraryDocument[]): void {
  const found = [...text.matchAll(HIDDEN)].map(({ 0: character, index }) => ({ character, index }));
  if (found.length === 0) return;
  const quotes: (readonly [from: number, to: number])[] = [];
  for (const document of documents)
    visit(document, {
      Scalar(_key, { type, range }) {
        if (type?.startsWith('QUOTE') && range) quotes.push([range[0], range[1]]);
      },
    });
  quotes.sort(([a], [b]) => a - b);
  let at = 0;
  for (const { character, index } of found) {
    while (at < quotes.length && quotes[at]![1] <= index) at++;
    const breaks = /[\r\u0085\u2028\u2029]/.test(character);
    if (breaks && (quotes[at]?.[0] ?? Number.POSITIVE_INFINITY) < index) continue;
    const name = `U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
    const why = breaks
      ? `${name} ends a line for PyYAML and for no editor: write a line break or a space`
      : `${name} is a character that PyYAML refuses`;
    throw new Problem('syntax', why, index);
  }
}

/** Stand for what a folded quote leaves out, and for a line break that it keeps: places in the text stay the same. */
const FOLDED = '\u0001';
const KEPT_BREAK = '\u0002';

/**
 * The documents of a text, and the text that was read for it. To PyYAML the indentation inside quotes and brackets over several lines says nothing, the
 * parser wants it deeper than the key's (YAML 1.2, 7.3.1 and 7.4): such a one is read as if it stood on one line.
 */
function documentsOf(
  text: string,
  progress: Progress,
): { readonly parsed: readonly LibraryDocument[]; readonly read: string } {
  let read = text;
  for (let folded = 0; ; folded++) {
    const parsed = parsedAs(read, progress);
    const line = asOneLine(parsed, read);
    if (!line) return { parsed, read };
    // Each is found by reading the whole text again.
    if (folded > MOST_FOLDED || folded * text.length > MOST_READ_AGAIN)
      throw tooLarge(
        `${Math.min(folded, MOST_FOLDED)} quotes and brackets over lines that are not indented below their key`,
        line.at,
      );
    read = read.slice(0, line.at) + line.folded + read.slice(line.at + line.whole.length);
  }
}

function parsedAs(text: string, progress: Progress): LibraryDocument[] {
  const documents = parseAllDocuments(text, {
    schema: 'failsafe',
    prettyErrors: false,
    logLevel: 'error',
    uniqueKeys: false, // It compares every key with every other: minutes for a mapping of 100,000.
    lineCounter: watching(text, progress),
    keepSourceTokens: true, // Only they tell where a `?`, a tag or an anchor of a key begins.
  });
  if (!Array.isArray(documents)) return [];
  if (documents.length > BUDGET.documents)
    throw tooLarge(`${BUDGET.documents} documents`, documents[BUDGET.documents]!.range[0]);
  return documents;
}

/** The first quote or bracket that the parser could not read to its end, and what of the same length it can read. */
function asOneLine(parsed: readonly LibraryDocument[], text: string) {
  for (const document of parsed) {
    const quote = openQuote(document);
    if (quote !== undefined) {
      const whole = closedQuote(text, quote);
      return whole === undefined ? undefined : { at: quote, whole, folded: foldedQuote(whole) };
    }
    const bracket = openBracket(document);
    if (bracket !== undefined) {
      const whole = closedBracket(text, bracket);
      return whole === undefined ? undefined : { at: bracket, whole, folded: foldedBracket(whole) };
    }
  }
  return undefined;
}

function foldedQuote(whole: string): string {
  return whole.replace(/(?<![ \t])[ \t]*(?:\r?\n[ \t]*)+/g, (run) => {
    const breaks = run.split('\n').length - 1;
    const shown = breaks === 1 ? ' ' : KEPT_BREAK.repeat(breaks - 1);
    return shown + FOLDED.repeat(run.length - shown.length);
  });
}

/**
 * What is neither a quote nor a comment in brackets stays; a quote over lines has been folded before or is left. A quote
 * begins where a value or a key does: `it's` has none.
 */
const IN_BRACKETS =
  /(?<=^|[\s,[{]|["']:)(?:"(?:[^"\\]|\\[\s\S])*"|'(?:[^']|'')*')|(?:^|(?<=\s))#[^\r\n]*|[\r\n]/g;

function foldedBracket(whole: string): string {
  return whole.replace(IN_BRACKETS, (part) => (/^["']/.test(part) ? part : ' '.repeat(part.length)));
}

const CLOSING = /^flow-(?:seq|map)-end$/;

/** Where the flow collection begins whose end the parser did not see, since it is not indented as YAML 1.2 wants. */
function openBracket({ errors, contents }: LibraryDocument): number | undefined {
  const error = errors.find(({ code, message }) => code === 'BAD_INDENT' && message.startsWith('Flow '));
  if (!error) return undefined;
  let found: number | undefined;
  const look = (_key: unknown, { flow, range, srcToken }: LibraryNode & { flow?: boolean }) => {
    const [start = 0] = range ?? [];
    const closed = srcToken && 'end' in srcToken && srcToken.end?.some(({ type }) => CLOSING.test(type));
    if (flow && start < error.pos[1] && !closed) found = start;
  };
  visit(contents as LibraryNode, { Seq: look, Map: look });
  return found;
}

/** A flow collection over several lines that does close, or undefined. */
function closedBracket(text: string, at: number): string | undefined {
  const rest = text.slice(at);
  const bare = rest.replace(IN_BRACKETS, (part) => ' '.repeat(part.length));
  let depth = 0;
  for (const { 0: bracket, index } of bare.matchAll(/[[\]{}]/g)) {
    depth += /[[{]/.test(bracket) ? 1 : -1;
    if (depth === 0) {
      const whole = rest.slice(0, index + 1);
      return whole.includes('\n') ? whole : undefined;
    }
  }
  return undefined;
}

/** Where the quote begins that the parser could not read to its end. */
function openQuote({ errors, contents }: LibraryDocument): number | undefined {
  const [error] = errors;
  if (error?.code !== 'MISSING_CHAR' || !/closing ["']quote/.test(error.message)) return undefined;
  let found: number | undefined;
  visit(contents as LibraryNode, {
    Scalar(_key, node) {
      if (node.type?.startsWith('QUOTE') && node.range && node.range[0] < error.pos[1]) found = node.range[0];
    },
  });
  return found;
}

/** A quote over several lines that does close, or undefined. */
function closedQuote(text: string, at: number): string | undefined {
  const quote = /^(?:"(?:[^"\\]|\\[^\r\n])*"|'(?:[^']|'')*')(?=[ \t]*(?:[,\]}:]|\r?\n|$|[ \t]#))/.exec(
    text.slice(at),
  )?.[0];
  return quote?.includes('\n') ? quote : undefined;
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

const NEVER = /(?!)/;

/** What may stand before a key without being of it. */
const BLANK = new Set(['space', 'comment', 'newline', 'comma']);

class Reader {
  private readonly scalars: WrittenScalar[] = [];
  private readonly doubled: DoubledKey[] = [];
  /** What each anchor marked last; null while that is being read, and where it is a key. */
  private readonly anchored = new Map<string, Node | null>();
  /** Mappings that others merge, by the pointers of these. */
  private readonly merges = new Map<Node, Pointer>();

  /**
   * @param folded the text in which what was read as one line has blanks for comments and line breaks
   * @param aliases how many values those of the whole file stand for
   */
  constructor(
    private readonly text: string,
    private readonly folded: string,
    private readonly document: LibraryDocument,
    private readonly aliases: { stand: number },
  ) {}

  read(): Document {
    const root = this.convert(this.document.contents as LibraryNode, '');
    const document = documentOf(YAML, this.text, root, this.scalars, this.doubled, this.anchored.size > 0);
    return this.merges.size === 0 ? document : usedAlso(document, (node) => this.merges.get(node));
  }

  private convert(node: LibraryNode, path: Pointer): Node {
    if (isAlias(node)) return this.follow(node, path);
    if (node.anchor) this.anchored.set(node.anchor, null);
    const end = this.contentEnd(node);
    const offset = isNothing(node) ? end : (node.range?.[0] ?? 0);
    let result: Node;
    if (isSeq(node)) {
      const items = node.items.map((item, i) => this.convert(item as LibraryNode, child(path, i)));
      result = { kind: 'list', offset, end, flow: node.flow === true, items };
    } else if (isMap(node)) {
      const { entries, written } = this.entries(node.items, path);
      const flow = node.flow === true;
      result = { kind: 'map', offset, end, flow, entries: this.withClass(node, entries), written };
    } else {
      result = this.scalar(node, offset, end, path);
    }
    if (node.anchor) this.anchored.set(node.anchor, result);
    return result;
  }

  private entries(
    pairs: readonly Pick<Pair, 'key' | 'value' | 'srcToken'>[],
    path: Pointer,
  ): Pick<MapNode, 'entries' | 'written'> {
    const written: Entry[] = [];
    const own: Entry[] = [];
    const merged = new Map<string, Entry>();
    for (const pair of pairs) {
      const key = pair.key as LibraryNode | null;
      if (key && !isAlias(key) && key.anchor) this.anchored.set(key.anchor, null);
      const offset = key?.range?.[0] ?? 0;
      const name = isScalar(key) ? String(key.value ?? '') : this.text.slice(offset, key?.range?.[1]);
      const keyEnd = key?.range?.[1] ?? offset;
      const node: Node = pair.value
        ? this.convert(pair.value as LibraryNode, child(path, name))
        : {
            kind: 'scalar',
            offset: keyEnd,
            length: 0,
            source: '',
            style: 'plain',
            value: null,
            unsaid: true,
          };
      const quote =
        isScalar(key) && key.type === 'QUOTE_DOUBLE'
          ? '"'
          : isScalar(key) && key.type === 'QUOTE_SINGLE'
            ? "'"
            : '';
      const end = pair.value ? this.contentEnd(pair.value as LibraryNode) : keyEnd;
      const begin = pair.srcToken?.start.find(({ type }) => !BLANK.has(type))?.offset;
      const entry: Entry = { key: name, offset, end, quote, node, ...(begin === undefined ? {} : { begin }) };
      written.push(entry);
      if (name === '<<' && quote === '') {
        // Of the mappings of one merge the first counts, of several merges the last (PyYAML flatten_mapping).
        const sources = node.kind === 'list' ? [...node.items].reverse() : [node];
        for (const source of sources)
          if (source.kind === 'map') {
            this.merges.set(source, path);
            for (const e of source.entries) merged.set(e.key, e);
          }
      } else own.push(entry);
    }
    const names = new Set(own.map((e) => e.key));
    const last = lastOf(own, path, this.text, this.doubled);
    return { entries: [...last, ...[...merged.values()].filter((e) => !names.has(e.key))], written };
  }

  /** `!new:torch.optim.Adam {lr: 1}` of HyperPyYAML names what the mapping makes: read as a `class` in it. */
  private withClass(node: LibraryNode, entries: readonly Entry[]): readonly Entry[] {
    const name = /^!(?:new|name|apply):([\w.]+)$/.exec(node.tag ?? '')?.[1];
    if (name === undefined || entries.some(({ key }) => key === 'class')) return entries;
    const offset = node.range?.[0] ?? 0;
    const value = { kind: 'scalar', offset, length: 0, source: name, style: 'plain', value: name } as const;
    return [...entries, { key: 'class', offset, end: offset, quote: '', node: value }];
  }

  private follow(alias: Alias, path: Pointer): Node {
    const at = alias.range?.[0] ?? 0;
    const node = this.anchored.get(alias.source);
    if (!node) throw new Problem('syntax', 'this alias has no anchor before it', at);
    this.scalars.push({ path, source: this.text.slice(at, alias.range?.[1]), offset: at });
    this.aliases.stand += size(node, BUDGET.expanded);
    if (this.aliases.stand > BUDGET.expanded)
      throw tooLarge(`${count(BUDGET.expanded)} values behind its aliases`, at);
    return node;
  }

  private scalar(node: LibraryNode, start: number, end: number, path: Pointer): ScalarNode {
    const source = this.text.slice(start, end);
    const type = isScalar(node) ? node.type : undefined;
    const style: ScalarStyle =
      type === 'QUOTE_DOUBLE'
        ? 'double'
        : type === 'QUOTE_SINGLE'
          ? 'single'
          : type?.startsWith('BLOCK')
            ? 'block'
            : 'plain';
    const content = (isScalar(node) ? String(node.value ?? '') : '')
      .replaceAll(FOLDED, '')
      .replaceAll(KEPT_BREAK, '\n')
      // The parser adds a last line break that the text does not have.
      .replace(style === 'block' && end === this.text.length && !source.endsWith('\n') ? /\n$/ : NEVER, '');
    this.scalars.push({ path, source, offset: start });
    return {
      kind: 'scalar',
      offset: start,
      length: source.length,
      source,
      style,
      ...resolve(content, style, node.tag),
      ...(node.tag === undefined ? {} : { tag: node.tag }),
    };
  }

  /** One past the content of a node: a block collection ends with its last value, before any comments. */
  private contentEnd(node: LibraryNode): number {
    const end = node.range?.[1] ?? 0;
    if (isNothing(node)) return this.placeOfNothing(end);
    if (!(isMap(node) || isSeq(node)) || node.flow) return end;
    const last = node.items.at(-1);
    const value = (isPair(last) ? (last.value ?? last.key) : last) as LibraryNode | undefined;
    return value ? this.contentEnd(value) : end;
  }

  /** Where a value that is not there would stand: the parser finds it behind line breaks, and comments it did not see. */
  private placeOfNothing(found: number): number {
    let at = found;
    while (at > 0 && /\s/.test(this.folded[at - 1]!)) at--;
    while (at < found && /[ \t]/.test(this.text[at]!)) at++;
    return at;
  }
}

/** A value that is not there. */
function isNothing(node: LibraryNode): boolean {
  return isScalar(node) && node.range?.[0] === node.range?.[1];
}

/**
 * `!ref <x>` and `!copy <x>` of HyperPyYAML (speechbrain/HyperPyYAML hyperpyyaml/core.py) are read as the interpolation
 * `${x}`, which means the same; `!!float 1e-4` and `!!int "3"` are numbers for PyYAML;
 * `!!str 3` is a string; `!` is no tag to it, also before quotes.
 */
function resolve(content: string, style: ScalarStyle, tag: string | undefined): Resolved {
  if (tag === FLOAT || tag === INTEGER) {
    const { value } = resolvePlain(content);
    return { value: typeof value === 'number' ? value : (numberInString(content) ?? content) };
  }
  if (tag === '!' || tag === 'tag:yaml.org,2002:bool' || tag === 'tag:yaml.org,2002:null')
    return resolvePlain(content);
  if (tag === '!ref' || tag === '!copy') return { value: content.replace(/<([^<>]+)>/g, '${$1}') };
  return style === 'plain' && !tag ? resolvePlain(content) : { value: content };
}

const FLOAT = 'tag:yaml.org,2002:float';
const INTEGER = 'tag:yaml.org,2002:int';

function size(node: Node, limit: number): number {
  if (node.kind === 'scalar' || limit <= 0) return 1;
  let total = 1;
  for (const part of node.kind === 'list' ? node.items : node.entries.map((e) => e.node))
    total += size(part, limit - total);
  return total;
}
