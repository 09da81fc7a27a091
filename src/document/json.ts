import { type Node as JsonNode, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import { Problem } from '../base/problem.ts';
import { JSON_TEXT } from './insert.ts';
import type { Document, DoubledKey, Entry, Node, WrittenScalar } from './nodes.ts';
import { child, type Pointer } from './pointer.ts';
import { documentOf, lastOf } from './tree.ts';

/** Reads JSON, also with comments and trailing commas. Throws a Problem at the first error. */
export function parseJson(text: string): Document {
  const errors: ParseError[] = [];
  const start = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  const tree = parseTree(start ? ` ${text.slice(1)}` : text, errors, { allowTrailingComma: true });
  const error = errors[0];
  if (error)
    throw new Problem(
      'syntax',
      `not valid JSON: ${sentence(printParseErrorCode(error.error))}`,
      error.offset,
    );
  if (!tree) throw new Problem('empty', 'the file is empty', 0);
  const scalars: WrittenScalar[] = [];
  const doubled: DoubledKey[] = [];
  return documentOf(JSON_TEXT, text, convert(tree, text, '', scalars, doubled), scalars, doubled, false);
}

function convert(
  node: JsonNode,
  text: string,
  path: Pointer,
  scalars: WrittenScalar[],
  doubled: DoubledKey[],
): Node {
  const { offset, length } = node;
  if (node.type === 'array') {
    const items = (node.children ?? []).map((item, i) =>
      convert(item, text, child(path, i), scalars, doubled),
    );
    return { kind: 'list', offset, end: offset + length, flow: true, items };
  }
  if (node.type === 'object') {
    const entries: Entry[] = [];
    for (const property of node.children ?? []) {
      const [key, value] = property.children as [JsonNode, JsonNode];
      const name = String(key.value);
      entries.push({
        key: name,
        offset: key.offset,
        end: value.offset + value.length,
        quote: '"',
        node: convert(value, text, child(path, name), scalars, doubled),
      });
    }
    return {
      kind: 'map',
      offset,
      end: offset + length,
      flow: true,
      entries: lastOf(entries, path, text, doubled),
      written: entries,
    };
  }
  const source = text.slice(offset, offset + length);
  scalars.push({ path, source, offset });
  return {
    kind: 'scalar',
    offset,
    length,
    source,
    style: node.type === 'string' ? 'double' : 'plain',
    value: node.value ?? null,
  };
}

function sentence(code: string): string {
  return code.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
}
