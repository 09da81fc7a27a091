import { blanks, type Draw, oneIn, pick } from './draw.ts';
import type { Tree } from './model.ts';

/** Plain scalars, each in the way of one of YAML 1.1's resolvers, or nearly. */
const PLAIN = [
  ...[
    'abc',
    'a b c',
    'a:b',
    'a#b',
    'http://x/y?z=1',
    '-x',
    '?x',
    ':x',
    'é',
    '日本',
    '😀',
    'x\u00a0y',
    '${x.y}',
    '(0.9, 0.98)',
    'a"b',
    "it's",
    'a, b',
    'a [b]',
    '1.5.2',
  ],
  ...[
    '1',
    '-0',
    '+12',
    '0x1F',
    '0X1F',
    '0b101',
    '-0b11',
    '017',
    '08',
    '0o17',
    '1_000',
    '1__0',
    '1_',
    '_1',
    '12345678901234567890',
    '-7',
    '00',
    '0',
  ],
  ...[
    '1e5',
    '1e-4',
    '1E5',
    '1.',
    '.5',
    '-.5e+3',
    '1.5e3',
    '1.5e+3',
    '1.5E-7',
    '+.5',
    '1.0e-4',
    '00.5',
    '0.0',
    '-0.0',
    '1.e-3',
    '1_0.5',
    '1e',
    '.',
    '-',
    '0.1e1',
    '1.5_0',
    '._5',
    '1e400',
    '1.0e+400',
  ],
  ...[
    '.inf',
    '-.INF',
    '+.inf',
    '.nan',
    '.NaN',
    'inf',
    'nan',
    '190:20:30',
    '1:30.5',
    '1:60',
    '0:30',
    '-1:30',
    '1_0:30',
  ],
  ...[
    'yes',
    'No',
    'on',
    'OFF',
    'true',
    'True',
    'tRUE',
    '~',
    'null',
    'NULL',
    'Null',
    'y',
    'n',
    '',
    '2001-12-14',
    '2001-12-14t21:59:43.10-05:00',
    '2001-12-14 21:59:43.10 -5',
    '2001-1-1',
  ],
];
/** Not in brackets. */
const BLOCK_ONLY = /[,[\]{}]|^\?|^:|^-?$|^https?:/;
const QUOTED = [
  ...[
    '"a"',
    '""',
    '"a # b: c"',
    '"a\\n\\t\\u00e9\\x41\\U0001F600\\"\\\\"',
    '"1e-3"',
    '"it\'s"',
    '"320"',
    '"true"',
    '" a "',
    '"lr: 0.5"',
    '"{a: [}"',
    '"\\e\\0\\_\\N\\L\\P"',
    '"\\/x"',
  ],
  ...["'a'", "''", "'it''s'", "'\\n'", "'a: b # c'", "'0.5'", "' '", "'\"'", "'*a'", "'é'"],
];
const TAGS = ['!!str', '!custom', '!<tag:example.com,2000:x>', '!', '!a/b'];
const NUMBER_TAGS = ['!!float', '!!int', '!!str'];
const COMMENTS = ['  # why: 3e-4', ' #x', ' # lr: 1', ' # "', " # it's {", ' #', ' # & * ! | >'];

/** A writer's state: the anchors of the document so far, and what may be drawn. */
interface Pen {
  readonly draw: Draw;
  readonly scalars: string[];
  readonly maps: string[];
  readonly lists: string[];
  names: number;
  /** All may be anchored, tagged and merged; in a training config only noise. */
  readonly free: boolean;
}

/** A YAML file that says what the trees say, a document each, in every style that YAML has. */
export function yamlText(trees: readonly (Tree & { kind: 'map' })[], draw: Draw, free: boolean): string {
  const several = trees.length > 1;
  const documents = trees.map((tree, i) => {
    const pen: Pen = { draw, scalars: [], maps: [], lists: [], names: 0, free };
    const marked = several || oneIn(draw, 5);
    const directive =
      i === 0 && oneIn(draw, 12)
        ? pick(draw, ['%YAML 1.1\n', '%TAG !e! tag:example.com,2000:\n', '# c\n%YAML 1.2\n'])
        : '';
    const start = marked || directive ? `---${comment(pen)}\n` : '';
    const end = oneIn(draw, 8) || (i < trees.length - 1 && oneIn(draw, 3)) ? `...${comment(pen)}\n` : '';
    const braces = oneIn(draw, 12);
    const pad = oneIn(draw, 10) ? 1 + draw(3) : 0;
    const body = braces ? `${flow(tree, pen, 0)}${comment(pen)}\n` : `${entriesOf(tree, pen, pad)}\n`;
    const head = oneIn(draw, 4) ? pick(draw, ['# head\n', '\n', '#\n\n# lr: 3\n', '  # in\n']) : '';
    return directive + start + head + body + between(pen, 0) + end;
  });
  return dressed(documents.join(''), draw);
}

