import { BUDGET } from '../../base/budget.ts';
import { tooDeep } from '../depth.ts';
import type { Entry, Node, ScalarNode } from '../nodes.ts';
import { numberInString, resolvePlain } from '../scalar.ts';
import { isFlag } from './launch.ts';
import { type Argument, argument, type Cell, isUnknown } from './words.ts';

/** One setting of a command: the keys that lead to it, and its value. */
export interface Setting extends Omit<Entry, 'key'> {
  readonly path: readonly string[];
}

/** `key=value`, `+key=value`, `++key=value`, `group@package=option`. */
const PAIR = /^\+{0,2}([A-Za-z_][\w./-]*)(?:@[\w.]*)?=/;
/** `SOLVER.BASE_LR`, whose value is the next argument. */
const PATH = /^[A-Z][A-Z\d_]*(?:\.[A-Z\d_]+)+$/;
/** A list in one argument: `[0.9,0.95]`. */
const LIST = /^\[\s*[-+\w.]+\s*(?:,\s*[-+\w.]+\s*)*\]$/;
/** `-b256`. */
const JOINED = /^-([A-Za-z])([\d.]\S*)$/;

/** A flag that only introduces the `name=value` after it: `--optimizer_args betas=0.9,0.99`, `-o a.b=1`. */
const OF_PAIRS = /^(?:-\w|--(?:\w+[-_]args|opts?|(?:cfg[-_])?options|overrides?|set))$/;

/** Reads the settings in the arguments of a program; `--learning-rate` is `learning_rate`, as argparse names it. */
export class SettingsReader {
  /** Scalars by where their text is: one that two arguments use is one. */
  private readonly scalars = new Map<number, ScalarNode>();

  constructor(private readonly text: string) {}

  settings(words: readonly Argument[]): Setting[] {
    const found: Setting[] = [];
    for (let at = 0; at < words.length; at++) {
      const word = words[at]!;
      const { text, cells } = word;
      const pair = PAIR.exec(text);
      const next = words[at + 1];
      const values = isFlag(text) && !text.includes('=') ? following(words, at + 1) : [];
      const joined = JOINED.exec(text);
      if (pair) found.push(setting(pair[1]!, word, this.value(cells.slice(pair[0].length), word)));
      else if (joined) found.push(setting(joined[1]!, word, this.value(cells.slice(2), word)));
      else if (PATH.test(text) && next)
        found.push(setting(text, word, this.value(next.cells, next), words[++at]));
      else if (OF_PAIRS.test(text) && next && PAIR.test(next.text)) continue;
      else if (isFlag(text)) found.push(this.flag(word, values));
      at += values.length;
    }
    return found;
  }

  private flag(word: Argument, values: readonly Argument[]): Setting {
    const { text, cells } = word;
    const [name = ''] = text.split('=');
    const key = name.replace(/^--?/, '').replaceAll('-', '_');
    if (text.includes('=')) return setting(key, word, this.value(cells.slice(name.length + 1), word));
    const [only, another] = values;
    const last = values.at(-1);
    if (!only || !last) return setting(key, word, scalarAt(word.place[1], '', true));
    const items = values.map((each) => this.value(each.cells, each));
    if (!another) return setting(key, word, items[0]!, last);
    return setting(
      key,
      word,
      { kind: 'list', offset: only.place[0], end: last.place[1], flow: true, items },
      last,
    );
  }

  /** What the characters of a value say. */
  value(cells: readonly Cell[], { place: [offset, end] }: Argument): Node {
    if (!cells.length) return scalarAt(end, '', '');
    const { text } = argument(cells);
    if (!LIST.test(text) || !isTogether(cells)) return this.scalar(cells);
    const items = [...text.matchAll(/[-+\w.]+/g)].map(({ 0: item, index }) =>
      this.scalar(cells.slice(index, index + item.length)),
    );
    return { kind: 'list', offset, end, flow: true, items };
  }

  private scalar(cells: readonly Cell[]): ScalarNode {
    const { text, place } = argument(cells);
    // Words of several variables do not stand in one place.
    const source = isInOrder(cells) ? this.text.slice(...place) : '';
    if (!isTogether(cells)) return this.apart(cells, text, source);
    const offset = cells[0]!.at;
    const known = this.scalars.get(offset);
    if (known?.length === text.length) return known;
    const node = scalarAt(offset, text, resolvePlain(text).value);
    this.scalars.set(offset, node);
    return node;
  }

  /** A value that is not written in one piece: a number in it cannot be replaced, and one that is computed is not known. */
  private apart(cells: readonly Cell[], text: string, source: string): ScalarNode {
    const computed = cells.some(({ computedFrom }) => computedFrom) || numberInString(text) !== undefined;
    return scalarAt(argument(cells).place[0], source, computed ? `\${$ ${source || text}}` : text);
  }
}

/** The words after a flag that are its values. */
function following(words: readonly Argument[], from: number): readonly Argument[] {
  const ends = ({ text, cells }: Argument, at: number) =>
    isFlag(text) || PAIR.test(text) || PATH.test(text) || (at > from && isUnknown(cells));
  let end = from;
  while (end < words.length && !ends(words[end]!, end)) end++;
  return words.slice(from, end);
}

function setting(name: string, word: Argument, node: Node, last?: Argument): Setting {
  const [offset, end] = word.place;
  const path = name.split(/[./]/).filter(Boolean);
  if (path.length > BUDGET.depth) throw tooDeep(offset);
  const maybe = word.cells.some((cell) => cell.maybe) ? { maybe: true as const } : {};
  const quote = word.inQuotes ? '"' : '';
  return { path, offset, end: last?.place[1] ?? end, quote, words: word.text, node, ...maybe };
}

/** A scalar of the text as it is written. */
export function scalarAt(offset: number, source: string, value: ScalarNode['value']): ScalarNode {
  return { kind: 'scalar', offset, length: source.length, source, style: 'plain', value };
}

/** Whether the command names these characters one after the other, with nothing between them. */
function isInOrder(cells: readonly Cell[]): boolean {
  return cells.every(({ place: [start, end] }, i) => {
    const before = cells[i - 1]?.place;
    return !before || start === before[1] || (start === before[0] && end === before[1]);
  });
}

/** Whether the text has these characters in one piece. */
function isTogether(cells: readonly Cell[]): boolean {
  return cells.every(
    ({ at, text, computedFrom }, i) =>
      !computedFrom && text.length === 1 && (i === 0 || cells[i - 1]!.at === at - 1),
  );
}
