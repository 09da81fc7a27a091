import { type Draw, oneIn, pick } from './draw.ts';
import type { Tree } from './model.ts';
import { dressed, plainly } from './yaml.ts';

const STRINGS = [
  '"a"',
  '""',
  '"a // b"',
  '"/* a */"',
  '"\\u00e9\\n\\t\\"\\\\\\/"',
  '"\\ud83d\\ude00"',
  '"1e-3"',
  '"é😀"',
  '"{\\"lr\\": 1}"',
  '"a,]"',
  '"${x.y}"',
  '"\\b\\f\\r"',
  '"\u00a0"',
];
const OTHERS = [
  'true',
  'false',
  'null',
  '0',
  '-0',
  '1',
  '-7',
  '12345678901234567890',
  '1.5',
  '-0.5',
  '1e5',
  '1E-4',
  '1e+5',
  '1.0e-4',
  '0.10',
  '1e400',
  '-1.5E+03',
  '0.0',
  '1e-400',
  '5e-324',
  '[]',
  '{}',
  '[ ]',
  '{ }',
];
const NOTES = [' // lr: 1', ' /* c */', ' /* , } */', ' // "', ' /**/'];

interface Pen {
  readonly draw: Draw;
  readonly notes: boolean;
  readonly lines: boolean;
  readonly indent: string;
}

/** A JSON file that says what a tree says: tabs or blanks, in one line or in many, with comments or without. */
export function jsonText(tree: Tree, draw: Draw): string {
  const pen = {
    draw,
    notes: oneIn(draw, 3),
    lines: !oneIn(draw, 5),
    indent: pick(draw, ['', ' ', '  ', '    ', '\t']),
  };
  const head =
    pen.notes && oneIn(draw, 4) ? pick(draw, ['// head\n', '/* head\n { */ ']) : oneIn(draw, 12) ? '\n ' : '';
  const end = pen.notes && oneIn(draw, 4) ? '// end\n' : '';
  return dressed(`${head}${written(tree, pen, 0)}${blank(pen)}\n${end}`, draw);
}

function note({ draw, notes, lines }: Pen): string {
  if (!notes || !oneIn(draw, 6)) return '';
  const text = pick(draw, NOTES);
  return text.startsWith(' //') && !lines ? ` /*${text.slice(3)} */` : text;
}

function blank({ draw }: Pen): string {
  return oneIn(draw, 20) ? pick(draw, [' ', '  ', '\t']) : '';
}

function written(tree: Tree, pen: Pen, depth: number): string {
  const { draw } = pen;
  if (tree.kind === 'word') return `"${tree.word}"`;
  if (tree.kind === 'number') return numberText(tree.value, draw);
  if (tree.kind === 'noise') return pick(draw, oneIn(draw, 3) ? STRINGS : OTHERS);
  if (tree.kind === 'list')
    return bracketed(
      tree.items.map((item) => written(item, pen, depth + 1)),
      '[]',
      pen,
      depth,
    );
  const entries = tree.entries.map(([key, value]) => {
    const note = pen.notes && oneIn(draw, 12) ? ' /* v */ ' : '';
    return `${keyText(key, draw)}${blank(pen)}:${note}${oneIn(draw, 4) ? '' : ' '}${written(value, pen, depth + 1)}`;
  });
  return bracketed(entries, '{}', pen, depth);
}

function keyText(key: string, draw: Draw): string {
  const text = JSON.stringify(key);
  return oneIn(draw, 20) ? text.replace(/[a-z]/, (c) => `\\u00${c.charCodeAt(0).toString(16)}`) : text;
}

function bracketed(parts: readonly string[], [open, close]: string, pen: Pen, depth: number): string {
  const { draw } = pen;
  const own = pen.lines && (parts.length > 3 || !oneIn(draw, 3));
  if (parts.length === 0) return `${open}${blank(pen)}${close}`;
  const line = own ? `\n${pen.indent.repeat(depth + 1)}` : oneIn(draw, 8) ? ' ' : '';
  const inner = { ...pen, lines: own };
  const between = () => `${note(inner)}${own && oneIn(draw, 12) ? '\n' : ''}${line || pick(draw, ['', ' '])}`;
  const text = parts.map((part, i) => {
    const comma = i < parts.length - 1 || (pen.notes && oneIn(draw, 6)) ? ',' : '';
    // The comma may come first.
    const late = comma && own && oneIn(draw, 25) ? line : blank(pen);
    return `${between()}${part}${oneIn(draw, 3) ? note(inner).replace(/ \/\/.*/, '') : ''}${late}${comma}`;
  });
  return `${open}${text.join('')}${note(inner)}${own && !oneIn(draw, 10) ? `\n${pen.indent.repeat(depth)}` : note(inner).includes('//') || own ? '\n' : ''}${close}`;
}

function numberText(value: number, draw: Draw): string {
  if (Number.isInteger(value)) return pick(draw, [String(value), String(value), `${value}`, `"${value}"`]);
  const [mantissa = '', power = ''] = value.toExponential().split('e');
  const plain = plainly(value);
  return pick(draw, [
    plain,
    plain,
    `${mantissa}e${power}`,
    `${mantissa}E${power}`,
    `${plain}0`,
    `"${plain}"`,
    `${mantissa}e${power.replace(/(\d)$/, '0$1')}`,
  ]);
}
