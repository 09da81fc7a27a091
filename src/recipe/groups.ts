import { BUDGET, tooLarge } from '../base/budget.ts';
import { type Diagnostic, warning } from '../base/diagnostic.ts';
import { meant } from '../base/edit-distance.ts';
import { count } from '../base/numbers.ts';
import { Problem } from '../base/problem.ts';
import type { Role } from '../dialect/roles.ts';
import type { Document } from '../document/nodes.ts';
import { child, type Pointer, parentOf, readable } from '../document/pointer.ts';
import { findOptimizer, optimizerNames } from '../optimizers/find.ts';
import type { Binding, OptimizerDefaults } from '../optimizers/optimizer.ts';
import { splitAdam } from './auxiliary-adam.ts';
import { type Block, blocksOf } from './blocks.ts';
import { type Conclusion, inferred } from './conclude.ts';
import type { Reading } from './fields.ts';
import { argumentsPlace } from './optimizer-names.ts';
import { type Field, type Group, isRole, offsetOf } from './recipe.ts';
import { decaysUnsaid } from './unsaid-decays.ts';

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

/** A context with what is asked of it for every block, worked out once. */
interface Surveyed extends Context {
  /** The innermost block around a place. */
  scopeOf(pointer: Pointer): Pointer | undefined;
  /** The fields of each block whose default only the optimizer table knows. */
  readonly optional: ReadonlyMap<Pointer, Reading['optional']>;
  /** Whether a block says that its momentum looks ahead. */
  readonly nesterov: ReadonlyMap<Pointer, boolean>;
}

/**
 * The optimizers of a config with their settings.
 * @throws Problem: unknown-optimizer, usage where nobody knows the one that the user named, too-large
 */
export function buildGroups(given: Context): Group[] {
  const context = surveyed(given);
  const { warnings } = context;
  const { blocks, loose } = blocksOf(context);
  const shared = blocks.length === 1 ? loose : [];
  const groups = blocks.flatMap((block) =>
    buildGroup({ ...block, fields: [...block.fields, ...shared] }, context),
  );
  const common = commonRates(groups, loose);
  const [first] = groups;
  if (first && common.length) groups[0] = { ...first, fields: [...common, ...first.fields] };
  if (blocks.length > 1)
    for (const field of loose.filter((f) => !common.includes(f)))
      warnings.push(
        warning(
          'unassigned',
          `${readable(field.pointer)} belongs to none of the ${blocks.length} optimizers in this file and was left alone`,
          offsetOf(field),
        ),
      );
  return groups;
}

