import { type Draw, oneIn, pick } from './draw.ts';
import type { Tree } from './model.ts';
import { dressed, plainly } from './yaml.ts';

const VALUES = [
  ...['True', 'False', 'None', '0', '-7', '1_000', '0x1F', '0b101', '0o17', '12345678901234567890', '...'],
  ...['0.5', '-.5', '1.', '1e5', '1E-4', '1.5e+3', '1_0.5', '2j', '1e400', '- 3', '+2', '(4)', '(0.25)'],
  ...[
    '"a"',
    "''",
    "r'C:\\x'",
    'b"lr"',
    'f"{1 + 1}lr"',
    "u'x'",
    "'''lr = 1\n'''",
    '"""\nlr: 0.5\n"""',
    '"a" \'b\'',
    "'it\\'s'",
    '"#"',
    "rb'\\d'",
    "F'''{2}'''",
    '"é日本😀"',
    '"\\u00e9\\n"',
  ],
  ...[
    '[]',
    '()',
    '{}',
    '(1,)',
    '[1, 2.5, "x"]',
    '{1, 2}',
    '{1: "b", "k": {"q": -1}}',
    '[i for i in range(3)]',
    'dict()',
    'lambda lr=1: lr',
    '5 * 8',
    '2 ** 3',
    '1 if True else 2',
    '10 // 3',
    'max(1, 2)',
    'not True',
    '~5',
    '[*range(2)]',
    '"%d" % 3',
    '(1 +\n 2)',
  ],
];
const LINES = [
  'import os',
  'from harbour.nets import Net, Block as B',
  'def f(a, b=(1, 2)):\n    return a if b else {"lr": 1}',
  'class Shape:\n    sides = 4\n\n    def area(self, lr=1.0):\n        return lr',
  'if len("a") == 1:\n    other = 3',
  'for i in range(2):\n    pass',
  '"""A docstring with lr = 0.5 and\nmore lines."""',
  'assert True',
  'x = y = 3',
  'a1, a2 = 1, 2',
  'z: int = 4',
  'pass; pass',
  'net = Net(depth=18, act=dict(kind="gelu"))',
  'while False:\n    lr = 1',
  'try:\n    q = 1\nexcept ValueError:\n    q = 2',
  'w = """lr = 1\n""" \\\n    "more"',
  'del_me = 1\ndel del_me',
  'v = [\n    1,  # one ]\n    2,\n]',
  '@wrap\ndef g():\n    """doc"""',
  's = "a;b"; t = 3',
];
const COMMENTS = ['  # lr = 3', ' # (', "  # it's", '  # """', '#x', '  # [', ' '];

interface Pen {
  readonly draw: Draw;
  readonly tab: string;
}
type Map = Tree & { kind: 'map' };

/** A Python file whose names hold what a tree says, in dictionaries, calls, and assignments, with other code around. */
export function pythonText(tree: Map, draw: Draw): string {
  const pen = { draw, tab: pick(draw, ['    ', '  ', '\t']) };
  const head = oneIn(draw, 3)
    ? pick(draw, [
        '#!/usr/bin/env python\n',
        '# -*- coding: utf-8 -*-\n',
        '"""Settings."""\n',
        '\n',
        'from __future__ import annotations\n',
      ])
    : '';
  const lines = tree.entries.map(
    ([key, value]) =>
      (oneIn(draw, 3) ? `${pick(draw, LINES)}\n` : '') + between(draw) + statement(key, value, pen),
  );
  const text = head + lines.join('') + (oneIn(draw, 3) ? `${pick(draw, LINES)}\n` : '');
  return dressed(text, draw);
}

function between(draw: Draw): string {
  return oneIn(draw, 5) ? pick(draw, ['\n', '# lr = 0.5\n', '    # deep (\n', '   \n', '\n\n\n']) : '';
}

function comment({ draw }: Pen): string {
  return oneIn(draw, 4) ? pick(draw, COMMENTS) : '';
}