/** Line breaks of one kind or of two, a byte order mark, no last line break. */
export function dressed(text: string, draw: Draw): string {
  const end = oneIn(draw, 6) ? text.replace(/\n$/, '') : text;
  const breaks = draw(10);
  const broken =
    breaks === 0
      ? end.replaceAll('\n', '\r\n')
      : breaks === 1
        ? end.replace(/\n/g, () => (oneIn(draw, 2) ? '\r\n' : '\n'))
        : end;
  return (oneIn(draw, 15) ? '\ufeff' : '') + broken;
}

function comment({ draw }: Pen): string {
  if (oneIn(draw, 400)) return '\t# tab';
  return oneIn(draw, 4) ? pick(draw, COMMENTS) : oneIn(draw, 12) ? blanks(draw, 1) : '';
}

/** Lines between two entries. */
function between({ draw }: Pen, pad: number): string {
  if (!oneIn(draw, 6)) return '';
  return pick(draw, [
    '\n',
    `${' '.repeat(pad)}# lr: 0.5\n`,
    '# at the margin\n',
    '   \n',
    `${' '.repeat(pad + 3)}# deeper\n\n`,
  ]);
}

function entriesOf(tree: Tree & { kind: 'map' }, pen: Pen, pad: number): string {
  const lines = tree.entries.map(([key, value], i) => {
    const entry = entryOf(key, value, pen, pad);
    return (i ? between(pen, pad) : '') + ' '.repeat(pad) + entry;
  });
  const merge = pen.maps.length > 0 && pen.free && oneIn(pen.draw, 4) ? [mergeOf(pen, pad)] : [];
  const at = pen.draw(lines.length + 1);
  // Whose anchors come later in the text cannot be merged before.
  return merge.length && at === lines.length ? [...lines, ...merge].join('\n') : lines.join('\n');
}

function mergeOf(pen: Pen, pad: number): string {
  const names = Array.from({ length: 1 + pen.draw(2) }, () => `*${pick(pen.draw, pen.maps)}`);
  return `${' '.repeat(pad)}<<: ${names.length === 1 && oneIn(pen.draw, 2) ? names[0] : `[${names.join(', ')}]`}${comment(pen)}`;
}

function entryOf(key: string, value: Tree, pen: Pen, pad: number): string {
  const { draw } = pen;
  const shown = keyText(key, pen, false);
  if (oneIn(draw, 14))
    return `?${blanks(draw, 1)}${shown}${comment(pen)}\n${' '.repeat(pad)}:${after(value, pen, pad, false)}`;
  return `${shown}${oneIn(draw, 14) ? ' ' : ''}:${after(value, pen, pad, false)}`;
}

