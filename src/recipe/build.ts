import { problemAt } from '../base/position.ts';
import { Problem } from '../base/problem.ts';
import type { BatchRole, DecayRole, Found, Role } from '../dialect/roles.ts';
import type { Document } from '../document/nodes.ts';
import { child, isWithin, type Pointer, readable } from '../document/pointer.ts';
import { findOptimizer, optimizerNames } from '../optimizers/libraries.ts';
import type { Binding, OptimizerDefaults } from '../optimizers/optimizer.ts';
import { type BatchOptions, readBatch } from './batch.ts';
import { type Reading, readFields } from './fields.ts';
import { type Field, type Group, isRole, type Recipe } from './recipe.ts';

/** What the user declares beside the file. */
export interface RecipeOptions extends BatchOptions {
  /** The optimizer's name, where the file does not say it or says one that no table knows. */
  readonly optimizer?: string;
}

/** A remark on the result: a code to filter by, and a sentence. `offset` is a place in the text. */
export interface Warning {
  readonly code: string;
  readonly message: string;
  readonly offset?: number;
}

/**
 * Builds the meaning of a config from what its dialect found.
 * @throws Problem: batch-unknown, batch-inconsistent, auto, interpolation, out-of-range, unknown-optimizer
 */
export function buildRecipe(
  document: Document,
  found: readonly Found[],
  library: string,
  options: RecipeOptions,
  text: string,
  warnings: Warning[],
): Recipe {
  const reading = readFields(document, found, text);
  const { fields, unreadable } = reading;
  const warn = (code: string, message: string, offset?: number) =>
    warnings.push({ code, message, ...(offset === undefined ? {} : { offset }) });
  const batchFields = fields.filter((f): f is Field<BatchRole> => isRole(f, 'batch'));
  const batch = readBatch(batchFields, unreadable, options, text, warn);
  for (const { pointer, value, site } of batch.fields)
    if (site.kind === 'absent' && site.pointer !== '' && value !== 1)
      warn(
        'batch-default',
        `the file does not say ${readable(pointer)}: the trainer’s default ${value} is taken`,
      );
  const scopes = found.flatMap(([pointer, what]) => ('scope' in what ? [pointer] : []));
  const groups = buildGroups(reading, scopes, document, library, options, text, warn);
  const decays = fields.filter((f): f is Field<DecayRole> => isRole(f, 'decay'));
  return {
    batch,
    groups,
    averages: decays.filter((f) => !ofOptimizer(f.role)),
    counts: fields.filter((f) => isRole(f, 'count')),
    ramps: fields.filter((f) => isRole(f, 'ramp-gamma') || isRole(f, 'ramp-power')),
    clips: fields.filter((f) => isRole(f, 'clip')),
    syncNorm: [...reading.flags.values()].some((f) => f.role.role === 'sync-norm' && f.value),
    constraints: found.flatMap(([scope, what]) =>
      'constraint' in what ? [{ scope, constraint: what.constraint }] : [],
    ),
    unreadable,
    notes: found.flatMap(([pointer, what]) => ('note' in what ? [{ pointer, note: what.note }] : [])),
  };
}

const OPTIMIZER_ROLES: readonly Role['role'][] = [
  'learning-rate',
  'decay',
  'dampening',
  'weight-decay',
  'epsilon',
  'rate',
];

function ofOptimizer({ of }: DecayRole): boolean {
  return of !== 'model-ema' && of !== 'batch-norm' && of !== 'schedule';
}

function belongsToOptimizer(field: Field): boolean {
  return OPTIMIZER_ROLES.includes(field.role.role) && !(isRole(field, 'decay') && !ofOptimizer(field.role));
}

