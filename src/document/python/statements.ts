import type { ImportedFile } from '../nodes.ts';
import { declaredOptions } from './definitions.ts';
import { childrenOf, Expressions, type Names, separated } from './expressions.ts';
import {
  conditional,
  either,
  expression,
  holds,
  isExpression,
  type Mapping,
  mapping,
  put,
  type Sequence,
  type Slot,
  type Syntax,
  saysNumbers,
  slotOf,
  type Value,
} from './values.ts';

/** Names that hold a program's options. */
const OPTIONS = /^(?:self\.)?(?:args|arg|opts?|options|flags|FLAGS|hparams|hps|h|config|cfg|params|conf)$/;
/** Functions that build a config. */
const BUILDS = /config|cfg|recipe|hparams|default|settings/i;

class Scope {
  readonly names = new Map<string, Value | null>();
  /** What its function gives back; where it can give one of several, what they have in common. */
  returned?: Value;
  /** The last one of these. */
  gave?: Value;
  /** Whether it has given something back for sure, and what follows never runs. */
  ended = false;
  /** Whether it may have given settings back, and what follows is for other cases. */
  left = false;

  constructor(
    /** Where its names stand in the tree. */
    readonly into: Mapping,
    readonly outer?: Scope,
    /** Of a class: functions in it do not see its names. */
    readonly isClass = false,
  ) {}

  find(name: string): Value | null | undefined {
    for (let scope: Scope | undefined = this; scope; scope = scope.outer)
      if ((scope === this || !scope.isClass) && scope.names.has(name)) return scope.names.get(name);
    return undefined;
  }
}

/** Follows the statements of a file, without running any: what its names hold in the end. */
export class Program {
  readonly root: Mapping;
  /** Options that are declared twice. */
  readonly again: readonly Slot[];
  /** The defaults of the command line's options. */
  private readonly options: Mapping;
  readonly imports: ImportedFile[] = [];
  private readonly read: Expressions;
  private readonly classes = new Map<string, Mapping>();
  /** What functions and classes that were read hold. */
  private readonly definitions = new Set<Value>();
  private readonly imported = new Set<string>();
  private readonly later: (() => void)[] = [];
  private readonly configs: Scope[] = [];
  private readonly module: Scope;
  private called?: ReadonlySet<string>;

  constructor(
    private readonly text: string,
    top: Syntax,
  ) {
    this.read = new Expressions(text);
    this.root = mapping(0, text.length, 'statements');
    this.module = new Scope(this.root);
    const { options, again } = declaredOptions(top, text, {
      ...this.names(this.module),
      option: (holder, key) => (holder === '' ? () => this.module.find(key) ?? undefined : undefined),
    });
    this.options = options;
    this.again = again;
    this.block(top, this.module, true);
    for (let next = this.later.shift(); next; next = this.later.shift()) next();
    this.forgetRebound();
    for (const slot of this.options.slots) if (!slotOf(this.root, slot.key)) put(this.root, slot);
    this.withoutParts();
    this.hoist();
  }

