import { type ArrayValue, forEachChild, type SyntaxNode, type Word, type WordPart } from 'unbash';
import type { ScalarNode } from '../nodes.ts';
import type { Assigned, Variables } from './variables.ts';

/** A stretch of the text, from its first character to one past its last. */
export type Range = readonly [start: number, end: number];

/** One character of a word as the command gets it, or an expansion whose result the script does not say. */
export interface Cell {
  readonly text: string;
  /** Where it is written. */
  readonly at: number;
  /** Where the word of the command says it: the `$LR` that stands for the character of another line. */
  readonly place: Range;
  readonly quoted: boolean;
  /** The variables that the unknown result depends on. */
  readonly computedFrom?: readonly string[];
  /** A branch adds it: it is not there in every run. */
  readonly maybe?: true;
}

/** A word as the command gets it. */
export interface Argument {
  readonly text: string;
  /** It is one of the words that a text in quotes holds. */
  readonly inQuotes: boolean;
  readonly cells: readonly Cell[];
  readonly place: Range;
}

/** Between two words that one expansion gives. */
const BREAK: Cell = { text: '', at: -1, place: [-1, -1], quoted: false };

/** What the words of a command become when the shell expands them, as far as the script says it. */
export class Expander {
  /**
   * @param code what the shell reads
   * @param base where it begins in the whole text, from which every place is counted
   */
  constructor(
    private readonly code: string,
    private readonly base: number,
    private readonly variables: Variables,
  ) {}

  /** The arguments that a word of a command gives. */
  arguments(word: Word): Argument[] {
    const found = argumentsOf(this.word(word, word.pos));
    const [only, another] = found;
    return only && !another ? [{ ...only, place: this.range(word.pos, word.end), inQuotes: false }] : found;
  }

  /** What a variable holds at a place of the script; nothing where that is not known. */
  variable(name: string, at: number): Argument[] {
    const pieces = this.variables.pieces(name, at) ?? [];
    return argumentsOf(pieces.flatMap((piece) => this.piece(piece)));
  }

  /** What an assignment adds to a variable, or makes of it. */
  private piece({ value, offset, sure }: Assigned): Cell[] {
    const cells = this.value(value, offset);
    return sure ? cells : cells.map((cell) => (cell === BREAK ? cell : { ...cell, maybe: true }));
  }

  /** A value as the variable holds it; an array's elements with breaks between them. */
  private value(value: Word | ArrayValue, at: number): Cell[] {
    if (value.type === 'Word') return this.word(value, at);
    return value.elements.flatMap((element, i) => [...(i ? [BREAK] : []), ...this.element(element, at)]);
  }

  /** An element of an array: one word stands where it is written, with its quotes. */
  private element(word: Word, at: number): Cell[] {
    const cells = this.word(word, at);
    if (cells.includes(BREAK)) return cells;
    return cells.map((cell) => ({ ...cell, place: this.range(word.pos, word.end) }));
  }

  private word(word: Word, at: number): Cell[] {
    if (!word.parts) return this.literal(word.pos, word.end, false);
    return word.parts.flatMap((part) => this.part(part, false, at));
  }

  private part(part: WordPart, quoted: boolean, at: number): Cell[] {
    const { pos, end } = part;
    switch (part.type) {
      case 'Literal':
        return this.literal(pos, end, quoted);
      case 'Glob':
        return this.characters(pos, end, quoted);
      case 'SingleQuoted':
        return this.quoted(this.characters(pos + 1, end - 1, true), pos);
      case 'DoubleQuoted':
        return this.quoted(
          part.parts.flatMap((inner) => this.part(inner, true, at)),
          pos,
        );
      case 'SimpleExpansion':
        return this.expansion(part, part.text.slice(1), { quoted, all: false, at });
      case 'ParameterExpansion': {
        const { parameter, operation, index, prefix } = part;
        const all = index?.value === '@' || index?.value === '*';
        if (prefix !== undefined || (index && !all)) return this.unknown(part, quoted);
        if (!operation) return this.expansion(part, parameter, { quoted, all, at });
        if (operation.type !== 'Default' || !/^:?[-=]$/.test(operation.operator))
          return this.unknown(part, quoted);
        return this.variables.has(parameter, at)
          ? this.expansion(part, parameter, { quoted, all, at })
          : this.placed(this.word(operation.operand, at), part, { quoted, all: false });
      }
      default:
        return this.unknown(part, quoted);
    }
  }

  private expansion(
    part: WordPart,
    name: string,
    { quoted, all, at }: { quoted: boolean; all: boolean; at: number },
  ): Cell[] {
    const pieces = this.variables.pieces(name, at);
    if (!pieces || pieces.some(({ value }) => value.type === 'ArrayValue') !== all)
      return this.unknown(part, quoted);
    const cells = pieces.flatMap((piece, i) => [...(all && i ? [BREAK] : []), ...this.piece(piece)]);
    this.variables.spend(1 + cells.length, part.pos);
    return this.placed(cells, part, { quoted, all });
  }

