import { Problem } from '../base/problem.ts';
import { applyEdits, type Edit, inOrder } from './edit.ts';
import {
  type Document,
  type Node,
  type Progress,
  type ScalarNode,
  scalarsIn,
  type WrittenScalar,
} from './nodes.ts';
import type { ParsedText } from './parse.ts';
import { type Pointer, readable } from './pointer.ts';
import type { ScalarValue } from './scalar.ts';

/** What an edited document must say at one pointer. */
export interface Planned {
  readonly pointer: Pointer;
  /** A scalar, a list of scalars, or a whole tree as plain data. */
  readonly value: ScalarValue | readonly ScalarValue[] | { readonly tree: unknown };
}

/**
 * Applies edits and proves the result, or throws a Problem with code `proof-failed`: planned pointers hold the
 * planned values, every other scalar keeps its source text and its place, and all bytes outside the edits are
 * the same.
 */
export function editAndProve(
  { documents: before, again }: ParsedText,
  edits: readonly Edit[],
  planned: readonly (readonly Planned[])[],
  progress?: Progress,
): { readonly text: string; readonly documents: readonly Document[] } {
  const { text } = before[0]!;
  if (edits.length === 0) return { text, documents: before };
  const result = applyEdits(text, edits);
  const fail = (what: string): never => {
    throw new Problem(
      'proof-failed',
      `the edited text did not pass its check (${what}); nothing was written. Please report this file`,
    );
  };
  const readAgain = () => {
    try {
      return again(result, progress);
    } catch (error) {
      return fail(error instanceof Problem ? error.message : String(error));
    }
  };
  if (!sameOutside(text, result, edits)) fail('bytes outside the edits changed');
  const after = readAgain();
  if (after.length !== before.length) fail('the number of documents changed');
  for (const [i, old] of before.entries()) {
    const now = after[i]!;
    const plans = planned[i] ?? [];
    for (const plan of plans) {
      if (!holds(now, plan)) fail(`${readable(plan.pointer)} does not read as ${JSON.stringify(plan.value)}`);
    }
    const untouched = unplanned(old, plans);
    const kept = unplanned(now, plans);
    if (untouched.length !== kept.length) fail('a value appeared or vanished');
    for (const [k, scalar] of untouched.entries()) {
      if (scalar.path !== kept[k]!.path || scalar.source !== kept[k]!.source)
        fail(`${readable(scalar.path)} changed`);
    }
  }
  return { text: result, documents: after };
}

function sameOutside(text: string, result: string, edits: readonly Edit[]): boolean {
  let before = 0;
  let after = 0;
  for (const edit of inOrder(edits)) {
    const kept = edit.offset - before;
    if (text.slice(before, edit.offset) !== result.slice(after, after + kept)) return false;
    before = edit.offset + edit.length;
    after += kept + edit.text.length;
  }
  return text.slice(before) === result.slice(after);
}

function holds(document: Document, { pointer, value }: Planned): boolean {
  const node = document.nodes.get(pointer);
  if (typeof value === 'object' && value !== null && 'tree' in value)
    return node !== undefined && reads(node, value.tree);
  if (Array.isArray(value))
    return (
      node?.kind === 'list' &&
      value.every((v, i) => same(node.items[i], v)) &&
      node.items.length === value.length
    );
  return same(node, value as ScalarValue);
}

/** Whether a node says what plain data says; of a doubled key the last counts. */
function reads(node: Node, data: unknown): boolean {
  if (node.kind === 'scalar') return Object.is(node.value, data);
  if (typeof data !== 'object' || data === null || Array.isArray(data) !== (node.kind === 'list'))
    return false;
  const own: [string, Node][] =
    node.kind === 'list'
      ? node.items.map((item, i) => [String(i), item])
      : [...new Map(node.entries.map((entry) => [entry.key, entry.node]))];
  const wanted = new Map(Object.entries(data));
  return (
    own.length === wanted.size && own.every(([key, at]) => wanted.has(key) && reads(at, wanted.get(key)))
  );
}

function same(node: unknown, value: ScalarValue): boolean {
  const scalar = node as { kind?: string; value?: unknown } | undefined;
  return scalar?.kind === 'scalar' && Object.is(scalar.value, value);
}

/** The scalars that no plan changes: by offset, since a merged value is planned under another pointer. */
function unplanned(document: Document, plans: readonly Planned[]): WrittenScalar[] {
  const planned = new Set(
    plans.flatMap(({ pointer }) => scalarsAt(document, pointer).map((node) => node.offset)),
  );
  return document.scalars.filter((s) => !planned.has(s.offset));
}

function scalarsAt({ nodes }: Document, pointer: Pointer): ScalarNode[] {
  const node = nodes.get(pointer);
  return node ? scalarsIn(node) : [];
}
