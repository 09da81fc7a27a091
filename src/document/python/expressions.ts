import { BUDGET, tooLarge } from '../../base/budget.ts';
import { count } from '../../base/numbers.ts';
import { literalOf } from './literals.ts';
import {
  expression,
  isExpression,
  type Literal,
  type Mapping,
  mapping,
  put,
  type Sequence,
  type Slot,
  type Syntax,
  saysNumbers,
  sizeOf,
  slotOf,
  type Value,
} from './values.ts';

/**
 * The settings of an optimizer after the parameters, in the order in which it takes them.
 * @see pytorch/pytorch torch/optim/sgd.py, rmsprop.py, adagrad.py, adam.py
 */
function settingsOf(name: string): readonly string[] {
  const own = name.slice(name.lastIndexOf('.') + 1);
  if (/SGD/i.test(own)) return ['lr', 'momentum', 'dampening', 'weight_decay', 'nesterov'];
  if (/RMSprop$/i.test(own)) return ['lr', 'alpha', 'eps', 'weight_decay', 'momentum'];
  if (/Adam/i.test(own)) return ['lr', 'betas', 'eps', 'weight_decay'];
  return ['lr'];
}

/** What names mean at a place of the program. */
export interface Names {
  /** The value behind a name; null where the name is bound to something that is not known. */
  find(name: string): Value | null | undefined;
  /** A class of this file, or a name that an import brings. */
  isClass(name: string): boolean;
  fieldsOf(className: string): Mapping | undefined;
  /** The default of a command-line option, where a name holds the options. */
  option(name: string, key: string): (() => Value | undefined) | undefined;
}

/** Reads expressions: literals, collections, calls with keyword arguments, references. */
export class Expressions {
  private spent = 0;

  constructor(private readonly text: string) {}

  /** @throws Problem: too-large where names stand for others again and again */
  private spend(parts: number, { from }: Syntax): void {
    this.spent += parts;
    if (this.spent > BUDGET.expanded)
      throw tooLarge(`${count(BUDGET.expanded)} values behind its names`, from);
  }

  private shared(value: Value, node: Syntax): Value {
    this.spend(sizeOf(value, BUDGET.expanded), node);
    return value;
  }

  source({ from, to }: Syntax): string {
    return this.text.slice(from, to);
  }

  read(node: Syntax, names: Names): Value {
    const literal = literalOf(node, this.text);
    if (literal) return literal;
    switch (node.name) {
      case 'ParenthesizedExpression': {
        const [, inner] = childrenOf(node);
        return inner ? this.read(inner, names) : this.computed(node);
      }
      case 'TupleExpression':
      case 'ArrayExpression':
        return this.list(node, names);
      case 'DictionaryExpression':
        return this.dictionary(node, names);
      case 'CallExpression':
        return this.call(node, names) ?? this.computed(node);
      case 'VariableName':
      case 'MemberExpression':
        return this.reference(node, names);
      default:
        return this.computed(node);
    }
  }

  private computed(node: Syntax): Literal {
    return expression(this.source(node).replace(/\s+/g, ' '), node.from, node.to);
  }

  private list(node: Syntax, names: Names): Value {
    const parts = childrenOf(node).slice(1, -1);
    if (parts.some(({ name }) => name === '*' || name === 'NamedExpression')) return this.computed(node);
    const items = parts.filter(({ name }) => name !== ',').map((part) => this.read(part, names));
    return { kind: 'list', from: node.from, to: node.to, items };
  }

  private dictionary(node: Syntax, names: Names): Mapping {
    const slots: Slot[] = [];
    let open = false;
    const parts = childrenOf(node).slice(1, -1);
    for (const part of separated(parts)) {
      const [key, colon, value] = part;
      if (key?.name === '**') open = !this.merge(slots, part[1], names) || open;
      else if (key && value && colon?.name === ':') {
        const named = literalOf(key, this.text);
        const name = typeof named?.value === 'string' ? named.value : this.source(key);
        const quote = named?.style === 'double' ? '"' : "'";
        put(
          { ...mapping(0, 0, 'braces'), slots },
          { key: name, from: key.from, to: value.to, quote, value: this.read(value, names) },
        );
      }
    }
    return { ...mapping(node.from, node.to, 'braces', slots), ...(open ? { open: true } : {}) };
  }

