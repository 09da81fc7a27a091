import type { Document, Node, ScalarNode } from './nodes.ts';
import type { ParsedText } from './parse.ts';

/** Keys with the words of one command between them, in this order (a container's, in Kubernetes). */
const WORDS = ['command', 'args'];
/** A text that may hold a command with settings. */
const MAY_HOLD = /\S\s+\S*(?:--?[A-Za-z]|\w=)/;

/**
 * The commands that the values of a YAML or JSON text hold, each a document: scripts in a text, and lists of words.
 * @returns undefined where there is none
 */
export async function commandsIn({ documents, again }: ParsedText): Promise<ParsedText | undefined> {
  const { commandsInCode, commandOfWords } = await import('./shell/shell.ts');
  const inNode = (node: Node, text: string): Document[] => {
    if (node.kind === 'scalar') return inScalar(node, text);
    if (node.kind === 'list') return inWords(node.items, text);
    const lists = WORDS.flatMap((key) => node.entries.filter((e) => e.key === key && e.node.kind === 'list'));
    const words = lists.flatMap((entry) => (entry.node.kind === 'list' ? entry.node.items : []));
    const others = node.entries.filter((entry) => !lists.includes(entry));
    return [...inWords(words, text), ...others.flatMap((entry) => inNode(entry.node, text))];
  };
  const inScalar = (node: ScalarNode, text: string): Document[] => {
    const piece = codeOf(node, text);
    return piece ? commandsInCode(text, piece.code, piece.offset) : [];
  };
  /** One command, word by word, or texts that hold some. */
  const inWords = (items: readonly Node[], text: string): Document[] => {
    const words = items.filter((item) => item.kind === 'scalar');
    const command = words.length === items.length ? commandOfWords(text, words) : undefined;
    return command ? [command] : items.flatMap((item) => inNode(item, text));
  };
  const take = (all: readonly Document[]) =>
    all.flatMap((document) => inNode(document.nodes.get('')!, document.text));
  const found = take(documents);
  return found.length === 0
    ? undefined
    : { documents: found, again: (text, progress) => take(again(text, progress)) };
}

/** A scalar's text and its place; undefined where it cannot hold a command, or is not written as it reads. */
function codeOf({ source, offset, style, value }: ScalarNode, text: string) {
  if (typeof value !== 'string' || !MAY_HOLD.test(value)) return undefined;
  const inside = style === 'block' ? source.indexOf('\n') + 1 : style === 'plain' ? 0 : 1;
  const end = source.length - (style === 'single' || style === 'double' ? 1 : 0);
  const content = text.slice(offset + inside, offset + end);
  if ((style === 'double' && content.includes('\\')) || (style === 'single' && content.includes("''")))
    return undefined;
  const onOneLine = style !== 'block' || source.startsWith('>');
  return { code: onOneLine ? content.replace(/[\r\n]/g, ' ') : content, offset: offset + inside };
}