function surveyed(context: Context): Surveyed {
  const { reading, document } = context;
  const scopes = new Set(context.scopes);
  const scopeOf = (pointer: Pointer): Pointer | undefined => {
    let at = pointer;
    while (at !== '' && !scopes.has(at)) at = parentOf(at);
    return scopes.has(at) ? at : undefined;
  };
  const optional = new Map<Pointer, Reading['optional']>();
  for (const one of reading.optional) {
    const scope = scopeOf(one.pointer) ?? '';
    const known = optional.get(scope);
    if (known) known.push(one);
    else optional.set(scope, [one]);
  }
  const nesterov = new Map<Pointer, boolean>();
  for (const [pointer, { role, value }] of reading.flags) {
    const scope = scopeOf(pointer) ?? '';
    if (role.role === 'nesterov' && !nesterov.has(scope)) nesterov.set(scope, value);
  }
  if (scopes.size > BUDGET.optimizers) {
    const [first] = [...scopes].slice(BUDGET.optimizers);
    throw tooLarge(`${count(BUDGET.optimizers)} optimizers`, document.nodes.get(first!)?.offset);
  }
  return { ...context, scopeOf, optional, nesterov };
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

/** The optimizer of a block, and of a Muon the Adam beside it. */
function buildGroup(block: Block, context: Surveyed): Group[] {
  const { reading, warnings } = context;
  const { pointer, scopes, fields: own } = block;
  const { binding, known, conclusion } = bind(block, context);
  const tabled = defaultsOf(scopes, binding, context);
  const fields = [...own, ...tabled, ...constructed(block, binding, tabled, context)];
  const flag = scopes.map((scope) => context.nesterov.get(scope)).find((value) => value !== undefined);
  const { optimizer, defaults } = binding;
  const fixed = scopes.some((scope) => reading.fixed.has(scope));
  const { muon, adam } = optimizer.matricesOnly ? splitAdam(fields) : { muon: fields, adam: [] };
  const written = own.filter((f) => muon.includes(f));
  // Of an optimizer that nothing is known of, nothing is known to lack.
  const judged = conclusion?.from !== 'nothing' && !fixed;
  if (judged) warnings.push(...decaysUnsaid(binding, written, muon, !constructs(block)));
  const main: Group = {
    pointer,
    binding,
    known,
    ...(conclusion ? { from: conclusion.from } : {}),
    fields: muon.filter((f) => has(f, binding)),
    nesterov: flag ?? defaults.nesterov ?? optimizer.lookAhead ?? false,
  };
  if (adam.length === 0) return [main];
  const beside = findOptimizer(context.library, 'adamw') ?? findOptimizer('torch', 'adamw')!;
  const besides = own.filter((f) => adam.includes(f));
  if (judged) warnings.push(...decaysUnsaid(beside, besides, adam, false));
  return [main, { pointer, part: 'adam', binding: beside, known, fields: adam, nesterov: false }];
}

interface Bound extends Pick<Group, 'binding' | 'known'> {
  readonly conclusion?: Conclusion;
}

/** Which optimizer a block holds: as the user says, as the dialect assumes, by its name, or by its fields. */
function bind({ scopes, fields, named }: Block, context: Context): Bound {
  const { reading, document, library, optimizer, warnings } = context;
  const assumed = scopes.map((s) => reading.assumed.get(s)).find((name) => name !== undefined);
  const declared = optimizer ?? assumed ?? named?.name;
  if (declared === undefined) {
    const conclusion = inferred(fields);
    const first = fields.find((f) => f.site.kind === 'text');
    if (first) warnings.push(warning('optimizer-inferred', conclusion.message, offsetOf(first)));
    return { binding: conclusion.binding, known: 'inferred', conclusion };
  }
  const binding = findOptimizer(library, declared);
  if (!binding && optimizer !== undefined) {
    const names = optimizerNames();
    throw new Problem(
      'usage',
      `unknown optimizer "${optimizer}"${meant(optimizer, names) || ';'} --optimizer takes: ${names.join(', ')}`,
    );
  }
  const node = named && document.nodes.get(named.at);
  if (!binding)
    throw new Problem(
      'unknown-optimizer',
      `unknown optimizer "${declared}"; pass --optimizer NAME for the one it behaves like: ${optimizerNames().join(', ')}`,
      node?.kind === 'scalar' ? node.offset : undefined,
    );
  if (optimizer) return { binding, known: 'declared' };
  return { binding, known: assumed === undefined && !named?.byDefault ? 'named' : 'default' };
}

/** Whether the file gives a class and what goes to its constructor, so that what it lacks has the class's default. */
function constructs({ fields, named }: Block): boolean {
  const rate = fields.find((f) => isRole(f, 'learning-rate'));
  return (
    named !== undefined &&
    rate !== undefined &&
    argumentsPlace(named, rate, /\./.test(named.name)) !== undefined
  );
}

/** torch's optimizers with a pair of betas, as their classes are written. */
const TORCH_ADAM = /^(torch\.optim\.(?:\w+\.)?)?(?:Adam|AdamW|NAdam|RAdam|Adamax)$/;

/**
 * The betas that a class of torch takes where its arguments leave them out: known and insertable where the file gives
 * the class and, in a block of its own or beside a full class path, what goes to its constructor.
 */
function constructed(
  { fields, named }: Block,
  { optimizer }: Binding,
  tabled: readonly Field[],
  { document, library, optimizer: declared }: Context,
): Field[] {
  const path = named && TORCH_ADAM.exec(named.name);
  const rate = fields.find((f) => isRole(f, 'learning-rate') && f.role.point === 'peak');
  if (!path || !rate || declared || [...fields, ...tabled].some((f) => isRole(f, 'decay'))) return [];
  const place = argumentsPlace(named, rate, path[1] !== undefined);
  const betas = place === undefined ? undefined : child(place, 'betas');
  if (betas === undefined || document.nodes.has(betas) || (library !== 'torch' && !path[1])) return [];
  if (!optimizer.secondMoment) return [];
  const { gradient, secondMoment } = findOptimizer('torch', named.name)!.defaults;
  return (['gradient', 'second-moment'] as const).map((of, index) => ({
    pointer: child(betas, index),
    role: { role: 'decay', of, form: 'decay', per: 'step' },
    value: (index ? secondMoment : gradient)!,
    site: { kind: 'absent', pointer: betas, index },
  }));
}

/** The fields of a block that only the optimizer table has a default for. */
function defaultsOf(scopes: readonly Pointer[], { defaults }: Binding, { optional }: Surveyed): Field[] {
  const here = scopes.flatMap((scope) => optional.get(scope) ?? []);
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