  /** What `**other` brings; false where that is not known. */
  private merge(slots: Slot[], node: Syntax | undefined, names: Names): boolean {
    const other = node ? this.read(node, names) : undefined;
    if (other?.kind !== 'map') return false;
    this.spend(other.slots.length, node!);
    for (const slot of other.slots) put({ ...mapping(0, 0, 'braces'), slots }, { ...slot, unwritten: true });
    return !other.open;
  }

  /** `dict(a=1)`, `SGD(lr=0.1)`, `L(SGD)(lr=0.1)`: keyword arguments, with the class where it says what is made. */
  call(node: Syntax, names: Names): Value | undefined {
    const [callee, list] = childrenOf(node);
    if (!callee || list?.name !== 'ArgList') return undefined;
    const name = this.calleeOf(callee);
    const short = name.split('.').at(-1) ?? '';
    const args = separated(childrenOf(list).slice(1, -1));
    if (DEFAULTS.test(short)) return this.defaultOf(args, names);
    const [first] = args;
    const single = args.length === 1 && first?.length === 1 ? first[0] : undefined;
    if (single && WRAPPERS.test(name)) {
      const inner = this.read(single, names);
      return inner.kind === 'map' ? inner : undefined;
    }
    if (COPIES.test(name) && single) {
      const inner = this.read(single, names);
      return isExpression(inner) ? undefined : inner;
    }
    const made = this.arguments(list, args, names);
    this.unnamedSettings(made, args, name, names);
    const plain = WRAPPERS.test(name);
    if (made.slots.length === 0 && !plain && !/^L(?:azyCall)?\(/.test(this.source(callee)))
      return names.fieldsOf(name);
    if (!plain && !SETTINGS.test(short) && /^[\w.]+$/.test(name) && !slotOf(made, 'class'))
      made.slots.push({
        key: 'class',
        from: callee.from,
        to: callee.from,
        quote: '',
        unwritten: true,
        value: {
          kind: 'scalar',
          from: callee.from,
          to: callee.to,
          source: name,
          style: 'plain',
          value: name,
        },
      });
    return made;
  }

  private arguments(list: Syntax, args: readonly Syntax[][], names: Names): Mapping {
    const slots: Slot[] = [];
    const into = { ...mapping(0, 0, 'arguments'), slots };
    let open = false;
    for (const part of args) {
      const [key, equals, value] = part;
      if (key?.name === '**') open = !this.merge(slots, part[1], names) || open;
      else if (key && value && equals?.name === 'AssignOp')
        put(into, {
          key: this.source(key),
          from: key.from,
          to: value.to,
          quote: '',
          value: this.read(value, names),
        });
      else if (key?.name === 'CallExpression' && part.length === 1) {
        const inner = this.read(key, names);
        const called = this.calleeOf(childrenOf(key)[0]!).split('.').at(-1)!;
        if (inner.kind === 'map' && saysNumbers(inner) && !slotOf(into, called))
          slots.push({ key: called, from: key.from, to: key.to, quote: '', unwritten: true, value: inner });
      }
    }
    return { ...mapping(list.from, list.to, 'arguments', slots), ...(open ? { open: true } : {}) };
  }

  /** `SGD(parameters, 0.1, 0.9)`: settings without names, as torch.optim and whatever is like it takes them. */
  private unnamedSettings(made: Mapping, args: readonly Syntax[][], name: string, names: Names): void {
    const like = made.slots.some(({ key }) => /^(?:momentum|betas|weight_decay)$/.test(key));
    if (!like && !/(?:^|\.)optim\.(?!lr_scheduler\.|swa_utils\.)/.test(name)) return;
    const [first] = args;
    // Keras and Optax take no parameters: theirs begin with the rate.
    const parameters = first?.length === 1 && this.read(first[0]!, names);
    if (!parameters || (parameters.kind === 'scalar' && saysNumbers(parameters))) return;
    const given: Slot[] = [];
    for (const [i, key] of settingsOf(name).entries()) {
      const argument = args[i + 1];
      if (argument?.length !== 1) break;
      const [{ from, to }] = argument as [Syntax];
      const value = this.read(argument[0]!, names);
      const says = saysNumbers(value) || (value.kind === 'scalar' && typeof value.value === 'boolean');
      if (value.kind !== 'map' && says && !slotOf(made, key))
        given.push({ key, from, to, quote: '', unwritten: true, value });
    }
    made.slots.unshift(...given);
  }

  /** `field(default=1)`, `Field(1, gt=0)`, `Option(1)`: the default that they declare. */
  private defaultOf(args: readonly Syntax[][], names: Names): Value | undefined {
    const named = args.find(([key, equals]) => equals && key && this.source(key) === 'default');
    const value = named?.[2] ?? (args[0]?.length === 1 ? args[0][0] : undefined);
    return value && this.read(value, names);
  }

  /** The name of what is called; of `L(X)` that of X. */
  calleeOf(callee: Syntax): string {
    if (callee.name !== 'CallExpression') return this.source(callee);
    const [lazy, list] = childrenOf(callee);
    const [name] = list ? childrenOf(list).slice(1, -1) : [];
    return lazy && name && /^(?:L|LazyCall)$/.test(this.source(lazy))
      ? this.source(name)
      : this.source(callee);
  }

  /** A name or a path: what it stands for, the string of a class's name, or an expression. */
  private reference(node: Syntax, names: Names): Value {
    const path = this.pathOf(node);
    if (!path) return this.computed(node);
    const [root = '', ...keys] = path;
    const found = names.find(root);
    const value = found ? keys.reduce<Value | undefined>(below, found) : undefined;
    if (value) return this.standsFor(value, node);
    const key = keys.at(-1);
    const option = found === undefined || found === null || isExpression(found) ? key : undefined;
    const target = option === undefined ? undefined : names.option(path.slice(0, -1).join('.'), option);
    if (target) return { ...this.computed(node), target };
    const last = path.at(-1)!;
    const isName = /^[A-Z]\w*[a-z]/.test(last) || (/^[A-Z]+$/.test(last) && names.isClass(root));
    if (isName && (found === undefined || names.isClass(root)))
      return { ...this.computed(node), value: this.source(node) };
    return this.computed(node);
  }

  /** Numbers stay references, so that they are edited where they stand; mappings are shared, as they are in Python. */
  private standsFor(value: Value, node: Syntax): Value {
    if (value.kind === 'map' || (value.kind === 'list' && value.items.some(({ kind }) => kind !== 'scalar')))
      return this.shared(value, node);
    if (value.kind === 'scalar' && typeof value.value !== 'number' && !isExpression(value))
      return { ...this.computed(node), value: value.value };
    // A name for a name stands for what that one does: a chain of them would be followed from each of its ends.
    const target = (value.kind === 'scalar' && value.target) || (() => value);
    return { ...this.computed(node), target };
  }

  /** The keys of `a.b["c"][0]`; undefined where one is computed. */
  pathOf(node: Syntax): string[] | undefined {
    if (node.name === 'VariableName') return [this.source(node)];
    if (node.name !== 'MemberExpression') return undefined;
    const [inner, mark, key] = childrenOf(node);
    const path = inner && this.pathOf(inner);
    if (!path || !mark || !key) return undefined;
    if (mark.name === '.') return [...path, this.source(key)];
    const literal = childrenOf(node).length === 4 ? literalOf(key, this.text) : undefined;
    const index = literal?.value;
    return typeof index === 'string' || typeof index === 'number' ? [...path, String(index)] : undefined;
  }
}

/** Calls that hold settings and make nothing of their own. */
const WRAPPERS =
  /^(?:[\w.]*\.)?(?:dict|Dict|ConfigDict|CN|CfgNode|Config|DictConfig|AttrDict|EasyDict|edict|Namespace|SimpleNamespace|OrderedDict|FrozenConfigDict|OmegaConf\.create|LazyConfig|Box|Munch)$/;
const COPIES = /^(?:[\w.]*\.)?(?:deepcopy|copy)$/;
const DEFAULTS = /^(?:field|Field|Option|Argument|HfArg)$/;
/** Classes that hold settings: their name says nothing of an optimizer. */
const SETTINGS =
  /(?:Config|Configuration|Cfg|Args|Arguments|Settings|Params|Parameters|Options|Dict|Container|HParams)$/;

function below(value: Value | undefined, key: string): Value | undefined {
  if (value?.kind === 'map') return slotOf(value, key)?.value;
  return value?.kind === 'list' ? (value as Sequence).items.at(Number(key)) : undefined;
}

export function childrenOf(node: Syntax): Syntax[] {
  const children: Syntax[] = [];
  for (let child = node.firstChild; child; child = child.nextSibling)
    if (child.name !== 'Comment') children.push(child);
  return children;
}

/** Nodes between commas. */
export function separated(nodes: readonly Syntax[]): Syntax[][] {
  const parts: Syntax[][] = [[]];
  for (const node of nodes)
    if (node.name === ',') parts.push([]);
    else parts.at(-1)!.push(node);
  return parts.filter((part) => part.length > 0);
}