  /** Names that the text calls. */
  private calls(): ReadonlySet<string> {
    this.called ??= new Set([...this.text.matchAll(/\b(\w+)\s*\(/g)].map(([, name = '']) => name));
    return this.called;
  }

  /** Whether a name of the module holds a mapping. */
  isName(name: string): boolean {
    return this.module.names.get(name)?.kind === 'map';
  }

  private names(scope: Scope): Names {
    return {
      find: (name) => scope.find(name),
      isClass: (name) => this.imported.has(name) || this.classes.has(name),
      fieldsOf: (name) => this.classes.get(name),
      option: (name, key) => (OPTIONS.test(name) ? () => slotOf(this.options, key)?.value : undefined),
    };
  }

  private block(node: Syntax, scope: Scope, certain: boolean): void {
    for (const child of childrenOf(node)) {
      if (scope.ended) return;
      this.statement(child, scope, certain && !scope.left);
    }
  }

  private statement(node: Syntax, scope: Scope, certain: boolean): void {
    const children = childrenOf(node);
    switch (node.name) {
      case 'StatementGroup':
      case 'Body':
      case 'MatchBody':
      case 'MatchClause':
        return this.block(node, scope, certain);
      case 'AssignStatement':
        return this.assignment(node, scope, certain);
      case 'UpdateStatement':
        return this.update(node, scope);
      case 'ExpressionStatement':
        return children[0]?.name === 'CallExpression' ? this.call(children[0], scope, certain) : undefined;
      case 'ReturnStatement':
        return this.returns(children[1], scope, certain);
      case 'ImportStatement':
        return this.import(node, scope);
      case 'IfStatement': {
        const main = /__name__/.test(this.read.source(children[1]!));
        for (const part of children)
          if (part.name === 'Body') this.block(part, scope, certain && main && part === children[2]);
        return;
      }
      case 'WithStatement':
        return this.block(children.at(-1)!, scope, certain);
      case 'ForStatement':
      case 'WhileStatement':
      case 'TryStatement':
      case 'MatchStatement':
        return this.conditionally(node, scope);
      case 'DecoratedStatement':
        return this.statement(children.at(-1)!, scope, certain);
      case 'FunctionDefinition':
        return this.define(node, scope, certain);
      case 'ClassDefinition':
        return this.classOf(node, scope, certain);
      case 'DeleteStatement':
        for (const target of children.slice(1)) this.forget(target, scope);
    }
  }

  private conditionally(node: Syntax, scope: Scope): void {
    if (node.name === 'ForStatement')
      for (const child of childrenOf(node)) {
        if (child.name === 'in') break;
        this.forget(child, scope);
      }
    for (const child of childrenOf(node))
      if (child.name === 'Body' || child.name === 'MatchBody') this.block(child, scope, false);
  }

  /** A name, an attribute or several of them that are bound to something unknown. */
  private forget(target: Syntax, scope: Scope): void {
    const path = this.read.pathOf(target);
    const key = path?.at(-1);
    if (!path || key === undefined) {
      // Not `a[i]`, of which nobody knows what it is.
      if (target.name !== 'MemberExpression') for (const part of childrenOf(target)) this.forget(part, scope);
      return;
    }
    const into = path.length === 1 ? scope.into : this.valueOf(path.slice(0, -1), scope);
    if (into?.kind === 'map' && slotOf(into, key)) {
      const unknown = expression(`${this.read.source(target)}, set again`, target.from, target.to);
      put(into, this.slot(target, target, unknown, target, key));
    }
    if (path.length === 1) scope.names.set(key, null);
  }

  private assignment(node: Syntax, scope: Scope, certain: boolean): void {
    const groups: Syntax[][] = [[]];
    for (const child of childrenOf(node))
      if (child.name === 'AssignOp') groups.push([]);
      else if (child.name !== 'TypeDef') groups.at(-1)!.push(child);
    const sources = separated(groups.at(-1)!);
    if (groups.length < 2) return;
    const statement = node.parent?.name === 'StatementGroup' ? node.parent : node;
    const several = sources.length > 1;
    const values = sources.map((parts) => (parts.length === 1 ? parts[0]! : undefined));
    const single = several ? undefined : values[0];
    const shared = single && this.read.read(single, this.names(scope));
    for (const group of groups.slice(0, -1)) {
      const targets = separated(group);
      for (const [i, [target]] of targets.entries()) {
        if (!target) continue;
        const source = several ? values[i] : targets.length === 1 ? single : undefined;
        const value = several && source ? this.read.read(source, this.names(scope)) : source && shared;
        if (source && value && sources.length === (several ? targets.length : 1))
          this.set(target, value, { source, statement }, scope, certain);
        else this.forget(target, scope);
      }
    }
  }

  private set(
    target: Syntax,
    value: Value,
    { source, statement }: { source: Syntax; statement: Syntax },
    scope: Scope,
    certain: boolean,
  ): void {
    const path = this.read.pathOf(target);
    if (!path) return this.forget(target, scope);
    const key = path.at(-1)!;
    const slot = this.slot(target, source, value, statement, key);
    if (path.length === 1) {
      // A second name for what stands elsewhere is none of its own in the tree.
      const second = value.kind === 'map' && /^(?:VariableName|MemberExpression)$/.test(source.name);
      const known = value.kind === 'map' && this.isOfClass(value);
      const dead = second || known || (scope !== this.module && isExpression(value));
      if (!dead || slotOf(scope.into, key)) this.store(scope.into, slot, certain);
      scope.names.set(key, certain ? value : (slotOf(scope.into, key)?.value ?? null));
      return;
    }
    const holder = path.slice(0, -1).join('.');
    if (OPTIONS.test(holder) && scope.find(path[0]!)?.kind !== 'map' && slotOf(this.options, key)) {
      this.store(this.options, slot, certain && !this.readsItself(source, key));
      return;
    }
    const into = this.holder(path.slice(0, -1), target, scope);
    if (into) this.store(into, slot, certain);
  }

  /** `args.lr = args.lr or 0.1` */
  private readsItself(source: Syntax, key: string): boolean {
    return new RegExp(`\\b${key}\\b`).test(this.read.source(source));
  }

  private slot(target: Syntax, source: Syntax, value: Value, statement: Syntax, key?: string): Slot {
    const whole = this.read.source(target);
    const own = key ?? whole;
    const inQuotes = /\[\s*(["'])[^"']*\1\s*\]$/.exec(whole);
    const at = inQuotes ? target.to - inQuotes[0].length : target.to - own.length;
    const quote = (inQuotes?.[1] ?? '') as Slot['quote'];
    const lead = this.text.slice(target.from, at);
    const start = this.text.lastIndexOf('\n', statement.from - 1) + 1;
    const indent = /^\s*/.exec(this.text.slice(start, statement.from))![0];
    return {
      key: own,
      from: target.from,
      to: Math.max(source.to, target.to),
      quote,
      value,
      statement: { end: statement.to, lead: indent + lead },
    };
  }

  /** The mapping that an attribute or an item is set in; one that is not in this file yet begins here. */
  private holder(path: readonly string[], at: Syntax, scope: Scope): Mapping | undefined {
    const [root = '', ...keys] = path;
    let found = scope.find(root);
    if (!found || found.kind === 'scalar') {
      const begun = mapping(at.from, at.from, 'statements');
      const className = madeBy(found);
      if (className !== undefined)
        begun.slots.push({
          key: 'class',
          from: at.from,
          to: at.from,
          quote: '',
          unwritten: true,
          value: {
            kind: 'scalar',
            from: at.from,
            to: at.from,
            source: className,
            style: 'plain',
            value: className,
          },
        });
      scope.names.set(root, begun);
      put(scope.into, { key: root, from: at.from, to: at.from, quote: '', unwritten: true, value: begun });
      found = begun;
    }
    let into: Mapping | Sequence = found;
    for (const key of keys) {
      const next: Value | undefined =
        into.kind === 'list' ? into.items.at(Number(key)) : slotOf(into, key)?.value;
      if (next && next.kind !== 'scalar') into = next;
      else if (into.kind === 'list') return undefined;
      else {
        const begun = mapping(at.from, at.from, 'statements');
        put(into, { key, from: at.from, to: at.from, quote: '', unwritten: true, value: begun });
        into = begun;
      }
    }
    return into.kind === 'map' ? into : undefined;
  }

  private store(into: Mapping, slot: Slot, certain: boolean): void {
    if (holds(slot.value, into)) return;
    const before = slotOf(into, slot.key);
    if (certain) put(into, slot);
    else put(into, { ...slot, value: before ? either(before.value, slot.value) : conditional(slot.value) });
  }

  /** `x //= 2` leaves a value that is computed. */
  private update(node: Syntax, scope: Scope): void {
    const [target, operator, operand] = childrenOf(node);
    const path = target && this.read.pathOf(target);
    if (!path || (operand && this.changesNothing(operator!, operand, scope))) return;
    const key = path.at(-1)!;
    const value = expression(this.read.source(node).replace(/\s+/g, ' '), node.from, node.to);
    const slot = { key, from: node.from, to: node.to, quote: '', value } as const;
    const into =
      path.length === 1
        ? scope.into
        : OPTIONS.test(path.slice(0, -1).join('.')) && slotOf(this.options, key)
          ? this.options
          : this.holder(path.slice(0, -1), target, scope);
    // What another file brings is changed here, too.
    const elsewhere = path.length > 1 ? into?.way === 'statements' : this.imported.has(key);
    if (!into || !(elsewhere || slotOf(into, key))) return;
    put(into, slot);
    if (path.length === 1) scope.names.set(key, value);
  }

  /** `x *= size` with a size of 1. */
  private changesNothing(operator: Syntax, operand: Syntax, scope: Scope): boolean {
    let value: Value | undefined = this.read.read(operand, this.names(scope));
    if (value.kind === 'scalar' && value.target) value = value.target();
    if (value?.kind !== 'scalar') return false;
    return value.value === 1
      ? /^(?:\*|\/\/?)=$/.test(this.read.source(operator))
      : value.value === 0 && /^[-+]=$/.test(this.read.source(operator));
  }

  private returns(node: Syntax | undefined, scope: Scope, certain: boolean): void {
    if (certain) scope.ended = true;
    const value = node && this.read.read(node, this.names(scope));
    if (!node || value?.kind !== 'map') return;
    if (!certain && saysNumbers(value) && !isCalled(value)) scope.left = true;
    const before = scope.gave === value ? undefined : scope.returned;
    const one = certain || scope.gave === value ? value : conditional(value);
    scope.returned = before ? either(before, value) : one;
    // What is given back in one case of several counts there alone.
    if (before)
      for (const part of [scope.gave, value]) {
        const at = scope.into.slots.findIndex((slot) => slot.value === part);
        if (at !== -1) scope.into.slots.splice(at, 1);
      }
    scope.gave = value;
    if (!before && (/^(?:VariableName|MemberExpression)$/.test(node.name) || this.isOfClass(value))) return;
    put(scope.into, {
      key: 'return',
      from: node.from,
      to: node.to,
      quote: '',
      unwritten: true,
      value: scope.returned,
    });
  }

  /** Whether a value is what a class of the file holds. */
  private isOfClass(value: Mapping): boolean {
    return [...this.classes.values()].includes(value);
  }

  /** `x.update(...)`, `x.append(...)`, `parser.set_defaults(...)`; of other calls their keyword arguments. */
  private call(node: Syntax, scope: Scope, certain: boolean): void {
    const [callee, list] = childrenOf(node);
    const path = callee && this.read.pathOf(callee);
    if (!path || !list) return;
    const name = path.at(-1)!;
    const args = separated(childrenOf(list).slice(1, -1));
    const holder = path.length > 1 ? this.valueOf(path.slice(0, -1), scope) : undefined;
    if (name === 'update' && holder?.kind === 'map')
      return this.updateWith(holder, node, args, scope, certain);
    if (name === 'append' && holder?.kind === 'list' && args[0]?.length === 1) {
      const item = this.read.read(args[0][0]!, this.names(scope));
      if (holds(item, holder)) return;
      holder.items.push(certain ? item : conditional(item));
      return;
    }
    if (name === 'set_defaults')
      for (const [key, equals, value] of args)
        if (key && equals && value)
          this.store(
            this.options,
            {
              key: this.read.source(key),
              from: key.from,
              to: value.to,
              quote: '',
              value: this.read.read(value, this.names(scope)),
            },
            certain,
          );
    if (/^(?:add_argument|option|set_defaults|DEFINE_\w+)$/.test(name)) return;
    const value = this.read.call(node, this.names(scope));
    if (value?.kind !== 'map' || !saysNumbers(value) || slotOf(scope.into, name)) return;
    this.store(
      scope.into,
      { key: name, from: node.from, to: node.to, quote: '', unwritten: true, value },
      certain,
    );
  }

  private valueOf([root = '', ...keys]: readonly string[], scope: Scope): Value | undefined {
    let value: Value | undefined = scope.find(root) ?? undefined;
    for (const key of keys)
      value =
        value?.kind === 'map'
          ? slotOf(value, key)?.value
          : value?.kind === 'list'
            ? value.items.at(Number(key))
            : undefined;
    return value;
  }

  private updateWith(
    into: Mapping,
    node: Syntax,
    args: readonly Syntax[][],
    scope: Scope,
    certain: boolean,
  ): void {
    const [only] = args;
    const value =
      args.length === 1 && only?.length === 1
        ? this.read.read(only[0]!, this.names(scope))
        : this.read.call(node, this.names(scope));
    if (value?.kind !== 'map' || holds(value, into)) return;
    const join = (target: Mapping, from: Mapping): void => {
      for (const slot of from.slots) {
        if (slot.key === 'class' && slot.unwritten) continue;
        const before = slotOf(target, slot.key)?.value;
        if (before?.kind === 'map' && slot.value.kind === 'map') join(before, slot.value);
        else this.store(target, { ...slot, unwritten: true }, certain);
      }
    };
    join(into, value);
  }

  /** A function: its defaults and its statements, under its name. */
  private define(node: Syntax, scope: Scope, certain: boolean): void {
    const children = childrenOf(node);
    const name = this.read.source(children.find((child) => child.name === 'VariableName')!);
    const params = children.find((child) => child.name === 'ParamList');
    const body = children.find((child) => child.name === 'Body');
    scope.names.set(name, null);
    this.later.push(() => {
      const inner = new Scope(mapping(node.from, node.to, 'fixed'), scope);
      if (scope.isClass) inner.names.set('self', scope.into);
      for (const [param, , ...rest] of params ? separated(childrenOf(params).slice(1, -1)) : []) {
        if (param?.name !== 'VariableName') continue;
        const value =
          rest.at(-1) && rest.length > 0 ? this.read.read(rest.at(-1)!, this.names(scope)) : undefined;
        this.parameter(param, value, rest.at(-1), inner, scope.isClass);
      }
      if (body) this.block(body, inner, certain);
      if (scope === this.module && inner.returned && BUILDS.test(name)) this.configs.push(inner);
      this.declared(name, node, scope, inner, certain);
    });
  }

  /** The settings of a function or a class, under its name. */
  private declared(
    name: string,
    { from }: Syntax,
    scope: Scope,
    { into: value }: Scope,
    certain: boolean,
  ): void {
    const before = slotOf(scope.into, name)?.value;
    // A later definition replaces an earlier one; of a name that is assigned, too, the value counts.
    const again = before !== undefined && this.definitions.has(before);
    if (!(again || (saysNumbers(value) && !before))) return;
    const entry = { key: name, from, to: from, quote: '', unwritten: true, value } as const;
    this.definitions.add(value);
    this.store(scope.into, entry, certain || !again);
  }

  private parameter(
    param: Syntax,
    value: Value | undefined,
    source: Syntax | undefined,
    inner: Scope,
    ofMethod: boolean,
  ): void {
    const key = this.read.source(param);
    if (key === 'self' || key === 'cls') return;
    inner.names.set(key, value && !ofMethod ? value : null);
    if (value && source && !ofMethod && !(value.kind === 'scalar' && value.value === null))
      put(inner.into, { key, from: param.from, to: source.to, quote: '', value });
  }

  private classOf(node: Syntax, scope: Scope, certain: boolean): void {
    const children = childrenOf(node);
    const name = this.read.source(children.find((child) => child.name === 'VariableName')!);
    const inner = new Scope(mapping(node.from, node.to, 'fixed'), scope, true);
    this.classes.set(name, inner.into);
    this.block(children.at(-1)!, inner, true);
    this.later.push(() => this.declared(name, node, scope, inner, certain));
  }

  private import(node: Syntax, scope: Scope): void {
    const children = childrenOf(node);
    const at = children.findIndex(({ name }) => name === 'import');
    const from = children
      .slice(1, at)
      .map((part) => this.read.source(part))
      .join('');
    const names = new Map<string, string>();
    for (const [name, , alias] of separated(
      children.slice(at + 1).filter(({ name: n }) => !/^[()]$/.test(n)),
    )) {
      if (!name) continue;
      const own = this.read.source(alias ?? name);
      names.set(own, this.read.source(name));
      this.imported.add(own);
      scope.names.delete(own);
    }
    const [, dots = '', path = ''] = /^(\.+)((?:\w[\w.]*)?)$/.exec(from) ?? [];
    if (dots === '' || scope !== this.module || children[0]?.name !== 'from') return;
    const file = `${dots === '.' ? './' : '../'.repeat(dots.length - 1)}${path.replaceAll('.', '/')}.py`;
    const settings = node.parent?.parent?.name === 'WithStatement';
    if (!names.has('*'))
      for (const own of names.keys()) {
        const code = /^[A-Z]/.test(own) || this.calls().has(own);
        if (code && !settings) names.delete(own);
      }
    if (names.size)
      this.imports.push({
        path: file,
        names: names.has('*') ? 'all' : names,
        settings,
        without: [],
        offset: node.from,
      });
  }

  /** A mapping that another one of the file is made of counts there alone. */
  private withoutParts(): void {
    const settings = this.root.slots.filter(({ value }) => value.kind !== 'scalar' && !isCode(value));
    const parts = settings.filter(
      (slot) =>
        slot.value.kind === 'map' &&
        settings.some(({ value }) => value !== slot.value && holds(value, slot.value)),
    );
    for (const part of parts) this.root.slots.splice(this.root.slots.indexOf(part), 1);
  }

  /** What a statement of this file assigns anew has nothing left of what an import brought under its name. */
  private forgetRebound(): void {
    const without = this.root.slots.filter(({ statement }) => statement).map(({ key }) => key);
    for (const [i, one] of this.imports.entries()) this.imports[i] = { ...one, without };
  }

  /** Of a file with one config, be it built by a function or statement by statement, its keys are the root's. */
  private hoist(): void {
    const holders = this.root.slots.filter(
      ({ value, key }) =>
        value.kind === 'map' && value.way !== 'fixed' && /^_{0,2}[cC]$|config|cfg/i.test(key),
    );
    const [only, another] = this.configs;
    const built = only && !another ? only.returned : undefined;
    const others = this.root.slots.filter(({ value }) => value.kind === 'map');
    const whole = built ?? (others.length === 1 ? holders[0]?.value : undefined);
    if (whole?.kind !== 'map') return;
    if (whole.slots.some(({ key }) => slotOf(this.root, key))) return;
    const [own] = this.root.slots.splice(
      this.root.slots.findIndex(({ value }) => value === whole || (built && value === only?.into)),
      1,
    );
    if (built && own && own.value.kind === 'map') {
      const rest = own.value.slots.filter(({ value }) => value !== built);
      if (rest.length) put(this.root, { ...own, value: { ...own.value, slots: rest } });
    }
    this.root.slots.push(...whole.slots);
  }
}

/** What a function gives back, `evaluate(model, n=3)`: no settings, or others than this file's. */
function isCalled(value: Mapping): boolean {
  const name = slotOf(value, 'class');
  return (
    name?.unwritten === true && name.value.kind === 'scalar' && /(?:^|\.)[a-z_]\w*$/.test(name.value.source)
  );
}

/** A function or a class. */
function isCode(value: Value): boolean {
  return value.kind === 'map' && value.way === 'fixed';
}

/** The class of what a function of configs brings: `get_config("common/optim.py").SGD` is `optim.SGD`. */
function madeBy(value: Value | null | undefined): string | undefined {
  const source = value?.kind === 'scalar' ? value.source : '';
  const [, file, name] = /["'](?:[^"']*\/)?(\w+)\.py["']\)\.([A-Z]\w*)$/.exec(source) ?? [];
  return name === undefined ? undefined : `${file}.${name}`;
}
