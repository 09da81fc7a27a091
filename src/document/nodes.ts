import type { Edit } from './edit.ts';
import type { Pointer } from './pointer.ts';
import { numberInString, type ScalarValue } from './scalar.ts';

/** How a scalar is written. */
export type ScalarStyle = 'plain' | 'single' | 'double' | 'block';

/** Where a node stands that another file has; its own place then is that of the key which names the file. */
export interface Elsewhere {
  readonly file: string;
  readonly text: string;
  readonly offset: number;
  /** That file's values come before those of this one. */
  readonly overrules: boolean;
}

/** A scalar as written in the text. */
export interface ScalarNode {
  readonly kind: 'scalar';
  /** Start of the scalar's text, with its quotes, without tag and anchor. */
  readonly offset: number;
  readonly length: number;
  readonly source: string;
  readonly style: ScalarStyle;
  readonly value: ScalarValue;
  readonly stringToPyYaml?: true;
  /** A tag of YAML that says what it is. */
  readonly tag?: string;
  /** A key without a colon after it (`{key}`, `? key`) says nothing here. */
  readonly unsaid?: true;
  readonly from?: Elsewhere;
}

export interface Entry {
  readonly key: string;
  /** Start of the key, and one past the value as written here (the alias, not its target). */
  readonly offset: number;
  readonly end: number;
  readonly quote: '' | '"' | "'";
  readonly node: Node;
  /** Start of what stands before the key and belongs to it: `?`, a tag, an anchor. */
  readonly begin?: number;
  /** Its argument as the program gets it, where the text may have a variable for it. */
  readonly words?: string;
  /** A script gives it in some of its runs. */
  readonly maybe?: true;
}

/** A mapping. `end` is one past its content; `flow` means `{...}`. */
export interface MapNode {
  readonly kind: 'map';
  readonly offset: number;
  readonly end: number;
  readonly flow: boolean;
  readonly entries: readonly Entry[];
  /** The entries as written: `<<` is one of them, the entries that it merges are not. */
  readonly written: readonly Entry[];
}

export interface ListNode {
  readonly kind: 'list';
  readonly offset: number;
  readonly end: number;
  readonly flow: boolean;
  readonly items: readonly Node[];
  /** With its end there. */
  readonly from?: Elsewhere & { readonly end: number };
}

export type Node = ScalarNode | MapNode | ListNode;

/** A document's nodes by their pointers, through aliases and merge keys. */
export interface NodesByPointer extends Iterable<readonly [Pointer, Node]> {
  get(pointer: Pointer): Node | undefined;
  has(pointer: Pointer): boolean;
}

/** A key with what is to be written for it: a text, or a mapping of more; a text that is a block starts with a line break. */
export interface NewEntry {
  readonly key: string;
  readonly value: string | readonly NewEntry[];
}

/** How a format writes what its text does not have yet. */
export interface Notation {
  readonly format: 'yaml' | 'json' | 'toml' | 'python' | 'shell';
  /** The edits that insert entries into a mapping of the document after `sibling`, in the mapping's own style. */
  insert(document: Document, map: MapNode, sibling: Entry | undefined, entries: readonly NewEntry[]): Edit[];
  /** A list of numbers; `sibling` as for `insert`. */
  list(items: readonly string[]): string;
}

/** One parsed document (a YAML file can hold several, a script several commands): its values and their places. */
export interface Document {
  readonly notation: Notation;
  /** The text of the whole file, for `document/` alone: other code uses offsets. */
  readonly text: string;
  /** Plain data for the validator: what the trainer's parser would make of the text. */
  readonly data: unknown;
  /** The node that each pointer leads to, through aliases and merge keys. */
  readonly nodes: NodesByPointer;
  /** All pointers of each node that has several. */
  readonly shared: ReadonlyMap<Node, readonly Pointer[]>;
  /** Where in the text a pointer of the document leads: elsewhere for a part of a document, or one without wrappers. */
  inText(pointer: Pointer): Pointer;
  /** Keys that stand more than once in one mapping, where the last counts, as in PyYAML and Python's json. */
  readonly doubled: readonly DoubledKey[];
  /** Keys of the root that say how a program is started; the others are its settings. */
  readonly launch?: readonly string[];
  /** Settings that the text says exist, and does not say: `"$@"` of a script. */
  readonly unread?: readonly Unread[];
  /** Files that the text imports names of, and which are settings too. */
  readonly imports?: readonly ImportedFile[];
  /** Every scalar of the text once, in order, with the path where it is written (aliases not followed). */
  readonly scalars: readonly WrittenScalar[];
}

/** A part of a text that stands for settings elsewhere. */
export interface Unread {
  readonly source: string;
  readonly offset: number;
  /** It names a file of settings: what is not set here may be set there. */
  readonly file?: true;
}

/** A file that brings names: those of this file by theirs there, or all. */
export interface ImportedFile {
  readonly path: string;
  readonly names: ReadonlyMap<string, string> | 'all';
  /** Names that this file gives values of its own. */
  readonly without: readonly string[];
  /** The text says that these are settings. */
  readonly settings: boolean;
  readonly offset: number;
}

/** A key that its mapping has before. `offset` is that of the later one; the lines are those of both. */
export interface DoubledKey {
  readonly pointer: Pointer;
  readonly offset: number;
  readonly lines: readonly [first: number, again: number];
  /** One of them is not there in every run. */
  readonly maybe?: true;
}

/** A scalar or an alias as written. `offset` is that of its node's text. */
export interface WrittenScalar {
  readonly path: Pointer;
  readonly source: string;
  readonly offset: number;
}

/** Called periodically with the fraction done, from 0 to 1. */
export type Progress = (done: number) => void;

/** Parses a text in the format found at first. */
export type Parse = (text: string, progress?: Progress) => Document[];

/** The number that a node holds, also in a string that is nothing but a number; undefined where it holds none. */
export function numberOf(node: Node): number | undefined {
  if (node.kind !== 'scalar') return undefined;
  if (typeof node.value === 'number') return node.value;
  return typeof node.value === 'string' ? numberInString(node.value) : undefined;
}

/** Every scalar of a node, in order. */
export function scalarsIn(node: Node): ScalarNode[] {
  if (node.kind === 'scalar') return [node];
  const below = node.kind === 'list' ? node.items : node.entries.map((entry) => entry.node);
  return below.flatMap(scalarsIn);
}
