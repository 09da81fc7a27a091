import { type Diagnostic, warning } from '../base/diagnostic.ts';
import { Problem } from '../base/problem.ts';
import type { DecayRole, Role } from '../dialect/roles.ts';
import type { Document } from '../document/nodes.ts';
import { child, isWithin, type Pointer, readable } from '../document/pointer.ts';
import { findOptimizer, optimizerNames } from '../optimizers/libraries.ts';
import type { Binding, OptimizerDefaults } from '../optimizers/optimizer.ts';
import type { Reading } from './fields.ts';
import { type Field, type Group, isRole, offsetOf } from './recipe.ts';

/** What the optimizers of a config are read from. */
interface Context {
  readonly reading: Reading;
  /** Pointers of the blocks that hold an optimizer each. */
  readonly scopes: readonly Pointer[];
  readonly document: Document;
  /** Whose optimizer names and defaults hold. */
  readonly library: string;
  /** What the user says the optimizer is. */
  readonly optimizer: string | undefined;
  readonly warnings: Diagnostic[];
}

const OPTIMIZER_ROLES: readonly Role['role'][] = [
  'learning-rate',
  'decay',
  'dampening',
  'weight-decay',
  'epsilon',
  'rate',
];

/** Whether an average belongs to an optimizer, not to the model. */
export function ofOptimizer({ of }: DecayRole): boolean {
  return of !== 'model-ema' && of !== 'batch-norm' && of !== 'schedule';
}

function belongsToOptimizer(field: Field): boolean {
  return OPTIMIZER_ROLES.includes(field.role.role) && !(isRole(field, 'decay') && !ofOptimizer(field.role));
}

/**
 * The optimizers of a config with their settings: a field belongs to the innermost block around it.
 * @throws Problem: unknown-optimizer
 */
export function buildGroups(context: Context): Group[] {
  const { reading, warnings } = context;
  const scopeOf = scopesOf(context);
  const { members, loose } = byScope(reading, scopeOf);
  joinParts(members);
  joinRates(members, (scope) => [...reading.names.keys()].some((p) => scopeOf(p) === scope));
  const shared = members.size === 1 ? loose : [];
  const groups = [...members].map(([pointer, own]) => buildGroup(pointer, [...own, ...shared], context));
  const common = commonRates(groups, loose);
  const [first] = groups;
  if (first && common.length) groups[0] = { ...first, fields: [...first.fields, ...common] };
  if (groups.length > 1)
    for (const field of loose.filter((f) => !common.includes(f)))
      warnings.push(
        warning(
          'unassigned',
          `${readable(field.pointer)} belongs to none of the ${groups.length} optimizers in this file and was left alone`,
          offsetOf(field),
        ),
      );
  return groups;
}

type ScopeOf = (pointer: Pointer) => Pointer | undefined;

function scopesOf({ scopes }: Context): ScopeOf {
  return (pointer) => scopes.filter((s) => isWithin(pointer, s)).sort((a, b) => b.length - a.length)[0];
}

function byScope({ fields, names }: Reading, scopeOf: ScopeOf) {
  const members = new Map<Pointer, Field[]>();
  const loose: Field[] = [];
  for (const field of fields.filter(belongsToOptimizer)) {
    const scope = scopeOf(field.usedAt ?? field.pointer);
    if (scope === undefined) loose.push(field);
    else members.set(scope, [...(members.get(scope) ?? []), field]);
  }
  for (const pointer of names.keys()) {
    const scope = scopeOf(pointer);
    if (scope !== undefined && !members.has(scope)) members.set(scope, []);
  }
  if (members.size === 0 && loose.length) members.set('', []);
  return { members, loose };
}

/**
 * Learning rates outside all blocks, such as the minimum of a scheduler that drives every optimizer: they follow the
 * optimizers where these all scale alike, which sums (heavy ball) with momenta of their own need not do.
 */
function commonRates(groups: readonly Group[], loose: readonly Field[]): Field[] {
  const optimizers = groups.map((g) => g.binding.optimizer);
  const alike = optimizers.every((o) => o.name === optimizers[0]?.name && o.buffer !== 'sum');
  return groups.length > 1 && alike ? loose.filter((f) => isRole(f, 'learning-rate')) : [];
}

/** A block with momentum but no learning rate belongs to the block around it that has one (`lr` beside `optimizer:`). */
function joinParts(members: Map<Pointer, Field[]>): void {
  const hasRate = (fields: readonly Field[]) =>
    fields.some((f) => isRole(f, 'learning-rate') && f.site.kind === 'text');
  for (const [inner, fields] of members) {
    if (hasRate(fields)) continue;
    const outer = [...members.keys()]
      .filter((p) => p !== inner && isWithin(inner, p) && hasRate(members.get(p) ?? []))
      .sort((a, b) => b.length - a.length)[0];
    if (outer === undefined) continue;
    members.set(inner, [...fields, ...(members.get(outer) ?? [])]);
    members.delete(outer);
  }
}

/**
 * A block of learning rates alone, such as a scheduler's with the peak that it sets, belongs to the optimizer, where the
 * file names just one: how its rates follow the batch is that one's business.
 */
function joinRates(members: Map<Pointer, Field[]>, isNamed: (scope: Pointer) => boolean): void {
  const [optimizer, another] = [...members.keys()].filter(isNamed);
  if (optimizer === undefined || another !== undefined) return;
  for (const [scope, fields] of members) {
    if (scope === optimizer || !fields.every((f) => isRole(f, 'learning-rate'))) continue;
    members.set(optimizer, [...members.get(optimizer)!, ...fields]);
    members.delete(scope);
  }
}