function keyText(key: string, pen: Pen, braces: boolean): string {
  const { draw } = pen;
  const bare =
    /^[\wé日本Ü][\wé日本Üï/ .#-]*$/.test(key) && !/[ #]$/.test(key) && !(braces && /[ ]/.test(key));
  const properties = pen.free && oneIn(draw, 25) ? pick(draw, ['!!str ', `&${name(pen)} `]) : '';
  if (bare && !oneIn(draw, 6)) return properties + key;
  return (
    properties + (oneIn(draw, 2) ? `"${key.replace(/["\\]/g, '\\$&')}"` : `'${key.replaceAll("'", "''")}'`)
  );
}

function name(pen: Pen): string {
  pen.names++;
  return pick(pen.draw, [`a${pen.names - 1}`, `a${pen.names - 1}`, `a-${pen.names}`]);
}

/** What follows a colon or a dash, from its first blank on, without the last line break. */
function after(value: Tree, pen: Pen, pad: number, item: boolean): string {
  const { draw } = pen;
  const anchor = anchorFor(value, pen);
  const tag = tagFor(value, pen);
  const properties = oneIn(draw, 2) ? [anchor && `&${anchor}`, tag] : [tag, anchor && `&${anchor}`];
  const before = properties
    .filter(Boolean)
    .map((one) => ` ${one}`)
    .join('');
  const text = contentAfter(value, pen, pad, item, before);
  if (anchor) remember(value, anchor, pen);
  return text;
}

function contentAfter(value: Tree, pen: Pen, pad: number, item: boolean, before: string): string {
  const { draw } = pen;
  const isBlock =
    (value.kind === 'map' && value.entries.length > 0) || (value.kind === 'list' && value.items.length > 0);
  if (!isBlock || oneIn(draw, 4)) return before + scalarOrFlow(value, pen, pad, before);
  const step = 1 + draw(4);
  if (value.kind === 'list') {
    const inner = item || oneIn(draw, 2) ? pad + step : pad;
    if (item && !before && oneIn(draw, 2)) return ` ${listOf(value, pen, pad + 2)}`;
    return `${before}${comment(pen)}\n${between(pen, inner)}${' '.repeat(inner)}${listOf(value, pen, inner)}`;
  }
  if (value.kind !== 'map') return '';
  // The first entry stands on the line of the dash.
  if (item && !before && !oneIn(draw, 4)) {
    const width = oneIn(draw, 5) ? step : 1;
    return ' '.repeat(width) + entriesOf(value, pen, pad + 1 + width).trimStart();
  }
  return `${before}${comment(pen)}\n${between(pen, pad + step)}${entriesOf(value, pen, pad + step)}`;
}

function listOf(value: Tree & { kind: 'list' }, pen: Pen, pad: number): string {
  return value.items
    .map((one, i) => `${i ? between(pen, pad) + ' '.repeat(pad) : ''}-${after(one, pen, pad, true)}`)
    .join('\n');
}

function anchorFor(value: Tree, pen: Pen): string | undefined {
  if (!oneIn(pen.draw, 12)) return undefined;
  return value.kind === 'noise' || pen.free ? name(pen) : undefined;
}

function remember(value: Tree, anchor: string, pen: Pen): void {
  for (const names of [pen.scalars, pen.maps, pen.lists])
    if (names.includes(anchor)) names.splice(names.indexOf(anchor), 1);
  (value.kind === 'map' ? pen.maps : value.kind === 'list' ? pen.lists : pen.scalars).push(anchor);
}

function tagFor(value: Tree, pen: Pen): string | undefined {
  const { draw, free } = pen;
  if (!oneIn(draw, 20)) return undefined;
  if (value.kind === 'noise') return pick(draw, TAGS);
  if (value.kind === 'number')
    return Number.isInteger(value.value)
      ? free
        ? pick(draw, NUMBER_TAGS)
        : '!!int'
      : free
        ? pick(draw, NUMBER_TAGS)
        : '!!float';
  if (value.kind === 'word') return '!!str';
  return value.kind === 'map'
    ? pick(draw, free ? ['!!map', '!custom', '!a/b'] : ['!!map'])
    : pick(draw, free ? ['!!seq', '!custom'] : ['!!seq']);
}

function scalarOrFlow(value: Tree, pen: Pen, pad: number, before: string): string {
  const { draw } = pen;
  if (value.kind === 'map' || value.kind === 'list') return ` ${flow(value, pen, pad)}${comment(pen)}`;
  const gap = oneIn(draw, 14) ? `${comment(pen)}\n${' '.repeat(pad + 1 + draw(3))}` : blanks(draw, 1, 3);
  const anchors = [...pen.scalars, ...(pen.free ? [...pen.maps, ...pen.lists] : [])];
  if (value.kind === 'noise' && !before && anchors.length && oneIn(draw, 4))
    return `${gap}*${pick(draw, anchors)}${comment(pen)}`;
  if (value.kind === 'noise' && oneIn(draw, 10)) return ` ${blockScalar(pen, pad)}`;
  if (value.kind === 'noise' && oneIn(draw, 12)) return gap + manyLines(pen, pad);
  const text = scalar(value, pen, false);
  return (text === '' ? '' : gap) + text + comment(pen);
}

function scalar(value: Tree, pen: Pen, braces: boolean): string {
  const { draw } = pen;
  if (value.kind === 'word') return pick(draw, [value.word, `"${value.word}"`, `'${value.word}'`]);
  if (value.kind === 'number') return numberText(value.value, draw);
  if (oneIn(draw, 3)) return pick(draw, QUOTED);
  const plain = pick(draw, PLAIN);
  return braces && BLOCK_ONLY.test(plain) ? 'plain' : plain;
}

/** A number as people write it. */
export function numberText(value: number, draw: Draw): string {
  if (Number.isInteger(value))
    return pick(draw, [
      String(value),
      String(value),
      String(value),
      `+${value}`,
      value > 999 ? String(value).replace(/\B(?=(\d{3})+$)/g, '_') : String(value),
      `0x${value.toString(16)}`,
      `"${value}"`,
    ]);
  const [mantissa = '', power = ''] = value.toExponential().split('e');
  const dotted = mantissa.includes('.') ? mantissa : `${mantissa}.0`;
  const plain = plainly(value);
  return pick(draw, [
    plain,
    plain,
    `${dotted}e${power}`,
    `${mantissa}e${power}`,
    `${dotted}E${power}`,
    `${mantissa}e${power.replace(/(\d)$/, '0$1')}`,
    `${plain}00`,
    plain.replace(/^0\./, '.'),
    `'${plain}'`,
    `+${plain}`,
  ]);
}

export function plainly(value: number): string {
  return value.toFixed(20).replace(/0+$/, '').replace(/\.$/, '.0').length > 20
    ? value.toFixed(12).replace(/0+$/, '')
    : value.toFixed(20).replace(/0+$/, '');
}

function blockScalar(pen: Pen, pad: number): string {
  const { draw } = pen;
  const step = 1 + draw(3);
  const indented = oneIn(draw, 4);
  const indicator = pick(draw, ['|', '>']) + pick(draw, ['', '', '-', '+']) + (indented ? String(step) : '');
  const inside = ' '.repeat(pad + step);
  const lines = Array.from({ length: 1 + draw(4) }, () =>
    pick(draw, ['lr: 0.5', '# no comment', '- x', '  deeper', '', 'text "q', '{', '\tx', '*a', '---x']),
  );
  // Of lines that are blank alone the parser and PyYAML make different ones.
  const first =
    indented && lines.some((line) => line !== '')
      ? lines
      : lines.map((line, i) => (i === 0 ? line.trimStart() || 'x' : line));
  return `${indicator}${comment(pen).replace(/^\t/, ' ')}\n${first.map((line) => (line === '' ? '' : inside + line)).join('\n')}${oneIn(draw, 5) ? '\n' : ''}`;
}

function manyLines(pen: Pen, pad: number): string {
  const { draw } = pen;
  const inside = ' '.repeat(pad + 1 + draw(3));
  const gap = oneIn(draw, 4) ? '\n\n' : '\n';
  const quote = pick(draw, ['"', "'", '']);
  const margin = quote && oneIn(draw, 6) ? ' '.repeat(draw(pad + 1)) : inside;
  const more = oneIn(draw, 3) ? `${gap}${margin}more` : '';
  // Of an escaped line break before an empty line the parser and PyYAML make different blanks.
  const folded = quote === '"' && gap === '\n' && oneIn(draw, 4) ? ' \\' : '';
  return `${quote}some words${folded}${gap}${margin}and${more}${quote}${comment(pen)}`;
}

function flow(value: Tree, pen: Pen, pad: number): string {
  const { draw } = pen;
  const lines = oneIn(draw, 4);
  const gap = () => {
    if (lines && oneIn(draw, 2))
      return `${oneIn(draw, 4) ? ' # in, brackets ]' : ''}\n${' '.repeat(oneIn(draw, 8) ? draw(pad + 1) : pad + 1 + draw(4))}`;
    return ' '.repeat(draw(2));
  };
  const joined = (parts: readonly string[], [open, close]: readonly string[]) => {
    const last = parts.length > 0 && oneIn(draw, 6) ? ',' : '';
    return (
      open +
      gap() +
      parts.map((part, i) => part + (i < parts.length - 1 ? `,${gap() || ' '}` : '')).join('') +
      last +
      gap() +
      close
    );
  };
  if (value.kind === 'list')
    return joined(
      value.items.map((item) => flowItem(item, pen, pad)),
      ['[', ']'],
    );
  if (value.kind === 'map')
    return joined(
      value.entries.map(([key, inner]) => flowEntry(key, inner, pen, pad)),
      ['{', '}'],
    );
  return scalar(value, pen, true);
}

function flowItem(item: Tree, pen: Pen, pad: number): string {
  const { draw } = pen;
  if (item.kind === 'noise' && oneIn(draw, 14))
    return `${pick(draw, ['k: 1', '"k": v', '? k : v', '"k":1'])}`;
  const text = flowValue(item, pen, pad);
  return text === '' ? '~' : text;
}

function flowEntry(key: string, inner: Tree, pen: Pen, pad: number): string {
  const { draw } = pen;
  const shown = keyText(key, pen, true);
  if (inner.kind === 'noise' && oneIn(draw, 12)) return pick(draw, [shown, `${shown}:`, `? ${shown}`]);
  const colon = /["']$/.test(shown) && oneIn(draw, 4) ? ':' : ': ';
  return `${oneIn(draw, 20) ? '? ' : ''}${shown}${oneIn(draw, 16) ? ' ' : ''}${colon}${flowValue(inner, pen, pad)}`;
}

function flowValue(value: Tree, pen: Pen, pad: number): string {
  const { draw } = pen;
  const anchors = pen.scalars;
  if (value.kind === 'noise' && anchors.length && oneIn(draw, 6)) return `*${pick(draw, anchors)} `;
  const anchor = value.kind === 'noise' || pen.free ? anchorFor(value, pen) : undefined;
  const tag = tagFor(value, pen);
  const before = [anchor && `&${anchor} `, tag && `${tag} `].filter(Boolean).join('');
  const text = before + flow(value, pen, pad);
  if (anchor) remember(value, anchor, pen);
  return text;
}
