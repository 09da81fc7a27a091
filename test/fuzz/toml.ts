import { blanks, type Draw, oneIn, pick } from './draw.ts';
import type { Tree } from './model.ts';
import { dressed, plainly } from './yaml.ts';

const VALUES = [
  ...['true', 'false', '0', '-0', '+7', '1_000', '0x1F', '0xdead_beef', '0o17', '0b101', '9007199254740991'],
  ...[
    '0.5',
    '-0.5e-3',
    '3e-4',
    '6.25E+2',
    '1_0.5',
    '1.0',
    '+1.5',
    '-0.0',
    '5e+22',
    'inf',
    '-inf',
    'nan',
    '+nan',
  ],
  ...[
    '""',
    '"a"',
    '"a = [b] # c"',
    '"\\u00e9\\t\\"\\\\"',
    '"\\U0001F600"',
    "''",
    "'C:\\no\\escape'",
    "'\"'",
    '"é日本"',
    '"0.5"',
  ],
  ...[
    '"""\nlr = 0.5\n[optimizer]\n"""',
    '"""a\\\n   b"""',
    "'''one ' quote'''",
    "'''\n# lr\n'''",
    '"""""q"""""',
    "''''q''''",
  ],
  ...['1979-05-27T07:32:00Z', '1979-05-27 07:32:00', '1979-05-27', '07:32:00.5', '1979-05-27T00:32:00-07:00'],
  ...[
    '[]',
    '[ ]',
    '[1, 2.5, "x", [true]]',
    '[\n  1, # one ]\n  2,\n]',
    '{}',
    '{ }',
    '{ deep = { er = 1 }, dotted.key = 2 }',
    '[{ a = 1 }, { a = 2 }]',
  ],
];
const COMMENTS = ['  # why: lr = 3e-4', '\t#x', ' # "', ' # [b', " # '''", '# close'];

interface Pen {
  readonly draw: Draw;
  /** Indentation, and how the sign stands. */
  readonly indent: string;
  readonly sign: string;
}

type Map = Tree & { kind: 'map' };
type Entry = Map['entries'][number];

/** A TOML file that says what a tree says: headers, dotted keys, inline tables, arrays of tables, comments. */
export function tomlText(tree: Map, draw: Draw): string {
  const pen = {
    draw,
    indent: pick(draw, ['', '', '  ', '\t']),
    sign: pick(draw, [' = ', ' = ', '=', '= ', '  =  ']),
  };
  const head = oneIn(draw, 4) ? pick(draw, ['# head\n', '\n', '#\n\n']) : '';
  return dressed(head + body(tree, [], pen), draw);
}

function comment({ draw }: Pen): string {
  return oneIn(draw, 4) ? pick(draw, COMMENTS) : oneIn(draw, 12) ? blanks(draw, 1) : '';
}

function between({ draw }: Pen): string {
  return oneIn(draw, 5) ? pick(draw, ['\n', '# lr = 0.5\n', '   # [x]\n', '\t\n']) : '';
}

/** What a table has: first what needs no header, then tables with one. */
function body(tree: Map, path: readonly string[], pen: Pen): string {
  const { draw } = pen;
  const styles = tree.entries.map(([, value]) => styleOf(value, draw));
  const loose = tree.entries.filter((_, i) => styles[i] !== 'headed');
  const headed = tree.entries.filter((_, i) => styles[i] === 'headed');
  const pad = path.length && oneIn(draw, 3) ? pen.indent : '';
  const lines = loose.map(
    (entry, i) =>
      between(pen) + assigned(entry, [], pen, styles[tree.entries.indexOf(entry)] ?? loose[i]![0], pad),
  );
  return (
    lines.join('') +
    headed.map(([key, value]) => between(pen) + section(value, [...path, keyText(key, draw)], pen)).join('')
  );
}