function statement(key: string, value: Tree, pen: Pen): string {
  const { draw } = pen;
  const sign = pick(draw, [' = ', ' = ', '=', ' =  ', ' = \\\n    ']);
  const typed = oneIn(draw, 10) && value.kind === 'number' ? ': float' : '';
  // Later statements may add to what an earlier one begins.
  const last = value.kind === 'map' ? value.entries.at(-1) : undefined;
  if (value.kind === 'map' && value.entries.length > 1 && last && oneIn(draw, 8)) {
    const most = { ...value, entries: value.entries.slice(0, -1) };
    const quote = pick(draw, ["'", '"']);
    return `${key}${sign}${written(most, pen, 0)}${comment(pen)}\n${key}[${quote}${last[0]}${quote}] = ${written(last[1], pen, 0)}${comment(pen)}\n`;
  }
  return `${key}${typed}${sign}${written(value, pen, 0)}${comment(pen)}\n`;
}

function written(value: Tree, pen: Pen, depth: number): string {
  const { draw } = pen;
  if (value.kind === 'noise') return pick(draw, VALUES);
  if (value.kind === 'word')
    return pick(draw, [`'${value.word}'`, `"${value.word}"`, `r'${value.word}'`, `"""${value.word}"""`]);
  if (value.kind === 'number') return numberText(value.value, draw);
  if (value.kind === 'list') {
    const items = value.items.map((item) => written(item, pen, depth + 1));
    const tuple = oneIn(draw, 2);
    if (tuple && items.length === 1) return `(${items[0]},)`;
    return bracketed(items, tuple ? '()' : '[]', pen, depth);
  }
  const entries = value.entries;
  if (oneIn(draw, 2))
    return `dict${bracketed(
      entries.map(([key, inner]) => `${key}${oneIn(draw, 8) ? ' = ' : '='}${written(inner, pen, depth + 1)}`),
      '()',
      pen,
      depth,
    )}`;
  const quote = pick(draw, ["'", '"']);
  return bracketed(
    entries.map(
      ([key, inner]) =>
        `${quote}${key}${quote}:${pick(draw, [' ', ' ', '', '  '])}${written(inner, pen, depth + 1)}`,
    ),
    '{}',
    pen,
    depth,
  );
}

function bracketed(parts: readonly string[], [open, close]: string, pen: Pen, depth: number): string {
  const { draw } = pen;
  const lines = parts.length > 0 && (parts.length > 3 || oneIn(draw, 2)) && !oneIn(draw, 4);
  const comma = parts.length > 0 && oneIn(draw, 2) ? ',' : '';
  if (!lines)
    return `${open}${oneIn(draw, 8) ? ' ' : ''}${parts.join(pick(draw, [', ', ',', ' , ']))}${comma}${close}`;
  const pad = oneIn(draw, 8) ? '  ' : pen.tab.repeat(depth + 1);
  const hang = oneIn(draw, 6);
  const body = parts
    .map(
      (part, i) =>
        `${i || !hang ? pad : ''}${part}${i < parts.length - 1 ? ',' : comma}${comment(pen)}${oneIn(draw, 14) ? '\n  # [ "\n' : '\n'}`,
    )
    .join('');
  const own = oneIn(draw, 4) && !comma;
  const end =
    own && !/#.*\n$|#[^\n]*\n$/.test(body) ? body.replace(/\s+$/, '') : `${body}${pen.tab.repeat(depth)}`;
  return `${open}${hang ? '' : `${comment(pen)}\n`}${end}${close}`;
}

function numberText(value: number, draw: Draw): string {
  if (Number.isInteger(value))
    return pick(draw, [
      String(value),
      String(value),
      value > 999 ? String(value).replace(/\B(?=(\d{3})+$)/g, '_') : String(value),
      `0x${value.toString(16)}`,
      `+${value}`,
    ]);
  const [mantissa = '', power = ''] = value.toExponential().split('e');
  const plain = plainly(value);
  return pick(draw, [
    plain,
    plain,
    `${mantissa}e${power}`,
    `${mantissa}E${power}`,
    `${plain}0`,
    plain.replace(/^0\./, '.'),
    `${mantissa}e${power.replace(/(\d)$/, '0$1')}`,
    `+${plain}`,
  ]);
}
