import { numbers } from '../base/numbers.ts';
import { Problem } from '../base/problem.ts';
import { applyEdits, type Edit } from '../document/edit.ts';
import {
  type Document,
  type ListNode,
  type Node,
  type Notation,
  type ScalarNode,
  scalarsIn,
} from '../document/nodes.ts';
import { writeNumber } from '../document/number.ts';
import { child, type Pointer, parentOf, readable } from '../document/pointer.ts';
import type { Planned } from '../document/proof.ts';
import { offsetOf } from '../recipe/recipe.ts';
import type { Change } from '../rules/plan.ts';

/** The text of a value that is written over another file's, and what it reads as. */
export interface Override {
  /** In a block after a line break, with its indentation from there. */
  readonly text: string;
  readonly value: Planned['value'];
}

/** Where a change of another file's value is written: a list is written as a whole, since no entry of it is inherited. */
export function placeOfOverride({ pointer, overrides }: Change, { nodes }: Document): Pointer {
  if (overrides === undefined) return pointer;
  const lists = [pointer, ...ancestors(pointer)].filter((at) => nodes.get(at)?.kind === 'list');
  return lists.at(-1) ?? pointer;
}

function ancestors(pointer: Pointer): Pointer[] {
  return pointer === '' ? [] : [parentOf(pointer), ...ancestors(parentOf(pointer))];
}

/**
 * What another file has at a place, with its new numbers.
 * @param flow the mapping that it goes into is written in braces
 * @throws Problem: cannot-insert where what is written here would not be in force, or cannot be written here
 */
export function override(
  pointer: Pointer,
  changes: readonly Change[],
  whole: Document,
  flow: boolean,
): Override {
  const node = whole.nodes.get(pointer)!;
  const [first] = changes as readonly [Change, ...Change[]];
  const refuse = (why: string) => {
    const what = `${readable(first.pointer)} must become ${numbers(first.to)} and stands in ${first.overrides}`;
    throw new Problem('cannot-insert', `${what}, ${why}`, offsetOf(first.fields[0]!));
  };
  if (scalarsIn(node).some(({ from }) => from?.overrules))
    refuse("whose values overrule this file's: convert that file, or let _self_ be the last of the defaults");
  if (node.kind === 'scalar') return scalar(node, changes, whole.notation.format);
  const { text, offset, end } = (node as ListNode).from!;
  const source = text.slice(offset, end);
  const python = whole.notation.format === 'python';
  const block = !python && !/^[[{]/.test(source);
  if (python && namesIn(source))
    refuse('in a list that uses names of that file: convert that file, or write the list here first');
  const alias = /(?:^|[\s[,])[*&][^\s,\]]/.test(source);
  if (!python && ((block && flow) || alias || (flow && /#|\n/.test(source))))
    refuse(
      'in a list that cannot be copied into the style of this file: convert that file, or write the list here first',
    );
  const edits = changes.flatMap((change) => editsOf(change, offset, whole.notation.format));
  const lines = applyEdits(source, edits).replaceAll('\r\n', '\n');
  const indent = ' '.repeat(offset - (text.lastIndexOf('\n', offset - 1) + 1));
  const value = treeOf(node, pointer, changes, whole.notation.format);
  if (!block) return { text: lines, value };
  return { text: `\n${lines.replaceAll(`\n${indent}`, '\n')}`.replaceAll('\n', '\n  '), value };
}

/** Whether a list in Python takes values from names, which another file does not have. */
function namesIn(source: string): boolean {
  const bare = source.replace(/#[^\n]*|'[^'\n]*'|"[^"\n]*"|\b\w+\s*=(?!=)/g, '');
  return /\b(?!dict\b|True\b|False\b|None\b|e[-+\d])[A-Za-z_]\w*/.test(
    bare.replace(/\d[\d_.]*(?:e[-+]?\d+)?/gi, ''),
  );
}

function scalar(node: ScalarNode, changes: readonly Change[], format: Notation['format']): Override {
  const value = newScalar(node, changes, format);
  if (typeof value === 'number') return { text: writeNumber(value, node.source, format), value };
  // A plain text with a comma would be two in a flow mapping; to a parser of YAML quotes make no difference.
  return { text: JSON.stringify(value), value };
}

/** The edits of one change in the text of a list that begins at `start` of its file. */
function editsOf({ fields, to, part }: Change, start: number, format: Notation['format']): Edit[] {
  const { site } = fields[0]!;
  if (site.kind !== 'text') return [];
  const { node } = site;
  const quoted = part === undefined && (node.style === 'single' || node.style === 'double');
  const quote = quoted ? node.source[0]! : '';
  const at = node.from!.offset - start + (site.offset - node.offset);
  return [
    { offset: at, length: site.length, text: quote + writeNumber(to as number, site.source, format) + quote },
  ];
}

/** The new value of a scalar: a number, or its string with new numbers in it. */
function newScalar(
  node: ScalarNode,
  changes: readonly Change[],
  format: Notation['format'],
): string | number {
  const [{ to, part }] = changes as readonly [Change, ...Change[]];
  if (typeof node.value === 'number') return to as number;
  const whole = String(node.value);
  if (part === undefined) return writeNumber(to as number, node.source, format).replace(/^["']|["']$/g, '');
  const start = node.source.indexOf(whole);
  return applyEdits(
    whole,
    changes.flatMap((change) => editsOf(change, node.from!.offset + start, format)),
  );
}

/** What a list is to read as. */
function treeOf(
  node: Node,
  pointer: Pointer,
  changes: readonly Change[],
  format: Notation['format'],
): { tree: unknown } {
  const data = (at: Node, path: Pointer): unknown => {
    if (at.kind === 'list') return at.items.map((item, i) => data(item, child(path, i)));
    if (at.kind === 'map')
      return Object.fromEntries(at.entries.map(({ key, node: n }) => [key, data(n, child(path, key))]));
    const own = changes.filter((change) => change.pointer === path);
    return own.length ? newScalar(at, own, format) : at.value;
  };
  return { tree: data(node, pointer) };
}