function styleOf(value: Tree, draw: Draw): 'headed' | 'dotted' | 'inline' {
  if (value.kind === 'map')
    return oneIn(draw, 2) ? 'headed' : value.entries.length && oneIn(draw, 2) ? 'dotted' : 'inline';
  const tables =
    value.kind === 'list' && value.items.length > 0 && value.items.every(({ kind }) => kind === 'map');
  return tables && oneIn(draw, 2) ? 'headed' : 'inline';
}

function section(value: Tree, path: readonly string[], pen: Pen): string {
  const { draw } = pen;
  const gap = oneIn(draw, 10) ? ' ' : '';
  const name = path.join(oneIn(draw, 12) ? ' . ' : '.');
  const pad = oneIn(draw, 8) ? pen.indent : '';
  if (value.kind === 'list')
    return value.items
      .map((item) => `${pad}[[${gap}${name}${gap}]]${comment(pen)}\n${body(item as Map, path, pen)}`)
      .join('');
  // A table that has tables alone may go without a header of its own.
  const inner = body(value as Map, path, pen);
  const bare = inner.startsWith('[') && oneIn(draw, 2);
  return bare ? inner : `${pad}[${gap}${name}${gap}]${comment(pen)}\n${inner}`;
}

function assigned(
  [key, value]: Entry,
  above: readonly string[],
  pen: Pen,
  style: string,
  pad: string,
): string {
  const { draw } = pen;
  const path = [...above, keyText(key, draw)];
  if (style === 'dotted' && value.kind === 'map')
    return value.entries
      .map((inner) =>
        assigned(
          inner,
          path,
          pen,
          oneIn(draw, 3) && inner[1].kind === 'map' && inner[1].entries.length ? 'dotted' : 'inline',
          pad,
        ),
      )
      .join('');
  return `${pad}${path.join(oneIn(draw, 20) ? ' . ' : '.')}${oneIn(draw, 8) ? ' \t=  ' : pen.sign}${inline(value, pen)}${comment(pen)}\n`;
}

function keyText(key: string, draw: Draw): string {
  if (/^[\w-]+$/.test(key) && !oneIn(draw, 8)) return key;
  return key.includes("'") || oneIn(draw, 2) ? JSON.stringify(key) : `'${key}'`;
}

function inline(value: Tree, pen: Pen): string {
  const { draw } = pen;
  if (value.kind === 'noise') return pick(draw, VALUES);
  if (value.kind === 'word') return pick(draw, [`"${value.word}"`, `'${value.word}'`]);
  if (value.kind === 'number') return numberText(value.value, draw);
  const gap = oneIn(draw, 3) ? '' : ' ';
  if (value.kind === 'map') {
    const inside = value.entries.map(
      ([key, inner]) => `${keyText(key, draw)}${oneIn(draw, 4) ? '=' : ' = '}${inline(inner, pen)}`,
    );
    return `{${gap}${inside.join(`,${gap}`)}${gap}}`;
  }
  const lines = oneIn(draw, 3);
  const line = () => (lines ? `${oneIn(draw, 4) ? ' # ]' : ''}\n${pen.indent}` : gap);
  const items = value.items.map(
    (item, i) => line() + inline(item, pen) + (i < value.items.length - 1 || oneIn(draw, 4) ? ',' : ''),
  );
  return `[${items.join('')}${line()}]`;
}

function numberText(value: number, draw: Draw): string {
  if (Number.isInteger(value))
    return pick(draw, [
      String(value),
      String(value),
      `+${value}`,
      value > 999 ? String(value).replace(/\B(?=(\d{3})+$)/g, '_') : String(value),
      `0x${value.toString(16)}`,
      `0o${value.toString(8)}`,
    ]);
  const [mantissa = '', power = ''] = value.toExponential().split('e');
  const plain = plainly(value);
  return pick(draw, [
    plain,
    plain,
    `${mantissa}e${power}`,
    `${mantissa}E${power}`,
    `${plain}0`,
    `+${plain}`,
    `${mantissa}e${power.replace(/(\d)$/, '0$1')}`,
  ]);
}
