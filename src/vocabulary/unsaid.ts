import { BUDGET } from '../base/budget.ts';
import { lookUp } from '../base/look-up.ts';
import type { Found, Role } from '../dialect/roles.ts';
import type { Entry, MapNode, Node } from '../document/nodes.ts';
import { child, type Pointer } from '../document/pointer.ts';
import { roleOf } from './definitions.ts';

/**
 * Schedulers of torch that run the momentum, or beta1, between two values of their own unless `cycle_momentum` is
 * false, whatever the optimizer has; and those values where they are not said.
 * Source: pytorch/pytorch torch/optim/lr_scheduler.py.
 */
const CYCLERS: Readonly<Record<string, readonly [base: number, max: number]>> = {
  CyclicLR: [0.8, 0.9],
  OneCycleLR: [0.85, 0.95],
};

/** Keys under which a file writes a class and, beside it, what its constructor takes. */
const CLASS = /^(?:_target_|class_path|class_name|class|type|name|target)$/;
const ARGUMENTS = /^(?:init_args|params|args|kwargs|arguments|config)$/;

/** Something that changes with the batch, is known by a name alone, and has no known place in the file. */
interface Unsaid {
  /** The key that says the name: a scheduler's, one of a class, or a certain one. */
  readonly key: 'scheduler' | 'class' | RegExp;
  readonly name: RegExp;
  /** Whether the block says it after all. */
  readonly unless?: (block: Node) => boolean;
  readonly note: string;
}

const UNSAID: readonly Unsaid[] = [
  {
    key: 'scheduler',
    name: /^(?:torch\.optim\.lr_scheduler\.)?(?:(?:one|1)[-_ ]?cycle|cyclic)(?:[-_]?lr)?$/i,
    unless: has(/^(?:cycle_momentum|(?:base|max|min)_momentum|moms?)$/i),
    note: 'in most libraries moves the momentum or beta1 between two values of its own (torch: 0.85 and 0.95), whatever the optimizer has. They are not in this file and were not converted: write them down where the trainer takes them, or switch that off (cycle_momentum: false)',
  },
  {
    key: 'scheduler',
    name: /plateau/i,
    note: 'waits for a number of evaluations, which stays: where these come every so many steps, their interval must follow the batch (--cadence)',
  },
  {
    // snap-stanford/GraphGym and PyTorch Geometric torch_geometric/graphgym/loader.py
    key: /^transductive$/,
    name: /^true$/,
    note: 'one graph is the whole dataset: where every step takes all of it (a full_batch sampler, or none), the batch size sets nothing, and the learning rate must stay',
  },
  {
    key: /sampler/,
    name: /^full[-_]?batch$/i,
    note: 'every step takes the whole dataset: the batch size sets nothing, and the learning rate must stay',
  },
  {
    key: /^use_ema$/i,
    name: /^true$/i,
    unless: has(/ema.*(?:decay|beta|rate|momentum)|decay|half/i),
    note: 'an average of the weights is kept and its decay is not in this file: where the trainer takes it, write it down raised to the power kappa, the ratio of the batches',
  },
  {
    key: 'class',
    name: /\.\w*(?:EMA|Ema)[A-Z]?\w*$/,
    unless: has(/decay|half|momentum|power/i),
    note: 'keeps an average of the weights by its name, and its decay is not in this file: where it has one by default, write it down raised to the power kappa, the ratio of the batches',
  },
];

/** Whether a key stands anywhere in a block. */
function has(name: RegExp): (block: Node) => boolean {
  const within = (node: Node): boolean =>
    node.kind === 'map' && node.entries.some((entry) => name.test(entry.key) || within(entry.node));
  return within;
}

/** Whether a key says a class, or what a block is. */
export function saysClass(key: string): boolean {
  return CLASS.test(key);
}

/** What to know about a block by the names in it. @param saysScheduler whether a key in it says a scheduler */
export function unsaidIn(block: MapNode, pointer: Pointer, saysScheduler: (key: string) => boolean): Found[] {
  // The momenta of torch's own classes have a known place.
  const isOther = ({ key, node }: Entry) => !(CLASS.test(key) && cyclerOf(node));
  return UNSAID.flatMap(({ key: of, name, unless, note }): Found[] => {
    const named = block.entries.find(
      (entry) =>
        (of === 'scheduler'
          ? saysScheduler(entry.key) && isOther(entry)
          : (of === 'class' ? CLASS : of).test(entry.key)) &&
        entry.node.kind === 'scalar' &&
        entry.node.source.length <= BUDGET.key &&
        name.test(String(entry.node.value)),
    );
    return named && !unless?.(block) ? [[child(pointer, named.key), { note }]] : [];
  });
}

/** The momenta of a scheduler that a block builds. */
export function cycledMomenta(block: MapNode, pointer: Pointer): Found[] {
  const named = block.entries.find(({ key, node }) => CLASS.test(key) && cyclerOf(node) !== undefined);
  if (!named) return [];
  const name = cyclerOf(named.node)!;
  const beside = block.entries.find(({ key, node }) => ARGUMENTS.test(key) && node.kind === 'map');
  const own = beside?.node.kind === 'map' ? beside.node : block;
  const at = beside ? child(pointer, beside.key) : pointer;
  const has = (key: string) => own.entries.find((entry) => entry.key === key);
  if (isFalse(has('cycle_momentum'))) return [];
  const [base, max] = lookUp(CYCLERS, name)!;
  const momenta = [
    ['base_momentum', base, 'lowest'],
    ['max_momentum', max, 'highest'],
  ] as const;
  return momenta.flatMap(([key, value, cycled]): Found[] => {
    const role: Role = { ...(roleOf('gradientDecay') as Extract<Role, { role: 'decay' }>), cycled };
    return [[child(at, key), has(key) ? { role } : { absent: { default: value, role } }]];
  });
}

function cyclerOf(node: Node): string | undefined {
  if (node.kind !== 'scalar' || typeof node.value !== 'string') return undefined;
  const name = node.value.slice(node.value.lastIndexOf('.') + 1);
  return Object.hasOwn(CYCLERS, name) ? name : undefined;
}

function isFalse(entry: Entry | undefined): boolean {
  return entry?.node.kind === 'scalar' && entry.node.value === false;
}