function buildGroup(pointer: Pointer, own: readonly Field[], context: Context): Group {
  const { reading } = context;
  const { binding, known } = bind(pointer, own, context);
  const fields = [...own, ...defaultsOf(pointer, binding, context)];
  const decays = decaysUnsaid(binding, own, fields);
  if (decays) context.warnings.push(decays);
  const scopeOf = scopesOf(context);
  const flag = [...reading.flags].find(
    ([p, f]) => f.role.role === 'nesterov' && (scopeOf(p) ?? '') === pointer,
  );
  const { optimizer, defaults } = binding;
  return {
    pointer,
    binding,
    known,
    fields: fields.filter((f) => has(f, binding)),
    nesterov: flag ? flag[1].value : (defaults.nesterov ?? optimizer.lookAhead ?? false),
  };
}

/** Which optimizer a block holds: as the user says, as the dialect assumes, by its name, or by its fields. */
function bind(pointer: Pointer, own: readonly Field[], context: Context): Pick<Group, 'binding' | 'known'> {
  const { reading, document, library, optimizer, warnings } = context;
  const scopeOf = scopesOf(context);
  const names = [...reading.names];
  const name = names.find(([p]) => scopeOf(p) === pointer) ?? names.find(([p]) => scopeOf(p) === undefined);
  const node = name && document.nodes.get(name[0]);
  const assumed = reading.assumed.get(pointer);
  const declared = optimizer ?? assumed ?? name?.[1];
  if (declared === undefined) {
    const binding = infer(own, library);
    const first = own.find((f) => f.site.kind === 'text');
    const message = `no optimizer named; assuming ${binding.optimizer.title} from its fields (override: --optimizer NAME)`;
    if (first) warnings.push(warning('optimizer-inferred', message, offsetOf(first)));
    return { binding, known: 'inferred' };
  }
  const binding = findOptimizer(library, declared);
  if (!binding)
    throw new Problem(
      'unknown-optimizer',
      `unknown optimizer "${declared}"; pass --optimizer NAME for the one it behaves like: ${optimizerNames().join(', ')}`,
      node?.kind === 'scalar' && !optimizer ? node.offset : undefined,
    );
  const written = node?.kind === 'scalar' && node.value !== null && assumed === undefined;
  return { binding, known: optimizer ? 'declared' : written ? 'named' : 'default' };
}

/** The fields of a block that only the optimizer table has a default for. */
function defaultsOf(pointer: Pointer, { defaults }: Binding, context: Context): Field[] {
  const scopeOf = scopesOf(context);
  const here = context.reading.optional.filter(({ pointer: at }) => (scopeOf(at) ?? '') === pointer);
  return here.flatMap(({ pointer: at, role, items = [] }): Field[] => {
    if (role) {
      const value = defaultFor(role, defaults);
      return value === undefined ? [] : [{ pointer: at, role, value, site: { kind: 'absent', pointer: at } }];
    }
    const values = items.map((item) => defaultFor(item, defaults));
    const known = values.indexOf(undefined);
    // A third decay may be left out; a list of one would be refused by every trainer.
    const list = known === -1 ? values : known > 1 ? values.slice(0, known) : [];
    return list.map((value, index) => ({
      pointer: child(at, index),
      role: items[index]!,
      value: value!,
      site: { kind: 'absent', pointer: at, index },
    }));
  });
}

function decaysUnsaid(
  { optimizer }: Binding,
  own: readonly Field[],
  fields: readonly Field[],
): Diagnostic | undefined {
  const remembers = optimizer.buffer === 'ema' || optimizer.secondMoment;
  const rate = own.find((f) => isRole(f, 'learning-rate') && f.site.kind === 'text');
  if (!remembers || !rate || fields.some((f) => isRole(f, 'decay'))) return undefined;
  return warning(
    'decays-unsaid',
    `${optimizer.title}: its decays are not in the file and the trainer’s defaults are unknown; write them into the file to have them converted`,
    offsetOf(rate),
  );
}

/** Whether the optimizer reads this field at all: SGD has no beta2, whatever the file says. */
function has(field: Field, { optimizer }: Binding): boolean {
  if (!isRole(field, 'decay')) return true;
  if (field.role.of === 'gradient') return optimizer.buffer !== 'none' || field.site.kind === 'text';
  if (field.role.of === 'second-moment') return optimizer.secondMoment || optimizer.mixesNewest === true;
  return true;
}

function defaultFor(role: Role, defaults: OptimizerDefaults): number | undefined {
  if (role.role === 'learning-rate') return role.point === 'peak' ? defaults.lr : undefined;
  if (role.role === 'weight-decay') return defaults.weightDecay;
  if (role.role === 'epsilon') return defaults.epsilon;
  if (role.role === 'dampening') return defaults.dampening;
  if (role.role !== 'decay') return undefined;
  if (role.of === 'gradient') return defaults.gradient;
  if (role.of === 'second-moment') return defaults.secondMoment;
  return role.of === 'third' ? defaults.third : undefined;
}

/** The optimizer that a nameless block looks like: with a beta2 Adam, with momentum alone SGD. */
function infer(fields: readonly Field[], library: string): Binding {
  const hasSecond = fields.some((f) => isRole(f, 'decay') && f.role.of === 'second-moment');
  const guess =
    findOptimizer(library, hasSecond ? 'adam' : 'sgd') ?? findOptimizer('torch', hasSecond ? 'adam' : 'sgd')!;
  return { optimizer: guess.optimizer, defaults: {} };
}