function buildGroups(
  reading: Reading,
  scopes: readonly Pointer[],
  document: Document,
  library: string,
  options: RecipeOptions,
  text: string,
  warn: (code: string, message: string, offset?: number) => void,
): Group[] {
  const settings = reading.fields.filter(belongsToOptimizer);
  const scopeOf = (pointer: Pointer) =>
    scopes.filter((s) => isWithin(pointer, s)).sort((a, b) => b.length - a.length)[0];
  const members = new Map<Pointer, Field[]>();
  const loose: Field[] = [];
  for (const field of settings) {
    const scope = scopeOf(field.usedAt ?? field.pointer);
    if (scope === undefined) loose.push(field);
    else members.set(scope, [...(members.get(scope) ?? []), field]);
  }
  for (const pointer of reading.names.keys()) {
    const scope = scopeOf(pointer);
    if (scope !== undefined && !members.has(scope)) members.set(scope, []);
  }
  if (members.size === 0 && loose.length) members.set('', []);
  joinParts(members);
  joinRates(members, (scope) => [...reading.names.keys()].some((p) => scopeOf(p) === scope));
  const groups = [...members].map(([pointer, own]) => {
    const name =
      [...reading.names].find(([p]) => scopeOf(p) === pointer) ??
      [...reading.names].find(([p]) => scopeOf(p) === undefined);
    const shared = members.size === 1 ? loose : [];
    return buildGroup(
      pointer,
      [...own, ...shared],
      name,
      reading,
      scopeOf,
      document,
      library,
      options,
      text,
      warn,
    );
  });
  const common = commonRates(groups, loose);
  const [first] = groups;
  if (first && common.length) groups[0] = { ...first, fields: [...first.fields, ...common] };
  if (loose.length && groups.length > 1)
    for (const field of loose.filter((f) => !common.includes(f)))
      warn(
        'unassigned',
        `${readable(field.pointer)} belongs to none of the ${groups.length} optimizers in this file and was left alone`,
        field.site.kind === 'text' ? field.site.offset : undefined,
      );
  return groups;
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

function buildGroup(
  pointer: Pointer,
  own: readonly Field[],
  name: readonly [Pointer, string] | undefined,
  reading: Reading,
  scopeOf: (pointer: Pointer) => Pointer | undefined,
  document: Document,
  library: string,
  options: RecipeOptions,
  text: string,
  warn: (code: string, message: string, offset?: number) => void,
): Group {
  const node = name && document.nodes.get(name[0]);
  const written = node?.kind === 'scalar' && node.value !== null;
  const declared = options.optimizer ?? reading.assumed.get(pointer) ?? name?.[1];
  let binding = declared === undefined ? undefined : findOptimizer(library, declared);
  let known: Group['known'] = options.optimizer
    ? 'declared'
    : written && !reading.assumed.has(pointer)
      ? 'named'
      : 'default';
  if (declared !== undefined && !binding) {
    const message = `no table knows the optimizer "${declared}". Say with --optimizer NAME which one it updates like: ${optimizerNames().join(', ')}`;
    throw node?.kind === 'scalar' && !options.optimizer
      ? problemAt('unknown-optimizer', message, text, node.offset)
      : new Problem('unknown-optimizer', message);
  }
  if (!binding) {
    binding = infer(own, library);
    known = 'inferred';
    const first = own.find((f) => f.site.kind === 'text');
    if (own.some((f) => f.site.kind === 'text'))
      warn(
        'optimizer-inferred',
        `the file names no optimizer: taken for ${binding.optimizer.title} by the fields it has. Say --optimizer NAME if it is another`,
        first?.site.kind === 'text' ? first.site.offset : undefined,
      );
  }
  const { optimizer, defaults } = binding;
  const filled = [...own];
  for (const { pointer: at, role, items } of reading.optional) {
    if (scopeOf(at) !== pointer && !(scopeOf(at) === undefined && pointer === '')) continue;
    if (role) {
      const value = defaultFor(role, defaults);
      if (value !== undefined)
        filled.push({ pointer: at, role, value, site: { kind: 'absent', pointer: at } });
    } else if (items) {
      const values = items.map((item) => defaultFor(item, defaults));
      const known = values.indexOf(undefined);
      // A third decay may be left out; a list of one would be refused by every trainer.
      const list = known === -1 ? values : known > 1 ? values.slice(0, known) : [];
      for (const [index, value] of list.entries())
        filled.push({
          pointer: child(at, index),
          role: items[index]!,
          value: value!,
          site: { kind: 'absent', pointer: at, index },
        });
    }
  }
  const remembers = optimizer.buffer === 'ema' || optimizer.secondMoment;
  const rate = own.find((f) => isRole(f, 'learning-rate') && f.site.kind === 'text');
  if (remembers && rate?.site.kind === 'text' && !filled.some((f) => isRole(f, 'decay')))
    warn(
      'decays-unsaid',
      `${optimizer.title} keeps averages whose decays this file does not say, and what the trainer’s defaults are is not known here: write them into the file, so that they can be converted too`,
      rate.site.offset,
    );
  const nesterovFlag = [...reading.flags].find(
    ([p, f]) => f.role.role === 'nesterov' && (scopeOf(p) ?? '') === pointer,
  );
  return {
    pointer,
    binding,
    known,
    fields: filled.filter((f) => has(f, binding)),
    nesterov: nesterovFlag ? nesterovFlag[1].value : (defaults.nesterov ?? optimizer.lookAhead ?? false),
  };
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
