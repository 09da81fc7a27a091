import type { Node, ScalarNode } from '../../src/document/nodes.ts';
import { child, type Pointer } from '../../src/document/pointer.ts';
import type { Judged } from './judges.ts';

/** The number that a judge read; undefined for anything else. Strings that are numbers count where asked for. */
export function numberIn(value: Judged | undefined, strings = false): number | undefined {
  if (typeof value === 'string') {
    const digits = value.trim().replaceAll('_', '');
    return strings && /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(digits) ? Number(digits) : undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  if ('i' in value) return Number(value.i);
  if (!('f' in value)) return undefined;
  return value.f === 'inf' ? Infinity : value.f === '-inf' ? -Infinity : Number(value.f);
}

/** The judge's values at every place, the empty mappings and lists too. */
export function placesOf(
  value: Judged,
  at: Pointer = '',
  into = new Map<Pointer, Judged>(),
): Map<Pointer, Judged> {
  if (Array.isArray(value)) {
    if (value.length === 0) into.set(at, value);
    for (const [i, item] of value.entries()) placesOf(item, child(at, i), into);
  } else if (typeof value === 'object' && value !== null && 'm' in value) {
    if (value.m.length === 0) into.set(at, value);
    for (const [key, inner] of value.m) placesOf(inner, child(at, key), into);
  } else into.set(at, value as Judged);
  return into;
}

/** Where what was read differs from what the judge read. @param strict every place; otherwise numbers of the judge alone */
export function difference(
  node: Node,
  judged: Judged,
  strict: boolean,
  at: Pointer = '',
): string | undefined {
  const wrong = () =>
    `${at || '/'}: ${JSON.stringify(told(node))}, and the judge says ${JSON.stringify(judged)}`;
  if (node.kind === 'scalar') return agree(node, judged) ? undefined : wrong();
  if (node.kind === 'list') {
    if (!Array.isArray(judged) || judged.length !== node.items.length) return strict ? wrong() : undefined;
    for (const [i, item] of node.items.entries()) {
      const found = difference(item, judged[i], strict, child(at, i));
      if (found) return found;
    }
    return undefined;
  }
  if (typeof judged !== 'object' || judged === null || !('m' in judged)) return strict ? wrong() : undefined;
  const theirs = new Map(judged.m);
  if (strict && theirs.size !== node.entries.length) return wrong();
  for (const { key, node: inner } of node.entries) {
    if (!theirs.has(key)) {
      if (strict) return `${child(at, key)} is no key to the judge`;
      continue;
    }
    const found = difference(inner, theirs.get(key)!, strict, child(at, key));
    if (found) return found;
  }
  return undefined;
}

function told(node: Node): unknown {
  if (node.kind === 'scalar') return node.value;
  return node.kind === 'list'
    ? node.items.map(told)
    : Object.fromEntries(node.entries.map((e) => [e.key, told(e.node)]));
}

/** A number must be the same one; what is a date or a date's like to the judge is a text here. */
function agree({ value, source, style, stringToPyYaml }: ScalarNode, judged: Judged): boolean {
  if (typeof value === 'number') {
    if (typeof judged === 'string')
      return (
        (stringToPyYaml === true || source.startsWith('"') || source.startsWith("'")) &&
        numberIn(judged, true) === value
      );
    return Object.is(numberIn(judged), value) || numberIn(judged) === value;
  }
  // What a program computes is not read.
  if (typeof value === 'string' && /^\$\{ .* \}$/s.test(value)) return true;
  if (typeof judged === 'object' && judged !== null && 'o' in judged) return typeof value === 'string';
  // Of blank lines that end a block scalar the parser and PyYAML make different ones: nothing depends on them.
  return value === judged || (style === 'block' && String(value).trimEnd() === String(judged).trimEnd());
}
