import type { DecayRole, Role } from '../dialect/roles.ts';
import { isWithin, keyOf, type Pointer } from '../document/pointer.ts';
import type { Reading } from './fields.ts';
import { type Named, nameOf, type Surroundings } from './optimizer-names.ts';
import { type Field, isRole } from './recipe.ts';

/** What stands in one place about one optimizer; joined, in several places. */
export interface Block {
  readonly pointer: Pointer;
  /** Every scope whose fields these are, its own among them. */
  readonly scopes: readonly Pointer[];
  readonly fields: readonly Field[];
  readonly named: Named | undefined;
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
 * The optimizers' blocks, those of one optimizer joined, and the fields that stand in none: a field belongs to the
 * innermost block around it.
 */
export function blocksOf(context: Omit<Surroundings, 'nameIn'> & { readonly reading: Reading }): {
  readonly blocks: Block[];
  readonly loose: Field[];
} {
  const { members, loose } = byScope(context);
  const where = { ...context, nameIn: namesByScope(context) };
  const single = [...members].map(
    ([pointer, fields]): Block => ({ pointer, scopes: [pointer], fields, named: nameOf(pointer, where) }),
  );
  const joined = [oneName, ratesAround, soleOptimizer].reduce(join, single);
  const optimizers = joined.filter(isOptimizer);
  if (optimizers.length < 2) return { blocks: joined, loose };
  const rates = joined.filter((b) => !isOptimizer(b) && onlyRates(b));
  return {
    blocks: joined.filter((b) => !rates.includes(b)),
    loose: [...loose, ...rates.flatMap((b) => b.fields)],
  };
}

type Scoped = Pick<Surroundings, 'scopeOf'> & { readonly reading: Reading };

/** The first name that a dialect reads as an optimizer's in each block, and outside of all. */
function namesByScope({ reading: { names }, scopeOf }: Scoped): Surroundings['nameIn'] {
  const first = new Map<Pointer | undefined, readonly [at: Pointer, name: string]>();
  for (const name of names) {
    const scope = scopeOf(name[0]);
    if (!first.has(scope)) first.set(scope, name);
  }
  return first;
}

function byScope({ reading: { fields, names }, scopeOf }: Scoped) {
  const members = new Map<Pointer, Field[]>();
  const loose: Field[] = [];
  for (const field of fields.filter(belongsToOptimizer)) {
    const scope = scopeOf(field.usedAt ?? field.pointer);
    if (scope === undefined) loose.push(field);
    else if (members.has(scope)) members.get(scope)!.push(field);
    else members.set(scope, [field]);
  }
  for (const pointer of names.keys()) {
    const scope = scopeOf(pointer);
    if (scope !== undefined && !members.has(scope)) members.set(scope, []);
  }
  if (members.size === 0 && loose.length) members.set('', []);
  return { members, loose };
}

/** Which block another one belongs to, if any of the others. */
type Home = (block: Block, others: readonly Block[]) => Block | undefined;

function join(blocks: readonly Block[], home: Home): Block[] {
  return blocks.reduce(
    (all: Block[], { pointer }) => {
      const block = all.find((b) => b.pointer === pointer)!;
      const others = all.filter((b) => b !== block);
      const target = home(block, others);
      return target ? others.map((b) => (b === target ? merged(b, block) : b)) : all;
    },
    [...blocks],
  );
}

function merged(block: Block, other: Block): Block {
  return {
    pointer: block.pointer,
    scopes: [...block.scopes, ...other.scopes],
    fields: [...block.fields, ...other.fields],
    named: block.named ?? other.named,
  };
}

const hasRate = ({ fields }: Block) =>
  fields.some((f) => isRole(f, 'learning-rate') && f.site.kind === 'text');
/** A momentum that a scheduler moves is no sign of another optimizer. */
const isCycled = (f: Field) => isRole(f, 'decay') && f.role.cycled !== undefined;
const hasDecay = ({ fields }: Block) => fields.some((f) => isRole(f, 'decay') && !isCycled(f));
const onlyRates = ({ fields }: Block) => fields.every((f) => isRole(f, 'learning-rate') || isCycled(f));
/** A scheduler's block is no optimizer, whatever it names. */
const isScheduler = (block: Block) => onlyRates(block) && /sched/i.test(keyOf(block.pointer));
const isOptimizer = (block: Block) => (block.named !== undefined && !isScheduler(block)) || hasDecay(block);

/** Blocks under one name are one optimizer where each lacks what another has: betas here, the learning rate there. */
function oneName(block: Block, others: readonly Block[]): Block | undefined {
  const same = others.filter((b) => block.named && b.named?.at === block.named.at && b.fields.length > 0);
  if (block.fields.length === 0) return same.length === 1 ? same[0] : undefined;
  if (!hasDecay(block)) {
    const complete = same.filter(hasDecay);
    const [only, another] = complete;
    return innermostAround(block, complete) ?? (only && !another ? only : ratesOfNamed(block, same));
  }
  if (hasRate(block)) return undefined;
  const rated = same.filter((b) => hasRate(b) && hasDecay(b));
  return innermostAround(block, rated);
}

/** Rates alone, such as a scheduler's, belong to the block that holds the name, where both go by one. */
function ratesOfNamed(block: Block, same: readonly Block[]): Block | undefined {
  const holds = (b: Block) => b.named !== undefined && isWithin(b.named.at, b.pointer);
  if (!onlyRates(block)) return undefined;
  return same.find((b) => holds(b) && (!holds(block) || isWithin(b.pointer, block.pointer)));
}

/** A block with momentum but no learning rate has that of the block around it (`lr` beside `optimizer:`), which joins it. */
function ratesAround(block: Block, others: readonly Block[]): Block | undefined {
  if (!hasRate(block)) return undefined;
  const inner = others.filter(
    (b) => !hasRate(b) && isWithin(b.pointer, block.pointer) && b.fields.length > 0,
  );
  const own = inner.filter((b) => innermostAround(b, [block, ...others.filter(hasRate)]) === block);
  return own[0];
}

/**
 * A block of learning rates alone, such as a scheduler's with the peak (and the momenta) that it sets, belongs to the optimizer, where
 * there is just one: how its rates follow the batch is that one's business.
 */
function soleOptimizer(block: Block, others: readonly Block[]): Block | undefined {
  const [optimizer, another] = others.filter(isOptimizer);
  if (!optimizer || another || isOptimizer(block)) return undefined;
  return onlyRates(block) || !hasRate(optimizer) ? optimizer : undefined;
}

function innermostAround({ pointer }: Block, blocks: readonly Block[]): Block | undefined {
  return blocks
    .filter((b) => b.pointer !== pointer && isWithin(pointer, b.pointer))
    .sort((a, b) => b.pointer.length - a.pointer.length)[0];
}
