import type { Pointer } from './pointer.ts';
import type { ScalarValue } from './scalar.ts';

/** How a scalar is written. */
export type ScalarStyle = 'plain' | 'single' | 'double' | 'block';

/** A scalar as it stands in the text. */
export interface ScalarNode {
  readonly kind: 'scalar';
  /** Place of the scalar's own text, quotes included, tag and anchor not. */
  readonly offset: number;
  readonly length: number;
  readonly source: string;
  readonly style: ScalarStyle;
  readonly value: ScalarValue;
  readonly stringToPyYaml?: true;
}

/** A key and its value. */
export interface Entry {
  readonly key: string;
  /** Where the key starts, and one past the value as it is written here (an alias, not what it stands for). */
  readonly offset: number;
  readonly end: number;
  readonly quote: '' | '"' | "'";
  readonly node: Node;
}

/** A mapping. `end` is one past its content; `flow` is `{...}` as against one entry a line. */
export interface MapNode {
  readonly kind: 'map';
  readonly offset: number;
  readonly end: number;
  readonly flow: boolean;
  readonly entries: readonly Entry[];
  /** The entries as they are written: `<<` stands for itself, not for what it merges. */
  readonly written: readonly Entry[];
}

/** A list. */
export interface ListNode {
  readonly kind: 'list';
  readonly offset: number;
  readonly end: number;
  readonly flow: boolean;
  readonly items: readonly Node[];
}

export type Node = ScalarNode | MapNode | ListNode;

/** A document's nodes by their pointers, through aliases and merge keys. */
export interface NodesByPointer extends Iterable<readonly [Pointer, Node]> {
  get(pointer: Pointer): Node | undefined;
  has(pointer: Pointer): boolean;
}

/** One parsed document (a YAML file can hold several): what it says, and where. */
export interface Document {
  readonly format: 'yaml' | 'json';
  /** The text of the whole file, for this room alone: others speak of offsets. */
  readonly text: string;
  /** Plain data for the validator: what the trainer's parser would make of the text. */
  readonly data: unknown;
  /** The node that each pointer leads to, through aliases and merge keys. */
  readonly nodes: NodesByPointer;
  /** For nodes that several pointers lead to: all of them. */
  readonly shared: ReadonlyMap<Node, readonly Pointer[]>;
  /** Where in the text a pointer of the document leads: elsewhere for a part of a document, or one without wrappers. */
  inText(pointer: Pointer): Pointer;
  /** Keys that stand more than once in one mapping, where the last counts, as in PyYAML and Python's json. */
  readonly doubled: readonly DoubledKey[];
  /** Every scalar of the text once, in order, with the path at which it is written (aliases as they stand). */
  readonly scalars: readonly WrittenScalar[];
}

/** A key that its mapping has before. `offset` is that of the later one; the lines are those of both. */
export interface DoubledKey {
  readonly pointer: Pointer;
  readonly offset: number;
  readonly lines: readonly [first: number, again: number];
}

/** A scalar or an alias as the text has it. `offset` is that of its node's own text. */
export interface WrittenScalar {
  readonly path: Pointer;
  readonly source: string;
  readonly offset: number;
}

/** Called periodically with how much is done, from 0 to 1. */
export type Progress = (done: number) => void;

/** Reads a text again as it was read the first time. */
export type Parse = (text: string, progress?: Progress) => Document[];
