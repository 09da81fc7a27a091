import { BUDGET, tooLarge } from '../base/budget.ts';
import { type Diagnostic, type Source, warning } from '../base/diagnostic.ts';
import { Problem } from '../base/problem.ts';
import { fromFile, type Inherited, inheriting, joined, rootWith } from '../document/inherit.ts';
import { pastAll } from '../document/lines.ts';
import type { Document, Entry, ImportedFile, MapNode, Node } from '../document/nodes.ts';
import { parse } from '../document/parse.ts';
import { BASE_KEYS, DEFAULTS } from '../vocabulary/base-keys.ts';

/** How far above a file the folder is looked for from which its paths start. */
const ABOVE = 6;

const isPath = (text: string) => /\.(?:ya?ml|json)$/.test(text);

/** A file that says nothing of its own. */
const EMPTY: MapNode = { kind: 'map', offset: 0, end: 0, flow: true, entries: [], written: [] };

/** What a document builds on. */
export interface Bases extends Inherited {
  /** The keys that name other files; imports have none. */
  readonly keys: readonly string[];
  /** Files that could not be read, as the text names them. */
  readonly missing: readonly string[];
  /** The place of the first key. */
  readonly offset: number;
}

/** Whether a text may build on other files. */
export function mayInherit(text: string): boolean {
  const keys = [...BASE_KEYS.map(({ key }) => key), DEFAULTS];
  return keys.some((key) => text.includes(key)) || /^[ \t]*from[ \t]+\.[\w.]*[ \t]+import\b/m.test(text);
}

/**
 * Reads the files that a document builds on, and those that they build on.
 * @returns undefined where it names none
 * @throws Problem: usage where one builds on itself
 */
export async function basesOf(document: Document, source: Source): Promise<Bases | undefined> {
  const root = document.nodes.get('');
  return root?.kind === 'map' ? new Reader().bases(document, root, source) : undefined;
}

/** One file to be read, and where in the tree its content goes. */
interface Part {
  readonly name: string;
  /** Paths to try. */
  readonly paths: readonly string[];
  /** Keys that lead to where the content goes; what the file itself says of that comes first. */
  readonly at: readonly string[];
  readonly over: boolean;
  readonly optional: boolean;
  /** Where it is imported, what that brings. */
  readonly brings?: ImportedFile;
}

class Reader {
  /** Files on the way to the one that is read: one that comes again names itself. */
  private readonly path: string[] = [];
  private read = 0;

  async bases(document: Document, root: MapNode, source: Source): Promise<Bases | undefined> {
    const named = root.entries.filter(({ key, node }) => partsOf(key, node).length > 0);
    const parts = [
      ...(document.imports ?? []).map((one) => ({ part: imported(one), offset: one.offset })),
      ...named.flatMap(({ key, node, offset }) => partsOf(key, node).map((part) => ({ part, offset }))),
    ];
    const [first] = parts;
    if (!first) return undefined;
    const missing: string[] = [];
    let under: Node | undefined;
    let over: Node | undefined;
    for (const { part, offset } of parts) {
      const found = await this.content(part, source, missing);
      if (!found) {
        if (!part.optional) missing.push(part.name);
        continue;
      }
      const tree = fromFile(found.node, {
        file: found.file,
        text: found.text,
        named: offset,
        overrules: part.over,
      });
      if (part.over) over = joined(tree, over);
      else under = joined(tree, under);
    }
    return {
      keys: named.map(({ key }) => key),
      missing,
      offset: first.offset,
      ...(under ? { under } : {}),
      ...(over ? { over } : {}),
    };
  }

  /** What a file says, with what it builds on, in its place of the tree. */
  private async content({ name, paths, at, brings }: Part, source: Source, missing: string[]) {
    for (const path of paths) {
      const found = await source.beside?.(path);
      if (!found) continue;
      if (this.path.includes(found.file))
        throw new Problem('usage', `${name} builds on itself: ${[...this.path, found.file].join(' -> ')}`);
      if (++this.read > BUDGET.bases) throw tooLarge(`${BUDGET.bases} files that it builds on`);
      this.path.push(found.file);
      const node = await this.tree(found, missing);
      this.path.pop();
      if (!node) continue;
      return {
        file: name,
        text: found.text,
        node: placed(chosen(node, brings), packageOf(found.text) ?? at),
      };
    }
    return undefined;
  }

  /** @returns undefined where the file cannot be parsed */
  private async tree(found: Source, missing: string[]): Promise<Node | undefined> {
    const documents = await parse(found.text, found.file).then(
      (parsed) => parsed.documents,
      () => undefined,
    );
    if (!documents) return undefined;
    const [document] = documents;
    const root = document && valuesOf(document);
    if (root?.kind !== 'map') return EMPTY;
    const bases = await this.bases(document!, root, found);
    missing.push(...(bases?.missing ?? []));
    return bases ? rootWith(root, bases, bases.keys) : root;
  }
}

/** A document joined with what it builds on; keys of files that were all read are gone, as they are for the trainer. */
export function withBases(document: Document, bases: Bases | undefined): Document {
  if (!bases) return document;
  const keys = bases.missing.length ? [] : bases.keys.filter((key) => key !== DEFAULTS);
  return inheriting(document, bases, keys);
}

/** What to know about the files that a config builds on. */
export function baseWarnings(bases: Bases | undefined): Diagnostic[] {
  if (!bases?.missing.length) return [];
  const keys = bases.keys.length ? ` (${bases.keys.join(', ')})` : '';
  const message = `builds on ${bases.missing.join(', ')}${keys}, which cannot be read here: what stands there is not known`;
  return [warning('base-unread', message, bases.offset)];
}