  /**
   * What an expansion gives: words between white space where it is not quoted. A single word says itself where the
   * expansion stands, of several each where it is written: in a text in quotes, or as an element of an array.
   */
  private placed(
    cells: readonly Cell[],
    { pos, end }: WordPart,
    { quoted, all }: { quoted: boolean; all: boolean },
  ): Cell[] {
    const split = cells.map((cell) => (/^\s$/.test(cell.text) ? BREAK : cell));
    if (argumentsOf(split).length > 1) {
      const words = quoted ? cells : split;
      return all ? [...words] : words.map(inQuotes);
    }
    return cells
      .filter((cell) => cell !== BREAK)
      .map((cell) => ({ ...cell, quoted: true, place: this.range(pos, end) }));
  }

  private unknown(part: WordPart, quoted: boolean): Cell[] {
    const { pos, end } = part;
    const computedFrom = [...new Set(namesIn(part))];
    const place = this.range(pos, end);
    return [{ text: this.code.slice(pos, end), at: place[0], place, quoted, computedFrom }];
  }

  /** Quotes around nothing are a word, too. */
  private quoted(cells: Cell[], pos: number): Cell[] {
    const place = this.range(pos, pos + 2);
    return cells.length ? cells : [{ text: '', at: place[0] + 1, place, quoted: true }];
  }

  /** Characters, with what backslashes do to them. */
  private literal(pos: number, end: number, quoted: boolean): Cell[] {
    const cells: Cell[] = [];
    for (let at = pos; at < end; at++) {
      const next = this.code[at + 1] ?? '';
      const escapes = this.code[at] === '\\' && at + 1 < end && (!quoted || /[$`"\\\n\r]/.test(next));
      if (escapes) at++;
      if (escapes && next === '\r' && this.code[at + 1] === '\n') at++;
      else if (!escapes || next !== '\n') cells.push(...this.characters(at, at + 1, quoted || escapes));
    }
    return cells;
  }

  private characters(pos: number, end: number, quoted: boolean): Cell[] {
    return Array.from({ length: Math.max(0, end - pos) }, (_, i) => {
      const place = this.range(pos + i, pos + i + 1);
      return { text: this.code[pos + i]!, at: place[0], place, quoted };
    });
  }

  private range(pos: number, end: number): Range {
    return [this.base + pos, this.base + end];
  }
}

/** A word that a list of another format holds: no shell expands it, and what looks like a variable is not known. */
export function wordOf({ offset, length, source, style, value }: ScalarNode): Argument {
  const inside = style === 'single' || style === 'double' ? 1 : 0;
  const place: Range = [offset + inside, offset + length - inside];
  const written = source.slice(inside, length - inside);
  const asItIs = !/[\\$\n]|''/.test(written) || written === String(value ?? '');
  if (!asItIs || written.includes('$') || written === '')
    return {
      ...argument([{ text: String(value ?? ''), at: place[0], place, quoted: true, computedFrom: [] }]),
      place,
    };
  const cells = [...written].map((text, i): Cell => ({ text, at: place[0] + i, place, quoted: true }));
  return { ...argument(cells), place, inQuotes: false };
}

function inQuotes(cell: Cell): Cell {
  return cell === BREAK ? cell : { ...cell, quoted: true };
}

/** Cells as words: breaks lie between them. */
export function argumentsOf(cells: readonly Cell[]): Argument[] {
  const words: Cell[][] = [[]];
  for (const cell of cells)
    if (cell === BREAK) words.push([]);
    else words.at(-1)!.push(cell);
  return words.filter((word) => word.length > 0).map(argument);
}

/** Cells as one word. */
export function argument(cells: readonly Cell[]): Argument {
  const text = cells.map((cell) => cell.text).join('');
  const { quoted, at, place } = cells[0]!;
  const inQuotes = quoted && at === place[0];
  return { text, cells, place: [place[0], cells.at(-1)!.place[1]], inQuotes };
}

/** A text that a shell reads as commands (`bash -c`, `eval`): the words of each, quotes within it understood. */
export function commandsIn(text: Argument): Argument[][] {
  const commands: Cell[][] = [[]];
  let quote = '';
  for (const [i, cell] of text.cells.entries()) {
    const blank =
      /^\s$/.test(cell.text) || (cell.text === '\\' && /^[\r\n]/.test(text.cells[i + 1]?.text ?? ''));
    if (quote ? cell.text === quote : /^["']$/.test(cell.text)) quote = quote ? '' : cell.text;
    else if (!quote && /^[;&|]$/.test(cell.text)) commands.push([]);
    else commands.at(-1)!.push(!quote && blank ? BREAK : inQuotes(cell));
  }
  const redirects = (word?: Argument) => word !== undefined && /^\d*[<>]+/.test(word.text);
  return commands.map((cells) => {
    const words = argumentsOf(cells).map((word) => ({ ...word, inQuotes: true }));
    return words.filter((word, i) => !redirects(word) && !/^\d*[<>]+$/.test(words[i - 1]?.text ?? ''));
  });
}

/** A word of which the script says nothing. */
export function isUnknown(cells: readonly Cell[]): boolean {
  return cells.length === 1 && cells[0]!.computedFrom !== undefined;
}

/** The variables that a part of a word uses. */
function namesIn(part: SyntaxNode): string[] {
  const names: string[] = [];
  const look = (node: SyntaxNode): void => {
    if (node.type === 'SimpleExpansion') names.push(node.text.slice(1));
    if (node.type === 'ParameterExpansion') names.push(node.parameter);
    if (node.type === 'ArithmeticWord' && /^[A-Za-z_]\w*$/.test(node.value)) names.push(node.value);
    forEachChild(node, look);
  };
  look(part);
  return names;
}
