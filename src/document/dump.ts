import { lookUp } from '../base/look-up.ts';
import { YAML } from './insert.ts';
import { parseJson } from './json.ts';
import type { Document, DoubledKey, Entry, Node, Progress, ScalarNode, WrittenScalar } from './nodes.ts';
import { child } from './pointer.ts';
import { numberInString, type ScalarValue } from './scalar.ts';
import { documentOf, lastOf } from './tree.ts';
import { parseYaml } from './yaml.ts';

/**
 * One argument as a run writes it down, `name: value` with Python's text of the value: OpenCLIP's params.txt, and
 * train_opt.txt of CycleGAN, which adds the default in brackets.
 */
const ARGUMENT = /^[ \t]*([\w.-]+):(?:[ \t]+|$)(.*?)[ \t]*(?:\[default: .*\])?[ \t]*$/;
/** What may stand between them: nothing, or a heading between dashes. */
const BETWEEN = /^[ \t]*(?:-{3,}.*)?$/;

/** Quotes, and a comment behind a number, are a person's: YAML. */
const BY_HAND = /^(?:[-+\d.eE]+[ \t]+#|(["']).*\1$)/;

/** Characters of one argument; a longer line is a person's. */
const LONGEST = 2000;

/** Reads the arguments that a run wrote into a text file; other texts as JSON or YAML. @throws Problem: syntax */
export function parseDump(text: string, progress?: Progress): Document[] {
  if (/^\s*\{/.test(text)) return [parseJson(text)];
  const lines = [...text.matchAll(/^.*$/gm)].map(({ 0: line, index }) => ({
    line: line.replace(/\r$/, ''),
    offset: index,
  }));
  const found = lines.map(({ line, offset }) => ({
    line,
    offset,
    match: line.length > LONGEST ? null : ARGUMENT.exec(line),
  }));
  const fits = (f: Line) => {
    if (f.line.length > LONGEST) return false;
    return f.match ? !BY_HAND.test(f.match[2] ?? '') : BETWEEN.test(f.line);
  };
  const argued = found.some(({ match }) => match) && found.every(fits);
  return argued ? [dumped(text, found)] : parseYaml(text, progress);
}

interface Line {
  readonly line: string;
  readonly offset: number;
  readonly match: RegExpExecArray | null;
}

function dumped(text: string, lines: readonly Line[]): Document {
  const scalars: WrittenScalar[] = [];
  const doubled: DoubledKey[] = [];
  const written = lines.flatMap(({ line, offset, match }): Entry[] => {
    if (!match) return [];
    const [, key = '', source = ''] = match;
    const at = offset + line.indexOf(':') + 1;
    const start = source === '' ? at : text.indexOf(source, at);
    const node = valueIn(source, start, child('', key), scalars);
    return [{ key, offset: offset + line.indexOf(key), end: start + source.length, quote: '', node }];
  });
  const entries = lastOf(written, '', text, doubled);
  const [first] = written;
  const root = {
    kind: 'map',
    offset: first!.offset,
    end: written.at(-1)!.end,
    flow: false,
    entries,
    written,
  } as const;
  return documentOf(YAML, text, root, scalars, doubled, false);
}

/** A list of plain values is one; everything else is a scalar, a tuple as its text. */
function valueIn(source: string, offset: number, path: string, scalars: WrittenScalar[]): Node {
  const scalar = (text: string, at: number, where: string): ScalarNode => {
    scalars.push({ path: where, source: text, offset: at });
    const value = literal(text);
    return { kind: 'scalar', offset: at, length: text.length, source: text, style: 'plain', value };
  };
  if (!/^\[[^[\](){}'"]+\]$/.test(source)) return scalar(source, offset, path);
  const items = [...source.matchAll(/[^[\],\s][^[\],]*/g)].map(({ 0: item, index }, i) =>
    scalar(item.trimEnd(), offset + index, child(path, i)),
  );
  return { kind: 'list', offset, end: offset + source.length, flow: true, items };
}

const NAMED: Readonly<Record<string, ScalarValue>> = { None: null, '': null, True: true, False: false };

function literal(source: string): ScalarValue {
  const named = lookUp(NAMED, source);
  return named === undefined ? (numberInString(source) ?? source) : named;
}
