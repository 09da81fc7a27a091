import { childrenOf, Expressions, type Names, separated } from './expressions.ts';
import { conditional, type Mapping, mapping, type Slot, type Syntax, slotOf } from './values.ts';

/** Calls that declare an option of the command line: argparse, click, absl. */
const DECLARES = /(?:^|\.)(?:add_argument|option|DEFINE_(?:float|integer|string|bool|boolean|enum|list))$/;
const BRANCHES = /^(?:IfStatement|ForStatement|WhileStatement|TryStatement|MatchStatement)$/;

/**
 * The options that a program declares, with their defaults; those declared twice come twice.
 * @param names of the module, for defaults that are names
 */
export function declaredOptions(
  top: Syntax,
  text: string,
  names: Names,
): { options: Mapping; again: Slot[] } {
  const read = new Expressions(text);
  const options = mapping(0, 0, 'fixed');
  const again: Slot[] = [];
  top.cursor().iterate(({ name, node }) => {
    if (name !== 'CallExpression' && name !== 'Decorator') return;
    const list = childrenOf(node).at(-1);
    if (list?.name !== 'ArgList') return;
    const callee = text.slice(node.from, list.from).replace(/^@/, '').trim();
    if (!DECLARES.test(callee)) return;
    const declared = declaration(read, list, callee, names);
    if (!declared) return;
    const slot = underCondition(node, read) ? { ...declared, value: conditional(declared.value) } : declared;
    if (slotOf(options, slot.key)) again.push(slot);
    options.slots.push(slot);
  });
  return { options, again };
}

function declaration(read: Expressions, list: Syntax, callee: string, names: Names): Slot | undefined {
  const args = separated(childrenOf(list).slice(1, -1));
  const positional = args.filter((part) => part.length === 1).map(([node]) => node!);
  const named = (key: string) =>
    args.find(([name, equals]) => equals && name && read.source(name) === key)?.[2];
  const flags = positional
    .map((node) => read.read(node, names))
    .flatMap((value) => (value.kind === 'scalar' && typeof value.value === 'string' ? [value.value] : []));
  const dest = named('dest');
  const absl = /DEFINE_/.test(callee);
  const long = flags.find((flag) => flag.startsWith('--')) ?? flags[0];
  const key = dest
    ? read.source(dest).slice(1, -1)
    : long?.replace(/^-+/, '').replace(/\/.*$/, '').replaceAll('-', '_');
  const value = named('default') ?? (absl ? positional[1] : undefined);
  if (!key || !value) return undefined;
  return { key, from: list.from, to: value.to, quote: '', value: read.read(value, names) };
}

function underCondition(node: Syntax, read: Expressions): boolean {
  for (let at = node.parent; at; at = at.parent) {
    if (/^(?:FunctionDefinition|ClassDefinition)$/.test(at.name)) return false;
    const main = at.name === 'IfStatement' && /__name__/.test(read.source(at).split(':')[0]!);
    if (BRANCHES.test(at.name) && !main) return true;
  }
  return false;
}
