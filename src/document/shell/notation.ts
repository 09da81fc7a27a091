import type { Edit } from '../edit.ts';
import { flattened } from '../insert.ts';
import { lineEnd, lineStart, newline } from '../lines.ts';
import type { Document, Entry, MapNode, NewEntry, Node, Notation } from '../nodes.ts';
import { quoted } from './quoting.ts';

/** How a command line writes what is new: as its other arguments are written. */
export const SHELL: Notation = {
  format: 'shell',
  insert,
  list: (items) => `[${items.join(',')}]`,
};

/** How a list of words in YAML or JSON does: an item for each word, quoted as its neighbour is. */
export const WORD_LIST: Notation = { ...SHELL, insert: insertWords };

function insertWords(
  document: Document,
  _map: MapNode,
  sibling: Entry | undefined,
  entries: readonly NewEntry[],
): Edit[] {
  if (!sibling) return [];
  const { text } = document;
  const style = { ...styleOf(document, sibling), inQuotes: true };
  // `--flag=value` is one item; of two, each is quoted as its neighbour's.
  const together = /^[\w.-]+=/.test(style.like);
  const written = flattened(entries, keysAbove(style.like, sibling.key)).map(({ path, value }) =>
    argument(path.join('.'), value, together ? style : { ...style, like: '--flag' }),
  );
  const quotes = [text[sibling.offset - 1], text[sibling.end]].map((c) => (isQuote(c) ? c : ''));
  const words = written.flatMap((one) => (together ? [one] : one.split(' ')));
  const items = words.map((word) => {
    const quote = quotes[together ? 0 : Number(!word.startsWith('--'))];
    return quote + word + quote;
  });
  const last = isQuote(text[sibling.end]) ? sibling.end + 1 : sibling.end;
  const before = text.slice(lineStart(text, sibling.offset), sibling.offset);
  const bullet = /^[ \t]*-[ \t]+(?=["']?$)/.exec(before)?.[0];
  const gap = bullet === undefined ? ', ' : newline(text) + bullet;
  const offset = bullet === undefined ? last : lineEnd(text, last);
  return [{ offset, length: 0, text: items.map((item) => gap + item).join('') }];
}

function isQuote(character: string | undefined): boolean {
  return character === '"' || character === "'";
}

function insert(
  document: Document,
  _map: MapNode,
  sibling: Entry | undefined,
  entries: readonly NewEntry[],
): Edit[] {
  if (!sibling) return [];
  const style = styleOf(document, sibling);
  const gap = gapBefore(document.text, sibling);
  const written = flattened(entries, keysAbove(style.like, sibling.key)).map(
    ({ path, value }) => gap + argument(path.join('.'), value, style),
  );
  return [{ offset: sibling.end, length: 0, text: written.join('') }];
}

function styleOf({ text, nodes }: Document, { offset, end, quote, words }: Entry): Style {
  const like = words ?? text.slice(offset, end);
  const hyphens = markIn(like) === '-' || (!markIn(like) && hasHyphens(text, nodes.get('')));
  return { like, inQuotes: quote !== '', hyphens, adds: hasAdditions(text, nodes.get('')) };
}

/** The keys that an argument names before this one: `optim` of `optim.lr=0.1`. */
function keysAbove(argumentText: string, key: string): string[] {
  const name = /^[-+]*([\w.-]+)/.exec(argumentText)?.[1] ?? '';
  const keys = name.split('.');
  const at = keys.findLastIndex((part) => part.replaceAll('-', '_') === key);
  return at === -1 ? [] : keys.slice(0, at);
}

/** What a flag has between the words of its name. */
function markIn(flag: string): string | undefined {
  return /^--?[^-_=\s]+([-_])/.exec(flag)?.[1];
}

/** Whether more flags of a command have hyphens between their words than underscores; its launcher's do not count. */
function hasHyphens(text: string, root: Node | undefined): boolean {
  const own = root?.kind === 'map' ? root.entries.filter(({ node }) => node.kind !== 'map') : [];
  const marks = own.map(({ offset, end }) => markIn(text.slice(offset, end)));
  return marks.filter((mark) => mark === '-').length > marks.filter((mark) => mark === '_').length;
}

/** How a new argument is to look. */
interface Style {
  /** The text of its neighbour. */
  readonly like: string;
  readonly inQuotes: boolean;
  readonly hyphens: boolean;
  /** `++a.b=1` is understood. */
  readonly adds: boolean;
}

/**
 * Whether a command has arguments of Hydra's that add a key (`+a=1`), or its flags: others who read `a.b=1` do not know
 * them, and a key that Hydra does not know either it refuses by itself.
 */
function hasAdditions(text: string, node: Node | undefined): boolean {
  if (node?.kind !== 'map') return false;
  return node.entries.some(
    ({ key, offset, node: inner }) =>
      /^["']?\+/.test(text.slice(offset, offset + 2)) ||
      /^(?:config_name|config_path|config_dir|multirun|hydra)$/.test(key) ||
      hasAdditions(text, inner),
  );
}

/**
 * An argument in the style of its neighbour: `--a-b 1`, `--a_b=1`, `A.B 1`, `a.b=1`, or `++a.b=1`, which sets a key that
 * may be there or not.
 */
function argument(name: string, value: string, { like, inQuotes, hyphens, adds }: Style): string {
  const shown = inQuotes ? (text: string) => text : quoted;
  const [flag] = /^--?[^=\s]+/.exec(like) ?? [];
  if (flag === undefined)
    return like.includes('=') ? shown(`${adds ? '++' : ''}${name}=${value}`) : `${name} ${shown(value)}`;
  const words = value.replace(/^\[|\]$/g, '').replaceAll(',', ' ');
  const equals = like[flag.length] === '=' && !words.includes(' ');
  return `--${hyphens ? name.replaceAll('_', '-') : name}${equals ? '=' : ' '}${words}`;
}

/** What stands between two arguments: a blank, or a line break where each has a line of its own. */
function gapBefore(text: string, { offset, end }: Entry): string {
  const start = lineStart(text, offset);
  const indent = text.slice(start, offset);
  const rest = text.slice(end, lineEnd(text, end));
  if (start === 0 || !/^[ \t]*$/.test(indent) || !/^[ \t]*\\?$/.test(rest)) return ' ';
  const above = text.slice(lineStart(text, start - 1), start - 1).trimEnd();
  const continued = above.endsWith('\\') || rest.endsWith('\\');
  return `${continued ? ' \\' : ''}${newline(text)}${indent}`;
}