/** A file that is imported: settings, or perhaps code of the program, which is not missed. */
function imported(brings: ImportedFile): Part {
  const { path, settings } = brings;
  return { name: path, paths: [path], at: [], over: false, optional: !settings, brings };
}

function chosen(node: Node, brings: ImportedFile | undefined): Node {
  if (!brings || node.kind !== 'map') return node;
  const { names, without } = brings;
  const entries = node.entries.flatMap((entry): Entry[] => {
    const own =
      names === 'all'
        ? [entry.key]
        : [...names].flatMap(([key, there]) => (there === entry.key ? [key] : []));
    return own.filter((key) => !without.includes(key)).map((key) => ({ ...entry, key }));
  });
  return { ...node, entries };
}

/**
 * What a document holds. A program has put the values of its names in their places before another file sees them; in
 * other formats a reference is followed in the joined config.
 */
function valuesOf({ notation, nodes }: Document): Node | undefined {
  const resolved = (node: Node): Node => {
    if (node.kind === 'list') return { ...node, items: node.items.map(resolved) };
    if (node.kind === 'map')
      return { ...node, entries: node.entries.map((entry) => ({ ...entry, node: resolved(entry.node) })) };
    const path = /^\$\{([\w.-]+)\}$/.exec(String(node.value))?.[1];
    const target = path === undefined ? undefined : nodes.get(`/${path.replaceAll('.', '/')}`);
    return target && target !== node ? target : node;
  };
  const root = nodes.get('');
  return root && notation.format === 'python' ? resolved(root) : root;
}

/** The files that one entry of a config names, in the order in which they are joined. */
function partsOf(key: string, node: Node): Part[] {
  if (key === DEFAULTS && node.kind === 'list' && !textsOf(node).some(isPath)) return hydraParts(node);
  const known = BASE_KEYS.find((k) => k.key === key);
  if (key !== DEFAULTS && !known) return [];
  const paths = (name: string) =>
    known?.fromAbove ? Array.from({ length: ABOVE + 1 }, (_, up) => '../'.repeat(up) + name) : [name];
  return textsOf(node)
    .filter((name) => key !== 'includes' || isPath(name))
    .map((name) => ({ name, paths: paths(name), at: [], over: false, optional: false }));
}

function textsOf(node: Node): string[] {
  if (node.kind === 'list') return node.items.flatMap(textsOf);
  return node.kind === 'scalar' && typeof node.value === 'string' && node.value.trim() ? [node.value] : [];
}

/**
 * Hydra's entries: `group: option`, `override group: option`, `/group@package: option`, `config`. What stands before
 * `_self_`, or without one anywhere, lies under the file's own values (since Hydra 1.1); what follows it over them.
 */
function hydraParts(node: Node): Part[] {
  if (node.kind !== 'list') return [];
  const self = node.items.findIndex((item) => item.kind === 'scalar' && item.value === '_self_');
  return node.items.flatMap((item, i): Part[] => {
    const over = self !== -1 && i > self;
    if (item.kind === 'map') return item.entries.flatMap((entry) => groupParts(entry, over));
    if (item.kind !== 'scalar' || typeof item.value !== 'string' || item.value === '_self_') return [];
    const [path = '', packaged] = item.value.split('@');
    const group = path.split('/').slice(0, -1);
    return [hydraPart(path, packaged === undefined ? group : keysOf(packaged), over)];
  });
}

function groupParts({ key, node }: Entry, over: boolean): Part[] {
  const words = key.trim().split(/\s+/);
  const [path = '', packaged] = words.at(-1)!.split('@');
  if (/^\/?hydra(?:\/|$)/.test(path)) return [];
  const at = packaged === undefined ? path.split('/').filter(Boolean) : keysOf(packaged);
  return textsOf(node)
    .filter((option) => !/^\?\?\?$|\$\{/.test(option))
    .map((option) => ({ ...hydraPart(`${path}/${option}`, at, over), optional: words.includes('optional') }));
}

function hydraPart(path: string, at: readonly string[], over: boolean): Part {
  const name = `${path.replace(/^\//, '').replace(/\.ya?ml$/, '')}.yaml`;
  // A group with a leading slash, and those of a file in a group of its own, are found from the folder of all groups.
  const paths = [name, `../${name}`, `../../${name}`];
  return { name, paths, at, over, optional: false };
}

/** `_global_` is the root; `_group_`, the default, is said by leaving it out. */
function keysOf(name: string): string[] {
  return name === '_global_' ? [] : name.replace(/^_global_\./, '').split('.');
}

/** Hydra's `# @package NAME` in the first lines of a file. */
function packageOf(text: string): readonly string[] | undefined {
  const comments = text.slice(0, pastAll(text, 0, /\s+|#[^\n]*/y));
  const name = /^[ \t]*#[ \t]*@package[ \t]+(\S+)/m.exec(comments)?.[1];
  return name === undefined || name === '_group_' ? undefined : keysOf(name);
}

function placed(node: Node, at: readonly string[]): Node {
  return at.reduceRight((inner: Node, key): Node => {
    const entry: Entry = { key, offset: 0, end: 0, quote: '', node: inner };
    return { kind: 'map', offset: 0, end: 0, flow: false, entries: [entry], written: [entry] };
  }, node);
}
