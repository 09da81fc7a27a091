import type { Entry, MapNode } from '../nodes.ts';

/** An entry of a table. */
export interface TomlEntry extends Entry {
  /** One past its key. */
  readonly keyEnd: number;
  /** Where its assignment begins: `a.b = 1` with `a`, for the entry `b` too. One that has a header has none. */
  readonly begin?: number;
}

/** A table. Its `written` entries are those that are assigned: after a header of another table no key is its own. */
export interface TomlMap extends MapNode {
  readonly entries: TomlEntry[];
  readonly written: TomlEntry[];
  /** The last entry of each key. */
  readonly byKey: Map<string, TomlEntry>;
  /** One past the name in its own header. */
  header?: number;
  /** Where a header begins before which it can have one, and its name for that; the root needs none. */
  readonly before?: { readonly at: number; readonly name: string };
}
